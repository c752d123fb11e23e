from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from curation.errors import InvalidSetting, NotFound, Unavailable, UnreadableFile, UnsafePath
from curation.media.sources import ImageSource, LocalFolder, S3Prefix, open_source

if TYPE_CHECKING:
    from collections.abc import Iterator

RCLONE = shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")
KEY, SECRET = "test-key", "test-secret-of-some-length"


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bucket as a folder, with a prefix that holds two files, and a neighbour."""
    root = tmp_path / "buckets"
    (root / "pictures" / "set" / "train").mkdir(parents=True)
    (root / "pictures" / "set" / "train" / "b.jpg").write_bytes(b"bb")
    (root / "pictures" / "set" / "a.jpg").write_bytes(b"aaa")
    (root / "pictures" / "settled.jpg").write_bytes(b"no")
    return root


@pytest.fixture
def moto_endpoint(credentials: None, folder: Path) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="pictures")
    for path in (folder / "pictures").rglob("*.jpg"):
        name = path.relative_to(folder / "pictures").as_posix()
        client.put_object(Bucket="pictures", Key=name, Body=path.read_bytes())
    yield endpoint
    server.stop()


@pytest.fixture
def rclone_endpoint(credentials: None, folder: Path) -> Iterator[str]:
    if RCLONE is None:
        pytest.skip("no rclone on this machine")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [RCLONE, "serve", "s3", "--config", "/dev/null"]
    command += ["--addr", f"127.0.0.1:{port}", "--auth-key", f"{KEY},{SECRET}", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the S3 server did not start")


@pytest.fixture(
    params=[
        "local",
        pytest.param("moto_endpoint", marks=pytest.mark.s3),
        pytest.param("rclone_endpoint", marks=pytest.mark.s3),
    ]
)
def source(request: pytest.FixtureRequest, folder: Path) -> ImageSource:
    if request.param == "local":
        return open_source(folder / "pictures" / "set")
    endpoint = request.getfixturevalue(request.param)
    return open_source("s3://pictures/set/", s3_endpoint=endpoint)


def test_source__lists_reads_and_knows(source: ImageSource) -> None:
    assert sorted(source.names()) == ["a.jpg", "train/b.jpg"]
    assert source.read("a.jpg") == b"aaa"
    assert source.read("train/b.jpg") == b"bb"
    assert source.exists("train/b.jpg")
    assert not source.exists("train/c.jpg")
    assert not source.exists("../settled.jpg")


def test_source__missing_unsafe_and_too_large(source: ImageSource) -> None:
    with pytest.raises(NotFound):
        source.read("c.jpg")
    with pytest.raises(UnsafePath):
        source.read("../settled.jpg")
    with pytest.raises(UnreadableFile, match="larger than 2 bytes"):
        source.read("a.jpg", max_bytes=2)
    assert source.read("a.jpg", max_bytes=3) == b"aaa"


def test_source__lists_versions_and_copies_what_it_listed(
    source: LocalFolder | S3Prefix,
) -> None:
    listed = {one.name: one for one in source.listed()}
    assert {name: one.size for name, one in listed.items()} == {"a.jpg": 3, "train/b.jpg": 2}
    first = listed["a.jpg"]
    datetime.strptime(first.modified, "%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: DTZ007  # only its form
    target = io.BytesIO()
    assert source.copy("a.jpg", target) == first.version
    assert target.getvalue() == b"aaa"
    assert len({one.version for one in listed.values()}) == 2
    with pytest.raises(UnreadableFile, match="larger than 2 bytes"):
        source.copy("a.jpg", io.BytesIO(), max_bytes=2)
    with pytest.raises(UnsafePath):
        source.copy("../settled.jpg", io.BytesIO())
    with pytest.raises(NotFound):
        source.copy("c.jpg", io.BytesIO())


@pytest.mark.s3
@pytest.mark.parametrize("server", ["moto_endpoint", "rclone_endpoint"])
def test_s3__the_beginning_of_an_object(server: str, request: pytest.FixtureRequest) -> None:
    endpoint = request.getfixturevalue(server)
    source = open_source("s3://pictures/set", s3_endpoint=endpoint)
    assert isinstance(source, S3Prefix)
    assert (source.beginning("a.jpg", 2), source.beginning("a.jpg", 9)) == (b"aa", b"aaa")
    with pytest.raises(UnsafePath):
        source.beginning("../settled.jpg", 2)


def test_local__a_file_that_changes_while_it_is_copied_has_no_version(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"aaa")

    class Meddling(io.BytesIO):
        def write(self, chunk: Any, /) -> int:
            (tmp_path / "a.json").write_bytes(b"other")
            return super().write(chunk)

    source = open_source(tmp_path)
    assert source.copy("a.json", Meddling()) == ""


def test_local__lists_regular_files_only(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"a")
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.json")
    assert [one.name for one in open_source(tmp_path).listed()] == ["a.json"]


@pytest.mark.s3
def test_s3__a_bucket_that_does_not_exist(moto_endpoint: str) -> None:
    source = open_source("s3://absent-bucket", s3_endpoint=moto_endpoint)
    assert source.uri == "s3://absent-bucket"
    with pytest.raises(NotFound, match="absent-bucket"):
        list(source.names())


@pytest.mark.s3
def test_s3__more_than_a_page_of_names(moto_endpoint: str) -> None:
    client = boto3.client("s3", endpoint_url=moto_endpoint)
    for number in range(1005):
        client.put_object(Bucket="pictures", Key=f"many/{number:04}.jpg", Body=b"")
    source = open_source("s3://pictures/many", s3_endpoint=moto_endpoint)
    assert len(list(source.names())) == 1005


@pytest.mark.s3
def test_s3__a_wrong_secret_is_refused(
    rclone_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    source = open_source("s3://pictures/set", s3_endpoint=rclone_endpoint)
    with pytest.raises(Unavailable, match="error"):
        source.read("a.jpg")


@pytest.mark.s3
def test_s3__nobody_answers(credentials: None) -> None:
    source = open_source("s3://pictures/set", s3_endpoint="http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="EndpointConnectionError"):
        source.read("a.jpg")


def test_open_source__what_cannot_be_a_source(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        open_source(tmp_path / "absent")
    with pytest.raises(InvalidSetting):
        open_source("s3:///prefix")


def test_local__a_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"x")
    (root / "a.jpg").symlink_to(tmp_path / "secret.jpg")
    source = open_source(root)
    assert not source.exists("a.jpg")
    with pytest.raises(UnsafePath):
        source.read("a.jpg")
