"""Whole syncs of a project with files: what comes, changes, waits and is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from curation.errors import InputRejected, TooManyVanished
from curation.settings import Settings
from curation.store.database import Database
from curation.store.remote_tasks import held_tasks
from curation.store.sources import get_source
from curation.sync.sources import SourceDraft, keep_source

NUCLEUS = [("nucleus", [5, 5, 20, 20])]
CONTENT: dict[str, Any] = {
    "images": [
        {"id": 4, "file_name": "a.png", "width": 100, "height": 80},
        {"id": 5, "file_name": "b.png", "width": 100, "height": 80},
    ],
    "categories": [{"id": 1, "name": "cell"}, {"id": 2, "name": "nucleus"}],
    "annotations": [
        {"id": 1, "image_id": 4, "category_id": 1, "bbox": [0, 0, 10, 10], "area": 100},
        {"id": 2, "image_id": 4, "category_id": 2, "bbox": [50, 50, 5.5, 5], "area": 27.5},
        {"id": 3, "image_id": 5, "category_id": 2, "bbox": [5, 5, 20, 20], "area": 400},
    ],
}


def write(folder: Path, **parts: Any) -> None:
    partial = folder / ".labels.part"
    partial.write_text(json.dumps(CONTENT | parts))
    partial.rename(folder / "labels.json")


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    folder = tmp_path / "exports"
    folder.mkdir()
    write(folder)
    return folder


@pytest.fixture
def source_id(database: Database, settings: Settings, project_id: int, exports: Path) -> int:
    return keep_source(
        database, settings, SourceDraft(project_id, "nightly", "files", str(exports))
    )


def test_sync__only_what_differs_becomes_a_revision(sync: Any, labels: Any, exports: Path) -> None:
    run = sync()
    assert labels() == {
        "a.png": [("cell", [0, 0, 10, 10]), ("nucleus", [50, 50, 5.5, 5])],
        "b.png": NUCLEUS,
    }
    assert (run.counts["labels_added"], run.counts["labels_removed"], run.revision) == (1, 1, 2)

    os.utime(exports / "labels.json", ns=(1, 1))
    run = sync()
    assert (run.revision, run.counts["tasks_unchanged"]) == (None, 2)
    assert sync().counts.get("tasks_unchanged", 0) == 0  # nothing was read

    annotations = [{**one, "id": one["id"] + 70} for one in CONTENT["annotations"][::-1]]
    annotations[0] = {**annotations[0], "bbox": [5, 5, 20, 21]}
    write(exports, annotations=annotations)
    run = sync()
    assert (run.counts["tasks_changed"], run.counts["tasks_unchanged"]) == (1, 1)
    assert (run.counts["images_changed"], run.revision) == (1, 3)
    assert labels()["b.png"] == [("nucleus", [5, 5, 20, 21])]


def test_sync__a_broken_file_changes_nothing_and_says_so(
    sync: Any, labels: Any, exports: Path, database: Database, source_id: int
) -> None:
    sync()
    before = labels()
    (exports / "labels.json").write_text(json.dumps(CONTENT)[:150])
    with pytest.raises(InputRejected, match=r"labels\.json cannot be read"):
        sync()
    assert labels() == before
    assert "labels.json cannot be read" in get_source(database, source_id).attention
    write(exports, annotations=[])
    assert sync().revision == 3
    assert labels() == {"a.png": [], "b.png": []}


def test_sync__an_image_with_a_rejected_record_waits(
    sync: Any, labels: Any, exports: Path, database: Database, source_id: int
) -> None:
    sync()
    bad = {"id": 9, "image_id": 4, "category_id": 1, "bbox": [0, 0, -1, 5]}
    write(exports, annotations=[bad])
    run = sync()
    assert labels() == {
        "a.png": [("cell", [0, 0, 10, 10]), ("nucleus", [50, 50, 5.5, 5])],
        "b.png": [],
    }
    assert held_tasks(database, source_id) == {"a region cannot be converted": 1}
    rejected, waiting = run.problems
    assert "bbox is [0.0, 0.0, -1.0, 5.0]" in rejected["examples"][0]
    assert waiting["what"] == "a region cannot be converted"
    assert "bbox is [0.0, 0.0, -1.0, 5.0] (box-negative)" in waiting["examples"][0]


def test_sync__an_image_in_no_file_any_more_is_gone_when_it_is_meant(
    sync: Any, labels: Any, exports: Path
) -> None:
    sync()
    before = labels()
    write(exports, images=CONTENT["images"][:1], annotations=CONTENT["annotations"][:2])
    with pytest.raises(TooManyVanished, match="1 of the 2"):
        sync()
    assert labels() == before
    sync(allow_removals=True)
    assert labels() == {**before, "b.png": []}
