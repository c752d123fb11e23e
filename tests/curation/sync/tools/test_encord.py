from __future__ import annotations

import json
from datetime import timedelta
from itertools import count
from time import time

import pytest

from curation.sync.annotation_tool import PushingTool, Signature, Window
from curation.sync.tools.encord.row_states import NO_TIME, iso_time, parse_time
from tests.curation.encord_rows import CAR, MOMENT, SIZE, SUNNY, choose, draw, image_row
from tests.curation.sync.tools.encord_service import (
    ANNOTATE,
    ARCHIVE,
    BOX,
    COMPLETE,
    REVIEW,
    car_row,
    connect,
    data_hash,
    running_service,
)

HOUR = timedelta(hours=1)
WINDOW = Window(iso_time(MOMENT), iso_time(MOMENT + HOUR))


@pytest.fixture
def service():
    with running_service() as running:
        yield running


def all_pages(listing, limit):
    after = None
    for _ in count():
        page = listing(after=after, limit=limit)
        if not page:
            return
        assert len(page) <= limit
        yield from page
        after = page[-1].id


def changed_ids(tool, window=WINDOW, limit=100):
    pages = all_pages(lambda **page: tool.changed(window, **page), limit)
    return [task.id for task in pages]


def test_capabilities__say_that_it_was_not_tried(service) -> None:
    tool = connect(service)
    assert tool.capabilities.windowed
    assert not tool.capabilities.tried
    assert not tool.capabilities.push
    assert not isinstance(tool, PushingTool)
    tool.close()


def test_project__title_and_classes(service) -> None:
    project = connect(service).project()
    assert project.title == "Streets of a town"
    assert project.classes[:3] == ("Car", "Ship", "Lake")


def test_server_time__is_the_date_of_an_answer(service) -> None:
    told = parse_time(connect(service).server_time())
    assert abs(told.timestamp() - time()) < 5


def test_changed__gives_rows_edited_in_the_window_in_pages(service) -> None:
    for number in range(5):
        service.put(number, car_row(), edited=MOMENT + number * timedelta(minutes=20), stage=REVIEW)
    service.put(9, car_row(), edited=None)
    expected = [data_hash(number) for number in range(3)]  # 0, 20 and 40 minutes
    for limit in (1, 2, 3, 100):
        assert changed_ids(connect(service), limit=limit) == expected


def test_changed__bounds_are_low_included_and_high_excluded(service) -> None:
    tick = timedelta(microseconds=1)
    times = (MOMENT - tick, MOMENT, MOMENT + HOUR - tick, MOMENT + HOUR)
    for number, edited in enumerate(times):
        service.put(number, car_row(), edited=edited, stage=REVIEW)
    assert changed_ids(connect(service)) == [data_hash(1), data_hash(2)]


def test_changed__goes_on_after_an_id_in_a_new_process(service) -> None:
    for number in range(3):
        service.put(number, car_row(), edited=MOMENT, stage=REVIEW)
    tasks = connect(service).changed(WINDOW, after=data_hash(0), limit=1)
    assert [task.id for task in tasks] == [data_hash(1)]


def test_changed__has_rows_that_only_moved(service) -> None:
    service.put(1, car_row(), edited=MOMENT - 5 * HOUR, stage=REVIEW)
    service.put(2, car_row(), edited=MOMENT - 5 * HOUR, stage=REVIEW)
    service.move(2, COMPLETE, at=MOMENT + timedelta(minutes=1))
    [task] = connect(service).changed(WINDOW, after=None, limit=10)
    assert (task.id, task.status, task.status_by) == (data_hash(2), "accepted", "rita@example.com")


def test_changed__does_without_actions_where_the_key_may_not_read_them(service) -> None:
    service.put(1, car_row(), edited=MOMENT, stage=REVIEW)
    service.actions_status = 403
    tool = connect(service)
    assert changed_ids(tool) == [data_hash(1)]
    assert tool.faults.counts == {"task actions refused": 1}


