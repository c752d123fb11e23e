"""Two S3 servers for tests: moto for exact protocol answers, rclone for credentials that count.

moto gives 304/412, ranges and multipart like S3 but accepts any key; rclone serves a plain folder
(a bucket is a sub-folder) and refuses wrong keys and expired links. Tests choose by what they ask.
"""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest

from tests.servers.ports import LOOPBACK, free_port
from tests.servers.programs import rclone

START_SECONDS = 30
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """An S3 endpoint and the key that opens it; `folder` holds the buckets where there is one."""

    endpoint: str
    access_key: str
    secret_key: str
    folder: Path | None = None

    def environment(self) -> dict[str, str]:
        """Return the variables by which boto3 finds this endpoint and nothing of the machine's."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def offer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make boto3 find this endpoint by itself for the rest of the test."""
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)
        # boto3's hidden session keeps the keys of the first test that used it.
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture(scope="session")
def moto_server() -> Iterator[ObjectStore]:
    """A moto server, shared by the session; use `object_store`, which empties it."""
    server_module = pytest.importorskip("moto.server", reason="S3: moto is not installed")
    server = server_module.ThreadedMotoServer(ip_address=LOOPBACK, port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield ObjectStore(f"http://{host}:{port}", "test-key", "test-secret")
    server.stop()


@pytest.fixture
def object_store(moto_server: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    """An empty moto S3 that boto3 finds by itself through the environment."""
    reset = urllib.request.Request(f"{moto_server.endpoint}/moto-api/reset", method="POST")
    with urllib.request.urlopen(reset, timeout=10):
        pass
    moto_server.offer(monkeypatch)
    return moto_server


@pytest.fixture
def locked_object_store(tmp_path: Path) -> Iterator[ObjectStore]:
    """An rclone S3 over an empty folder that refuses every key but its own."""
    program = rclone()
    if program is None:
        pytest.skip("S3: rclone is not installed")
    folder = tmp_path / "buckets"
    folder.mkdir()
    store = ObjectStore(
        f"http://{LOOPBACK}:{free_port()}", "locked-key", "locked-secret", folder=folder
    )
    log = tmp_path / "rclone.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "serve", "s3", "--config", os.devnull,
             "--addr", store.endpoint.removeprefix("http://"),
             "--auth-key", f"{store.access_key},{store.secret_key}", folder],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        _wait_for_answer(store.endpoint, process, log)
        yield store
    finally:
        process.terminate()
        process.wait(10)


def _wait_for_answer(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the endpoint answers anything, even a refusal."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"rclone stopped early:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(endpoint, timeout=1):
                return
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"rclone does not answer:\n{log.read_text()}")
