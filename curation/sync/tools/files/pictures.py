"""Sizes of pictures that stay where they are: only their first bytes are asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from curation.errors import NotFound, UnreadableFile
from curation.media.paths import open_inside
from curation.media.pixels import read_header
from curation.media.sources import LocalFolder, S3Prefix

if TYPE_CHECKING:
    from collections.abc import Iterable

    from curation.media.pixels import PictureHeader

BEGINNING: Final = 1 << 16  # the size of nearly every picture stands in here, its EXIF data too
_WORKERS: Final = 8

Headers = dict[str, "PictureHeader | UnreadableFile"]


def headers_of(source: LocalFolder | S3Prefix, names: Iterable[str]) -> Headers:
    """Return the header of each picture by its name, or why it cannot be read.

    Args:
        source: Where the pictures are.
        names: Their names.

    Raises:
        Unavailable: The storage did not answer.
    """

    def read(name: str) -> tuple[str, PictureHeader | UnreadableFile]:
        try:
            return name, _header(source, name)
        except UnreadableFile as error:
            return name, error
        except NotFound:
            return name, UnreadableFile(name, "it is gone")

    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="read-headers") as pool:
        return dict(pool.map(read, names))


def _header(source: LocalFolder | S3Prefix, name: str) -> PictureHeader:
    if isinstance(source, LocalFolder):
        with open_inside(source.root, name) as stream:
            return read_header(stream, name=name)
    try:
        return read_header(source.beginning(name, BEGINNING), name=name)
    except UnreadableFile:  # some formats tell their size at the end
        return read_header(source.read(name), name=name)
