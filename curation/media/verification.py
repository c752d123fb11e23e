"""Compare a project's images with their pixels: is each there, and of the size its record says."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Literal, Protocol

from curation.errors import NotFound, UnreadableFile, UnsafePath
from curation.media.pixels import SUFFIXES, PictureHeader, read_header, sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from concurrent.futures import Future

    from curation.media.sources import ImageSource

WORKERS: Final = 8
_AHEAD: Final = 4  # pictures in flight for each worker: memory stays flat on slow storage

Verdict = Literal["found", "missing", "unreadable", "size-differs", "size-rotated"]


class ExpectedImage(Protocol):
    """What a record says of an image: width and height in pixels, 0 if unknown."""

    @property
    def file_name(self) -> str:
        """The name below the image root."""
        ...

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        ...

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        ...


@dataclass(frozen=True, slots=True)
class ImageCheck:
    """What was found for one image.

    `index`: its place among the images asked for. `name`: the file found, which may be another
    than the record's. `header` and `sha256` are there if it could be read. `reason`: why not, or
    both sizes if they differ.
    """

    index: int
    verdict: Verdict
    name: str
    header: PictureHeader | None = None
    sha256: str | None = None
    renamed: bool = False
    reason: str = ""


def verify(
    images: Sequence[ExpectedImage], source: ImageSource, *, workers: int = WORKERS
) -> Iterator[ImageCheck]:
    """Read every image and yield one check for each, in their order.

    A file that is not where its record says is looked for by name without folders, then by stem
    in any case and with any picture suffix; only a single candidate counts.

    Args:
        images: What the records say.
        source: Where the files are.
        workers: Threads that read.

    Raises:
        Unavailable: The storage did not answer.
    """
    catalogue = _Catalogue.of(source.names(), {image.file_name for image in images})
    waiting: deque[Future[ImageCheck]] = deque()
    numbered = enumerate(images)
    pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="verify-images")
    try:
        while True:
            room = workers * _AHEAD - len(waiting)
            for index, image in islice(numbered, room):
                waiting.append(pool.submit(_check, index, image, source, catalogue))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _check(
    index: int, image: ExpectedImage, source: ImageSource, catalogue: _Catalogue
) -> ImageCheck:
    name = catalogue.find(image.file_name)
    if name is None:
        return ImageCheck(index, "missing", image.file_name, reason="no file of this name")
    renamed = name != image.file_name
    try:
        content = source.read(name)
        header = read_header(content, name=name)
    except (NotFound, UnsafePath) as error:
        return ImageCheck(index, "missing", name, reason=error.what)
    except UnreadableFile as error:
        return ImageCheck(index, "unreadable", name, renamed=renamed, reason=error.reason)
    verdict = _verdict(image, header)
    reason = ""
    if verdict != "found":
        reason = f"record {image.width} x {image.height}, pixels {header.width} x {header.height}"
    return ImageCheck(index, verdict, name, header, sha256(content), renamed, reason)


def _verdict(image: ExpectedImage, header: PictureHeader) -> Verdict:
    said = (image.width, image.height)
    if 0 in said or said == (header.width, header.height):
        return "found"
    stored = (header.stored_width, header.stored_height)
    return "size-rotated" if header.turned and said == stored else "size-differs"


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """The picture files of a source, by full name, by last part, and by stem in lower case.

    A file that a record names in full is nobody else's.
    """

    names: frozenset[str]
    by_last: dict[str, str | None]
    by_stem: dict[str, str | None]

    @classmethod
    def of(cls, names: Iterable[str], claimed: set[str]) -> _Catalogue:
        pictures = [name for name in names if PurePosixPath(name).suffix.lower() in SUFFIXES]
        by_last: dict[str, str | None] = {}
        by_stem: dict[str, str | None] = {}
        for name in pictures:
            if name in claimed:
                continue
            path = PurePosixPath(name)
            # A second file of the same key makes the key useless: nothing is guessed.
            by_last[path.name] = None if path.name in by_last else name
            stem = path.stem.lower()
            by_stem[stem] = None if stem in by_stem else name
        return cls(frozenset(pictures), by_last, by_stem)

    def find(self, name: str) -> str | None:
        if name in self.names:
            return name
        path = PurePosixPath(name)
        return self.by_last.get(path.name) or self.by_stem.get(path.stem.lower())
