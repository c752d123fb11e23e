"""The real application, started as a person starts it: `curation serve` in its own process."""

from __future__ import annotations

import os
import signal
import subprocess
import sysconfig
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.ports import LOOPBACK, free_port

START_SECONDS = 60
STOP_SECONDS = 20
COMMAND = Path(sysconfig.get_path("scripts")) / "curation"


@dataclass(frozen=True, slots=True)
class Application:
    """A served data folder."""

    url: str
    data_dir: Path
    log: Path
    process: subprocess.Popen[bytes]


StartApplication = Callable[..., Application]


@contextmanager
def served(
    data_dir: Path,
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> Iterator[Application]:
    """Serve `data_dir` on a free port until the block ends.

    Settings of the machine (`CURATION_*`) do not reach it; `environment` adds what a test needs,
    `options` are further options of `curation serve`.

    Raises:
        RuntimeError: the server stopped before it was healthy; the text holds its log.
        TimeoutError: it did not get healthy in time; same.
    """
    port = free_port()
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("CURATION_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [COMMAND, "serve", "--host", LOOPBACK, "--port", str(port), "--no-browser", *options],
            env=inherited | {"CURATION_DATA_DIR": str(data_dir)} | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its worker is stopped with it
        )
    application = Application(f"http://{LOOPBACK}:{port}", data_dir, log, process)
    try:
        _wait_until_healthy(application)
        yield application
    finally:
        _stop(process)


@pytest.fixture(scope="session")
def start_application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartApplication]:
    """A function that serves a data folder until the session ends.

    `start_application(data_dir, environment={...}, options=["--no-worker"])` returns an
    `Application`.
    """
    logs = tmp_path_factory.mktemp("servers")
    with ExitStack() as running:

        def start(
            data_dir: Path,
            *,
            environment: Mapping[str, str] | None = None,
            options: Sequence[str] = (),
        ) -> Application:
            log = logs / f"server-{len(list(logs.iterdir()))}.log"
            server = served(data_dir, log=log, environment=environment, options=options)
            return running.enter_context(server)

        yield start


@pytest.fixture(scope="session")
def application(
    start_application: StartApplication, tmp_path_factory: pytest.TempPathFactory
) -> Application:
    """The application over an empty data folder; journeys override it with a filled one."""
    return start_application(tmp_path_factory.mktemp("data"))


def _wait_until_healthy(application: Application) -> None:
    """Poll the health route."""
    health = f"{application.url}/_stcore/health"
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if application.process.poll() is not None:
            raise RuntimeError(f"the server stopped early:\n{application.log.read_text()}")
        with suppress(OSError), urllib.request.urlopen(health, timeout=2):
            return
        time.sleep(0.1)
    raise TimeoutError(f"the server did not become healthy:\n{application.log.read_text()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to stop; end its whole process group when it does not, or leaves children."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(STOP_SECONDS)
