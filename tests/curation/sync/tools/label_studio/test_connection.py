"""How a Label Studio is reached: which addresses, projects and tokens, and what stays secret."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import replace

import pytest

from curation.errors import InvalidSetting, OriginNotAllowed, ToolRefused, Unavailable
from curation.settings import Secret
from curation.sync.connection import Connection
from curation.sync.http_client import Limits
from curation.sync.tools.label_studio import tokens
from curation.sync.tools.label_studio.tool import open_tool
from tests.servers.raw_answers import RawAnswers, answer

PERSONAL = "aaa.bbb.ccc"
PROJECT = answer(b'{"id": 7, "title": "pebbles", "parsed_label_config": {}, "task_number": 3}')
QUICK = Limits(backoff_seconds=0.001, attempts=3)


def connection(url: str, token: str = "canary-key") -> Connection:
    return Connection("studio", url, "7", Secret(token), (url,))


def sent_tokens(raw: RawAnswers) -> list[str]:
    lines = [line for one in raw.requests for line in one.decode().split("\r\n")]
    return [line.partition(": ")[2] for line in lines if line.startswith("Authorization")]


def access(word: str) -> list[bytes]:
    return answer(json.dumps({"access": word}).encode())


def test_open_tool__sends_nothing_before_it_is_asked(raw_answers: RawAnswers) -> None:
    open_tool(connection(raw_answers.url)).close()
    assert raw_answers.requests == []


def test_open_tool__refuses_an_address_that_is_not_allowed(raw_answers: RawAnswers) -> None:
    elsewhere = replace(connection(raw_answers.url), allowed_origins=("https://labels.example",))
    with pytest.raises(OriginNotAllowed):
        open_tool(elsewhere)


@pytest.mark.parametrize("project", ["", "pebbles", "-1", "1/../2", "7?x=1"])
def test_open_tool__needs_the_number_of_a_project(raw_answers: RawAnswers, project: str) -> None:
    with pytest.raises(InvalidSetting, match="project in the tool"):
        open_tool(replace(connection(raw_answers.url), tool_project=project))


@pytest.mark.parametrize("token", ["", " ", "canary key", "canary\r\nX-Evil: 1", "cänary"])
def test_open_tool__refuses_what_cannot_be_a_token_and_does_not_repeat_it(
    raw_answers: RawAnswers, token: str
) -> None:
    with pytest.raises(InvalidSetting) as caught:
        open_tool(connection(raw_answers.url, token))
    assert "nary" not in str(caught.value)


def test_project__is_asked_for_with_the_key(raw_answers: RawAnswers) -> None:
    raw_answers.answers = deque([PROJECT])
    found = open_tool(connection(raw_answers.url, " canary-key\n")).project()
    assert (found.title, found.classes, found.tasks) == ("pebbles", (), 3)
    assert sent_tokens(raw_answers) == ["Token canary-key"]


def test_project__buys_one_access_token_with_a_personal_one(raw_answers: RawAnswers) -> None:
    raw_answers.answers = deque([access("short-1"), PROJECT, PROJECT])
    tool = open_tool(connection(raw_answers.url, PERSONAL))
    tool.project()
    tool.project()
    assert sent_tokens(raw_answers) == ["Bearer short-1", "Bearer short-1"]
    first = raw_answers.requests[0]
    assert first.startswith(b"POST /api/token/refresh/ ")
    assert first.endswith(b'{"refresh":"aaa.bbb.ccc"}')
    assert [PERSONAL.encode() in request for request in raw_answers.requests[1:]] == [False, False]


def test_project__buys_another_before_the_first_ends(
    raw_answers: RawAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "HELD_SECONDS", -1)
    raw_answers.answers = deque([access("short-1"), PROJECT, access("short-2"), PROJECT])
    tool = open_tool(connection(raw_answers.url, PERSONAL))
    tool.project()
    tool.project()
    assert sent_tokens(raw_answers) == ["Bearer short-1", "Bearer short-2"]


def test_project__buys_another_once_after_a_refusal(raw_answers: RawAnswers) -> None:
    refused = answer(b'{"detail": "short-1 has expired"}', "401 Unauthorized")
    raw_answers.answers = deque([access("short-1"), refused, access("short-2"), PROJECT])
    tool = open_tool(connection(raw_answers.url, PERSONAL))
    assert tool.project().title == "pebbles"
    assert tool.faults.counts == {"401": 1}


def test_project__says_that_a_personal_token_is_over(raw_answers: RawAnswers) -> None:
    raw_answers.answers = deque([answer(b'{"detail": "aaa.bbb.ccc is over"}', "401 No")])
    with pytest.raises(ToolRefused) as caught:
        open_tool(connection(raw_answers.url, PERSONAL)).project()
    assert caught.value.status == 401
    assert PERSONAL not in str(caught.value)


def test_project__survives_faults_while_it_buys(raw_answers: RawAnswers) -> None:
    busy = answer(b"", "503 Busy")
    raw_answers.answers = deque([busy, access("short-1"), busy, PROJECT])
    tool = open_tool(connection(raw_answers.url, PERSONAL), limits=QUICK)
    assert tool.project().title == "pebbles"
    assert tool.faults.counts == {"503": 2}


@pytest.mark.parametrize("header", [[], ["Date: yesterday"]])
def test_server_time__is_not_guessed(raw_answers: RawAnswers, header: list[str]) -> None:
    raw_answers.answers = deque([answer(b"{}", "200 OK", *header)])
    with pytest.raises(Unavailable, match="tells no time"):
        open_tool(connection(raw_answers.url)).server_time()


def test_is_gone__does_not_believe_a_proxys_404(raw_answers: RawAnswers) -> None:
    raw_answers.answers = deque([answer(b"<h1>Not Found</h1>", "404 Not Found")])
    with pytest.raises(ToolRefused):
        open_tool(connection(raw_answers.url)).is_gone("12")


def test_changed__asks_for_less_where_answers_fail(raw_answers: RawAnswers) -> None:
    row = {"id": 3, "created_at": "2026-11-20T08:12:15Z", "updated_at": "2026-11-20T08:12:15Z"}
    listing = answer(json.dumps({"tasks": [row]}).encode())
    busy = [answer(b"", "503 Busy")] * 3
    raw_answers.answers = deque([*busy, listing, PROJECT])
    tool = open_tool(connection(raw_answers.url), limits=QUICK)
    assert [each.id for each in tool.fetch(["3", "2", "3"])] == ["3"]
    sizes = [r.partition(b"page_size=")[2].partition(b"&")[0] for r in raw_answers.requests]
    assert sizes[:4] == [b"2", b"2", b"2", b"1"]
