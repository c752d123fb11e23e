"""What a push would do, image by image, before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from curation.errors import Conflict, InvalidSetting, NotFound
from curation.store.collection_images import CollectionImage, CollectionLabel
from curation.store.collections import CollectionDraft, Item, add_collection
from curation.store.database import Database
from curation.store.sources import SourceRow, get_source
from curation.sync.push_items import Change, image_address, note_of
from curation.sync.pushing import PushRequest
from curation.sync.sources import SourceDraft, keep_source
from tests.curation.sync.recording_tool import RecordingServer


@pytest.fixture
def project_id(wide_project_id: int) -> int:
    return wide_project_id


@pytest.fixture
def source_id(recording_source: int) -> int:
    return recording_source


def test_preview__of_new_images_creates_tasks_and_sends_nothing(
    preview: Any, recording: RecordingServer, both_images: int
) -> None:
    found = preview(both_images, note="check the night", priority=0.5)
    assert [
        (row.file_name, row.action, row.address, row.size, row.note, row.status)
        for row in found.rows
    ] == [
        ("a.png", "create", "/files/?d=a.png", (80, 100), "check the night; dark", None),
        ("b.png", "create", "/files/?d=b.png", (80, 100), "check the night", None),
    ]
    assert found.counts == {"create": 2}
    assert (recording.sent, recording.tasks) == ([], {})


def test_preview__counts_predictions_above_the_floor_that_a_control_takes(
    preview: Any, recording: RecordingServer, both_images: int, sets: tuple[int, int]
) -> None:
    # The second set: a cell of 0.8 and a nucleus of 0.4 on a.png, a nucleus of 0.7 on b.png.
    rows = preview(both_images, set_id=sets[1]).rows
    assert [row.predictions for row in rows] == [2, 1]
    rows = preview(both_images, set_id=sets[1], score_floor=0.7).rows
    assert [row.predictions for row in rows] == [1, 1]
    rows = preview(both_images, set_id=sets[1], score_floor=0.71).rows
    assert [row.predictions for row in rows] == [1, 0]
    recording.not_taken = {"nucleus"}
    found = preview(both_images, set_id=sets[1])
    left_out = "1 predictions of nucleus are left out: no control of the tool takes them"
    assert [(row.predictions, row.problems, row.action) for row in found.rows] == [
        (1, (left_out,), "create"),
        (0, (left_out,), "create"),
    ]
    assert found.left_out == {"nucleus": 2}


def test_preview__shows_what_is_overwritten_and_who_worked_on_it(
    preview: Any, recording: RecordingServer, both_images: int
) -> None:
    fields = {"priority": 0.2, "review_note": "old"}
    recording.add(7, "/x/a.png", image_key="image-1", fields=fields)
    recording.annotate(7)
    [first, second] = preview(both_images, note="new", priority=0.9, review=True).rows
    assert (first.action, first.task_id, first.expected) == (
        "reopen", "7", recording.tasks[7].updated_at,
    )  # fmt: skip
    assert (first.status, first.status_by, first.status_at) == (
        "submitted", "ann", recording.tasks[7].status_at,
    )  # fmt: skip
    assert first.changes == (
        Change("priority", 0.2, 0.9),
        Change("review_note", "old", "new; dark"),
        Change("review_state", None, "requested"),
    )
    assert (second.action, second.changes) == ("create", ())
    # Without a review finished work stays finished.
    [first, _] = preview(both_images, priority=0.9).rows
    assert (first.action, [change.what for change in first.changes]) == (
        "change", ["priority", "review_note"],
    )  # fmt: skip


def test_preview__knows_tasks_by_what_was_synced(
    preview: Any,
    recording: RecordingServer,
    both_images: int,
    sync: Any,
) -> None:
    recording.add(3, "s3://bucket/b.png")
    recording.add(4, "s3://bucket/a.png")
    sync()
    assert [(row.action, row.task_id) for row in preview(both_images, priority=1.0).rows] == [
        ("change", "4"),
        ("change", "3"),
    ]
    # Another task under the same id is another image's.
    recording.tasks[3] = replace(recording.tasks[3], created_at=recording.tick())
    rows = preview(both_images, priority=1.0).rows
    assert [(row.action, row.task_id) for row in rows] == [("change", "4"), ("create", None)]


def test_preview__of_what_was_sent_before_is_unchanged_until_something_differs(
    preview: Any,
    push: Any,
    recording: RecordingServer,
    both_images: int,
    sets: tuple[int, int],
) -> None:
    asked = {"set_id": sets[1], "priority": 0.5, "note": "why"}
    push(both_images, **asked)
    assert preview(both_images, **asked).counts == {"unchanged": 2}
    higher = preview(both_images, **{**asked, "score_floor": 0.75}).rows
    assert [(row.action, row.changes) for row in higher] == [
        ("change", (Change("predictions", 2, 1),)),
        ("change", (Change("predictions", 1, 0),)),
    ]
    other = preview(both_images, **{**asked, "set_id": sets[0]}).rows
    assert [row.changes for row in other] == [
        (Change("predictions", 2, 1),),
        (Change("predictions", 1, 1),),
    ]
    # Somebody deleted one in the tool: it is sent again.
    fields = {**recording.tasks[1].fields, "curation_predictions": {"second": 1}}
    recording.tasks[1] = replace(recording.tasks[1], fields=fields)
    assert preview(both_images, **asked).rows[0].changes == (Change("predictions", 1, 2),)
    assert preview(both_images, priority=0.5, note="why").counts == {"unchanged": 2}


def test_preview__a_review_that_is_asked_for_already_is_not_asked_for_again(
    preview: Any, push: Any, recording: RecordingServer, both_images: int
) -> None:
    recording.add(1, "/x/a.png", image_key="image-1")
    recording.annotate(1)
    recording.add(2, "/x/b.png", image_key="image-2")
    asked = {"review": True, "note": "box too small"}
    assert [row.action for row in preview(both_images, **asked).rows] == ["reopen", "change"]
    push(both_images, **asked)
    assert preview(both_images, **asked).counts == {"unchanged": 2}
    recording.annotate(1)
    recording.annotate(2)
    assert [row.action for row in preview(both_images, **asked).rows] == ["reopen", "reopen"]


def test_preview__names_the_labels_of_a_collection_of_labels(
    preview: Any, labels_collection: int
) -> None:
    [row] = preview(labels_collection, note="label errors?", review=True).rows
    assert row.note == (
        "label errors?; cell at x 0, y 0 (10 × 10 px): too small; cell at x 40, y 20 (40 × 40 px)"
    )


def test_preview__blocks_what_the_tool_could_not_open(
    preview: Any, database: Database, settings: Any, project_id: int, both_images: int
) -> None:
    bare = keep_source(database, settings, SourceDraft(project_id, "bare", "recording", "there"))
    found = preview(both_images, source_id=bare)
    assert found.counts == {"blocked": 2}
    assert found.sent == ()
    [problem] = found.rows[0].problems
    assert problem.startswith("the tool has no address for the picture: set the source's option")


def test_preview__of_a_source_that_is_only_read_is_refused(
    preview: Any, database: Database, settings: Any, both_images: int, server: Any
) -> None:
    del server
    draft = SourceDraft(1, "read", "memory", "here")
    reading = keep_source(database, settings, draft)
    with pytest.raises(Conflict, match="takes no work"):
        preview(both_images, source_id=reading)


def test_preview__of_another_projects_things_is_refused(
    preview: Any, database: Database, both_images: int, import_coco: Any
) -> None:
    other = import_coco(name="other", file="other.json")["project_id"]
    draft = CollectionDraft(other, "theirs", "images", (Item(13),), {}, 1, "tester")
    theirs = add_collection(database, draft)
    with pytest.raises(NotFound, match="collection"):
        preview(theirs)
    with pytest.raises(NotFound, match="prediction set"):
        preview(both_images, set_id=99)


@pytest.mark.parametrize(
    "changes", [{"priority": 1.5}, {"score_floor": -0.1}, {"note": "x" * 2001}]
)
def test_request__outside_its_range_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidSetting):
        PushRequest(1, 1, **changes)


def image(**changes: Any) -> CollectionImage:
    plain = CollectionImage(5, "night/a b+c.png", "street", None, 100, 80, None, False, "dark")
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("template", "root", "expected"),
    [
        ("/data/local-files/?d=x/{file_name}", None, "/data/local-files/?d=x/night/a%20b%2Bc.png"),
        ("https://h/{dataset}/{file_name}", "s3://b/p", "https://h/street/night/a%20b%2Bc.png"),
        ("s3://other/{file_name}", None, "s3://other/night/a b+c.png"),
        (None, "s3://b/p/", "s3://b/p/night/a b+c.png"),
        (None, "/pictures", None),
        (None, None, None),
    ],
)
def test_image_address__follows_the_source(
    database: Database,
    recording_source: int,
    template: str | None,
    root: str | None,
    expected: str | None,
) -> None:
    options = {} if template is None else {"image_address": template}
    source: SourceRow = replace(get_source(database, recording_source), options=options)
    assert image_address(source, image(root=root)) == expected


def test_note__is_cut_at_whole_labels() -> None:
    labels = tuple(CollectionLabel(n, "cell", (n, 0, 1, 1), "") for n in range(200))
    note = note_of(PushRequest(1, 1, note="look"), image(labels=labels))
    assert len(note) <= 2000
    assert note.startswith("look; dark; cell at x 0, y 0 (1 × 1 px); ")
    named = note.count("cell at x")
    assert note.endswith(f"(1 × 1 px); and {200 - named} more")
