"""A plain web server over a folder."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.ports import LOOPBACK


@dataclass(frozen=True, slots=True)
class WebFolder:
    """A folder and the URL it is served at."""

    folder: Path
    url: str


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line on standard error for each."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def web_folder(tmp_path: Path) -> Iterator[WebFolder]:
    """An empty folder, served on loopback while the test runs."""
    folder = tmp_path / "web"
    folder.mkdir()
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer((LOOPBACK, 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield WebFolder(folder, f"http://{LOOPBACK}:{server.server_port}")
        server.shutdown()
