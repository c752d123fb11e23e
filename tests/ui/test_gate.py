from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from ui.gate import Gate, inline_script_hashes, judge

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Message, Receive, Scope, Send


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Say yes to everything, with a header that the gate must replace."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    headers = [(b"x-frame-options", b"ALLOWALL"), (b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"inside"})


def ask(
    headers: dict[str, str] | list[tuple[str, str]],
    *,
    kind: str = "http",
    path: str = "/",
    hosts: frozenset[str] = frozenset(),
) -> list[Message]:
    """Send one request through the gate; return the messages of the answer."""
    pairs = headers.items() if isinstance(headers, dict) else headers
    scope: dict[str, Any] = {
        "type": kind,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in pairs],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    gate = Gate(app, allowed_hosts=hosts, script_hashes=("'sha256-abc'",))
    asyncio.run(gate(scope, receive, send))
    return sent


@pytest.mark.parametrize(
    "host", ["localhost:8501", "LOCALHOST", "127.0.0.1:8501", "127.1.2.3", "[::1]:8501"]
)
def test_gate__loopback_hosts_pass(host: str) -> None:
    assert ask({"host": host})[0]["status"] == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:8501", 421),
        ("192.168.1.5:8501", 421),
        ("2130706433", 421),
        ("", 400),
        ("local host", 400),
        ("user@localhost", 400),
    ],
)
def test_gate__other_hosts_are_refused(host: str, status: int) -> None:
    start, body = ask({"host": host})
    assert start["status"] == status
    assert b"inside" not in body["body"]


def test_gate__no_host_or_two_hosts_are_refused() -> None:
    assert ask({})[0]["status"] == 400
    assert ask([("host", "localhost"), ("host", "evil.example")])[0]["status"] == 400


def test_gate__a_configured_host_passes() -> None:
    hosts = frozenset({"curation.example"})
    assert ask({"host": "curation.example"}, hosts=hosts)[0]["status"] == 200
    assert ask({"host": "other.example"}, hosts=hosts)[0]["status"] == 421


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://localhost:9999",
        "http://localhost",
        "null",
        "file://",
        "ftp://localhost:8501",
        "http://localhost:8501.evil.example",
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_gate__foreign_origins_are_refused(kind: str, origin: str) -> None:
    start = ask({"host": "localhost:8501", "origin": origin}, kind=kind)[0]
    if kind == "http":
        assert start["status"] == 403
    else:
        assert start["type"] == "websocket.close"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_gate__own_origin_opens_a_websocket(scheme: str) -> None:
    headers = {"host": "localhost:8501", "origin": f"{scheme}://localhost:8501"}
    assert ask(headers, kind="websocket") == [{"type": "websocket.accept"}]


def test_gate__websocket_without_origin_or_under_another_host_is_closed() -> None:
    assert ask({"host": "localhost"}, kind="websocket")[0]["type"] == "websocket.close"
    rebound = {"host": "evil.example", "origin": "http://evil.example"}
    assert ask(rebound, kind="websocket")[0]["type"] == "websocket.close"


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/openapi.json"])
def test_gate__paths_that_tell_about_the_server_are_closed(path: str) -> None:
    assert ask({"host": "localhost"}, path=path)[0]["status"] == 404


def test_gate__security_headers_replace_the_app_s_own() -> None:
    headers = dict(ask({"host": "localhost:8501"})[0]["headers"])
    assert headers[b"x-frame-options"] == b"DENY"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"referrer-policy"] == b"same-origin"
    assert headers[b"content-type"] == b"text/plain"
    policy = headers[b"content-security-policy"].decode()
    assert "script-src 'self' blob: 'sha256-abc'" in policy
    assert "connect-src 'self' ws://localhost:8501 wss://localhost:8501" in policy
    assert "unsafe-eval" not in policy


def test_gate__lifespan_messages_pass() -> None:
    seen: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing() -> Message:
        return {"type": "lifespan.startup"}

    async def ignore(message: Message) -> None:
        del message

    gate = Gate(inner, allowed_hosts=frozenset(), script_hashes=())
    asyncio.run(gate({"type": "lifespan"}, nothing, ignore))
    assert seen == ["lifespan"]


def test_judge__a_request_without_origin_may_pass() -> None:
    headers = {"host": "localhost"}
    assert judge(headers, path="/", websocket=False, allowed_hosts=frozenset()) is None


def test_inline_script_hashes__of_every_inline_script_and_no_other(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text('<script>\n go()\n</script><script type="module" src="a.js"></script>')
    digest = base64.b64encode(hashlib.sha256(b"\n go()\n").digest()).decode()
    assert inline_script_hashes(page) == (f"'sha256-{digest}'",)
