"""Uploaded files on their way into an import: kept under a name that we make."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from curation.errors import UnknownFormat

if TYPE_CHECKING:
    from curation.settings import Settings

SUFFIXES: Final = frozenset({".json"})
_LONGEST_NAME: Final = 80


def spool(settings: Settings, name: str, content: bytes) -> Path:
    """Keep an uploaded file in the data directory, where a worker can read it, and return it.

    The folder is named by the content's hash, the file by the letters and digits of its own name,
    so nothing a browser sends becomes a path.

    Args:
        settings: The settings.
        name: The file's name as the browser gave it.
        content: The file.

    Raises:
        UnknownFormat: If the name does not end in `.json`.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise UnknownFormat(name, expected="a .json file")
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", PurePosixPath(name).stem).strip(".")
    folder = settings.data_dir / "uploads" / hashlib.sha256(content).hexdigest()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"{stem[:_LONGEST_NAME] or 'upload'}{suffix}"
    if not target.exists():
        partial = target.with_suffix(f".{os.getpid()}.part")
        partial.write_bytes(content)
        partial.replace(target)
    return target
