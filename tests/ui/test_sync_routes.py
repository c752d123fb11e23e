"""The HTTP interface of syncs on a real store: who gets in, what is told, what is started."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from curation.access.tokens import revoke_token
from curation.errors import Conflict
from curation.store.database import Database
from curation.store.jobs import create_job, list_jobs
from curation.store.sources import change_source
from curation.store.sync_runs import open_run
from tests.curation.sync.canaries import new_canary, traces_in_text
from tests.ui.sync_world import World, bearer, make_world
from ui.server import sync_service


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


def test_start__is_answered_with_the_job_and_where_it_is(world) -> None:
    answer = world.start(world.source)
    assert answer.status == 202
    assert answer.json == {"job": "job-of-the-sync", "url": "/api/jobs/job-of-the-sync"}
    assert answer.headers["cache-control"] == "no-store"
    assert world.server.started == [(world.source, "sync token nightly", False)]


@pytest.mark.parametrize(
    ("body", "reconcile"),
    [(b"", False), (b" \n", False), (b"{}", False), (b'{"reconcile": true}', True)],
)
def test_start__the_body_may_ask_for_a_reconcile(world, body: bytes, reconcile: bool) -> None:
    assert world.start(world.source, body=body).status == 202
    assert [asked[2] for asked in world.server.started] == [reconcile]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"true",
        b'{"reconcile": "yes"}',
        b'{"reconcile": 1}',
        b'{"reconcile": true, "allow_removals": true}',
        b'\xff{"reconcile": true}',
        b"[" * 60_000,
        b" " * 70_000,
    ],
)
def test_start__another_body_is_refused_and_nothing_starts(world, body: bytes) -> None:
    answer = world.start(world.source, body=body)
    assert answer.status == 400
    assert set(answer.json) == {"error", "next_step"}
    assert answer.json["next_step"] == 'Send JSON such as {"reconcile": true}, or nothing.'
    assert world.server.started == []


def test_start__an_open_sync_is_returned_and_no_second_is_made(world) -> None:
    world.server.change(start=sync_service().start)
    first, second = world.start(world.source), world.start(world.source)
    assert first.json == second.json
    (job,) = list_jobs(world.server.database)
    assert (job.id, job.status, job.project_id) == (first.json["job"], "queued", world.project)
    assert job.payload["author"] == "sync token nightly"
    assert world.get(first.json["url"]).json["status"] == "queued"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer cur_" + "A" * 43,
        "Basic {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer {token} x",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/sources/1/sync"),
        ("POST", "/api/sources/99/sync"),
        ("GET", "/api/sources/1"),
        ("GET", "/api/sources/x"),
        ("GET", "/api/jobs/any"),
    ],
)
def test_routes__without_a_valid_token_are_closed(
    world, method: str, path: str, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header.format(token=world.token)}
    answer = world.server.ask(method, path, headers=headers)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json["error"] == "The token is not valid."
    assert world.server.started == []


def test_routes__a_token_that_was_revoked_is_closed_at_once(world) -> None:
    assert world.get(f"/api/sources/{world.source}").status == 200
    revoke_token(world.server.database, world.project, "nightly")
    assert world.get(f"/api/sources/{world.source}").status == 401


def test_routes__a_viewer_looks_and_starts_nothing(world) -> None:
    assert world.get(f"/api/sources/{world.source}", token=world.viewer_token).status == 200
    answer = world.start(world.source, token=world.viewer_token)
    assert answer.status == 403
    assert answer.json["error"] == "Not allowed: the viewer token board is not for sync.run."
    assert world.server.started == []


def test_routes__a_foreign_source_answers_as_one_that_is_not_there(world) -> None:
    for ask in (world.start, lambda source: world.get(f"/api/sources/{source}")):
        foreign, unknown = ask(world.foreign_source), ask(999)
        assert foreign.status == unknown.status == 404
        named = foreign.body.replace(str(world.foreign_source).encode(), b"999")
        assert named == unknown.body
    assert world.server.started == []


@pytest.mark.parametrize("source", ["x", "-1", "1.0", "9" * 10, "9" * 5000, "%00", "１"])
def test_routes__what_names_no_source_is_not_found(world, source: str) -> None:
    for answer in (world.start(source), world.get(f"/api/sources/{source}")):
        assert answer.status == 404
        assert len(answer.body) < 300


def test_job__progress_of_the_own_project_only(world) -> None:
    database = world.server.database
    ids = {}
    with database.write() as connection:
        for project in (world.project, 2, None):
            ids[project] = create_job(
                connection,
                kind="sync",
                title="Sync labels",
                payload={"x": "canary"},
                project_id=project,
            )
    answer = world.get(f"/api/jobs/{ids[world.project]}")
    assert {**answer.json, "created": None} == {
        "id": ids[world.project],
        "kind": "sync",
        "title": "Sync labels",
        "status": "queued",
        "done": 0,
        "total": 0,
        "message": "",
        "error": "",
        "created": None,
        "finished": None,
    }
    assert datetime.fromisoformat(answer.json["created"]).tzinfo is not None
    unknown = world.get("/api/jobs/000000000000")
    assert unknown.status == 404
    for job_id in (ids[2], ids[None]):
        foreign = world.get(f"/api/jobs/{job_id}")
        assert foreign.status == 404
        assert foreign.body.replace(job_id.encode(), b"000000000000") == unknown.body
    for strange in ("a\x00b", "ä", "x" * 65, "a b"):
        assert world.get(f"/api/jobs/{strange}").status == 404


def test_source__how_it_stands_and_its_last_run_without_its_address(world) -> None:
    path, database = f"/api/sources/{world.source}", world.server.database
    assert world.get(path).json == {
        "id": world.source,
        "name": "labels",
        "kind": "label-studio",
        "state": "never synced",
        "attention": "",
        "questions": 0,
        "job": None,
        "schedule": None,
        "due": None,
        "reconciled": None,
        "last_run": None,
    }
    with database.write() as connection:
        job_id = create_job(connection, kind="sync", title="t", payload={}, project_id=1)
        change_source(connection, world.source, job_id=job_id)
        open_run(connection, world.source, job_id, kind="pull", author="schedule")
    shown = world.get(path)
    assert (shown.json["state"], shown.json["job"]) == ("syncing", job_id)
    run = shown.json["last_run"]
    assert {name: run[name] for name in ("job", "kind", "author", "status", "problems")} == {
        "job": job_id,
        "kind": "pull",
        "author": "schedule",
        "status": "queued",
        "problems": 0,
    }
    assert b"internal.example" not in shown.body


def test_routes__a_deliberate_error_has_its_status_from_the_table(world) -> None:
    def off(source_id: int, author: str, reconcile: bool) -> str:
        raise Conflict("Source 'labels' is switched off.", next_step="Switch it on.")

    world.server.change(start=off)
    answer = world.start(world.source)
    assert answer.status == 409
    assert answer.json == {
        "error": "Source 'labels' is switched off.",
        "next_step": "Switch it on.",
    }


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (RuntimeError("canary at /srv/secret"), 500, "Something unexpected went wrong."),
        (OperationalError("SELECT canary", {}, Exception("canary@db:5432")), 502, "The store"),
    ],
)
def test_routes__an_unexpected_error_is_logged_under_an_id_and_told_without_internals(
    world, caplog, error: Exception, status: int, says: str
) -> None:
    def broken(*_: Any) -> Any:
        raise error

    world.server.change(source=broken, start=broken, states=broken)
    answers = [world.start(world.source), world.get(f"/api/sources/{world.source}")]
    for answer in answers:
        assert answer.status == status
        assert says in answer.json["error"]
        assert b"canary" not in answer.body
        told = f"{answer.json['error']} {answer.json['next_step']}"
        assert any(
            record.args[0] in told for record in caplog.records if record.name == "ui.sync_routes"
        )


def test_routes__a_client_that_goes_away_is_no_error(world, caplog) -> None:
    answer = world.server.ask(
        "POST",
        f"/api/sources/{world.source}/sync",
        headers=bearer(world.token),
        body=[b"{", None],
    )
    assert (answer.status, world.server.started, caplog.records) == (400, [], [])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/sources/1/sync"),
        ("POST", "/api/sources/1"),
        ("DELETE", "/api/jobs/1"),
        ("GET", "/hooks/sources/1"),
    ],
)
def test_routes__other_methods_are_refused(world, method: str, path: str) -> None:
    assert world.server.ask(method, path, headers=bearer(world.token)).status == 405


def test_canary__a_token_is_in_no_answer_and_no_log(world, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    canary = f"cur_{new_canary()}".ljust(47, "x")
    answers = [
        world.get(f"/api/sources/{world.source}", token=canary),
        world.start(world.source, token=world.token, body=canary.encode()),
        world.server.ask("POST", "/hooks/sources/1", headers={"X-Curation-Secret": canary}),
    ]
    for text in (caplog.text, *(answer.body.decode() for answer in answers)):
        assert traces_in_text(canary, text) == []
        assert traces_in_text(world.token, text) == []
