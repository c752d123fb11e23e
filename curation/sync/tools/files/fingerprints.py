"""Which of the listed files a source reads, in which format, and what tells that one changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import msgspec

from curation.errors import InvalidSetting, UnknownFormat
from curation.formats import coco_projects, cvat_xml, yolo_projects
from curation.formats.yolo_folders import YAML_NAMES
from curation.media.pixels import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from curation.media.sources import ListedFile

COCO: Final = coco_projects.NAME
YOLO: Final = yolo_projects.NAME
CVAT: Final = cvat_xml.NAME
READER: Final = 1
"""Version of what is made of the files: raised, every source is read again."""

_PATTERNS: Final = {COCO: "*.json", CVAT: "*.xml"}
_YOLO_TEXTS: Final = frozenset({".yaml", ".yml", ".txt"})
_EXPECTED: Final = "a folder of COCO JSON (*.json), CVAT XML (*.xml) or a YOLO tree (data.yaml)"
_MISSING_LABEL: Final[dict[str, yolo_projects.MissingLabel]] = {
    "unlabelled": "unlabelled",
    "background": "background",
}


@dataclass(frozen=True, slots=True)
class FileChoice:
    """Which files are read, and how.

    Args:
        format: Name of the project format, None to tell it by the files' names.
        pattern: Names of annotation files (`*` and `?`), None for the format's suffix.
        missing_label: What an image without any label is, where its format does not tell.
    """

    format: str | None
    pattern: str | None
    missing_label: yolo_projects.MissingLabel

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> FileChoice:
        """Read a source's options.

        Raises:
            InvalidSetting: If one has a value that is not allowed.
        """
        name, pattern = options.get("format") or None, options.get("files") or None
        missing = str(options.get("missing_label") or "unlabelled")
        if name not in (None, COCO, YOLO, CVAT):
            raise InvalidSetting("format", name, allowed=f"{COCO}, {YOLO} or {CVAT}")
        if missing not in _MISSING_LABEL:
            raise InvalidSetting("missing_label", missing, allowed=" or ".join(_MISSING_LABEL))
        if pattern is not None and (not isinstance(pattern, str) or name == YOLO):
            raise InvalidSetting("files", pattern, allowed="a pattern of JSON or XML files")
        return cls(name, pattern, _MISSING_LABEL[missing])

    def select(self, listed: Iterable[ListedFile], place: str) -> tuple[str, list[ListedFile]]:
        """Return the format and the files that belong to it, by name; hidden ones never do.

        Args:
            listed: All files.
            place: Where they are, for errors.

        Raises:
            UnknownFormat: If there is nothing to read, or more than one format.
        """
        files = sorted(
            (one for one in listed if not _is_hidden(one.name)), key=lambda one: one.name
        )
        name = self.format or self._detect(files, place)
        chosen = [one for one in files if self._belongs(one.name, name)]
        if not any(PurePosixPath(one.name).suffix.lower() not in SUFFIXES for one in chosen):
            wanted = self.pattern or _PATTERNS.get(name, "data.yaml or label")
            raise UnknownFormat(place, expected=f"a folder with {wanted} files")
        return name, chosen

    def _detect(self, files: Sequence[ListedFile], place: str) -> str:
        names = [one.name for one in files]
        if self.pattern is None and _is_yolo(names):
            return YOLO
        found = [name for name in _PATTERNS if any(self._belongs(one, name) for one in names)]
        if not found:
            raise UnknownFormat(place, expected=_EXPECTED)
        if len(found) > 1:
            both = " and ".join(found)
            raise UnknownFormat(place, expected=f"of one format ({both}): set the option 'format'")
        return found[0]

    def _belongs(self, name: str, format_name: str) -> bool:
        suffix = PurePosixPath(name).suffix.lower()
        if format_name == YOLO:
            return suffix in _YOLO_TEXTS or suffix in SUFFIXES
        pattern = _PATTERNS[format_name]
        if not fnmatchcase(f"x{suffix}", pattern):
            return False
        return self.pattern is None or fnmatchcase(name, self.pattern)


def fingerprint(choice: FileChoice, files: Iterable[ListedFile]) -> str:
    """Return a text of 64 characters that differs when a file or the way of reading does."""
    stamps = [(one.name, one.size, one.version, one.modified) for one in files]
    way = (READER, choice.format, choice.pattern, choice.missing_label)
    # Names of files need not be valid text.
    content = msgspec.json.encode((way, [(ascii(name), *rest) for name, *rest in sorted(stamps)]))
    return hashlib.sha256(content).hexdigest()


def _is_hidden(name: str) -> bool:
    # Names with '..' are not hidden but refused, where they are used.
    return any(part.startswith(".") and part != ".." for part in name.split("/"))


def _is_yolo(names: Sequence[str]) -> bool:
    """Tell whether a tree is YOLO's: a YAML of a usual name, or images beside labels."""
    if any(name in YAML_NAMES for name in names):
        return True
    folders = {PurePosixPath(name).parts[:-1] for name in names}
    parts = {part for folder in folders for part in folder}
    texts = any(name.endswith(".txt") and "labels" in PurePosixPath(name).parts for name in names)
    return texts and "images" in parts
