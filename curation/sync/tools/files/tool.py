"""Annotation files as a tool: read as a whole whenever one of them differs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import msgspec

from curation.errors import InvalidSetting
from curation.media.sources import LocalFolder, S3Prefix, open_source
from curation.media.whole_files import write_whole
from curation.sync.annotation_tool import Capabilities, Faults, ToolProject
from curation.sync.tools.files.copies import Copies
from curation.sync.tools.files.fingerprints import FileChoice, fingerprint
from curation.sync.tools.files.reading import FilesContent, read_copies
from curation.sync.tools.files.regions import shapes_of
from curation.sync.tools.files.tasks import tasks_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from curation.formats.problems import ProblemLog
    from curation.formats.shapes import AnnotationShapes
    from curation.sync.annotation_tool import RemoteTask
    from curation.sync.connection import Connection

_S3: Final = "s3://"
_CAPABILITIES: Final = Capabilities(windowed=False)


class _Outline(msgspec.Struct):
    """What is remembered of files that were read, so that asking again reads nothing."""

    fingerprint: str
    classes: tuple[str, ...]
    tasks: int


@dataclass(slots=True)
class FilesTool:
    """A folder or S3 prefix of annotation files that some other process refreshes.

    Args:
        source: Where they are.
        choice: Which are read, and how.
        copies: Copies of them, made when they are needed.
        spool: Folder where an outline of them is kept, None to keep none.
    """

    source: LocalFolder | S3Prefix
    choice: FileChoice
    copies: Copies
    spool: Path | None
    faults: Faults
    _read: tuple[str, FilesContent, list[RemoteTask]] | None = field(default=None)

    @property
    def capabilities(self) -> Capabilities:
        """Files take nothing back."""
        return _CAPABILITIES

    @property
    def problems(self) -> ProblemLog:
        """What is wrong with the files: exact counts and examples of every kind.

        Raises:
            InputRejected: If a file cannot be read.
        """
        return self._content()[0].problems

    def project(self) -> ToolProject:
        """Return the classes that the files declare; files that are known are not read again."""
        stamp = self.fingerprint()
        outline = self._remembered()
        if outline is None or outline.fingerprint != stamp:
            content, tasks = self._content()
            outline = _Outline(self._stamp_of_copies(), content.classes(), len(tasks))
            self._remember(outline)
        title = PurePosixPath(self.source.uri).name
        return ToolProject(title, outline.classes, outline.tasks)

    def fingerprint(self) -> str:
        """Return what changes whenever a file does: names, sizes, times and ETags."""
        _, files = self.choice.select(self.source.listed(), self.source.uri)
        return fingerprint(self.choice, files)

    def tasks(self) -> Iterator[RemoteTask]:
        """Yield one task for each image; everything is read before the first.

        Raises:
            InputRejected: If a file cannot be read, or two records describe one image.
        """
        _, tasks = self._content()
        yield from tasks

    def shapes(
        self, regions: Any, *, size: tuple[int, int], classes: Mapping[str, str]
    ) -> AnnotationShapes:
        """Convert one image's regions; see `AnnotationTool.shapes`."""
        del classes
        return shapes_of(regions, size)

    def close(self) -> None:
        """Remove the copies."""
        self.copies.close()
        self._read = None

    def _content(self) -> tuple[FilesContent, list[RemoteTask]]:
        """Return what the files hold now; what was read stays until they differ."""
        self.copies.refresh()
        stamp = self._stamp_of_copies()
        if self._read is None or self._read[0] != stamp:
            content = read_copies(self.copies, self.source)
            self._read = (stamp, content, tasks_of(content, self.source.uri))
        return self._read[1:]

    def _stamp_of_copies(self) -> str:
        return fingerprint(self.choice, self.copies.files)

    def _outline_file(self) -> Path | None:
        if self.spool is None:
            return None
        name = hashlib.sha256(ascii((self.source.uri, self.choice)).encode()).hexdigest()
        return self.spool / f"files-{name}.json"

    def _remembered(self) -> _Outline | None:
        path = self._outline_file()
        try:
            return None if path is None else msgspec.json.decode(path.read_bytes(), type=_Outline)
        except (OSError, msgspec.MsgspecError, ValueError):
            return None  # it is made again

    def _remember(self, outline: _Outline) -> None:
        path = self._outline_file()
        if path is not None:
            write_whole(path, msgspec.json.encode(outline))


def open_tool(connection: Connection) -> FilesTool:
    """Return the tool for a folder or `s3://` prefix; nothing is read yet.

    Raises:
        InvalidSetting: If the location or an option is not allowed.
        NotFound: If there is no such folder.
    """
    location = connection.location
    if not location.startswith(_S3) and not Path(location).is_absolute():
        raise InvalidSetting(
            "location", location, allowed="the full path of a folder, or s3://bucket/prefix"
        )
    source = open_source(location, s3_endpoint=connection.s3_endpoint)
    choice = FileChoice.from_options(connection.options)
    faults = Faults()
    copies = Copies(source, choice, faults, connection.spool)
    return FilesTool(source, choice, copies, connection.spool, faults)
