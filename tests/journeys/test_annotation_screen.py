"""From files of labels to a new revision, in the page: connect, answer, look, sync, evaluate."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.journeys.screen import Screen
from tests.journeys.slides import SLIDES, write_json
from tests.servers.application import Application, StartApplication

OpenScreen = Callable[..., Screen]
# The large cell is 4 px higher, and the nucleus is called otherwise.
RELABELLED: dict[str, Any] = {
    **SLIDES,
    "categories": [{"id": 7, "name": "cell"}, {"id": 9, "name": "Nuclei"}],
    "annotations": [
        SLIDES["annotations"][0],
        {**SLIDES["annotations"][1], "bbox": [40, 20, 40, 44], "area": 1760},
        SLIDES["annotations"][2],
    ],
}


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """A folder into which some other process exports labels."""
    folder = tmp_path / "exports"
    folder.mkdir()
    write_json(folder / "labels.json", RELABELLED)
    return folder


@pytest.fixture
def served(
    start_application: StartApplication, slides: Path, tmp_path: Path, exports: Path
) -> Application:
    """The application over the project `slides`, with a worker; the exports may be read."""
    data_dir = tmp_path / "data"
    shutil.copytree(slides, data_dir)
    allowed = json.dumps([str(exports)])
    return start_application(data_dir, environment={"CURATION_IMPORT_ROOTS": allowed})


def connect(screen: Screen, folder: Path) -> None:
    screen.sees("is not connected to an annotation tool yet")
    screen.presses("Connect a source")
    screen.picks("Tool", "Files (COCO, YOLO, CVAT XML)")
    screen.writes("Name", "exports")
    screen.writes("Location: folder or s3://bucket/prefix", str(folder))
    screen.presses("Ask the tool and connect")


def address(screen: Screen) -> dict[str, list[str]]:
    return parse_qs(urlsplit(screen.page.url).query)


def test_labels_come_from_files_and_old_numbers_are_marked(
    served: Application, open_screen: OpenScreen, exports: Path
) -> None:
    screen = open_screen("/annotation", served=served, project="slides")
    connect(screen, exports)
    screen.sees("1 class of the tool waits for an answer.")
    assert address(screen)["source"] == ["exports"]
    assert address(screen)["view"] == ["Classes"]
    screen.picks("Meaning of Nuclei", "nucleus")
    screen.presses("Save")
    screen.sees("Every class of the tool has an answer.")

    screen.presses("Dry run")
    # The small cell and the nucleus stay; the large cell is another one.
    screen.sees("would change: images ~1, labels +1 −1. Nothing was changed.")
    screen.presses("Sync now")
    screen.sees("images ~1, labels +1 −1, revision 2.")

    screen.go("/annotation", project="slides", source="exports", run="2")
    screen.sees("Run 2")
    screen.sees("Revision 2")
    screen.main.get_by_role("link", name="Revision 2").click()
    screen.sees("Label revisions")
    assert "revision 1 · stale" in screen.table()[0]
    screen.main.get_by_role("link", name="Run 2 of exports made revision 2").click()
    screen.sees("took")

    screen.go("/model-evaluation", project="slides", set="second", against="first")
    screen.sees("evaluated on revision 1, labels are at revision 2")
    screen.presses("Evaluate now")
    screen.sees("both on label revision 2")


def test_an_address_that_no_admin_allowed_is_said_with_the_next_step(
    served: Application, open_screen: OpenScreen
) -> None:
    screen = open_screen("/annotation", served=served, project="slides", connect="new")
    screen.writes("Name", "labels")
    screen.writes("Location: URL of the server", "https://labels.example.com")
    screen.writes("Project in Label Studio", "7")
    screen.writes("Name of the variable", "HOME")
    screen.presses("Ask the tool and connect")
    screen.sees("is not an allowed annotation tool")
    screen.sees("CURATION_TOOL_ORIGINS")
    # A folder that is not allowed is refused in the same place.
    screen.picks("Tool", "Files (COCO, YOLO, CVAT XML)")
    screen.writes("Location: folder or s3://bucket/prefix", "/etc")
    screen.presses("Ask the tool and connect")
    screen.sees("leads outside")
