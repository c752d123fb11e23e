"""Against a real Label Studio, through a network that fails, with workers that are killed.

`python -m benchmarks.sync_soak` does the same with thousands of deeds.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from curation.projects.catalog import find_or_create_project
from curation.settings import Secret, Settings
from curation.store.database import Database
from curation.store.schema_version import prepare
from tests.curation.sync.canaries import traces_in_folder, traces_in_store
from tests.curation.sync.chaos import TOKEN_VARIABLE, Experiment, crowd_of
from tests.curation.sync.label_studio_deeds import CONFIG
from tests.servers.fault_proxy import StartProxy
from tests.servers.label_studio import MakeProject

RATES = {"sqlite": 0.5, "postgresql": 0.25}


@pytest.mark.crash
def test_chaos__ends_with_exactly_what_the_tool_exports(
    label_studio_project: MakeProject,
    fault_proxy: StartProxy,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    database_kind: str,
) -> None:
    rate = RATES[database_kind]
    dice = random.Random(int(100 * rate))
    project = label_studio_project(CONFIG, title="chaos")
    monkeypatch.setenv(TOKEN_VARIABLE, project.server.token)
    proxy = fault_proxy(project.server.url, rate=rate)
    experiment = Experiment(*store(proxy.url), project, proxy.url, dice, tmp_path)
    crowd = crowd_of(project, dice)
    experiment.connect(find_or_create_project(experiment.database, "chaos", create=True))
    with experiment.hosts() as hosts:
        for number in range(3):
            experiment.round(crowd, hosts, deeds=20, kill=number > 0)
        experiment.settle()
    assert experiment.differences() == []
    assert proxy.counts.total() > 0
    # Neither store nor logs hold the token, whatever failed on the way.
    token = project.server.token
    assert traces_in_store(token, experiment.database) == []
    assert traces_in_folder(token, tmp_path) == []


Store = Callable[[str], tuple[Database, Settings]]


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    """An empty store as worker processes find it: by data folder, or by URL of PostgreSQL."""
    opened: list[Database] = []

    def make(origin: str) -> tuple[Database, Settings]:
        settings = Settings(data_dir=tmp_path / "data", tool_origins=(origin,))
        settings.data_dir.mkdir()
        if not database_url.startswith("sqlite"):
            settings = msgspec.structs.replace(settings, database_url=Secret(database_url))
        database = Database.from_settings(settings)
        opened.append(database)
        prepare(database)
        return database, settings

    yield make
    for database in opened:
        database.close()
