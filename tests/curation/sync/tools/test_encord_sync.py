"""Whole syncs with the stand-in: from the SDK's label rows to labels of a revision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from curation.settings import Settings
from curation.store.database import Database
from curation.store.remote_tasks import task_statuses
from curation.store.source_classes import Answer
from curation.sync.class_questions import answer_question
from curation.sync.sources import SourceDraft, get_source, keep_source
from tests.curation.encord_rows import (
    CAR,
    MOMENT,
    ROAD,
    SHIP,
    BitmaskCoordinates,
    box_at,
    draw,
    image_row,
)
from tests.curation.sync.tools.encord_service import (
    COMPLETE,
    KEY,
    PROJECT_ID,
    REVIEW,
    Service,
    data_hash,
    running_service,
)

SIZE = (80, 100)


@pytest.fixture
def service() -> Iterator[Service]:
    with running_service() as running:
        yield running


@pytest.fixture
def settings(settings: Settings, service: Service) -> Settings:
    return msgspec.structs.replace(settings, tool_origins=(service.url,))


@pytest.fixture
def source_id(
    database: Database, settings: Settings, project_id: int, service: Service, tmp_path: Path
) -> int:
    file = tmp_path / "key"
    file.write_text(KEY.reveal())
    file.chmod(0o600)
    draft = SourceDraft(
        project_id,
        "streets",
        "encord",
        service.url,
        tool_project=PROJECT_ID,
        secret_kind="file",
        secret=str(file),
    )
    return keep_source(database, settings, draft)


@pytest.fixture
def answer(database: Database, source_id: int) -> Any:
    """Say what classes of the tool mean."""

    def run(**meanings: str) -> None:
        source = get_source(database, source_id)
        for name, meaning in meanings.items():
            known = None if meaning == "new" else meaning
            kind: Answer = "new" if known is None else "class"
            answer_question(database, source, name, answer=kind, class_name=known, author="tester")

    return run


def car(*boxes: tuple[int, int, int, int]) -> Any:
    row = image_row(SIZE)
    for box in boxes:
        draw(row, CAR, box_at(*box, SIZE))
    return row


def test_sync__brings_finished_work_and_nothing_else(
    service: Service, sync: Any, answer: Any, labels: Any, database: Database, source_id: int
) -> None:
    before = labels()
    service.put(1, car((10, 20, 30, 40)), edited=MOMENT, stage=REVIEW, data_title="a.png")
    service.put(2, car((1, 1, 5, 5)), edited=MOMENT, data_title="b.png")
    service.put(3, car(), edited=None, data_title="c.png")
    # Without an answer for its class an image waits as it is.
    assert sync().counts["waiting"] == 1
    assert labels() == {**before, "c.png": []}
    answer(Car="cell")
    assert sync().counts["images_changed"] == 1
    assert labels() == {
        "a.png": [("cell", [10, 20, 30, 40])],
        "b.png": before["b.png"],
        "c.png": [],
    }
    states = {"submitted": 1, "in progress": 1, "waiting": 1}
    assert task_statuses(database, source_id) == states
    assert sync().revision is None


def test_sync__sees_work_that_was_submitted_without_an_edit(
    service: Service, sync: Any, answer: Any, labels: Any
) -> None:
    service.put(1, car((10, 20, 30, 40)), edited=MOMENT, data_title="a.png")
    sync()
    answer(Car="cell")
    service.move(1, REVIEW, at=datetime.now(UTC) - timedelta(seconds=30))
    run = sync()
    assert run.counts["tasks_changed"] == 1
    assert "tasks_compared" not in run.counts  # found without comparing everything
    assert labels()["a.png"] == [("cell", [10, 20, 30, 40])]


def test_sync__keeps_rotated_boxes_and_masks(
    service: Service, sync: Any, answer: Any, labels: Any
) -> None:
    row = image_row(SIZE)
    draw(row, SHIP, box_at(20, 30, 40, 20, SIZE, theta=90))
    mask = np.zeros(SIZE, dtype=np.bool_)
    mask[10:14, 50:60] = True
    draw(row, ROAD, BitmaskCoordinates(mask))
    service.put(1, row, edited=MOMENT, stage=COMPLETE, data_title="a.png")
    sync()
    answer(Ship="new", Road="nucleus")
    sync()
    # The ship's centre is (40, 40); turned by a quarter its sides are swapped.
    assert labels()["a.png"] == [("Ship", [30, 20, 20, 40]), ("nucleus", [50, 10, 10, 4])]


def test_sync__removes_the_labels_of_a_row_that_is_gone(
    service: Service, sync: Any, answer: Any, labels: Any
) -> None:
    service.put(1, car((10, 20, 30, 40)), edited=MOMENT, stage=REVIEW, data_title="a.png")
    sync()
    answer(Car="cell")
    sync()
    del service.rows[data_hash(1)]
    assert sync().revision is None  # no time tells it
    sync(reconcile=True, allow_removals=True)
    assert labels()["a.png"] == []
