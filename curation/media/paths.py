"""The one place that joins a folder and a name from a file: nothing leads out of the folder."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, BinaryIO, Final

from curation.errors import NotFound, UnsafePath

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST: Final = 1024
_DRIVE: Final = re.compile(r"^[A-Za-z]:")


def unsafe_reason(name: str) -> str | None:
    """Return why a name cannot be a file below a folder, or nothing if it can.

    >>> unsafe_reason("train/a.jpg"), unsafe_reason("../a.jpg"), unsafe_reason("/etc/passwd")
    (None, "leads upwards with '..'", 'is absolute')
    """
    for reason, found_in in _REASONS:
        if found_in(name):
            return reason
    return None


def resolve_inside(root: Path, name: str) -> Path:
    """Return the real path of a name below a folder; links are followed only within it.

    Raises:
        UnsafePath: The name, or a link on its way, leads out of the folder.
    """
    if unsafe_reason(name) is not None:
        raise UnsafePath(name, root=str(root))
    try:
        base = root.resolve()
        path = (base / name).resolve()
    except (OSError, RuntimeError) as error:  # a loop of links, or a part of the name too long
        raise UnsafePath(name, root=str(root)) from error
    if not path.is_relative_to(base):
        raise UnsafePath(name, root=str(root))
    return path


def open_inside(root: Path, name: str) -> BinaryIO:
    """Open a regular file below a folder for reading.

    Raises:
        UnsafePath: The name, or a link on its way, leads out of the folder.
        NotFound: There is no regular file of that name, or it may not be read.
    """
    path = resolve_inside(root, name)
    # The path is resolved: a link at its end has just been put there. A pipe must not block.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise NotFound("file", name) from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotFound("file", name)
    return os.fdopen(handle, "rb")


_REASONS: Final = (
    ("is empty", lambda name: not name.strip()),
    ("is too long", lambda name: len(name) > _LONGEST),
    ("has a control character", lambda name: any(ord(letter) < 32 for letter in name)),
    ("has a backslash", lambda name: "\\" in name),
    ("is absolute", lambda name: name.startswith("/")),
    ("starts with a drive", lambda name: _DRIVE.match(name) is not None),
    ("leads upwards with '..'", lambda name: ".." in name.split("/")),
    ("is not valid text", lambda name: not _encodes(name)),
)


def _encodes(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
