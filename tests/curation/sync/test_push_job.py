"""Sending the outbox: marked before, settled after, repeated until everything is answered."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from curation.errors import Conflict, ToolRefused, Unavailable
from curation.job_engine.kinds import JobContext, kind_of
from curation.settings import Settings
from curation.store import jobs
from curation.store.collections import delete_collection
from curation.store.database import Database
from curation.store.images import read_classes
from curation.store.outbox import items_of
from curation.store.pushes import PushRow, list_pushes, push_of_job
from curation.store.source_classes import answer_class, note_classes
from curation.store.sources import get_source
from curation.store.sync_runs import run_of_job
from curation.store.tables import OutboxItem
from curation.sync import push_sending
from curation.sync.pushed_status import count_statuses, pushed_images
from curation.sync.pushing import create_push, start_push
from tests.curation.sync.recording_tool import RecordingServer


@pytest.fixture
def project_id(wide_project_id: int) -> int:
    return wide_project_id


@pytest.fixture
def source_id(recording_source: int) -> int:
    return recording_source


@pytest.fixture
def answer(database: Database, wide_project_id: int, recording_source: int) -> Any:
    """Say what a class of the tool means."""

    def run(name: str, class_name: str) -> None:
        with database.write() as connection:
            classes = {one.name: one.id for one in read_classes(connection, wide_project_id)}
            note_classes(connection, recording_source, wide_project_id, [name])
            answer_class(
                connection, recording_source, name, answer="class",
                class_id=classes[class_name], author="tester",
            )  # fmt: skip

    return run


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push_sending, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(push_sending, "ITEMS_A_SLICE", 4)
    monkeypatch.setattr("curation.sync.push_job.ITEMS_A_SLICE", 4)


def states(database: Database, push: PushRow) -> dict[str, int]:
    with database.read() as connection:
        return dict(Counter(item.state for item in items_of(connection, push.id)))


def test_push__sends_every_item_once_with_its_predictions(
    push: Any, recording: RecordingServer, both_images: int, sets: tuple[int, int]
) -> None:
    row = push(both_images, set_id=sets[1], priority=0.5, note="why")
    assert (row.states, row.status) == ({"done": 2}, "done")
    [[first, second]] = recording.sent
    assert (first.image_key, first.image, first.size, first.model) == (
        "image-1", "/files/?d=a.png", (80, 100), "second",
    )  # fmt: skip
    # Best scores first; boxes of the file, in pixels.
    assert [(each.class_name, each.box, each.score) for each in first.predictions or ()] == [
        ("cell", (40.0, 20.0, 40.0, 40.0), 0.8),
        ("nucleus", (70.0, 60.0, 20.0, 20.0), 0.4),
    ]
    assert [(each.class_name, each.score) for each in second.predictions or ()] == [
        ("nucleus", 0.7)
    ]
    assert (second.note, second.priority, second.review) == ("why", 0.5, False)
    assert recording.looked_for_duplicates == []


def test_push__without_a_set_leaves_predictions_alone(
    push: Any, recording: RecordingServer, both_images: int
) -> None:
    push(both_images, priority=0.5)
    assert [item.predictions for item in recording.sent[0]] == [None, None]


def test_push__uses_the_tools_own_names_of_classes(
    push: Any,
    recording: RecordingServer,
    both_images: int,
    sets: tuple[int, int],
    answer: Any,
) -> None:
    recording.classes = ("Zelle", "nucleus")
    answer("Zelle", "cell")
    push(both_images, set_id=sets[1])
    assert [[each.class_name for each in item.predictions or ()] for item in recording.sent[0]] == [
        ["Zelle", "nucleus"],
        ["nucleus"],
    ]


@pytest.mark.parametrize("faults", [["before"], ["after"], ["half"], ["after", "half", "before"]])
def test_push__survives_lost_answers_without_duplicates(
    push: Any,
    recording: RecordingServer,
    many_images: int,
    database: Database,
    faults: list[str],
) -> None:
    recording.faults = list(faults)
    row = push(many_images)
    assert row.states == {"done": 10}
    keys = [task.image_key for task in recording.tasks.values()]
    assert len(keys) == len(set(keys)) == 10
    run = run_of_job(database, row.job_id or "")
    assert run is not None
    assert (run.kind, run.counts["sent"], run.counts["failed"]) == ("push", 10, 0)
    broken = len([fault for fault in faults if fault != "half"])
    assert run.faults == ({"connection": broken} if broken else {})
    # Where anything broke, all keys are looked at once more, four at a time.
    assert [len(keys) for keys in recording.looked_for_duplicates] == [4, 4, 2]


def test_push__looks_for_duplicates_until_the_tool_answers(
    push: Any, recording: RecordingServer, many_images: int, database: Database
) -> None:
    recording.faults = ["after"]
    recording.lost_looks = 2
    row = push(many_images)
    run = run_of_job(database, row.job_id or "")
    assert run is not None
    # Three parts of the keys, of which the first was asked for three times.
    assert [len(keys) for keys in recording.looked_for_duplicates] == [4, 4, 4, 4, 2]
    assert (run.counts["duplicates_removed"], run.faults) == (3, {"connection": 3})


def test_push__what_the_tool_refuses_or_never_answers_is_reported(
    push: Any, recording: RecordingServer, many_images: int, database: Database
) -> None:
    recording.refuses = {"image-3"}
    recording.never = {"image-5"}
    row = push(many_images)
    assert row.states == {"done": 8, "failed": 2}
    assert {
        image.file_name: (image.error, image.attempts, image.status)
        for image in pushed_images(database, row.id)
        if image.state == "failed"
    } == {
        "i03.png": ("the tool refused it: too blue", 1, None),
        "i05.png": ("the tool gave no answer to it in 8 attempts; push it again", 8, None),
    }
    run = run_of_job(database, row.job_id or "")
    assert run is not None
    assert run.problems == [
        {
            "what": "not taken by the tool",
            "count": 2,
            "examples": [
                "i03.png: the tool refused it: too blue",
                "i05.png: the tool gave no answer to it in 8 attempts; push it again",
            ],
        }
    ]


def test_push__a_task_that_changed_after_the_preview_is_a_conflict(
    preview: Any, recording: RecordingServer, both_images: int, database: Database, run_job: Any
) -> None:
    recording.add(1, "/x/a.png", image_key="image-1")
    shown = preview(both_images, priority=0.9)
    recording.annotate(1)
    run_job(create_push(database, shown))
    assert recording.tasks[1].fields == {}
    [row] = list_pushes(database, 1)
    assert row.states == {"conflict": 1, "done": 1}


def test_push__that_the_tool_refuses_waits_for_another_start(
    preview: Any,
    recording: RecordingServer,
    many_images: int,
    database: Database,
    settings: Settings,
    run_job: Any,
) -> None:
    job_id = create_push(database, preview(many_images))
    recording.faults = ["", "refused"]
    with pytest.raises(ToolRefused):
        run_job(job_id)
    push = push_of_job(database, job_id)
    assert states(database, push) == {"done": 4, "sending": 4, "pending": 2}
    assert "401" in get_source(database, push.source_id).attention
    context = JobContext(database, settings, job_id, jobs.get_job(database, job_id).payload)
    kind_of("push").undo(context)
    assert states(database, push) == {"done": 4, "sending": 4, "pending": 2}
    run_job(job_id)
    assert states(database, push) == {"done": 10}
    assert len(recording.tasks) == 10


def test_push__to_a_tool_that_never_answers_fails_and_keeps_everything(
    preview: Any, recording: RecordingServer, many_images: int, database: Database, run_job: Any
) -> None:
    job_id = create_push(database, preview(many_images))
    recording.faults = ["after"] * 8
    with pytest.raises(Unavailable, match="the connection broke"):
        run_job(job_id)
    push = push_of_job(database, job_id)
    assert states(database, push) == {"sending": 4, "pending": 6}
    run_job(job_id)
    assert states(database, push) == {"done": 10}
    assert len(recording.tasks) == 10


def test_push__one_at_a_time_to_a_source(
    preview: Any, push: Any, many_images: int, both_images: int, database: Database
) -> None:
    waiting = create_push(database, preview(many_images))
    shown = preview(both_images)
    with pytest.raises(Conflict, match="is not finished"):
        create_push(database, shown)
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(OutboxItem)) == 10
    jobs.cancel_job(database, waiting)
    create_push(database, shown)


def test_push__of_nothing_is_refused(
    preview: Any, push: Any, both_images: int, database: Database
) -> None:
    push(both_images)
    with pytest.raises(Conflict, match="would change"):
        create_push(database, preview(both_images))


def test_push__keeps_its_collection(push: Any, both_images: int, database: Database) -> None:
    push(both_images)
    with pytest.raises(Conflict):
        delete_collection(database, both_images)


def test_start_push__looks_again_when_something_else_was_seen(
    preview: Any,
    request_for: Any,
    recording: RecordingServer,
    both_images: int,
    database: Database,
    settings: Settings,
) -> None:
    del recording
    settings.data_dir.mkdir()
    shown = preview(both_images, priority=0.1)
    job_id = start_push(database, settings, request_for(both_images, priority=0.2), preview=shown)
    push = push_of_job(database, job_id)
    with database.read() as connection:
        priorities = [item.payload["priority"] for item in items_of(connection, push.id)]
    assert (push.priority, priorities) == (0.2, [0.2, 0.2])


def test_status__flows_back_with_the_next_sync(
    push: Any, sync: Any, recording: RecordingServer, many_images: int, database: Database
) -> None:
    row = push(many_images)
    assert count_statuses(pushed_images(database, row.id)) == {"not synced yet": 10}
    recording.annotate(2)
    sync()
    found = pushed_images(database, row.id)
    assert count_statuses(found) == {"waiting": 9, "submitted": 1}
    [done] = [image for image in found if image.status == "submitted"]
    at = recording.tasks[2].status_at
    assert (done.file_name, done.task_id, done.by, done.at) == ("i04.png", "2", "ann", at)
    del recording.tasks[3]
    sync(reconcile=True)
    found = pushed_images(database, row.id)
    assert count_statuses(found) == {"waiting": 8, "submitted": 1, "gone": 1}


def test_status__of_a_review_waits_until_somebody_worked_on_it(
    push: Any, sync: Any, recording: RecordingServer, both_images: int, database: Database
) -> None:
    recording.add(1, "/x/a.png", image_key="image-1")
    recording.annotate(1)
    row = push(both_images, review=True, note="box too small")
    sync()
    assert [image.status for image in pushed_images(database, row.id)] == ["waiting", "waiting"]
    recording.annotate(1)
    sync()
    first, second = pushed_images(database, row.id)
    assert (first.action, first.status, first.by) == ("reopen", "submitted", "ann")
    assert (second.action, second.status) == ("create", "waiting")
