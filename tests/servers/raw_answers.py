"""A server that answers byte by byte what a test wrote down, sound or not."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from tests.servers.ports import LOOPBACK


@dataclass(slots=True)
class RawAnswers:
    """Requests so far, and the answers to come: the last one is given for ever.

    An answer is a list of pieces, sent `pause` seconds apart; then the connection is closed.
    """

    url: str
    answers: deque[Sequence[bytes]]
    pause: float = 0.0
    requests: list[bytes] = field(default_factory=list)

    def next(self) -> Sequence[bytes]:
        """Return the pieces of the next answer."""
        return self.answers.popleft() if len(self.answers) > 1 else self.answers[0]


def answer(
    body: bytes = b"{}", status: str = "200 OK", *headers: str, length: int | None = None
) -> list[bytes]:
    """Return an answer with its `Content-Length`, right or as given."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", "Connection: close", *headers]
    return ["\r\n".join([*lines, "", ""]).encode() + body]


@pytest.fixture
def raw_answers() -> Iterator[RawAnswers]:
    """A server whose `answers` a test sets."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        raw = RawAnswers(f"http://{LOOPBACK}:{listener.getsockname()[1]}", deque([answer()]))
        threading.Thread(target=_serve, args=(listener, raw), daemon=True).start()
        yield raw


def _serve(listener: socket.socket, raw: RawAnswers) -> None:
    with suppress(OSError):  # the listener is closed when the test ends
        while True:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                raw.requests.append(_request(connection))
                for piece in raw.next():
                    connection.sendall(piece)
                    time.sleep(raw.pause)


def _request(connection: socket.socket) -> bytes:
    """Read one request, head and body."""
    read = b""
    while b"\r\n\r\n" not in read:
        read += connection.recv(65536)
    head, _, body = read.partition(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    while len(body) < sum(lengths):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
