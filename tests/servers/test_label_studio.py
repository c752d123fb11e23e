"""The real Label Studio of the tests: ours, private, with the operations that tests need."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.servers.fault_proxy import StartProxy
from tests.servers.label_studio import MakeProject, rectangle, task_data
from tests.servers.label_studio_program import (
    Account,
    LabelStudioServer,
    Places,
    environment,
    running,
)
from tests.servers.programs import LABEL_STUDIO_VERSION
from tests.servers.web import WebFolder


def test_environment__holds_nothing_of_the_machine_and_no_telemetry(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DEBUG", "true")
    monkeypatch.setenv("LABEL_STUDIO_HOST", "http://elsewhere.example")
    found = environment(Places(tmp_path, tmp_path, tmp_path / "log"))
    assert {"DEBUG", "LABEL_STUDIO_HOST"} & found.keys() == set()
    off = ("COLLECT_ANALYTICS", "LATEST_VERSION_CHECK", "SENTRY_DSN", "FRONTEND_SENTRY_DSN")
    assert [found[f"LABEL_STUDIO_{name}"] for name in off] == ["false", "false", "", ""]


def test_label_studio_server__knows_our_token_and_no_other(
    label_studio_server: LabelStudioServer,
) -> None:
    assert label_studio_server.version == LABEL_STUDIO_VERSION
    user = label_studio_server.call("GET", "/api/current-user/whoami")
    assert user["email"] == label_studio_server.account.email
    with pytest.raises(HTTPError, match="401"):
        urllib.request.urlopen(f"{label_studio_server.url}/api/projects/")


def test_label_studio_project__shows_the_pictures_of_its_folder(
    label_studio_project: MakeProject,
) -> None:
    project = label_studio_project()
    address = project.serve_files("pebbles").format(name="1.png")
    (project.server.files_root / "pebbles" / "1.png").write_bytes(b"pixels")
    request = urllib.request.Request(
        f"{project.server.url}{address}",
        headers={"Authorization": f"Token {project.server.token}"},
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.read() == b"pixels"


def test_label_studio_project__exports_what_was_imported_and_done(
    label_studio_project: MakeProject,
) -> None:
    project = label_studio_project()
    region = rectangle("r1", (10, 20, 30, 40))
    first, second, third = project.import_tasks(
        [
            {"data": task_data("1.png"), "annotations": [{"result": [region]}]},
            {"data": task_data("2.png"), "predictions": [{"result": [region], "score": 0.5}]},
            {"data": task_data("3.png")},
        ]
    )
    added = project.annotate(second, [region])
    project.change_annotation(added, result=[])
    project.delete_task(third)
    found = {task["id"]: task for task in project.export()}
    assert sorted(found) == [first, second]
    assert [each["result"] for each in found[first]["annotations"]] == [[region]]
    assert [(each["id"], each["result"]) for each in found[second]["annotations"]] == [(added, [])]


def test_remove_duplicates__moves_annotations_and_no_time(
    label_studio_project: MakeProject,
) -> None:
    project = label_studio_project()
    twins = project.import_tasks([{"data": task_data("1.png")}] * 2)
    annotations = [project.annotate(each, [rectangle("r1", (1, 2, 3, 4))]) for each in twins]
    before = {each: project.task(each)["updated_at"] for each in twins}
    project.remove_duplicates(twins)
    (kept,) = project.export()
    assert sorted(each["id"] for each in kept["annotations"]) == sorted(annotations)
    assert project.task(kept["id"])["updated_at"] == before[kept["id"]]


def test_fault_proxy__passes_answers_and_the_date_through(
    web_folder: WebFolder, fault_proxy: StartProxy
) -> None:
    (web_folder.folder / "a.txt").write_bytes(b"pebble")
    proxy = fault_proxy(web_folder.url)
    with urllib.request.urlopen(f"{proxy.url}/a.txt") as answer:
        assert answer.read() == b"pebble"
        assert answer.headers.get_all("Date") is not None
        assert len(answer.headers.get_all("Date") or ()) == 1
    assert (proxy.requests, dict(proxy.counts)) == (1, {})


def test_fault_proxy__breaks_what_is_planned_and_counts_it(
    web_folder: WebFolder, fault_proxy: StartProxy
) -> None:
    (web_folder.folder / "a.txt").write_bytes(b"pebble")
    proxy = fault_proxy(web_folder.url, retry_after=9, slow_seconds=0)
    proxy.planned += ["429", "503", "reset_before", "reset_after", "truncated", "slow", None]
    ends = []
    for _ in range(7):
        try:
            with urllib.request.urlopen(f"{proxy.url}/a.txt") as answer:
                ends.append(answer.read().decode())
        except HTTPError as refusal:
            ends.append(f"{refusal.code} {refusal.headers['Retry-After']}")
            refusal.close()
        except Exception as error:  # noqa: BLE001  # whatever a broken connection raises
            ends.append(type(error).__name__)
    assert ends == [
        "429 9",
        "503 None",
        "RemoteDisconnected",
        "RemoteDisconnected",
        "IncompleteRead",
        "pebble",
        "pebble",
    ]
    assert dict(proxy.counts) == dict.fromkeys(
        ("429", "503", "reset_before", "reset_after", "truncated", "slow"), 1
    )


def test_fault_proxy__fails_alike_for_the_same_seed(
    web_folder: WebFolder, fault_proxy: StartProxy
) -> None:
    first, second = (fault_proxy(web_folder.url, rate=0.5, seed=3) for _ in range(2))
    chosen = [first.next_fault() for _ in range(200)]
    assert chosen == [second.next_fault() for _ in range(200)]
    assert 70 < sum(first.counts.values()) < 130


def test_running__refuses_a_port_that_somebody_has(tmp_path: Path, web_folder: WebFolder) -> None:
    places = Places(tmp_path / "data", tmp_path, tmp_path / "log")
    port = int(web_folder.url.rpartition(":")[2])
    with (
        pytest.raises(RuntimeError, match=f"Port {port} is taken"),
        running(tmp_path / "no-program", places, Account(), port=port),
    ):
        pass
    assert not places.data.exists()
