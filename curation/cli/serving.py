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
import uuid
import webbrowser
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from curation.cli.session import Session, open_session
from curation.errors import InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path


ALLOCATOR: Final = {
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "134217728",
}
"""Keeps big arrays out of mmap: image work runs about twice as fast."""
ADOPT_SECONDS: Final = 5.0
MOST_ADOPT_SECONDS: Final = 60.0
PAUSES: Final = (0.5, 2.0, 5.0, 15.0, 60.0)
"""Seconds before a worker that ended is started again, failure after failure."""
LIVED_SECONDS: Final = 60.0
_LOG = logging.getLogger(__name__)


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
    """Keep one worker alive beside the app."""
    command = [sys.executable, "-m", "curation.cli.main"]
    command += ["--data-dir", str(session.settings.data_dir), "worker", "--until-orphaned"]
    with supervised(command, {**os.environ, **ALLOCATOR}):
        yield


@contextmanager
def supervised(
    command: Sequence[str], environment: Mapping[str, str], *, pauses: Sequence[float] = PAUSES
) -> Iterator[None]:
    """Run a process while the block runs; one that ends is started again.

    Args:
        command: The program and its arguments.
        environment: Its environment.
        pauses: Seconds before each new start in a row; the last one again and again. A process
            that lived for a while starts the row anew.
    """
    stop = threading.Event()

    def keep() -> None:
        failures = 0
        while not stop.is_set():
            started = time.monotonic()
            child = subprocess.Popen(command, env=environment)  # noqa: S603  # our own command
            while child.poll() is None and not stop.wait(0.1):
                pass
            if stop.is_set():
                _end(child)
                return
            failures = 0 if time.monotonic() - started > LIVED_SECONDS else failures + 1
            pause = pauses[min(failures, len(pauses) - 1)]
            _LOG.error("the worker ended (exit %s); next start in %s s", child.returncode, pause)
            stop.wait(pause)

    keeper = threading.Thread(target=keep, name="worker-supervisor")
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(10)


@click.command()
@click.option("--until-orphaned", is_flag=True, help="End when the parent process ends.")
@click.pass_context
def worker(context: click.Context, until_orphaned: bool) -> None:
    """Run durable jobs until stopped; also takes up jobs whose process died."""
    from curation.cli.features import load_job_kinds  # noqa: PLC0415  # start-up time
    from curation.job_engine.engine import launched  # noqa: PLC0415  # start-up time

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    load_job_kinds()
    parent = os.getppid()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    # Ctrl+C reaches the whole group; beside an app it is the app that ends its worker.
    signal.signal(signal.SIGINT, signal.SIG_IGN if until_orphaned else lambda *_: stop.set())
    with (
        open_session(context) as session,
        _worker_slot(session.settings.data_dir) as slot,
    ):
        executor = f"{socket.gethostname()}-{slot}"
        with launched(session.database, session.settings, executor=executor) as engine:
            _adopt_until(
                lambda: stop.wait(0.5) or (until_orphaned and os.getppid() != parent),
                session,
            )
        if engine.working:
            # A step that takes too long: end as a kill would, while the slot is still ours.
            _LOG.warning("the worker ends in the middle of a step; it runs again later")
            logging.shutdown()
            os._exit(0)


def _adopt_until(ended: Callable[[], bool], session: Session) -> None:
    """Take up jobs that nobody works on and start due syncs, whatever the database does meanwhile.

    Every worker of every host looks; of those that see the same source due, one starts it.
    """
    from curation.job_engine.engine import adopt  # noqa: PLC0415  # start-up time
    from curation.sync.schedules import start_due  # noqa: PLC0415  # start-up time

    pause, next_adoption = ADOPT_SECONDS, 0.0
    while not ended():
        if time.monotonic() < next_adoption:
            continue
        try:
            adopt(session.database)
            start_due(session.database, session.settings)
            pause = ADOPT_SECONDS
        except Exception:  # noqa: BLE001  # the border of the worker: logged with an id
            pause = min(2 * pause, MOST_ADOPT_SECONDS)
            error_id = uuid.uuid4().hex[:8]
            _LOG.exception("looking for jobs failed (error %s); again in %s s", error_id, pause)
        next_adoption = time.monotonic() + pause


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
