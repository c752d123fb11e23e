"""Webhooks: only the right secret is heard, and all it can do is make a sync come soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from curation.store.database import Database
from curation.store.jobs import list_jobs
from curation.store.sources import change_source, get_source
from curation.sync.webhooks import make_hook
from tests.ui.sync_world import Answer, World, bearer, make_source, make_world
from ui.request_rates import RequestRate


@pytest.fixture
def world(database: Database) -> World:
    return make_world(database)


@pytest.fixture
def hook(world: World) -> Callable[..., Answer]:
    """Call the webhook of the source with its secret."""
    database = world.server.database
    secret = make_hook(database, get_source(database, world.source))

    def call(**request: Any) -> Answer:
        headers = {"X-Curation-Secret": secret} | request.pop("headers", {})
        source = request.pop("source", world.source)
        return world.server.ask("POST", f"/hooks/sources/{source}", headers=headers, **request)

    return call


def due(world: World) -> datetime | None:
    return get_source(world.server.database, world.source).due


def test_hook__makes_the_source_due_and_starts_nothing(world, hook) -> None:
    before = datetime.now(UTC)
    answer = hook(body=b'{"action": "ANNOTATION_CREATED"}')
    assert (answer.status, answer.json) == (202, {"accepted": True})
    moment = due(world)
    assert moment is not None
    assert before <= moment <= datetime.now(UTC)
    assert (world.server.started, list_jobs(world.server.database)) == ([], ())


def test_hook__a_source_that_is_due_is_not_written_again(world, hook) -> None:
    hook()
    first = due(world)
    assert hook().status == 202
    assert due(world) == first
    later = datetime.now(UTC) + timedelta(hours=1)
    with world.server.database.write() as connection:
        change_source(connection, world.source, due=later)
    hook()
    moment = due(world)
    assert moment is not None
    assert moment < later


@pytest.mark.parametrize("secret", ["", "wrong", "0" * 64, "é"])
def test_hook__unknown_source_no_webhook_and_wrong_secret_are_alike(world, hook, secret) -> None:
    no_hook = make_source(world.server.database, world.project, "other")
    answers = [
        hook(headers={"X-Curation-Secret": secret}),
        hook(source=no_hook, headers={"X-Curation-Secret": secret}),
        hook(source=no_hook),
        hook(source=999),
    ]
    assert {answer.status for answer in answers} == {404}
    assert {answer.json["error"].rstrip(".0123456789") for answer in answers} == {
        "There is no hook "
    }
    assert {answer.json["next_step"] for answer in answers} == {
        "Check the address and X-Curation-Secret; 'curation source hook NAME' makes a new secret."
    }
    assert due(world) is None


def test_hook__a_sync_token_is_no_secret_of_a_webhook(world, hook) -> None:
    headers = {"X-Curation-Secret": world.token, **bearer(world.token)}
    assert hook(headers=headers).status == 404


def test_hook__the_digest_that_the_store_keeps_opens_nothing(world, hook) -> None:
    kept = get_source(world.server.database, world.source).hook_sha256
    assert kept is not None
    assert hook(headers={"X-Curation-Secret": kept}).status == 404


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"x" * 1_000_000, [b"x" * 60_000] * 3, [b"never ends"], [b"gone", None]],
)
def test_hook__whatever_the_body_is_the_answer_comes_within_a_second(world, hook, body) -> None:
    answer = hook(body=body)
    assert answer.status == 202
    assert answer.seconds < 1
    assert due(world) is not None


def test_hook__the_answer_does_not_wait_for_a_busy_store(world, hook) -> None:
    slept: list[int] = []

    def busy(source_id: int) -> None:
        time.sleep(1.5)
        slept.append(source_id)

    world.server.change(hint=busy)
    answer = hook()
    assert (answer.status, slept) == (202, [world.source])
    assert answer.seconds < 1


def test_hook__a_hint_that_cannot_be_written_is_logged_and_not_told(world, hook, caplog) -> None:
    def broken(source_id: int) -> None:
        raise OperationalError("UPDATE source", {}, Exception("database is locked"))

    world.server.change(hint=broken)
    assert hook().status == 202
    assert "database is locked" in caplog.text


def test_hook__too_many_of_a_source_are_told_to_wait_and_the_last_one_counts(world, hook) -> None:
    calls: list[int] = []
    world.server.change(hint=calls.append)
    by_source = RequestRate(burst=2, per_second=1)
    world.server.limits = replace(world.server.limits, by_source=by_source)
    answers = [hook() for _ in range(3)]
    assert [answer.status for answer in answers] == [202, 202, 429]
    assert answers[2].headers["retry-after"] == "1"
    assert answers[2].json["error"] == "Too many requests."
    assert answers[2].seconds < 0.5
    assert calls == [world.source] * 3


def test_hook__of_many_refused_at_once_one_is_written(world, hook) -> None:
    calls: list[int] = []
    world.server.change(hint=calls.append)
    by_source = RequestRate(burst=1, per_second=1)
    world.server.limits = replace(world.server.limits, by_source=by_source)
    hook()
    world.server.limits.waiting.add(world.source)  # as another request has it
    assert [hook().status for _ in range(3)] == [429] * 3
    assert calls == [world.source]


def test_hook__guesses_wear_out_their_address_and_not_the_source(world, hook) -> None:
    world.server.limits = replace(
        world.server.limits, by_client=RequestRate(burst=5, per_second=0.1)
    )
    wrong = {"X-Curation-Secret": "guess"}
    answers = [hook(headers=wrong, client="10.9.9.9") for _ in range(7)]
    assert [answer.status for answer in answers] == [404] * 5 + [429] * 2
    assert answers[-1].headers["retry-after"] == "10"
    assert hook(client="10.9.9.9").status == 429
    assert hook().status == 202


def test_limits__of_a_server_let_a_busy_tool_through(world, hook) -> None:
    assert [hook().status for _ in range(20)] == [202] * 20
