"""Thumbnails on disk, named by the content hash of their picture; remade when they are missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from curation.errors import UnsafePath
from curation.media.thumbnails import thumbnail
from curation.media.whole_files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from curation.media.sources import ImageSource

_HASH: Final = re.compile(r"[0-9a-f]{64}")


class ThumbnailCache:
    """Reads and makes thumbnails below a data directory.

    Args:
        data_dir: The data directory.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "thumbnails"

    def _path(self, sha256: str) -> Path:
        if _HASH.fullmatch(sha256) is None:
            raise UnsafePath(sha256, root=str(self._folder))
        return self._folder / sha256[:2] / f"{sha256}.jpg"

    def find(self, sha256: str) -> bytes | None:
        """Return a thumbnail, None when it was not made."""
        path = self._path(sha256)
        return path.read_bytes() if path.is_file() else None

    def make(self, source: ImageSource, name: str, sha256: str) -> bytes:
        """Return a thumbnail, making it when it is missing.

        Args:
            source: Where the picture is.
            name: The picture's name there.
            sha256: The picture's content hash.

        Raises:
            NotFound: If there is no such picture.
            UnreadableFile: If it cannot be decoded.
        """
        found = self.find(sha256)
        if found is not None:
            return found
        content = thumbnail(source.read(name), name=name)
        path = self._path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)
        return content
