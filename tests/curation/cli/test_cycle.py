"""The whole cycle on real pictures, by command: import, choose, push, annotate, sync, compare."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers.application import COMMAND
from tests.servers.label_studio import LabelStudioProject, MakeProject

CONFIG = """<View><Header value="$review_note"/><Image name="image" value="$image"/>
<RectangleLabels name="box" toName="image"><Label value="WBC"/><Label value="RBC"/>
<Label value="Platelet"/></RectangleLabels></View>"""
CHOSEN = 12


@dataclass(frozen=True)
class Person:
    """Somebody at the command line, in front of one data folder."""

    environment: dict[str, str]

    def says(self, *words: str | Path) -> str:
        done = subprocess.run(
            [COMMAND, *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def asks(self, *words: str | Path) -> Any:
        return json.loads(self.says(*words, "--json"))


@pytest.fixture
def studio(label_studio_project: MakeProject, shared_data: Path) -> LabelStudioProject:
    """A project of Label Studio that can show the pictures."""
    project = label_studio_project(CONFIG, title="blood cells")
    project.serve_files("cells")
    pictures = project.server.files_root / "cells" / "images" / "val"
    pictures.parent.mkdir(parents=True, exist_ok=True)
    if not pictures.exists():
        pictures.mkdir()
        for picture in (shared_data / "txl_pbc" / "images" / "val").iterdir():
            (pictures / picture.name).write_bytes(picture.read_bytes())
    return project


@pytest.fixture
def person(studio: LabelStudioProject, tmp_path: Path) -> Person:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CURATION_")}
    return Person(
        kept
        | {
            "CURATION_DATA_DIR": str(tmp_path / "data"),
            "CURATION_TOOL_ORIGINS": f'["{studio.server.url}"]',
            "CELLS_TOKEN": studio.server.token,
        }
    )


@pytest.fixture
def confident(shared_data: Path, tmp_path: Path) -> Path:
    """The predictions of a model that says only what it is sure of."""
    rows = json.loads((shared_data / "txl_pbc" / "yolov8n_val_predictions.json").read_text())
    file = tmp_path / "confident.json"
    file.write_text(json.dumps([row for row in rows if row["score"] >= 0.5]))
    return file


def test_cycle__on_blood_cells(
    person: Person, studio: LabelStudioProject, shared_data: Path, confident: Path
) -> None:
    folder = shared_data / "txl_pbc"
    person.says("project", "import", "yolo", "cells", folder, "--missing-label", "background")
    predictions = folder / "yolov8n_val_predictions.json"
    person.says("predictions", "import", "cells", predictions, "--name", "yolov8n")
    person.says("predictions", "import", "cells", confident, "--name", "confident")
    before = compared(person)
    files = sorted(path.name for path in (folder / "images" / "val").iterdir())[:CHOSEN]
    person.says("collection", "create", "cells", "first dozen", *files)
    push_and_look_again(person, studio)
    kept = annotate(studio)

    dry = person.asks("sync", "run", "studio", "--dry-run")
    assert dry["counts"]["labels_added"] == kept
    run = person.asks("sync", "run", "studio")
    assert (run["revision"], run["counts"]["images_changed"]) == (2, CHOSEN)
    assert run["counts"]["labels_added"] == kept
    assert run["problems"] == []
    assert "submitted" in person.says("push", "status", "1")

    # The labels of these pictures are the model's own now: its numbers rise by the labels alone.
    after = compared(person)
    assert after["set"]["metrics"]["AP"] > before["set"]["metrics"]["AP"]
    assert after["set"]["metrics"]["AR100"] > before["set"]["metrics"]["AR100"]
    assert (before["revision"], after["revision"]) == (1, 2)


def push_and_look_again(person: Person, studio: LabelStudioProject) -> None:
    """Push the collection; a second look finds everything there."""
    person.says(
        "source", "add", "cells", "studio", "--location", studio.server.url, "--tool-project",
        str(studio.id), "--token-env", "CELLS_TOKEN",
        "--image-address", "/data/local-files/?d=cells/{file_name}",
    )  # fmt: skip
    what = ("studio", "first dozen", "--set", "yolov8n", "--score-floor", "0.5", "--note", "why")
    preview = person.asks("push", "preview", *what)
    assert [row["action"] for row in preview["images"]] == ["create"] * CHOSEN
    person.says("push", "start", *what)
    again = person.asks("push", "preview", *what)
    assert [row["action"] for row in again["images"]] == ["unchanged"] * CHOSEN


def annotate(studio: LabelStudioProject) -> int:
    """Accept what the model found, all but the first object of each picture; return how much."""
    tasks = studio.export()
    assert len(tasks) == CHOSEN
    assert {task["data"]["review_note"] for task in tasks} == {"why"}
    kept = 0
    for task in tasks:
        (prediction,) = studio.task(task["id"])["predictions"]
        kept += len(prediction["result"]) - 1
        studio.annotate(task["id"], prediction["result"][1:])
    return kept


def compared(person: Person) -> Any:
    for name in ("yolov8n", "confident"):
        person.says("evaluation", "run", "cells", name)
    return person.asks("compare", "cells", "yolov8n", "--against", "confident", "--replicates", "0")
