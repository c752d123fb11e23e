"""A private copy of files that another process may be writing: read only what stood still.

Nothing is parsed where others write: a file that shrinks under a memory map ends the process.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from curation.errors import NotFound, UnreadableFile
from curation.media.paths import resolve_inside
from curation.media.pixels import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.media.sources import FileSource, ListedFile
    from curation.sync.annotation_tool import Faults
    from curation.sync.tools.files.fingerprints import FileChoice

MAX_FILE: Final = 2 << 30
MAX_TOTAL: Final = 8 << 30
ROUNDS: Final = 5
_WORKERS: Final = 8
_CHANGED: Final = "changed while read"


@dataclass(slots=True)
class Copies:
    """Copies of a source's annotation files below a folder of our own.

    Pictures are not copied: an empty file stands for each, so that its name is known.

    Args:
        source: Where the files are.
        choice: Which are read.
        faults: Counts the rounds in which something changed.
        spool: Folder for files on their way, None for the system's.
    """

    source: FileSource
    choice: FileChoice
    faults: Faults
    spool: Path | None
    format: str = ""
    files: Sequence[ListedFile] = ()
    _folder: tempfile.TemporaryDirectory[str] | None = None
    _versions: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """The folder of the copies; made when it is first asked for, which is not thread-safe."""
        if self._folder is None:
            if self.spool is not None:
                self.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder = tempfile.TemporaryDirectory(prefix="files-", dir=self.spool)
        return Path(self._folder.name)

    def refresh(self) -> None:
        """Copy what differs until a listing shows nothing new: then all copies belong together.

        Raises:
            UnreadableFile: If files keep changing, or are larger than is read.
            UnknownFormat: If there is nothing to read.
            UnsafePath: If a name or a link leads out of the root.
        """
        for _ in range(ROUNDS):
            self.format, self.files = self.choice.select(self.source.listed(), self.source.uri)
            names = {one.name for one in self.files}
            changed = [one for one in self.files if self._versions.get(one.name) != one.version]
            gone = self._versions.keys() - names
            if not changed and not gone:
                return
            if self._versions:
                self.faults.add(_CHANGED)
            for name in gone:
                resolve_inside(self.root, name).unlink(missing_ok=True)
                del self._versions[name]
            self._take(changed, self.root)
        raise UnreadableFile(self.source.uri, "its files keep changing while they are read")

    def close(self) -> None:
        """Remove the copies."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        self._versions.clear()

    def _take(self, changed: Sequence[ListedFile], root: Path) -> None:
        total = sum(one.size for one in changed if not is_picture(one.name))
        if total > MAX_TOTAL:
            raise UnreadableFile(self.source.uri, f"its files are larger than {MAX_TOTAL} bytes")
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="copy-files") as pool:
            versions = list(pool.map(lambda file: self._copy(file, root), changed))
        self._versions.update(zip((one.name for one in changed), versions, strict=True))

    def _copy(self, file: ListedFile, root: Path) -> str:
        """Copy one file and return the version that was copied, empty for none to rely on."""
        target = resolve_inside(root, file.name)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if is_picture(file.name):
                target.touch()
                return file.version
            with target.open("wb") as stream:
                return self.source.copy(file.name, stream, max_bytes=MAX_FILE)
        except NotFound:  # the next listing tells whether it is gone
            return ""
        except OSError as error:
            raise UnreadableFile(file.name, error.strerror or "it cannot be copied") from error


def is_picture(name: str) -> bool:
    """Tell by its name whether a file is a picture."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES
