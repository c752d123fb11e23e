"""Pushes into a real Label Studio: what is made, changed, reopened and refused."""

from __future__ import annotations

import re
import urllib.error
from dataclasses import replace
from typing import Any

import urllib3

from curation.sync.annotation_tool import PreAnnotation
from curation.sync.tools.label_studio.tool import LabelStudioTool
from curation.sync.tools.label_studio.work_tabs import QUEUE, REVIEWS
from tests.curation.sync.tools.label_studio.pushed import CAR, PERSON, OpenTool, item, rows
from tests.servers.label_studio import LabelStudioProject, rectangle
from tests.servers.label_studio_program import LabelStudioServer


def summary(region: dict[str, Any]) -> tuple[Any, ...]:
    value = region["value"]
    kind = region["type"]
    sides = [value[name] for name in ("x", "y", "width", "height")]
    return (region["from_name"], *value[kind], *sides, region["score"])


def current(project: LabelStudioProject, tool: LabelStudioTool, task_id: int) -> dict[str, Any]:
    """Return what an item says of a task that exists."""
    task = tool.tasks_by_id([str(task_id)])[str(task_id)]
    return {"task_id": task.id, "expected": task.updated_at}


def test_create__writes_data_and_predictions_once(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    items = [
        item(1, predictions=(CAR, PERSON), priority=0.75, note="two misses"),
        item(2, predictions=()),
        item(3),
    ]
    sent = tool.send(items)
    made = rows(project)
    assert [(each.key, each.state) for each in sent] == [
        ("key1", "done"), ("key2", "done"), ("key3", "done"),
    ]  # fmt: skip
    assert [each.task_id for each in sent] == [str(made[each.key]["id"]) for each in sent]
    assert made["key1"]["data"] == {
        "photo": "s3://bucket/1.jpg",
        "weather": "",
        "review_note": "two misses",
        "review_state": "",
        "priority": 0.75,
        "curation_image": "image-1",
        "curation_push": "key1",
    }
    [prediction] = made["key1"]["predictions"]
    assert (prediction["model_version"], prediction["score"]) == ("yolo (Curation)", 0.7)
    # 64 of 640 px are 10 %, 48 of 480 px too; 6.4 px are 1 %.
    assert [summary(region) for region in prediction["result"]] == [
        ("box", "car", 10.0, 10.0, 20.0, 20.0, 0.9),
        ("box", "person", 0.0, 0.0, 1.0, 1.0, 0.5),
    ]
    assert made["key2"]["predictions"] == made["key3"]["predictions"] == []
    assert tool.send(items) == sent
    assert rows(project) == made


def test_create__masks_go_to_the_brush_and_boxes_where_no_brush_has_the_class(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    # 3 × 2 pixels, the middle column set: runs of 2, 2, 2 in COCO's column order.
    mask = PreAnnotation("car", (1, 0, 1, 2), 0.9, b"222")
    person = PreAnnotation("person", (1, 0, 1, 2), 0.8, b"222")
    tool.send([item(1, size=(2, 3), predictions=(mask, person))])
    [prediction] = rows(project)["key1"]["predictions"]
    kinds = [(region["type"], region["from_name"]) for region in prediction["result"]]
    assert kinds == [("brushlabels", "brush"), ("rectanglelabels", "box")]
    shapes = tool.shapes(prediction["result"], size=(2, 3), classes={}).shapes
    assert [(shape.class_name, shape.box, shape.area) for shape in shapes] == [
        ("car", (1.0, 0.0, 1.0, 2.0), 2.0),
        ("person", (1.0, 0.0, 1.0, 2.0), 2.0),
    ]
    assert (tool.takes("car", mask=True), tool.takes("person", mask=True)) == (True, True)
    assert not tool.takes("tree", mask=False)


def test_create__what_cannot_be_written_fails_alone(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    tree = PreAnnotation("tree", (0, 0, 10, 10), 0.9)
    sent = tool.send([item(1), item(2, predictions=(tree,)), item(3)])
    assert {each.key: (each.state, each.reason) for each in sent} == {
        "key1": ("done", ""),
        "key2": (
            "failed", "no control of the tool takes 'tree'; look at the preview again",
        ),
        "key3": ("done", ""),
    }  # fmt: skip
    assert sorted(rows(project)) == ["key1", "key3"]


def test_create__a_row_that_the_tool_refuses_fails_alone(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    number: Any = 7
    sent = tool.send([item(1), item(2), item(3, image=number), item(4), item(5)])
    failed = {each.key: each.reason for each in sent if each.state == "failed"}
    assert failed.keys() == {"key3"}
    assert failed["key3"].startswith("the tool refused it: ")
    assert sorted(rows(project)) == ["key1", "key2", "key4", "key5"]


def test_create__an_image_that_got_a_task_meanwhile_is_a_conflict(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    [first] = tool.send([item(1)])
    [second] = tool.send([item(1, key="other")])
    assert (second.state, second.task_id) == ("conflict", first.task_id)
    assert sorted(rows(project)) == ["key1"]


def test_change__keeps_everything_else_and_refuses_newer_tasks(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    data = {"photo": "/a.jpg", "review_note": "", "weather": "fog", "count": 3, "deep": {"a": [1]}}
    first, second, third = project.import_tasks(
        [{"data": data, "meta": {"by": "lab"}}, {"data": data}, {"data": data}]
    )
    items = [
        item(number, priority=0.5, note="too dark", **current(project, tool, task_id))
        for number, task_id in enumerate((first, second, third), start=1)
    ]
    project.change_task(second, data={**data, "weather": "rain"})
    project.delete_task(third)
    sent = {each.key: (each.state, each.task_id) for each in tool.send(items)}
    assert sent == {
        "key1": ("done", str(first)),
        "key2": ("conflict", str(second)),
        "key3": ("failed", str(third)),
    }
    task = project.task(first)
    expected = data | {"priority": 0.5, "review_note": "too dark", "curation_push": "key1"}
    assert (task["data"], task["meta"]) == (expected, {"by": "lab"})
    assert project.task(second)["data"] == {**data, "weather": "rain"}
    # Again: our own key in it says that it is done.
    assert [each.state for each in tool.send(items[:1])] == ["done"]
    assert project.task(first)["updated_at"] == task["updated_at"]


def test_predictions__of_ours_are_replaced_and_others_stay(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    [sent] = tool.send([item(1, predictions=(CAR,))])
    task_id = int(sent.task_id or 0)
    other = {"task": task_id, "result": [rectangle("r1", (1, 1, 5, 5))], "model_version": "robot"}
    project.import_predictions([other])
    first = tool.tasks_by_image(["image-1"])["image-1"]
    assert first.fields["curation_predictions"] == {"yolo": 1}
    step = item(1, key="k2", model="detr", predictions=(PERSON, CAR))
    tool.send([replace(step, task_id=first.id, expected=first.updated_at)])
    after = tool.tasks_by_image(["image-1"])["image-1"]
    assert after.fields["curation_predictions"] == {"detr": 2}
    versions = [each["model_version"] for each in rows(project)["k2"]["predictions"]]
    assert sorted(versions) == ["detr (Curation)", "robot"]
    # The same objects again: the row stays the same row.
    kept = rows(project)["k2"]["predictions"]
    again = replace(step, key="k3", task_id=after.id, expected=after.updated_at)
    tool.send([again])
    assert rows(project)["k3"]["predictions"] == kept
    # None at all takes ours away.
    last = tool.tasks_by_image(["image-1"])["image-1"]
    tool.send([replace(again, key="k4", predictions=(), expected=last.updated_at)])
    assert [each["model_version"] for each in rows(project)["k4"]["predictions"]] == ["robot"]


def join(server: LabelStudioServer, email: str) -> str:
    """Let another annotator sign up by invitation, and return the token."""
    link = f"{server.url}{server.call('GET', '/api/invite')['invite_url']}"
    with urllib3.PoolManager(retries=False) as pool:
        page = pool.request("GET", link)
        cookies = dict(
            text.split(";")[0].split("=", 1) for text in page.headers.getlist("set-cookie")
        )
        hidden = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page.data.decode())
        assert hidden is not None
        form = {"csrfmiddlewaretoken": hidden[1], "email": email, "password": "long enough 1"}

        def headers() -> dict[str, str]:
            sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
            return {"Cookie": sent, "Referer": server.url}

        done = pool.request(
            "POST", link, fields=form, encode_multipart=False, headers=headers(), redirect=False
        )
        cookies |= dict(
            text.split(";")[0].split("=", 1) for text in done.headers.getlist("set-cookie")
        )
        told = pool.request("GET", f"{server.url}/api/current-user/token", headers=headers())
    return str(told.json()["token"])


def test_review__brings_finished_work_to_another_annotator(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    server = project.server
    other = replace(server, account=replace(server.account, token=join(server, "eve@example.com")))
    theirs = LabelStudioProject(other, project.id)
    data = {"photo": "/a.jpg", "review_note": "", "weather": ""}
    done, waiting = project.import_tasks([{"data": data}, {"data": data}])
    theirs.annotate(done, [rectangle("r1", (10, 10, 20, 20))])
    project.annotate(waiting, [rectangle("r1", (10, 10, 20, 20))])

    def offered() -> int | None:
        """Return the task that the labelling stream offers to the first user."""
        try:
            return int(server.call("GET", f"/api/projects/{project.id}/next/")["id"])
        except urllib.error.HTTPError as refusal:
            refusal.close()
            if refusal.code != 404:
                raise
            return None  # nothing is left

    assert project.task(done)["is_labeled"]
    assert offered() is None
    ask = item(1, review=True, note="car at x 64", **current(project, tool, done))
    assert [each.state for each in tool.send([ask])] == ["done"]
    task = project.task(done)
    assert (task["is_labeled"], task["overlap"]) == (False, 2)
    assert (task["data"]["review_state"], task["data"]["review_note"]) == (
        "requested", "car at x 64",
    )  # fmt: skip
    assert offered() == done
    seen = tool.tasks_by_id([str(done)])[str(done)]
    assert (seen.status, seen.status_by) == ("submitted", "eve@example.com")
    project.annotate(done, [rectangle("r1", (11, 10, 20, 20))])
    assert project.task(done)["is_labeled"]
    assert offered() is None


def test_tabs__are_made_once_and_kept_as_people_change_them(
    project: LabelStudioProject, connect: OpenTool
) -> None:
    def tabs() -> list[tuple[str, Any]]:
        found = project.server.call("GET", f"/api/dm/views/?project={project.id}")
        return sorted((tab["data"]["title"], tab["data"]["ordering"]) for tab in found)

    connect(project).send([item(1)])
    assert tabs() == []
    connect(project).send([item(2, priority=1.0, review=True)])
    by_priority = ["-tasks:data.priority"]
    assert tabs() == [(QUEUE, by_priority), (REVIEWS, by_priority)]
    [queue] = [
        tab
        for tab in project.server.call("GET", f"/api/dm/views/?project={project.id}")
        if tab["data"]["title"] == QUEUE
    ]
    changed = {"data": {**queue["data"], "ordering": ["tasks:id"]}}
    project.server.call("PATCH", f"/api/dm/views/{queue['id']}/?project={project.id}", changed)
    connect(project).send([item(3, priority=0.2), item(4, priority=0.9)])
    assert tabs() == [(QUEUE, ["tasks:id"]), (REVIEWS, by_priority)]
    [review] = [
        tab
        for tab in project.server.call("GET", f"/api/dm/views/?project={project.id}")
        if tab["data"]["title"] == REVIEWS
    ]
    listed = project.server.call(
        "GET", f"/api/tasks/?project={project.id}&view={review['id']}&page_size=10"
    )
    assert [task["data"]["curation_push"] for task in listed["tasks"]] == ["key2"]
