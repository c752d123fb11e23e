"""A store for the screens, small enough to check by hand, and a way to run them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest

from curation.settings import Settings
from tests.curation.conftest import (
    _fresh_caches,
    import_coco,
    import_predictions,
    run_job,
    two_sets,
)
from ui import connection
from ui.server import SCRIPT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from curation.store.database import Database
    from tests.servers.databases import Templates

# The fixtures of the services' tests, for the screens' tests too.
__all__ = ["_fresh_caches", "import_coco", "import_predictions", "run_job", "two_sets"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "data"
    folder.mkdir()
    return Settings(data_dir=folder)


@pytest.fixture
def database(
    settings: Settings, database_templates: Templates, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Database]:
    """The store that the screens open: an empty one in a folder of its own."""
    database_templates.copy_sqlite(settings.data_dir / "curation.sqlite")
    monkeypatch.setenv("CURATION_DATA_DIR", str(settings.data_dir))
    connection.forget()
    yield connection.database()
    connection.forget()


@pytest.fixture
def open_screen(database: Database) -> Callable[..., AppTest]:
    """Open a screen of the app with an address: `open_screen("project", entry="Images")`."""

    def run(screen: str = "projects", **parameters: str) -> AppTest:
        app = AppTest.from_file(SCRIPT, default_timeout=30)
        for name, value in parameters.items():
            app.query_params[name] = value
        app.run()
        if screen != "projects":
            app.switch_page(f"screens/{screen}.py")
            for name, value in parameters.items():
                app.query_params[name] = value
            app.run()
        assert not app.exception, app.exception
        return app

    return run