def test_changed__skips_a_page_of_rows_that_went_meanwhile(service) -> None:
    for number in range(3):
        service.put(number, car_row(), edited=MOMENT, stage=REVIEW)
    tool = connect(service)
    assert [task.id for task in tool.changed(WINDOW, after=None, limit=1)] == [data_hash(0)]
    del service.rows[data_hash(1)]
    assert [t.id for t in tool.changed(WINDOW, after=data_hash(0), limit=1)] == [data_hash(2)]


def test_task__of_an_image(service) -> None:
    row = car_row()
    choose(row, SUNNY)
    service.put(7, row, edited=MOMENT, stage=REVIEW)
    tool = connect(service)
    [task] = tool.fetch([data_hash(7)])
    assert (task.id, task.image, task.image_key) == (data_hash(7), "image-00000007.png", None)
    assert (task.created_at, task.updated_at) == (NO_TIME, "2026-05-01T10:00:00.000000Z")
    assert (task.width, task.height) == (64, 48)
    assert (task.status, task.status_by, task.status_at) == ("submitted", "rita@example.com", None)
    assert task.fields["stage"] == "Review 1"
    assert task.fields["priority"] == 0.5
    [annotation] = task.annotations
    assert (annotation.id, annotation.author) == (data_hash(7), "ann@example.com")
    assert not annotation.cancelled
    # Regions are stored as JSON and converted later.
    stored = json.loads(json.dumps(annotation.regions))
    found = tool.shapes(stored, size=SIZE, classes={})
    assert [(shape.class_name, shape.box) for shape in found.shapes] == [("Car", (8, 12, 16, 24))]
    assert [(mark.field, mark.value) for mark in found.marks] == [("Weather", "Sunny")]


def test_task__each_image_of_a_group_is_one(service) -> None:
    row = image_row(SIZE, (10, 20))
    draw(row, CAR, BOX, frame=1)
    service.put(3, row, edited=MOMENT, stage=COMPLETE)
    tool = connect(service)
    ids = [f"{data_hash(3)}:{data_hash(300)}", f"{data_hash(3)}:{data_hash(301)}"]
    for limit in (1, 2):
        assert changed_ids(tool, limit=limit) == ids
    [first, second] = tool.fetch(ids)
    assert (first.image, first.width, first.height) == ("image-00000300.png", 64, 48)
    assert (second.image, second.width, second.height) == ("image-00000301.png", 20, 10)
    shapes = [
        tool.shapes(task.annotations[0].regions, size=(10, 20), classes={}).shapes
        for task in (first, second)
    ]
    assert shapes[0] == ()
    assert shapes[1][0].box == (2.5, 2.5, 5.0, 5.0)
    assert [task.id for task in tool.fetch(ids[1:])] == ids[1:]


@pytest.mark.parametrize(
    ("stage", "opened", "status", "work"),
    [
        (ANNOTATE, False, "waiting", 0),
        (ANNOTATE, True, "in progress", 0),
        (REVIEW, True, "submitted", 1),
        (COMPLETE, True, "accepted", 1),
        (ARCHIVE, True, "skipped", 0),
    ],
)
def test_status__of_a_workflow(service, stage, opened, status, work) -> None:
    service.put(1, car_row(), edited=MOMENT if opened else None, stage=stage)
    [task] = connect(service).fetch([data_hash(1)])
    assert (task.status, len(task.annotations)) == (status, work)


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("QUEUED", "waiting"),
        ("ASSIGNED", "in progress"),
        ("RETURNED", "in progress"),
        ("IN_REVIEW", "submitted"),
        ("COMPLETED", "accepted"),
        (None, "in progress"),
    ],
)
def test_status__without_a_workflow(service, told, status) -> None:
    service.workflow = False
    service.put(1, car_row(), edited=MOMENT, stage=None, annotation_task_status=told)
    tool = connect(service)
    assert [task.status for task in tool.changed(WINDOW, after=None, limit=5)] == [status]
    assert not any(path.endswith("/task-actions") for path in service.asked)


