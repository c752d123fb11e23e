"""YOLO folders: images, classes and labels of a project, boxes and polygons."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import numpy as np

from curation.errors import NotFound, UnreadableFile, UnsafePath
from curation.formats.problems import (
    BOX_OUTSIDE_IMAGE,
    BOX_WITHOUT_EXTENT,
    CLASS_NAME_MISSING,
    CLASS_NAME_REPEATED,
    CLASS_UNKNOWN,
    EXTRA_VALUE_IGNORED,
    FILE_NAME_UNSAFE,
    IMAGE_IN_TWO_SPLITS,
    IMAGE_REJECTED,
    IMAGE_UNREADABLE,
    KEYPOINTS_IGNORED,
    LABEL_FILE_ORPHAN,
    MASK_MALFORMED,
    ProblemKind,
    ProblemLog,
)
from curation.formats.records import (
    ClassRecord,
    ImageRecord,
    LabelColumns,
    LossLog,
    ProjectRecords,
    Question,
)
from curation.formats.yolo_folders import YoloFolder, find_yaml, label_name, open_folder
from curation.formats.yolo_rows import BadRow, Row, label_row, lines_of
from curation.media.paths import resolve_inside
from curation.media.pixels import read_file_header
from evaluation.errors import MalformedMask
from evaluation.polygons import rasterise
from evaluation.run_lengths import check_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from curation.media.pixels import PictureHeader

NAME: Final = "yolo"
MissingLabel = Literal["background", "unlabelled"]
_NOT_LABELS: Final = frozenset({"classes.txt", "train.txt", "val.txt", "test.txt"})


def read(
    root: Path,
    *,
    split: str | None = None,
    missing_label: MissingLabel | None = None,
    header_of: Callable[[Path], PictureHeader] = read_file_header,
) -> ProjectRecords:
    """Read a YOLO folder with its splits.

    Images are sorted by their path below the folder, which is also their id. An image with an
    empty label file is background. What an image without one is, only a person knows: without an
    answer it counts as unlabelled, and the records hold a question.

    Args:
        root: The folder, or its YAML file; nothing outside the folder is read.
        split: The split of images that the folder gives none.
        missing_label: What an image without a label file is.
        header_of: Tells a picture's size, for pictures whose pixels are elsewhere.

    Raises:
        NotFound: There is no such folder.
        UnknownFormat: It is no YOLO folder.
        UnreadableFile: Its YAML cannot be read.
    """
    if not root.exists():
        raise NotFound("folder", str(root))
    log = ProblemLog()
    folder = open_folder(root, log)
    for name in folder.twice:
        reason = f"it is in {folder.images[name]} already"
        log.add(IMAGE_IN_TWO_SPLITS, file=name, record=name, reason=reason)
    reader = _Reader(folder, log, split, missing_label == "background", header_of)
    for name in sorted(folder.images):
        reader.take(name)
    _warn_of_orphans(folder, log)
    return ProjectRecords(
        format=NAME,
        images=tuple(reader.images),
        classes=reader.classes(),
        labels=reader.columns(),
        problems=log,
        questions=missing_questions(reader.missing) if missing_label is None else (),
        losses=tuple(reader.losses.found),
    )


def sniff(path: Path) -> bool:
    """Tell whether a path looks like a YOLO folder or its YAML."""
    if path.is_file():
        return path.suffix.lower() in {".yaml", ".yml"}
    if not path.is_dir():
        return False
    pairs = [(path / "images", path / "labels")]
    pairs += [(one / "images", one / "labels") for one in path.iterdir() if one.is_dir()]
    return find_yaml(path) is not None or any(a.is_dir() and b.is_dir() for a, b in pairs)


@dataclass(slots=True)
class _Reader:
    """Collects images and their labels."""

    folder: YoloFolder
    log: ProblemLog
    split: str | None
    missing_is_background: bool
    header_of: Callable[[Path], PictureHeader]
    images: list[ImageRecord] = field(default_factory=list)
    losses: LossLog = field(default_factory=LossLog)
    missing: int = 0
    _rows: list[Row] = field(default_factory=list)
    _image: list[int] = field(default_factory=list)
    _boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    _area: list[float] = field(default_factory=list)
    _polygons: list[bytes | None] = field(default_factory=list)
    _counts: list[bytes | None] = field(default_factory=list)

    def take(self, name: str) -> None:
        """Read one image's size and labels."""
        try:
            labels = resolve_inside(self.folder.root, label_name(name))
        except UnsafePath as error:
            self._lose(name, FILE_NAME_UNSAFE, error.what)
            return self._problem(FILE_NAME_UNSAFE, label_name(name), 0, error.what)
        exists = labels.is_file()
        rows = list(self._label_rows(labels, name)) if exists else []
        try:
            header = self.header_of(self.folder.root / name)
        except UnreadableFile as error:
            self._problem(IMAGE_UNREADABLE, name, 0, error.reason)
            self._lose(name, IMAGE_UNREADABLE, error.reason)
            for row in rows:
                self._problem(IMAGE_REJECTED, label_name(name), row.line, "its image is unreadable")
            return None
        self.missing += not exists
        image = ImageRecord(
            source_id=name,
            file_name=name,
            width=header.width,
            height=header.height,
            split=self.folder.images[name] or self.split,
            labelled=exists or self.missing_is_background,
        )
        for row in rows:
            self._add(row, image)
        self.images.append(image)
        return None

    def _label_rows(self, path: Path, image: str) -> Iterator[Row]:
        """Yield the sound rows of an image's label file."""
        name = path.relative_to(self.folder.root).as_posix()
        known = self.folder.names
        try:
            lines = lines_of(path)
        except BadRow as error:
            self._lose(image, error.kind, error.reason)
            return self._problem(error.kind, name, 0, error.reason)
        for line, words in lines:
            try:
                row = label_row(line, words, boxes_only=self.folder.keypoints)
            except BadRow as error:
                self._problem(error.kind, name, line, error.reason)
                self._lose(image, error.kind, error.reason)
                continue
            if row.class_ < 0 or (known is not None and row.class_ not in known):
                self._problem(CLASS_UNKNOWN, name, line, f"there is no class {row.class_}")
                self._lose(image, CLASS_UNKNOWN, f"there is no class {row.class_}")
                continue
            self._warn(row, name, more=len(words) > 5)
            yield row
        return None

    def _warn(self, row: Row, name: str, *, more: bool) -> None:
        if row.extra:
            self._problem(EXTRA_VALUE_IGNORED, name, row.line, "the last value was ignored")
        if self.folder.keypoints and more:
            self._problem(KEYPOINTS_IGNORED, name, row.line, "values after the box were ignored")

    def _add(self, row: Row, image: ImageRecord) -> None:
        """Turn a row into pixels of its image and keep it."""
        by_width, by_height = float(image.width), float(image.height)
        x, y, width, height = row.box
        box = (x * by_width, y * by_height, width * by_width, height * by_height)
        area, polygon, counts = box[2] * box[3], None, None
        name = label_name(image.file_name)
        if row.polygon is not None:
            shares = enumerate(row.polygon)
            points = [value * (by_height if place % 2 else by_width) for place, value in shares]
            size = (image.height, image.width)
            try:
                counts = rasterise([points], size)
            except MalformedMask as error:
                self._lose(image.file_name, MASK_MALFORMED, error.reason)
                return self._problem(MASK_MALFORMED, name, row.line, error.reason)
            polygon = msgspec.json.encode([points])
            area = float(check_runs([counts], [size]).area[0])
        if width == 0 or height == 0:
            self._problem(BOX_WITHOUT_EXTENT, name, row.line, f"width {width}, height {height}")
        # Six digits, as these files have, put a box at the border a hair outside of it.
        if min(x, y) < -1e-5 or max(x + width, y + height) > 1 + 1e-5:
            self._problem(BOX_OUTSIDE_IMAGE, name, row.line, f"box from {x:g}, {y:g}")
        self._rows.append(row)
        self._image.append(len(self.images))
        self._boxes.append(box)
        self._area.append(area)
        self._polygons.append(polygon)
        self._counts.append(counts)
        return None

    def _numbers(self) -> list[int]:
        """Return the class numbers in order: those named, or those seen."""
        named = self.folder.names
        return sorted(named if named is not None else {row.class_ for row in self._rows})

    def classes(self) -> tuple[ClassRecord, ...]:
        """Return the classes in the order of their numbers."""
        names = self.folder.names
        seen: set[str] = set()
        records = []
        for number in self._numbers():
            name = names[number] if names is not None else str(number)
            if names is None:
                self._problem(CLASS_NAME_MISSING, "labels", number, f"class {number} has no name")
            elif name in seen:
                self._problem(CLASS_NAME_REPEATED, "names", number, f"name {name!r} occurs before")
            seen.add(name)
            records.append(ClassRecord(str(number), name))
        return tuple(records)

    def columns(self) -> LabelColumns:
        """Return the labels, image by image, in the order of their lines."""
        total = len(self._rows)
        place = {number: place for place, number in enumerate(self._numbers())}
        return LabelColumns(
            image=np.array(self._image, dtype=np.int64),
            class_=np.array([place[row.class_] for row in self._rows], dtype=np.int64),
            boxes=np.array(self._boxes, dtype=np.float64).reshape(-1, 4),
            area=np.array(self._area, dtype=np.float64),
            crowd=np.zeros(total, dtype=np.bool_),
            ignore=np.zeros(total, dtype=np.bool_),
            source_id=np.full(total, -1, dtype=np.int64),
            polygons=self._polygons,
            counts=self._counts,
        )

    def _lose(self, image: str, kind: ProblemKind, reason: str) -> None:
        self.losses.add(image, kind.name, reason)

    def _problem(self, kind: ProblemKind, name: str, line: int, reason: str) -> None:
        self.log.add(kind, file=name, record=f"line {line}" if line else name, reason=reason)


def missing_questions(missing: int, what: str = "a label file") -> tuple[Question, ...]:
    """Return the question what images without labels are, nothing where there are none.

    Args:
        missing: How many there are.
        what: What they are without.
    """
    if not missing:
        return ()
    text = f"Images without {what}: {missing}. Are they background, or not labelled yet?"
    return (Question("missing_label", text, ("background", "unlabelled"), missing),)


def _warn_of_orphans(folder: YoloFolder, log: ProblemLog) -> None:
    """Warn of label files beside those that were read but without an image."""
    used = {label_name(name) for name in folder.images}
    beside = {Path(name).parent for name in used}
    # Labels in the very folder of their images may lie beside other text files.
    beside -= {Path(name).parent for name in folder.images}
    for relative in sorted(beside):
        for path in sorted((folder.root / relative).glob("*.txt")):
            name = path.relative_to(folder.root).as_posix()
            if name not in used and path.name not in _NOT_LABELS:
                log.add(LABEL_FILE_ORPHAN, file=name, record=name, reason="no image of this name")
