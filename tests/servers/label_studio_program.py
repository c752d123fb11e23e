"""The program Label Studio: where it is, its clean environment, and how it runs on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.ports import LOOPBACK, free_port, is_taken
from tests.servers.programs import cache_folder

START_SECONDS = 240
STOP_SECONDS = 20
ATTEMPTS = 3
EMAIL = "admin@example.com"


@dataclass(frozen=True, slots=True)
class Account:
    """Who signs in: made at the server's first start, with a token that nobody else has."""

    email: str = EMAIL
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    token: str = field(default_factory=lambda: secrets.token_hex(20))


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of one server: its database, and the pictures that it may serve."""

    data: Path
    files: Path
    log: Path


@dataclass(frozen=True, slots=True)
class LabelStudioServer:
    """A Label Studio that answers on loopback."""

    url: str
    account: Account
    version: str
    files_root: Path

    @property
    def token(self) -> str:
        """The key of its only user."""
        return self.account.token

    def call(self, method: str, path: str, payload: Any = None) -> Any:
        """Return the JSON of an answer, None without one; raises `HTTPError` for a refusal."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if payload is None else json.dumps(payload).encode(),
            headers={"Authorization": f"Token {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            body = answer.read()
        return json.loads(body) if body else None


def environment(places: Places, account: Account | None = None) -> dict[str, str]:
    """Return all that the program sees.

    It looks up bare names such as HOST, PORT and DEBUG too, so nothing is inherited. Telemetry and
    the look for newer versions are on by default.
    """
    values = {
        "BASE_DATA_DIR": str(places.data),
        "ENABLE_LEGACY_API_TOKEN": "true",
        "DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "LATEST_VERSION_CHECK": "false",
        "LOCAL_FILES_SERVING_ENABLED": "true",
        "LOCAL_FILES_DOCUMENT_ROOT": str(places.files),
        "USE_DEFAULT_BANNED_SUBNETS": "false",  # its webhooks may call this machine
    }
    if account is not None:
        values |= {
            "USERNAME": account.email,
            "PASSWORD": account.password,
            "USER_TOKEN": account.token,
        }
    inherited = {name: os.environ[name] for name in ("TMPDIR", "SYSTEMROOT") if name in os.environ}
    return {
        "PATH": os.defpath,
        "HOME": str(places.data),
        "LC_ALL": "C.UTF-8",
        **inherited,
        **{f"LABEL_STUDIO_{name}": value for name, value in values.items()},
    }


def template_of(program: Path) -> Path:
    """Return a data folder with all migrations done and no user, made once for each program.

    Migrations take half a minute to two; a copy of the 1.4 MB takes none.
    """
    mark = hashlib.sha256(str(program.resolve()).encode()).hexdigest()[:12]
    template = cache_folder() / f"label-studio-template-{mark}"
    if template.is_dir():
        return template
    template.parent.mkdir(parents=True, exist_ok=True)
    growing = Path(tempfile.mkdtemp(prefix=f"{template.name}-", dir=template.parent))
    log = growing.with_suffix(".log")
    places = Places(growing, growing, log)
    with log.open("wb") as output:
        subprocess.run(
            [program, "init", "--quiet"],
            check=True,
            env=environment(places),
            cwd=growing,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    log.unlink()
    # Each server makes a key of its own.
    (growing / ".env").unlink(missing_ok=True)
    try:
        growing.rename(template)
    except OSError:  # another process was faster
        shutil.rmtree(growing)
    return template


@contextmanager
def running(
    program: Path, places: Places, account: Account, *, port: int | None = None
) -> Iterator[LabelStudioServer]:
    """Run Label Studio on loopback until the block ends.

    Args:
        program: The `label-studio` command.
        places: Its folders; an empty data folder is filled from the template.
        account: Its first user.
        port: A port; a free one by default.

    Raises:
        RuntimeError: If it does not start; the text holds its log.
    """
    if port is not None and is_taken(port):
        raise RuntimeError(f"Port {port} is taken by another program; choose another.")
    if not places.data.exists():
        shutil.copytree(template_of(program), places.data)
    for _ in range(ATTEMPTS):
        url = f"http://{LOOPBACK}:{port or free_port()}"
        process = _start(program, places, account, url)
        try:
            server = _wait_until_ours(process, url, account, places.files)
            if server is not None:
                yield server
                return
        finally:
            _stop(process)
    raise RuntimeError(f"Label Studio does not start:\n{places.log.read_text()[-2000:]}")


def _start(program: Path, places: Places, account: Account, url: str) -> subprocess.Popen[bytes]:
    with places.log.open("ab") as output:
        return subprocess.Popen(
            [program, "start", "--no-browser", "--internal-host", LOOPBACK,
             "--port", url.rpartition(":")[2], "--log-level", "WARNING",
             "--enable-legacy-api-token"],
            env=environment(places, account),
            cwd=places.data,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches whoever started it, and that one stops it
        )  # fmt: skip


def _wait_until_ours(
    process: subprocess.Popen[bytes], url: str, account: Account, files: Path
) -> LabelStudioServer | None:
    """Return the server once it knows our token; None if it ended, or took another port.

    A busy port is silently replaced by the next one: only the token proves who answers.
    """
    server = LabelStudioServer(url, account, "", files)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            user = server.call("GET", "/api/current-user/whoami")
            version = server.call("GET", "/api/version")["release"]
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return None
        except (OSError, ValueError):
            time.sleep(0.1)
            continue
        assert user["email"] == account.email
        return LabelStudioServer(url, account, version, files)
    return None


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to end, and end it when it does not."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
