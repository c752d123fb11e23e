"""Where images lie: a local folder or an S3 prefix, behind one small protocol."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from curation.errors import InvalidSetting, NotFound, Unavailable, UnreadableFile, UnsafePath
from curation.media.paths import open_inside, resolve_inside, unsafe_reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

MAX_BYTES: Final = 512 << 20
_SCHEME: Final = "s3://"
_CHUNK: Final = 1 << 20
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file as a listing shows it.

    `version`: another one for other content (an ETag, or time and place on the disk); `modified`:
    ISO time, UTC, six decimals.
    """

    name: str
    size: int
    version: str
    modified: str


class FileSource(Protocol):
    """Files below a root that some other process may change at any time."""

    @property
    def uri(self) -> str:
        """The root, as a person would write it."""
        ...

    def listed(self) -> Iterator[ListedFile]:
        """Yield all files, without opening any."""
        ...

    def copy(self, name: str, target: BinaryIO, *, max_bytes: int = MAX_BYTES) -> str:
        """Copy a file's content and return its version, empty if it changed on the way.

        Raises:
            UnsafePath: The name leads out of the root.
            NotFound: There is no such file any more.
            UnreadableFile: It is larger than `max_bytes`.
            Unavailable: The storage did not answer.
        """
        ...


class ImageSource(Protocol):
    """Image files by their names relative to a root; names use '/'."""

    @property
    def uri(self) -> str:
        """The root, as a person would write it."""
        ...

    def names(self) -> Iterator[str]:
        """Yield the names of all files, folder by folder."""
        ...

    def exists(self, name: str) -> bool:
        """Tell whether there is a file of this name."""
        ...

    def read(self, name: str, *, max_bytes: int = MAX_BYTES) -> bytes:
        """Return a file's content.

        Raises:
            UnsafePath: The name leads out of the root.
            NotFound: There is no such file.
            UnreadableFile: It is larger than `max_bytes`.
            Unavailable: The storage did not answer.
        """
        ...


def open_source(location: str | Path, *, s3_endpoint: str | None = None) -> LocalFolder | S3Prefix:
    """Return the source for a folder or an `s3://bucket/prefix`.

    Args:
        location: The folder or URI.
        s3_endpoint: The address of an S3 server other than Amazon's.

    Raises:
        NotFound: There is no such folder.
        InvalidSetting: The URI names no bucket.
    """
    text = str(location)
    if text.startswith(_SCHEME):
        bucket, _, prefix = text.removeprefix(_SCHEME).partition("/")
        if not bucket:
            raise InvalidSetting("images", text, allowed="s3://bucket/prefix")
        return S3Prefix(bucket, prefix.strip("/"), _s3_client(s3_endpoint))
    root = Path(location)
    if not root.is_dir():
        raise NotFound("folder", text)
    return LocalFolder(root)


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """Images below a folder of this machine."""

    root: Path

    @property
    def uri(self) -> str:
        """The folder's path."""
        return str(self.root)

    def names(self) -> Iterator[str]:
        """Yield the names of all files, sorted by folder; links to folders are not entered."""
        for folder, folders, files in os.walk(self.root, followlinks=False):
            folders.sort()
            for file in sorted(files):
                yield Path(folder, file).relative_to(self.root).as_posix()

    def exists(self, name: str) -> bool:
        """Tell whether there is a file of this name below the folder."""
        try:
            return resolve_inside(self.root, name).is_file()
        except UnsafePath:
            return False

    def read(self, name: str, *, max_bytes: int = MAX_BYTES) -> bytes:
        """Return a file's content; see `ImageSource.read`."""
        with open_inside(self.root, name) as stream:
            content = stream.read(max_bytes + 1)
        return _within(content, name, max_bytes)

    def listed(self) -> Iterator[ListedFile]:
        """Yield all regular files; see `FileSource.listed`."""
        for name in self.names():
            try:
                found = (self.root / name).stat()
            except OSError:  # gone meanwhile, or a link that leads nowhere
                continue
            if stat.S_ISREG(found.st_mode):
                modified = _iso(datetime.fromtimestamp(found.st_mtime, UTC))
                yield ListedFile(name, found.st_size, _version(found), modified)

    def copy(self, name: str, target: BinaryIO, *, max_bytes: int = MAX_BYTES) -> str:
        """Copy a file's content; see `FileSource.copy`."""
        with open_inside(self.root, name) as stream:
            before = _version(os.fstat(stream.fileno()))
            copied = _pour(stream, target, name, max_bytes)
            after = os.fstat(stream.fileno())
        return before if before == _version(after) and copied == after.st_size else ""


