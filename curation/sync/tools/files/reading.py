"""What the copied files hold, by the readers of the project formats; errors name the originals."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from curation.errors import UnknownFormat, UnreadableFile
from curation.formats import yolo_projects
from curation.formats.problems import ProblemLog
from curation.formats.registry import PROJECT_FORMATS, ProjectOptions
from curation.formats.yolo_folders import label_name
from curation.sync.tools.files.copies import is_picture
from curation.sync.tools.files.fingerprints import YOLO
from curation.sync.tools.files.pictures import headers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from curation.formats.records import ProjectRecords
    from curation.media.pixels import PictureHeader
    from curation.media.sources import LocalFolder, S3Prefix
    from curation.sync.tools.files.copies import Copies


@dataclass(frozen=True, slots=True)
class FileRecords:
    """What one file, or one whole tree, holds.

    `modified`: when it was last changed, by the name of an image; its own time under the empty
    name.
    """

    name: str
    records: ProjectRecords
    modified: dict[str, str]


@dataclass(frozen=True, slots=True)
class FilesContent:
    """Everything that a source's files hold, and what is wrong with them."""

    files: tuple[FileRecords, ...]
    problems: ProblemLog

    def classes(self) -> tuple[str, ...]:
        """Return the names of all classes, in the order of the files."""
        names = (one.name for file in self.files for one in file.records.classes)
        return tuple(dict.fromkeys(names))


def read_copies(copies: Copies, source: LocalFolder | S3Prefix) -> FilesContent:
    """Read all copies.

    Args:
        copies: The copies, refreshed.
        source: Where pictures are.

    Raises:
        InputRejected: If a file cannot be read; it names the file that was copied.
        Unavailable: If the storage did not answer.
    """
    with _naming_originals(copies):
        files = [_read_tree(copies, source)] if copies.format == YOLO else _read_files(copies)
    problems = ProblemLog()
    for file in files:
        problems.merge(file.records.problems)
    return FilesContent(tuple(files), problems)


def _read_files(copies: Copies) -> list[FileRecords]:
    options = ProjectOptions(missing_label=copies.choice.missing_label, marks=True)
    read = PROJECT_FORMATS[copies.format].read
    return [
        FileRecords(one.name, read(copies.root / one.name, options), {"": one.modified})
        for one in copies.files
    ]


def _read_tree(copies: Copies, source: LocalFolder | S3Prefix) -> FileRecords:
    root = copies.root.resolve()
    headers = headers_of(source, [one.name for one in copies.files if is_picture(one.name)])

    def header_of(path: Path) -> PictureHeader:
        header = headers[path.relative_to(root).as_posix()]
        if isinstance(header, UnreadableFile):
            raise header
        return header

    records = yolo_projects.read(
        root, missing_label=copies.choice.missing_label, header_of=header_of
    )
    times = {one.name: one.modified for one in copies.files}
    modified = {
        one.file_name: times.get(label_name(one.file_name), times[one.file_name])
        for one in records.images
    }
    return FileRecords(copies.source.uri, records, {**modified, "": max(times.values())})


@contextmanager
def _naming_originals(copies: Copies) -> Iterator[None]:
    """Let errors name the file that was copied, not the copy."""

    def original(file: str) -> str:
        for root in (copies.root, copies.root.resolve()):
            if Path(file).is_relative_to(root):
                name = Path(file).relative_to(root).as_posix()
                return copies.source.uri if name == "." else f"{copies.source.uri}/{name}"
        return file

    try:
        yield
    except UnreadableFile as error:
        raise UnreadableFile(original(error.file), error.reason) from error
    except UnknownFormat as error:
        raise UnknownFormat(original(error.file), expected=error.expected) from error
