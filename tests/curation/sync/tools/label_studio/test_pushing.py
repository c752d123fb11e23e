"""Pushes into a real Label Studio: made, changed, reopened and lost answers survived."""

from __future__ import annotations

import re
import threading
import urllib.error
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import urllib3

from curation.errors import AnswerLost
from curation.sync.annotation_tool import PreAnnotation, PushItem
from curation.sync.http_client import Answer, Limits
from curation.sync.tools.label_studio.tool import LabelStudioTool, open_tool
from curation.sync.tools.label_studio.work_tabs import QUEUE, REVIEWS
from tests.servers.fault_proxy import FaultProxy, StartProxy
from tests.servers.label_studio import LabelStudioProject, MakeProject, rectangle
from tests.servers.label_studio_program import LabelStudioServer

SCREEN = """\
<View>
  <Header value="$review_note"/><Header value="$weather"/>
  <Image name="image" value="$photo"/>
  <RectangleLabels name="box" toName="image">
    <Label value="car"/><Label value="person"/>
  </RectangleLabels>
  <BrushLabels name="brush" toName="image"><Label value="car"/></BrushLabels>
</View>
"""
QUICK = Limits(backoff_seconds=0.02, longest_pause=0.2)
SIZE = (480, 640)
CAR = PreAnnotation("car", (64, 48, 128, 96), 0.9)
PERSON = PreAnnotation("person", (0, 0, 6.4, 4.8), 0.5)

OpenTool = Callable[..., LabelStudioTool]


@pytest.fixture
def project(label_studio_project: MakeProject) -> LabelStudioProject:
    return label_studio_project(SCREEN)


@pytest.fixture
def connect() -> Iterator[OpenTool]:
    """Open a tool on a project, through a proxy if one is given."""
    with ExitStack() as stack:

        def run(project: LabelStudioProject, proxy: FaultProxy | None = None) -> LabelStudioTool:
            opened = open_tool(project.connection(proxy.url if proxy else None), limits=QUICK)
            stack.callback(opened.close)
            return opened

        yield run


@pytest.fixture
def tool(project: LabelStudioProject, connect: OpenTool) -> LabelStudioTool:
    return connect(project)


def item(number: int, **changes: Any) -> PushItem:
    plain = PushItem(f"key{number}", f"image-{number}", f"s3://bucket/{number}.jpg", SIZE, "yolo")
    return replace(plain, **changes)


def summary(region: dict[str, Any]) -> tuple[Any, ...]:
    value = region["value"]
    kind = region["type"]
    sides = [value[name] for name in ("x", "y", "width", "height")]
    return (region["from_name"], *value[kind], *sides, region["score"])


def rows(project: LabelStudioProject) -> dict[str, dict[str, Any]]:
    """Return the only task of each push key, with its predictions."""
    path = f"/api/tasks/?project={project.id}&page_size=1000&fields=all&resolve_uri=false"
    tasks = project.server.call("GET", path)["tasks"]
    found = {task["data"].get("curation_push", str(task["id"])): task for task in tasks}
    assert len(found) == len(tasks), "a task was made twice"
    return found


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


