"""A proxy that breaks answers on purpose, in front of a real server: seeded, counted, threaded."""

from __future__ import annotations

import http.client
import http.server
import random
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pytest

from tests.servers.ports import LOOPBACK

Fault = Literal["429", "503", "reset_before", "reset_after", "slow", "truncated"]
FAULTS: tuple[Fault, ...] = ("429", "503", "reset_before", "reset_after", "slow", "truncated")
# These concern one connection, not the message.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
UPSTREAM_SECONDS = 60
POLL_SECONDS = 0.02


@dataclass(slots=True)
class FaultProxy:
    """Where the proxy listens, how often it fails, and what it did so far.

    `reset_before` never reaches the server; of `reset_after`, `slow` and `truncated` the server
    has done its work.

    Args:
        upstream: URL of the real server.
        rate: Share of requests that fail; may be changed at any time.
        random: Decides which.
        kinds: Faults to choose from.
        retry_after: Seconds that a 429 asks for.
        slow_seconds: How long a slow answer waits.
        url: Where it listens.
        counts: Faults so far, by kind.
        requests: Requests so far.
        planned: Faults of the next requests, whatever the rate; None lets one pass.
    """

    upstream: str
    rate: float
    random: random.Random
    kinds: tuple[Fault, ...] = FAULTS
    retry_after: int = 1
    slow_seconds: float = 0.3
    url: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    planned: deque[Fault | None] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_fault(self) -> Fault | None:
        """Choose the fault of one request and count it."""
        with self._lock:
            self.requests += 1
            if self.planned:
                chosen = self.planned.popleft()
            else:
                fails = self.random.random() < self.rate
                chosen = self.random.choice(self.kinds) if fails else None
            if chosen:
                self.counts[chosen] += 1
            return chosen


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: FaultProxy

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.proxy.next_fault()
        if fault in {"429", "503"}:
            self._refuse(int(fault))
        elif fault == "reset_before":
            self._reset()
        else:
            if fault == "slow":
                time.sleep(self.proxy.slow_seconds)
            self._answer(fault, body)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _pass_on  # noqa: N815

    def _answer(self, fault: Fault | None, body: bytes) -> None:
        """Ask the real server, then give its answer, less of it, or nothing."""
        upstream = urlsplit(self.proxy.upstream)
        connection = http.client.HTTPConnection(upstream.netloc, timeout=UPSTREAM_SECONDS)
        kept = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        connection.request(self.command, self.path, body=body or None, headers=kept)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if fault == "reset_after":
            self._reset()
            return
        # The real server's Date header goes through, so its clock is the one that counts.
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if fault == "truncated" else content)
        if fault == "truncated":
            self._reset()

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == http.HTTPStatus.TOO_MANY_REQUESTS:
            self.send_header("Retry-After", str(self.proxy.retry_after))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _reset(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def proxying(proxy: FaultProxy) -> Iterator[FaultProxy]:
    """Listen on a free port of loopback until the block ends; sets the proxy's `url`."""
    handler = type("Handler", (_Handler,), {"proxy": proxy})
    with http.server.ThreadingHTTPServer((LOOPBACK, 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        proxy.url = f"http://{LOOPBACK}:{server.server_port}"
        try:
            yield proxy
        finally:
            server.shutdown()


StartProxy = Callable[..., FaultProxy]


@pytest.fixture
def fault_proxy() -> Iterator[StartProxy]:
    """A function that puts a proxy before a server: `fault_proxy(url, rate=0.25, seed=7)`.

    Further arguments are those of `FaultProxy`.
    """
    with ExitStack() as stack:

        def start(upstream: str, *, rate: float = 0.0, seed: int = 7, **more: object) -> FaultProxy:
            proxy = FaultProxy(upstream, rate, random.Random(seed), **more)  # type: ignore[arg-type]
            return stack.enter_context(proxying(proxy))

        yield start