@dataclass(frozen=True, slots=True)
class S3Prefix:
    """Images below a prefix of an S3 bucket."""

    bucket: str
    prefix: str
    client: S3Client

    @property
    def uri(self) -> str:
        """The `s3://` URI."""
        return f"{_SCHEME}{self.bucket}/{self.prefix}".rstrip("/")

    def names(self) -> Iterator[str]:
        """Yield the names of all objects below the prefix."""
        for listed in self.listed():
            yield listed.name

    def listed(self) -> Iterator[ListedFile]:
        """Yield all objects below the prefix; see `FileSource.listed`."""
        start = f"{self.prefix}/" if self.prefix else ""
        pages = self.client.get_paginator("list_objects_v2")
        with self._answering(self.uri):
            for page in pages.paginate(Bucket=self.bucket, Prefix=start):
                for item in page.get("Contents", ()):
                    name = item.get("Key", "").removeprefix(start)
                    if name and not name.endswith("/"):
                        etag = item.get("ETag", "").strip('"')
                        modified = _iso(item.get("LastModified", _EPOCH))
                        yield ListedFile(name, item.get("Size", 0), etag, modified)

    def exists(self, name: str) -> bool:
        """Tell whether there is an object of this name below the prefix."""
        if unsafe_reason(name) is not None:
            return False
        try:
            with self._answering(name):
                self.client.head_object(Bucket=self.bucket, Key=self._key(name))
        except NotFound:
            return False
        return True

    def read(self, name: str, *, max_bytes: int = MAX_BYTES) -> bytes:
        """Return an object's content; see `ImageSource.read`."""
        if unsafe_reason(name) is not None:
            raise UnsafePath(name, root=self.uri)
        with self._answering(name):
            body = self.client.get_object(Bucket=self.bucket, Key=self._key(name))["Body"]
            with body:
                content = body.read(max_bytes + 1)
        return _within(content, name, max_bytes)

    def copy(self, name: str, target: BinaryIO, *, max_bytes: int = MAX_BYTES) -> str:
        """Copy an object's content; see `FileSource.copy`."""
        if unsafe_reason(name) is not None:
            raise UnsafePath(name, root=self.uri)
        with self._answering(name):
            found = self.client.get_object(Bucket=self.bucket, Key=self._key(name))
            with found["Body"] as body:
                copied = _pour(body, target, name, max_bytes)
        return found["ETag"].strip('"') if copied == found["ContentLength"] else ""

    def beginning(self, name: str, size: int) -> bytes:
        """Return the first bytes of an object, fewer if it is shorter.

        Raises:
            UnsafePath: The name leads out of the root.
            NotFound: There is no such object.
            Unavailable: The storage did not answer.
        """
        if unsafe_reason(name) is not None:
            raise UnsafePath(name, root=self.uri)
        with self._answering(name):
            found = self.client.get_object(
                Bucket=self.bucket, Key=self._key(name), Range=f"bytes=0-{size - 1}"
            )
            with found["Body"] as body:
                return body.read(size)

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    @contextmanager
    def _answering(self, name: str) -> Iterator[None]:
        """Turn the client's errors into ours; the server's own words are not passed on."""
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError  # noqa: PLC0415

        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "unknown"))
            if code == "NoSuchBucket":
                raise NotFound("bucket", self.bucket) from error
            if code in _MISSING:
                raise NotFound("object", name) from error
            raise Unavailable(f"S3 bucket {self.bucket!r}", f"error {code}") from error
        except (BotoCoreError, HTTPClientError) as error:
            raise Unavailable(f"S3 bucket {self.bucket!r}", type(error).__name__) from error


def _within(content: bytes, name: str, max_bytes: int) -> bytes:
    if len(content) > max_bytes:
        raise UnreadableFile(name, f"it is larger than {max_bytes} bytes")
    return content


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _pour(stream: _Readable, target: BinaryIO, name: str, max_bytes: int) -> int:
    """Copy a stream and return how many bytes it had."""
    copied = 0
    while chunk := stream.read(_CHUNK):
        copied += len(chunk)
        if copied > max_bytes:
            raise UnreadableFile(name, f"it is larger than {max_bytes} bytes")
        target.write(chunk)
    return copied


def _version(found: os.stat_result) -> str:
    # The inode tells a file apart that was moved into place with its old time.
    return f"{found.st_mtime_ns}-{found.st_ino}-{found.st_size}"


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _s3_client(endpoint: str | None) -> S3Client:
    # Imported here: it takes a third of a second, and most commands need no S3.
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"} if endpoint else None,
        retries={"mode": "standard", "max_attempts": 4},
        # Servers other than Amazon's send checksums that do not fit ranges and 304s.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=3,
        read_timeout=30,
        max_pool_connections=16,
    )
    # A session of its own: the default one keeps the first credentials it met for ever.
    return boto3.session.Session().client("s3", endpoint_url=endpoint or None, config=config)