def test_duplicates__that_nobody_worked_on_go(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    def copy(number: int) -> dict[str, Any]:
        data = {"photo": "/a.jpg", "review_note": "", "weather": ""}
        return {
            "data": data | {"curation_image": f"image-{number}", "curation_push": f"key{number}"}
        }

    ids = project.import_tasks([copy(1), copy(1), copy(2), copy(2), copy(2), copy(3)])
    project.annotate(ids[4], [rectangle("r1", (10, 10, 20, 20))])
    assert tool.drop_duplicates(["key1", "key2", "key3", "key4"]) == 3
    left = {key: task["id"] for key, task in rows(project).items()}
    assert left == {"key1": ids[0], "key2": ids[4], "key3": ids[5]}
    assert tool.drop_duplicates(["key1", "key2", "key3"]) == 0


def test_create__a_server_that_is_late_leaves_no_duplicates(
    project: LabelStudioProject, tool: LabelStudioTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    http = tool._client.http
    real = http.send
    late: list[threading.Thread] = []

    def send(*request: Any, shape: Any) -> Any:
        """Lose the first answer, while the server does the work two looks later."""
        if not late:
            late.append(threading.Timer(1.5, lambda: real(*request, shape=shape)))
            late[0].start()
            raise AnswerLost("label studio", "it kept silent")
        return real(*request, shape=shape)

    monkeypatch.setattr(http, "send", send)
    items = [item(1), item(2)]
    assert [each.state for each in tool.send(items)] == ["done", "done"]
    late[0].join()
    assert len(project.export()) == 4
    assert tool.drop_duplicates(["key1", "key2"]) == 2
    assert sorted(rows(project)) == ["key1", "key2"]


def test_create__an_import_that_goes_on_by_itself_is_waited_for(
    project: LabelStudioProject, tool: LabelStudioTool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other editions answer with a number to ask after; the open one does the work meanwhile."""
    http = tool._client.http
    real_send, real_get = http.send, http.get
    states = ["created", "in_progress", "completed", "failed", "failed", "failed"]

    def send(method: str, path: str, payload: Any = None, *, shape: Any) -> Any:
        if "import?" in path and states[0] == "created":
            real_send(method, path, payload, shape=shape)
        return Answer(msgspec.json.decode(b'{"import": 3}', type=shape), None, 13)

    def get(path: str, *query: Any, shape: Any, **more: Any) -> Any:
        if not path.endswith("/imports/3"):
            return real_get(path, *query, shape=shape, **more)
        state = {"status": states.pop(0), "error": "no such field"}
        return Answer(msgspec.convert(state, shape), None, 0)

    monkeypatch.setattr(http, "send", send)
    monkeypatch.setattr(http, "get", get)
    assert [each.state for each in tool.send([item(1)])] == ["done"]
    assert states == ["failed"] * 3
    refused = tool.send([item(2), item(3)])
    assert [(each.key, each.state, each.reason) for each in refused] == [
        ("key2", "failed", "the tool refused it: no such field"),
        ("key3", "failed", "the tool refused it: no such field"),
    ]
    assert sorted(rows(project)) == ["key1"]


def until_settled(tool: LabelStudioTool, items: Sequence[PushItem]) -> dict[str, Any]:
    """Send until every item is settled, as a job does, and return what became of each."""
    settled: dict[str, Any] = {}
    for _ in range(20):
        left = [each for each in items if each.key not in settled]
        if not left:
            break
        settled |= {each.key: each for each in tool.send(left)}
    return settled


@pytest.mark.parametrize(("rate", "count"), [(0.25, 50), (0.5, 110)])
def test_faults__no_duplicates_no_losses(
    project: LabelStudioProject,
    connect: OpenTool,
    fault_proxy: StartProxy,
    rate: float,
    count: int,
) -> None:
    proxy = fault_proxy(project.server.url, rate=rate, seed=11, retry_after=0, slow_seconds=0.05)
    tool = connect(project, proxy)
    items = [
        item(number, predictions=(CAR, PERSON) if number % 2 else (), priority=number / count)
        for number in range(count)
    ]
    settled = until_settled(tool, items)
    tool.drop_duplicates([each.key for each in items])
    assert Counter(each.state for each in settled.values()) == {"done": count}
    made = rows(project)
    assert made.keys() == {each.key for each in items}
    for each in items:
        task = made[each.key]
        assert settled[each.key].task_id == str(task["id"])
        assert task["data"]["priority"] == each.priority
        expected = [("yolo (Curation)", 2)] if each.predictions else []
        found = [(row["model_version"], len(row["result"])) for row in task["predictions"]]
        assert found == expected
    assert proxy.counts.total() > 0


def test_faults__changes_with_new_predictions_happen_once(
    project: LabelStudioProject, connect: OpenTool, fault_proxy: StartProxy
) -> None:
    calm = connect(project)
    calm.send([item(number, predictions=(CAR,)) for number in range(8)])
    before = calm.tasks_by_image([f"image-{number}" for number in range(8)])
    items = [
        item(
            number,
            key=f"new{number}",
            model="detr",
            predictions=(PERSON,),
            review=True,
            note="look",
            task_id=before[f"image-{number}"].id,
            expected=before[f"image-{number}"].updated_at,
        )
        for number in range(8)
    ]
    proxy = fault_proxy(project.server.url, rate=0.5, seed=5, retry_after=0, slow_seconds=0.05)
    settled = until_settled(connect(project, proxy), items)
    assert Counter(each.state for each in settled.values()) == {"done": 8}
    made = rows(project)
    assert len(made) == 8
    for each in items:
        task = made[each.key]
        assert (task["data"]["review_note"], str(task["id"])) == ("look", each.task_id)
        assert [row["model_version"] for row in task["predictions"]] == ["detr (Curation)"]
