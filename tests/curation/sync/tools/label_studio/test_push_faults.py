"""Pushes into a real Label Studio whose answers get lost: no duplicates, no losses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from curation.errors import AnswerLost, ToolRefused, Unavailable
from curation.sync.annotation_tool import PushItem
from curation.sync.http_client import MIB, Answer
from curation.sync.tools.label_studio.task_creation import _batches
from curation.sync.tools.label_studio.tool import LabelStudioTool
from tests.curation.sync.tools.label_studio.pushed import CAR, PERSON, OpenTool, item, rows
from tests.servers.fault_proxy import StartProxy
from tests.servers.label_studio import LabelStudioProject, rectangle


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
    lost: list[tuple[Any, ...]] = []

    def send(*request: Any, shape: Any) -> Any:
        """Lose the first answer; the server does that work after it did the second."""
        if not lost:
            lost.append(request)
            raise AnswerLost("label studio", "it kept silent")
        answer = real(*request, shape=shape)
        if len(lost) == 1:
            lost.append(request)
            real(*lost[0], shape=shape)
        return answer

    monkeypatch.setattr(http, "send", send)
    items = [item(1), item(2)]
    assert [each.state for each in tool.send(items)] == ["done", "done"]
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
        try:
            settled |= {each.key: each for each in tool.send(left)}
        except ToolRefused:
            raise
        except Unavailable:
            continue
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
    connect(project).drop_duplicates([each.key for each in items])
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


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([], []),
        ([10] * 51, [25, 25, 1]),
        ([5 * MIB, 2 * MIB, 5 * MIB, 9 * MIB, 1], [2, 1, 1, 1]),
    ],
)
def test_batches__are_bounded_in_rows_and_bytes(weights: list[int], expected: list[int]) -> None:
    rows = [(f"k{number}", {"data": "x" * weight}) for number, weight in enumerate(weights)]
    batches = list(_batches(rows))
    assert [len(batch) for batch in batches] == expected
    assert [row for batch in batches for row in batch] == rows
