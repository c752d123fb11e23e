"""The adapter against a real Label Studio: what it returns is what the tool itself exports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from curation.errors import ToolRefused
from curation.sync.annotation_tool import RemoteTask, Signature, Window, WindowedTool
from curation.sync.http_client import Limits
from curation.sync.tools.label_studio.tool import LabelStudioTool, open_tool
from tests.servers.fault_proxy import FAULTS, StartProxy
from tests.servers.label_studio import (
    LabelStudioProject,
    MakeProject,
    rectangle,
    task_data,
)

BEGINNING = "1970-01-01T00:00:00.000000Z"
END = "2999-01-01T00:00:00.000000Z"
EVER = Window(BEGINNING, END)
BOX = (10.0, 20.0, 30.0, 40.0)


@pytest.fixture
def project(label_studio_project: MakeProject) -> LabelStudioProject:
    return label_studio_project()


@pytest.fixture
def tool(project: LabelStudioProject) -> Iterator[LabelStudioTool]:
    opened = open_tool(project.connection())
    yield opened
    opened.close()


def pull(tool: WindowedTool, window: Window = EVER, *, limit: int = 100) -> list[RemoteTask]:
    found: list[RemoteTask] = []
    while page := tool.changed(window, after=found[-1].id if found else None, limit=limit):
        found += page
    return found


def sign(tool: WindowedTool, *, limit: int = 100) -> list[Signature]:
    found: list[Signature] = []
    while page := tool.signatures(after=found[-1].id if found else None, limit=limit):
        found += page
    return found


def content(tasks: Sequence[RemoteTask]) -> dict[str, Any]:
    return {
        task.id: (
            task.image,
            {a.id: (a.regions, a.cancelled, a.ground_truth) for a in task.annotations},
        )
        for task in tasks
    }


def exported(project: LabelStudioProject) -> dict[str, Any]:
    return {
        str(task["id"]): (
            task["data"]["image"],
            {
                str(a["id"]): (a["result"], a["was_cancelled"], a["ground_truth"])
                for a in task["annotations"]
            },
        )
        for task in project.export()
    }


def annotated(number: int) -> dict[str, Any]:
    """Return a task of which every third is empty, skipped or has one more box than the last."""
    region = rectangle(f"r{number}", (number % 50, 20, 12.345678901234567, 40))
    results: dict[int, list[dict[str, Any]]] = {
        0: [],
        1: [{"result": [region]}],
        2: [{"result": [region], "was_cancelled": True}, {"result": [region] * 2}],
    }
    return {"data": task_data(f"{number}.png"), "annotations": results[number % 3]}


def test_open_tool__opens_a_tool_that_lists_by_time(tool: LabelStudioTool) -> None:
    assert isinstance(tool, WindowedTool)
    assert (tool.capabilities.windowed, tool.capabilities.priority) == (True, "field")


def test_project__has_title_classes_and_number_of_tasks(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    project.import_tasks([annotated(1), annotated(2)])
    found = tool.project()
    assert (found.title, found.classes, found.tasks) == ("pebbles", ("car", "person"), 2)


def test_project__refuses_a_wrong_token(project: LabelStudioProject) -> None:
    with pytest.raises(ToolRefused, match="make a new one") as caught:
        open_tool(project.connection(token="f" * 40)).project()
    assert (caught.value.status, "f" * 40 in str(caught.value)) == (401, False)


def test_project__refuses_a_project_that_is_not_there(project: LabelStudioProject) -> None:
    missing = LabelStudioProject(project.server, 999_999)
    tool = open_tool(missing.connection())
    for ask in (tool.project, lambda: pull(tool), lambda: sign(tool)):
        with pytest.raises(ToolRefused, match="Check the project number"):
            ask()


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_changed__pages_through_everything_that_the_tool_exports(
    project: LabelStudioProject, tool: LabelStudioTool, limit: int
) -> None:
    ids = project.import_tasks([annotated(number) for number in range(9)])
    found = pull(tool, limit=limit)
    assert [task.id for task in found] == [str(each) for each in sorted(ids)]
    assert content(found) == exported(project)


def test_changed__is_empty_for_an_empty_project(tool: LabelStudioTool) -> None:
    assert (pull(tool), sign(tool), tool.fetch(["1"]), tool.fetch([])) == ([], [], [], [])


def test_changed__has_its_window_to_the_microsecond(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    first, second = project.import_tasks([{"data": task_data(f"{n}.png")} for n in range(2)])
    project.annotate(first, [rectangle("r1", BOX)])
    project.annotate(second, [rectangle("r2", BOX)])
    one, other = pull(tool)
    assert one.updated_at < other.updated_at
    assert [task.id for task in pull(tool, Window(one.updated_at, other.updated_at))] == [one.id]
    assert [task.id for task in pull(tool, Window(other.updated_at, END))] == [other.id]


def test_server_time__is_not_later_than_what_comes_next(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    (task_id,) = project.import_tasks([annotated(1)])
    now = tool.server_time()
    project.annotate(task_id, [])
    assert now.endswith(".000000Z")
    assert [task.id for task in pull(tool, Window(now, END))] == [str(task_id)]


def test_changed__tells_where_the_work_stands_and_who_did_it(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    ids = project.import_tasks([{"data": task_data(f"{n}.png")} for n in range(6)])
    region = rectangle("r1", BOX)
    project.draft(ids[1], [region])
    project.annotate(ids[2], [region])
    project.annotate(ids[3], [region], ground_truth=True)
    project.annotate(ids[4], [], was_cancelled=True)
    project.annotate(ids[5], [region])
    data = task_data("5.png", review_state="accepted", curation_image="k5")
    project.change_task(ids[5], data=data, meta={"batch": 3})
    found = pull(tool)
    by = project.server.account.email
    assert [(task.status, task.status_by) for task in found] == [
        ("waiting", None),
        ("in progress", None),
        ("submitted", by),
        ("accepted", by),
        ("skipped", by),
        ("accepted", by),
    ]
    assert [task.annotations[0].author for task in found[2:]] == [by] * 4
    assert [task.status_at for task in found[2:]] == [
        task.annotations[0].updated_at for task in found[2:]
    ]
    assert (found[5].image_key, found[5].fields["meta"]) == ("k5", {"batch": 3})
    assert (found[2].width, found[2].height, found[4].width) == (640, 480, None)


def test_changed__has_addresses_as_they_were_given(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    project.serve_files("pictures")
    given = ["s3://pebbles/a b.png", "/data/local-files/?d=pictures/1.png", "https://a.example/1"]
    project.import_tasks([{"data": task_data(image)} for image in given])
    assert [task.image for task in pull(tool)] == given


def test_changed__takes_the_image_that_the_screen_shows(label_studio_project: MakeProject) -> None:
    screen = """<View><Text name="t" value="$image"/><Image name="i" value="$scan"/>
      <Choices name="c" toName="t"><Choice value="day"/></Choices>
      <Labels name="n" toName="i"><Label value="roof"/></Labels>
      <Polygon name="p" toName="i"/></View>"""
    project = label_studio_project(screen)
    project.import_tasks([{"data": {"image": "some words", "scan": "1.png"}}])
    tool = open_tool(project.connection())
    assert [task.image for task in pull(tool)] == ["1.png"]
    assert tool.project().classes == ("roof",)


def test_shapes__are_in_pixels(project: LabelStudioProject, tool: LabelStudioTool) -> None:
    (task_id,) = project.import_tasks([{"data": task_data("1.png")}])
    project.annotate(task_id, [rectangle("r1", BOX, "person")])
    regions = pull(tool)[0].annotations[0].regions
    (shape,) = tool.shapes(regions, size=(480, 640), classes={}).shapes
    assert (shape.key, shape.class_name, shape.box) == ("r1", "person", (64, 96, 192, 192))


def test_signatures__are_those_of_the_tasks(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    project.import_tasks([annotated(number) for number in range(9)])
    expected = [
        Signature(task.id, task.created_at, task.updated_at, len(task.annotations))
        for task in pull(tool)
    ]
    assert sign(tool, limit=4) == expected
    assert [each.annotations for each in expected] == [0, 1, 2] * 3


def test_signatures__tell_what_no_time_tells(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    twins = project.import_tasks([{"data": task_data("1.png")}] * 2)
    for each in twins:
        project.annotate(each, [rectangle("r1", BOX)])
    before = {each.id: each for each in sign(tool)}
    project.remove_duplicates(twins)
    (kept,) = sign(tool)
    assert kept.updated_at == before[kept.id].updated_at
    assert (kept.annotations, before[kept.id].annotations) == (2, 1)


def test_fetch__returns_what_is_there_in_order_of_id(
    project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    ids = project.import_tasks([{"data": task_data(f"{n}.png")} for n in range(230)])
    project.delete_task(ids[5])
    wanted = [str(each) for each in [*reversed(ids), 10**9]]
    assert [int(task.id) for task in tool.fetch(wanted)] == sorted({*ids} - {ids[5]})


def test_is_gone__is_true_for_deleted_tasks_and_those_of_other_projects(
    label_studio_project: MakeProject, project: LabelStudioProject, tool: LabelStudioTool
) -> None:
    kept, deleted = project.import_tasks([{"data": task_data("1.png")}] * 2)
    (elsewhere,) = label_studio_project().import_tasks([{"data": task_data("1.png")}])
    project.delete_task(deleted)
    found = [tool.is_gone(str(each)) for each in (kept, deleted, elsewhere)]
    assert found == [False, True, True]


def test_project__is_open_to_a_personal_token(project: LabelStudioProject) -> None:
    settings = {"api_tokens_enabled": True, "legacy_api_tokens_enabled": True}
    project.server.call("POST", "/api/jwt/settings", settings)
    token = project.server.call("POST", "/api/token/")["token"]
    tool = open_tool(project.connection(token=token))
    assert tool.project().title == "pebbles"
    assert pull(tool) == []
    assert tool.faults.counts == {}


@pytest.mark.parametrize(("rate", "seed"), [(0.25, 9), (0.5, 4)])
def test_every_listing__is_complete_through_a_connection_that_fails(
    project: LabelStudioProject, fault_proxy: StartProxy, rate: float, seed: int
) -> None:
    ids = project.import_tasks([annotated(number) for number in range(24)])
    proxy = fault_proxy(project.server.url, rate=rate, seed=seed, retry_after=0, slow_seconds=0.05)
    limits = Limits(backoff_seconds=0.01, attempts=20)
    tool = open_tool(project.connection(proxy.url), limits=limits)
    found = pull(tool, limit=2)
    assert content(found) == exported(project)
    assert content(tool.fetch([task.id for task in found])) == content(found)
    assert [each.id for each in sign(tool, limit=9)] == [task.id for task in found]
    assert not any(tool.is_gone(str(each)) for each in ids[:3])
    assert tool.project().tasks == 24
    # A slow answer is no fault, and both resets look alike from here.
    caused = proxy.counts
    assert Counter(tool.faults.counts) == Counter(
        {
            "429": caused["429"],
            "503": caused["503"],
            "connection": caused["reset_before"] + caused["reset_after"],
            "truncated": caused["truncated"],
        }
    )
    assert min(caused[kind] for kind in FAULTS) > 0
