"""`curation serve` and `curation worker`: the app, and the process that runs durable jobs."""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from curation.cli.session import Session, open_session
from curation.errors import InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALLOCATOR: Final = {
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "134217728",
}
"""Keeps big arrays out of mmap: image work runs about twice as fast."""
ADOPT_SECONDS: Final = 5.0


@click.command()
@click.option("--host", help="Loopback address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port.  [default: 8501; 0: any free]")
@click.option("--no-browser", is_flag=True, help="Do not open a browser.")
@click.option("--no-worker", is_flag=True, help="Do not start a worker beside the app.")
@click.pass_context
def serve(
    context: click.Context, host: str | None, port: int | None, no_browser: bool, no_worker: bool
) -> None:
    """Serve the app on this machine.

    \b
    Example:
      curation serve --port 8600
    """
    with open_session(context) as session:
        serve_app(session, host=host, port=port, browser=not no_browser, with_worker=not no_worker)


def serve_app(
    session: Session,
    *,
    host: str | None = None,
    port: int | None = None,
    browser: bool = True,
    with_worker: bool = True,
) -> None:
    """Serve the app until it is stopped, with one worker as a child."""
    import uvicorn  # noqa: PLC0415  # start-up time

    address = _loopback(host or session.settings.host)
    chosen = _free_port(address, session.settings.port if port is None else port)
    url = f"http://{address}:{chosen}"
    os.environ["CURATION_DATA_DIR"] = str(session.settings.data_dir)
    os.environ["CURATION_HOST"], os.environ["CURATION_PORT"] = address, str(chosen)
    with _child_worker(session) if with_worker else contextlib.nullcontext():
        threading.Thread(target=_announce, args=(url, browser), daemon=True).start()
        uvicorn.run("ui.server:app", host=address, port=chosen, log_level="warning")


def _loopback(host: str) -> str:
    """Refuse to listen where others can reach an app without sign-in."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise InvalidSetting(
        "host", host, allowed="a loopback address: the local app has no sign-in yet"
    )


def _free_port(host: str, wanted: int) -> int:
    """Return the wanted port, or a free one when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in (wanted, 0):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise InvalidSetting("port", wanted, allowed="a free port")


def _announce(url: str, browser: bool) -> None:
    """Print the URL once the app answers, and open a browser where there is one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1):  # noqa: S310  # our own loopback address
                break
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    click.echo(f"Curation is ready: {url}  (stop with Ctrl+C)")
    if browser and (os.environ.get("DISPLAY") or sys.platform in {"darwin", "win32"}):
        webbrowser.open(url)


@contextmanager
def _child_worker(session: Session) -> Iterator[None]:
    command = [sys.executable, "-m", "curation.cli.main"]
    command += ["--data-dir", str(session.settings.data_dir), "worker", "--until-orphaned"]
    child = subprocess.Popen(command, env={**os.environ, **ALLOCATOR})  # noqa: S603  # our own command
    try:
        yield
    finally:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(10)


@click.command()
@click.option("--until-orphaned", is_flag=True, help="End when the parent process ends.")
@click.pass_context
def worker(context: click.Context, until_orphaned: bool) -> None:
    """Run durable jobs until stopped; also takes up jobs whose process died."""
    from curation.cli.features import load_job_kinds  # noqa: PLC0415  # start-up time
    from curation.job_engine.engine import adopt, launched  # noqa: PLC0415  # start-up time

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    load_job_kinds()
    parent = os.getppid()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with (
        open_session(context) as session,
        _worker_slot(session.settings.data_dir) as slot,
        launched(session.database, session.settings, executor=f"{socket.gethostname()}-{slot}"),
    ):
        next_adoption = 0.0
        while not stop.wait(0.5):
            if until_orphaned and os.getppid() != parent:
                return
            if time.monotonic() >= next_adoption:
                adopt(session.database)
                next_adoption = time.monotonic() + ADOPT_SECONDS


@contextmanager
def _worker_slot(data_dir: Path) -> Iterator[int]:
    """Hold a numbered place among this host's workers.

    A worker that comes back to the same place takes up what it left behind; two live workers
    must never share one.
    """
    for slot in range(1, 65):
        file = (data_dir / f"worker-{slot}.lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            continue
        try:
            yield slot
        finally:
            file.close()
        return
    raise InvalidSetting("workers", 65, allowed="at most 64 workers on one host")
