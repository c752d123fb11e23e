"""YOLO folders: the YAML, the splits it names, and which images and label files they hold."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeGuard

import yaml

from curation.errors import UnknownFormat, UnreadableFile, UnsafePath
from curation.formats.problems import (
    CLASS_COUNT_DIFFERS,
    FILE_NAME_UNSAFE,
    FILE_UNREADABLE,
    IMAGE_FORMAT_UNSUPPORTED,
    IMAGE_UNKNOWN,
    PATH_IGNORED,
    SPLIT_MISSING,
    ProblemKind,
    ProblemLog,
)
from curation.formats.yolo_rows import BadRow, lines_of
from curation.media.paths import resolve_inside
from curation.media.pixels import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator

YAML_NAMES: Final = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
SPLITS: Final = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
_MAX_YAML: Final = 1 << 20
_OTHER_PICTURES: Final = frozenset({".gif", ".heic", ".heif", ".avif", ".jp2", ".dng", ".svg"})


@dataclass(slots=True)
class YoloFolder:
    """What a YOLO folder says of itself.

    `root`: the real folder that nothing leads out of. `names`: class names by number, None where
    nothing names them. `images`: relative image paths to their split, in order found.
    """

    root: Path
    names: dict[int, str] | None
    keypoints: bool
    images: dict[str, str | None] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)


def open_folder(location: Path, log: ProblemLog) -> YoloFolder:
    """Find the images of a YOLO project with their splits.

    Args:
        location: The folder, or the YAML file in it.
        log: Takes the problems.

    Raises:
        UnknownFormat: It has neither a YAML nor images with labels.
        UnreadableFile: The YAML cannot be read.
    """
    root = location.parent if location.is_file() else location
    path = location if location.is_file() else find_yaml(location)
    if path is not None:
        return _Declared(root.resolve(), path, log).read()
    folder = YoloFolder(root.resolve(), _listed_names(root), keypoints=False)
    pairs = list(_image_folders(folder.root))
    if not pairs:
        raise UnknownFormat(str(location), expected="a YOLO folder with images and labels")
    for images, split in pairs:
        _add(folder, _pictures(folder.root, images, log), split)
    return folder


def find_yaml(folder: Path) -> Path | None:
    """Return the YAML that describes a folder: data.yaml by any usual name, or the only one."""
    for name in YAML_NAMES:
        if (folder / name).is_file():
            return folder / name
    others = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    return others[0] if len(others) == 1 else None


def label_name(image: str) -> str:
    """Return the label file of an image: the last `images` folder becomes `labels`.

    >>> label_name("images/train/a.jpg"), label_name("train/images/a.b.png"), label_name("a.jpg")
    ('labels/train/a.txt', 'train/labels/a.b.txt', 'a.txt')
    """
    parts = Path(image).parts
    for place in range(len(parts) - 2, -1, -1):
        if parts[place] == "images":
            parts = (*parts[:place], "labels", *parts[place + 1 :])
            break
    return Path(*parts).with_suffix(".txt").as_posix()


@dataclass(slots=True)
class _Declared:
    """A folder described by its YAML."""

    root: Path
    path: Path
    log: ProblemLog

    def read(self) -> YoloFolder:
        content = _load(self.path)
        names = _names(content, self.path)
        folder = YoloFolder(self.root, names, keypoints="kpt_shape" in content)
        count = content.get("nc")
        if isinstance(count, int) and names is not None and count != len(names):
            reason = f"nc is {count}, there are {len(names)} names"
            self._problem(CLASS_COUNT_DIFFERS, "nc", reason)
        base = self._base(content.get("path"))
        for key, split in SPLITS.items():
            entries = content.get(key)
            for entry in entries if isinstance(entries, list) else [entries]:
                if isinstance(entry, str) and entry.strip():
                    self._add_split(folder, base, entry.strip(), split)
        return folder

    def _base(self, declared: object) -> Path:
        """Return the folder that splits are relative to; never one outside the root."""
        if not isinstance(declared, str) or declared.strip() in ("", "."):
            return self.root
        path = self._inside(self.root, declared.strip())
        if path is not None and path.is_dir():
            return path
        # 'path: ../datasets/cells' inside a folder named cells means that folder.
        if Path(declared.strip()).name != self.root.name:
            self._problem(PATH_IGNORED, "path", f"path is {declared!r}")
        return self.root

    def _add_split(self, folder: YoloFolder, base: Path, entry: str, split: str) -> None:
        # Some exporters write '../train/images' and mean 'train/images'.
        candidates = (entry, entry.removeprefix("../"))
        for start in (base, self.root):
            for candidate in candidates:
                path = self._inside(start, candidate)
                if path is not None and path.is_dir():
                    return _add(folder, _pictures(self.root, path, self.log), split)
                if path is not None and path.is_file() and path.suffix == ".txt":
                    return _add(folder, self._listed(path), split)
        return self._problem(SPLIT_MISSING, split, f"{entry!r} does not exist in the folder")

    def _inside(self, start: Path, name: str) -> Path | None:
        """Return a real path below the root, or nothing; an absolute one must lie there too."""
        path = Path(name)
        if path.is_absolute():
            path = path.resolve()
            return path if path.is_relative_to(self.root) else None
        relative = os.path.normpath(start.relative_to(self.root) / name)
        try:
            return resolve_inside(self.root, Path(relative).as_posix())
        except UnsafePath:
            return None

    def _listed(self, path: Path) -> Iterator[str]:
        """Yield the images that a list names, one a line, relative to the list or the root."""
        try:
            lines = lines_of(path)
        except BadRow as error:
            return self.log.add(FILE_UNREADABLE, file=path.name, record=0, reason=error.reason)
        for number, words in lines:
            name = " ".join(words)
            found = [self._inside(start, name) for start in (path.parent, self.root)]
            existing = next((one for one in found if one is not None and one.is_file()), None)
            if existing is not None:
                yield existing.relative_to(self.root).as_posix()
                continue
            kind = IMAGE_UNKNOWN if any(found) else FILE_NAME_UNSAFE
            reason = f"{name[:200]!r} is not in the folder"
            self.log.add(kind, file=path.name, record=f"line {number}", reason=reason)
        return None

    def _problem(self, kind: ProblemKind, record: str, reason: str) -> None:
        self.log.add(kind, file=self.path.name, record=record, reason=reason)


def _load(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_YAML + 1)
        if len(content) > _MAX_YAML:
            raise UnreadableFile(str(path), f"it is larger than {_MAX_YAML} bytes")
        loaded = yaml.safe_load(content)
    except OSError as error:
        raise UnreadableFile(str(path), error.strerror or str(error)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UnreadableFile(str(path), f"it is no YAML ({type(error).__name__})") from error
    if not isinstance(loaded, dict):
        raise UnknownFormat(str(path), expected="a YOLO data.yaml with 'names' and 'train'")
    return loaded


def _names(content: dict[str, Any], path: Path) -> dict[int, str] | None:
    """Return class names by number from a list, or from a mapping of numbers."""
    names = content.get("names")
    if names is None:
        count = content.get("nc")
        return {n: f"class_{n}" for n in range(count)} if _is_count(count) else None
    if not isinstance(names, dict | list):
        raise UnreadableFile(str(path), "'names' is no list or mapping of class names")
    pairs = list(names.items() if isinstance(names, dict) else enumerate(names))
    for number, name in pairs:
        # Only plain values become text: YAML aliases could nest without end.
        if not _is_count(number) or not isinstance(name, str | int | float) or name == "":
            raise UnreadableFile(str(path), "'names' is no list or mapping of class names")
    return {number: str(name) for number, name in sorted(pairs, key=lambda pair: pair[0])}


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1_000_000


def _listed_names(root: Path) -> dict[int, str] | None:
    """Return the class names of a folder without a YAML, one a line in classes.txt."""
    for name in ("classes.txt", "labels/classes.txt"):
        try:
            path = resolve_inside(root, name)
            lines = lines_of(path) if path.is_file() else []
        except (BadRow, UnsafePath):
            continue
        if lines:
            return {number: " ".join(words) for number, (_, words) in enumerate(lines)}
    return None


def _image_folders(root: Path) -> Iterator[tuple[Path, str | None]]:
    """Yield image folders with their split: images/train or train/images, or images alone."""
    images = root / "images"
    if images.is_dir() and (root / "labels").is_dir():
        by_split = {
            path: SPLITS.get(path.name.lower())
            for path in sorted(images.iterdir())
            if path.is_dir()
        }
        yield from ((path, split) for path, split in by_split.items() if split)
        # What is in no split's folder has no split; images found before keep theirs.
        yield images, None
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        split = SPLITS.get(folder.name.lower())
        if split and (folder / "images").is_dir():
            yield folder / "images", split


def _pictures(root: Path, folder: Path, log: ProblemLog) -> Iterator[str]:
    """Yield the pictures below a folder, relative to the root; links out of it are refused."""
    for base, folders, files in os.walk(folder, followlinks=False):
        folders.sort()
        for file in sorted(files):
            path = Path(base, file)
            suffix = path.suffix.lower()
            name = path.relative_to(root).as_posix()
            if suffix in _OTHER_PICTURES:
                log.add(IMAGE_FORMAT_UNSUPPORTED, file=name, record=file, reason=f"it is {suffix}")
            if suffix not in SUFFIXES:
                continue
            try:
                resolve_inside(root, name)
            except UnsafePath as error:
                log.add(FILE_NAME_UNSAFE, file=name, record=file, reason=error.what)
            else:
                yield name


def _add(folder: YoloFolder, names: Iterator[str], split: str | None) -> None:
    for name in names:
        known = folder.images.setdefault(name, split)
        if known != split and split is not None:
            folder.twice.append(name)
