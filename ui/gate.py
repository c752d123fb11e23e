"""The gate in front of every request and WebSocket.

Curation runs on one person's machine without a sign-in, so any page that person has open could
try to reach it: by its own requests (cross-site) or under a name it points at 127.0.0.1 (DNS
rebinding). The gate lets through only requests that name an allowed host and come from it.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>\d{1,5}))?")
INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
# Streamlit opens these without any check; nobody needs them here.
CLOSED_PATHS: Final = ("/_stcore/metrics", "/_stcore/agent")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request does not pass."""

    status: HTTPStatus
    reason: str


def host_name(host: str) -> str | None:
    """Return the lower-case name of a Host header without its port, None if malformed.

    >>> host_name("LocalHost:8501"), host_name("[::1]:80"), host_name("a b")
    ('localhost', '::1', None)
    """
    parts = HOST.fullmatch(host.lower())
    return None if parts is None else parts["name"].strip("[]").rstrip(".")


def is_loopback(name: str) -> bool:
    """Tell whether a host name means this machine whatever a name server says.

    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("127.0.0.1.evil.example")
    (True, True, False)
    """
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def judge(
    headers: Mapping[str, str], *, path: str, websocket: bool, allowed_hosts: frozenset[str]
) -> Refusal | None:
    """Return why a request is refused, None if it may pass.

    Args:
        headers: Request headers with lower-case names; a repeated name holds its values joined
            by commas, so that a second Host never passes.
        path: Path of the request.
        websocket: True for a WebSocket handshake, which browsers always send with an Origin.
        allowed_hosts: Host names other than loopback that the app answers to.
    """
    host = headers.get("host", "")
    name = host_name(host)
    if name is None:
        return Refusal(HTTPStatus.BAD_REQUEST, "The Host header is missing or malformed.")
    if not is_loopback(name) and name not in allowed_hosts:
        return Refusal(HTTPStatus.MISDIRECTED_REQUEST, "This host name is not served here.")
    origin = headers.get("origin")
    if origin is None and websocket:
        return Refusal(HTTPStatus.FORBIDDEN, "A WebSocket needs an Origin header.")
    if origin is not None and not is_own_origin(origin, host=host):
        return Refusal(HTTPStatus.FORBIDDEN, "Requests from other sites are refused.")
    if path.startswith(CLOSED_PATHS):
        return Refusal(HTTPStatus.NOT_FOUND, "Not found.")
    return None


def is_own_origin(origin: str, *, host: str) -> bool:
    """Tell whether an Origin header names the host that the request was sent to.

    >>> is_own_origin("http://localhost:8501", host="localhost:8501")
    True
    >>> is_own_origin("null", host="localhost:8501")
    False
    """
    parts = urlsplit(origin)
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def inline_script_hashes(index: Path) -> tuple[str, ...]:
    """Return the CSP sources of the inline scripts in Streamlit's page.

    They are computed from the installed file, so that an upgrade of Streamlit does not break.
    """
    scripts = INLINE_SCRIPT.findall(index.read_text(encoding="utf-8"))
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return tuple(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def content_security_policy(script_hashes: tuple[str, ...], *, host: str) -> str:
    """Return the policy of every page: nothing is loaded from, or sent to, another origin.

    `blob:` scripts are our own components, which Streamlit imports from blobs; inline styles
    are what its style library writes.
    """
    return "; ".join(
        (
            "default-src 'self'",
            "img-src 'self' data: blob:",
            "style-src 'self' 'unsafe-inline'",
            "font-src 'self' data:",
            " ".join(("script-src 'self' blob:", *script_hashes)),
            f"connect-src 'self' ws://{host} wss://{host}",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class Gate:
    """ASGI middleware that refuses foreign hosts and origins and adds the security headers."""

    def __init__(
        self, app: ASGIApp, *, allowed_hosts: frozenset[str], script_hashes: tuple[str, ...]
    ) -> None:
        self.app = app
        self.allowed_hosts = allowed_hosts
        self.script_hashes = script_hashes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request or WebSocket handshake, and pass it on or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        websocket = scope["type"] == "websocket"
        headers = joined_headers(scope)
        refusal = judge(
            headers, path=scope["path"], websocket=websocket, allowed_hosts=self.allowed_hosts
        )
        if refusal is None:
            policy = content_security_policy(self.script_hashes, host=headers["host"].lower())
            await self.app(scope, receive, with_security_headers(send, policy))
        elif websocket:
            # Closed before it is accepted: the server answers the handshake with 403.
            await send({"type": "websocket.close", "code": 1008, "reason": refusal.reason})
        else:
            await refuse(send, refusal)


def joined_headers(scope: Scope) -> dict[str, str]:
    """Return the headers of a request; values of a repeated name are joined by commas."""
    headers: dict[str, str] = {}
    for key, value in scope["headers"]:
        name, text = key.decode("latin-1").lower(), value.decode("latin-1")
        headers[name] = f"{headers[name]},{text}" if name in headers else text
    return headers


def with_security_headers(send: Send, policy: str) -> Send:
    """Return a `send` that adds the security headers to the start of every response."""
    added = (
        (b"content-security-policy", policy.encode("latin-1")),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"same-origin"),
        (b"x-frame-options", b"DENY"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
    )
    names = {name for name, _ in added}

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if pair[0].lower() not in names]
            message = {**message, "headers": [*kept, *added]}
        await send(message)

    return send_with_headers


async def refuse(send: Send, refusal: Refusal) -> None:
    """Answer a refused request in plain text."""
    body = refusal.reason.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
