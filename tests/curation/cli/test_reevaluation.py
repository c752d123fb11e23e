from __future__ import annotations

from pathlib import Path

import pytest

from curation.settings import Settings
from curation.store.database import Database
from curation.store.projects import find_project, reevaluates
from tests.curation.cli.conftest import Command
from tests.curation.conftest import COCO, write_json


def test_reevaluate__is_switched_on_and_off(curation: Command, tmp_path: Path) -> None:
    truth = write_json(tmp_path / "truth.json", COCO)
    assert curation("project", "import", "coco", "slides", "--annotations", truth).code == 0
    database = Database.from_settings(Settings(data_dir=tmp_path / "data"))
    project_id = find_project(database, "slides").id
    for state in ("on", "off"):
        done = curation("project", "reevaluate", "slides", state)
        assert done.err == f"slides: evaluating again after a sync is {state}.\n"
        with database.read() as connection:
            assert reevaluates(connection, project_id) is (state == "on")
    database.close()


@pytest.mark.parametrize(
    ("arguments", "code"), [(["gone", "on"], 3), (["gone", "maybe"], 2), (["gone"], 2)]
)
def test_reevaluate__says_what_is_wrong(curation: Command, arguments: list[str], code: int) -> None:
    assert curation("project", "reevaluate", *arguments).code == code
