"""Connections whose answer must begin in time, however slowly its first lines drip in.

A socket's own timeout starts again with every byte, so a server that sends one byte a minute would
hold a reader for hours.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from urllib3 import HTTPResponse


def timed_pool(seconds: float) -> PoolManager:
    """Return a pool for one server, whose answers begin within some seconds or break off.

    It verifies certificates, and unlike a session it reads no proxy and no netrc.
    """

    class TimedConnection(HTTPConnection):
        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
            return _within(seconds, self, super().getresponse)

    class TimedSecureConnection(HTTPSConnection):
        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
            return _within(seconds, self, super().getresponse)

    class TimedPool(HTTPConnectionPool):
        ConnectionCls = TimedConnection

    class TimedSecurePool(HTTPSConnectionPool):
        ConnectionCls = TimedSecureConnection

    manager = PoolManager(num_pools=1, maxsize=4, cert_reqs="CERT_REQUIRED")
    manager.pool_classes_by_scheme = {"http": TimedPool, "https": TimedSecurePool}
    return manager


def _within(
    seconds: float, connection: HTTPConnection, respond: Callable[[], HTTPResponse]
) -> HTTPResponse:
    """Read the head of an answer; cut the connection when that takes too long."""
    timer = threading.Timer(seconds, _cut, [connection.sock])
    timer.daemon = True
    timer.start()
    try:
        return respond()
    finally:
        timer.cancel()


def _cut(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
