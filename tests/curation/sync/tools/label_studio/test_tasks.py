"""Label Studio's records become tasks: times, images, people, and where the work stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from curation.sync.annotation_tool import RemoteAnnotation, Signature
from curation.sync.tools.label_studio.client import AnnotationRecord, TaskRecord, UserRecord
from curation.sync.tools.label_studio.tasks import (
    Person,
    TaskReader,
    image_field,
    signature_of,
    standing,
    utc,
)
from tests.servers.label_studio import rectangle

MORNING = datetime.fromisoformat("2026-11-20T08:12:15Z")
NOON = datetime.fromisoformat("2026-11-20T12:00:00.5+01:00")


def name_of(person: Person) -> str | None:
    return person.email if isinstance(person, UserRecord) else f"user {person}"


def annotation(number: int, moment: datetime = MORNING, **fields: Any) -> AnnotationRecord:
    return AnnotationRecord(number, moment, **{"completed_by": 1, **fields})


def task(*annotations: AnnotationRecord, **fields: Any) -> TaskRecord:
    return TaskRecord(5, MORNING, NOON, annotations=list(annotations), **fields)


def test_utc__has_six_decimals_and_no_offset() -> None:
    assert utc(MORNING) == "2026-11-20T08:12:15.000000Z"
    assert utc(NOON) == "2026-11-20T11:00:00.500000Z"
    assert utc(datetime(2026, 11, 20, 8)) == "2026-11-20T08:00:00.000000Z"  # noqa: DTZ001


def test_read__returns_the_task_with_its_raw_regions() -> None:
    region = rectangle("r1", (10, 20, 30, 40))
    data = {"photo": "s3://pebbles/1.png", "curation_image": "k1", "curation_note": "blurred"}
    record = task(annotation(9, result=[region]), data=data, meta={"batch": 3})
    found = TaskReader("photo", name_of).read(record)
    assert (found.id, found.image, found.image_key) == ("5", "s3://pebbles/1.png", "k1")
    assert (found.created_at, found.updated_at) == (utc(MORNING), utc(NOON))
    assert (found.width, found.height) == (640, 480)
    assert (found.status, found.status_by, found.status_at) == ("submitted", "user 1", utc(MORNING))
    assert found.fields == {
        "curation_image": "k1",
        "curation_note": "blurred",
        "meta": {"batch": 3},
    }
    assert found.annotations == (
        RemoteAnnotation("9", utc(MORNING), "user 1", False, False, [region]),
    )


def test_read__knows_no_size_where_annotations_disagree_or_say_nothing() -> None:
    one, other = rectangle("r1", (1, 2, 3, 4)), rectangle("r2", (1, 2, 3, 4))
    other["original_width"] = 641
    reader = TaskReader("image", name_of)
    disagreeing = reader.read(task(annotation(1, result=[one]), annotation(2, result=[other])))
    assert (disagreeing.width, disagreeing.height) == (None, None)
    silent = reader.read(task(annotation(1, result=None)))
    assert (silent.width, silent.annotations[0].regions) == (None, [])


@pytest.mark.parametrize("image", [None, 7, ["1.png", "2.png"], {"url": "1.png"}])
def test_read__has_no_image_where_the_field_is_no_name(image: Any) -> None:
    assert TaskReader("image", name_of).read(task(data={"image": image})).image == ""


@pytest.mark.parametrize(
    ("record", "status", "decided"),
    [
        (task(), "waiting", None),
        (task(draft_exists=True), "in progress", None),
        (task(annotation(1)), "submitted", 1),
        (task(annotation(1), draft_exists=True), "submitted", 1),
        (task(annotation(1), annotation(2, NOON), annotation(3)), "submitted", 2),
        (task(annotation(1, was_cancelled=True)), "skipped", 1),
        (task(annotation(1, was_cancelled=True), draft_exists=True), "in progress", None),
        (task(annotation(1, NOON, was_cancelled=True), annotation(2)), "submitted", 2),
        (task(annotation(1, ground_truth=True), annotation(2, NOON)), "accepted", 1),
        (task(annotation(1), data={"review_state": "accepted"}), "accepted", 1),
        (task(annotation(1), meta={"review_state": "accepted"}), "accepted", 1),
        (task(annotation(1), meta={"review_state": "requested"}), "submitted", 1),
        (task(data={"review_state": "accepted"}), "waiting", None),
        (task(annotation(1, was_cancelled=True, ground_truth=True)), "skipped", 1),
        (task(annotation(1), data={"review_state": ["accepted"]}), "submitted", 1),
    ],
)
def test_standing__is_that_of_the_work_that_counts(
    record: TaskRecord, status: str, decided: int | None
) -> None:
    found, by = standing(record)
    assert (found, by and by.id) == (status, decided)


def test_read__names_who_changed_the_deciding_annotation_last() -> None:
    reviewer = UserRecord(2, "review@example.com")
    record = task(annotation(1, updated_by=reviewer))
    assert TaskReader("image", name_of).read(record).status_by == "review@example.com"


def test_signature_of__counts_skipped_annotations() -> None:
    record = TaskRecord(5, MORNING, NOON, total_annotations=2, cancelled_annotations=1)
    assert signature_of(record) == Signature("5", utc(MORNING), utc(NOON), 3)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"box": {"inputs": [{"type": "Image", "value": "photo"}]}}, "photo"),
        ({"text": {"inputs": [{"type": "Text", "value": "t"}]}}, "image"),
        (
            {
                "text": {"inputs": [{"type": "Text", "value": "t"}]},
                "box": {"inputs": [{"type": "Image", "value": "$scan"}]},
            },
            "scan",
        ),
        (None, "image"),
        ([], "image"),
        ({"box": None, "other": {"inputs": None}}, "image"),
    ],
)
def test_image_field__is_the_one_that_the_screen_shows(config: Any, field: str) -> None:
    assert image_field(config) == field
