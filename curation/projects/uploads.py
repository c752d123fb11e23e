"""What a browser may import: uploads under names that we make, and paths below allowed folders."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from curation.errors import UnknownFormat, UnsafePath
from curation.media.whole_files import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.settings import Settings

SUFFIXES: Final = frozenset({".json", ".xml"})
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
        UnknownFormat: If the name does not end in `.json` or `.xml`.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise UnknownFormat(name, expected="a .json or .xml file")
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", PurePosixPath(name).stem).strip(".")
    folder = settings.data_dir / "uploads" / hashlib.sha256(content).hexdigest()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"{stem[:_LONGEST_NAME] or 'upload'}{suffix}"
    if not target.exists():
        write_whole(target, content)
    return target


def allowed_path(text: str, roots: Sequence[Path]) -> Path:
    """Return the real path of a typed one if it lies in a folder that settings allow.

    Links and `..` are followed first, so neither leads out.

    Args:
        text: A path as a person typed it.
        roots: The allowed folders, `Settings.import_roots`.

    Raises:
        UnsafePath: If it lies elsewhere, or there is no allowed folder.
    """
    listed = ", ".join(str(root) for root in roots) or "the folders that import_roots allows"
    try:
        path = Path(text).expanduser().resolve()
        allowed = [root.expanduser().resolve() for root in roots]
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, no home, a zero byte
        raise UnsafePath(text, root=listed) from error
    if not any(path.is_relative_to(root) for root in allowed):
        raise UnsafePath(text, root=listed)
    return path