def test_signatures__are_those_of_the_tasks(service) -> None:
    service.put(1, car_row(), edited=MOMENT, stage=REVIEW)
    service.put(2, car_row(), edited=None)
    service.put(3, car_row(SIZE, SIZE), edited=MOMENT + HOUR, stage=ANNOTATE)
    tool = connect(service)
    for limit in (1, 3, 100):
        signatures = list(all_pages(tool.signatures, limit))
        tasks = tool.fetch([one.id for one in signatures])
        assert signatures == [
            Signature(task.id, task.created_at, task.updated_at, len(task.annotations))
            for task in tasks
        ]
    assert signatures[:2] == [
        Signature(data_hash(1), NO_TIME, "2026-05-01T10:00:00.000000Z", 1),
        Signature(data_hash(2), NO_TIME, NO_TIME, 0),
    ]


def test_fetch__reads_labels_of_finished_work_only(service) -> None:
    service.put(1, car_row(), edited=MOMENT, stage=ANNOTATE)
    service.put(2, car_row(), edited=None)
    connect(service).fetch([data_hash(1), data_hash(2)])
    assert "labelrow" not in service.asked


def test_fetch__leaves_out_what_is_gone(service) -> None:
    service.put(1, car_row(), edited=MOMENT, stage=REVIEW)
    tool = connect(service)
    assert [task.id for task in tool.fetch([data_hash(1), data_hash(2)])] == [data_hash(1)]
    assert tool.fetch([]) == []


def test_is_gone__asks_for_the_one_row(service) -> None:
    service.put(1, car_row(SIZE, SIZE), edited=MOMENT, stage=REVIEW)
    tool = connect(service)
    assert not tool.is_gone(f"{data_hash(1)}:{data_hash(101)}")
    assert tool.is_gone(f"{data_hash(1)}:{data_hash(105)}")
    assert tool.is_gone(data_hash(2))


def test_shadow_rows__are_no_tasks(service) -> None:
    service.put(1, car_row(), edited=MOMENT, stage=REVIEW, is_shadow_data=True)
    assert connect(service).signatures(after=None, limit=5) == []


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"data_type": "VIDEO"}, "it is of type video: only images and image groups are read"),
        ({"is_valid": False}, "Encord marks the labels as invalid: mend them in its editor"),
    ],
)
def test_refused_rows__wait_with_a_reason(service, told, reason) -> None:
    service.put(1, car_row(), edited=MOMENT, stage=REVIEW, **told)
    tool = connect(service)
    [task] = tool.fetch([data_hash(1)])
    [fault] = tool.shapes(task.annotations[0].regions, size=SIZE, classes={}).faults
    assert fault.reason == reason
    assert "labelrow" not in service.asked


def test_labels_that_do_not_fit_the_ontology__do_not_stop_other_rows(service) -> None:
    for number in (1, 2, 3):
        service.put(number, car_row(), edited=MOMENT, stage=REVIEW)
    content = service.rows[data_hash(2)][1]
    content["data_units"][data_hash(2)]["labels"]["objects"][0]["featureHash"] = "gone"
    tool = connect(service)
    found = [
        tool.shapes(task.annotations[0].regions, size=SIZE, classes={})
        for task in tool.changed(WINDOW, after=None, limit=10)
    ]
    assert [len(one.shapes) for one in found] == [1, 0, 1]
    assert [len(one.faults) for one in found] == [0, 1, 0]
    assert found[1].faults[0].reason.startswith("Encord's SDK cannot read the labels: ")


def test_labels_that_the_service_does_not_send__are_a_fault(service) -> None:
    service.put(1, car_row(), edited=MOMENT, stage=REVIEW)
    service.rows[data_hash(1)][1]["label_hash"] = "another"
    tool = connect(service)
    [task] = tool.fetch([data_hash(1)])
    [fault] = tool.shapes(task.annotations[0].regions, size=SIZE, classes={}).faults
    assert fault.reason == "Encord sent no labels of this image"
