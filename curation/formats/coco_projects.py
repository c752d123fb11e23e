"""COCO annotation files: images, classes and labels of a project.

The sections are read independently of their order in the file; `info` and `licenses` are not read
at all, so nothing odd in them matters.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from curation.errors import UnknownFormat
from curation.formats.coco_elements import Diagnosis, Id, Places, id_text, open_coco
from curation.formats.coco_labels import Annotation, LabelReader
from curation.formats.problems import (
    CLASS_CONFLICT,
    CLASS_NAME_REPEATED,
    CLASS_REPEATED,
    FILE_NAME_MISSING,
    FILE_NAME_REPEATED,
    FILE_NAME_UNSAFE,
    ID_MALFORMED,
    IMAGE_CONFLICT,
    IMAGE_REPEATED,
    IMAGE_SIZE_INVALID,
    RECORD_MALFORMED,
    ProblemKind,
    ProblemLog,
)
from curation.formats.records import ClassRecord, ImageRecord, LossLog, ProjectRecords
from curation.media.paths import unsafe_reason
from evaluation.json_windows import JsonText, elements, sections

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NAME: Final = "coco"
_MAX_SIDE: Final = (1 << 31) - 1


class Image(msgspec.Struct, gc=False):
    """One entry of `images`."""

    id: Id
    file_name: str | None = None
    width: float | None = None
    height: float | None = None


class Category(msgspec.Struct, gc=False):
    """One entry of `categories`."""

    id: Id
    name: str


def read(path: Path, *, split: str | None = None) -> ProjectRecords:
    """Read a COCO annotation file.

    Images and classes are sorted by their ids: as numbers where all are whole numbers, else as
    text. Labels keep the file's order. An image without annotations is background; in a file
    without an `annotations` section all images are unlabelled.

    Args:
        path: The JSON file.
        split: The split that its images belong to.

    Raises:
        UnreadableFile: The file cannot be opened or is not JSON.
        UnknownFormat: The file is JSON but has no `images` list.
    """
    log, losses = ProblemLog(), LossLog()
    with open_coco(path) as text:
        parts = sections(text, ("images", "annotations", "categories"))
        if "images" not in parts:
            raise UnknownFormat(str(path), expected="a COCO annotation file with 'images'")
        images = _Images(path.name, log, losses, split, labelled="annotations" in parts)
        images.take(parts["images"])
        classes = _Classes(path.name, log)
        if "categories" in parts:
            classes.take(parts["categories"])
        image_records = images.sorted()
        class_records = classes.sorted()
        labels = LabelReader(
            file=path.name,
            log=log,
            images=image_records,
            image_places=Places.of([image.source_id for image in image_records]),
            class_places=Places.of([one.source_id for one in class_records]),
            rejected=frozenset(images.rejected - images.found.keys()),
            losses=losses,
        )
        if "annotations" in parts:
            for chunk in elements(parts["annotations"], Annotation):
                labels.take(chunk)
    return ProjectRecords(
        format=NAME,
        images=labels.sized_images(),
        classes=class_records,
        labels=labels.columns(),
        problems=log,
        losses=tuple(losses.found),
    )


def sniff(path: Path) -> bool:
    """Tell whether a file looks like COCO annotations: an object with `images` somewhere in it."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        if not stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return False
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            return mapped.find(b'"images"') >= 0


@dataclass(slots=True)
class _Images:
    """Collects image records; `found` by id, `rejected` the ids of refused records."""

    file: str
    log: ProblemLog
    losses: LossLog
    split: str | None
    labelled: bool
    found: dict[str, ImageRecord] = field(default_factory=dict)
    rejected: set[str] = field(default_factory=set)
    _names: set[str] = field(default_factory=set)
    _all_numbers: bool = True

    def take(self, text: JsonText) -> None:
        """Read the `images` section."""
        diagnosis = Diagnosis(self.file, "images[{}]", ("id",))
        for chunk in elements(text, Image):
            diagnosis.log(chunk.bad, self.log)
            for element in chunk.bad:
                value = element.value
                if not isinstance(value, dict):
                    continue
                source_id = id_text(value.get("id"))
                if source_id is not None:
                    self.rejected.add(source_id)
                if isinstance(value.get("file_name"), str):
                    kind, reason = diagnosis.find(element)
                    self.losses.add(value["file_name"], kind.name, reason)
            for index, image in zip(chunk.index.tolist(), chunk.elements, strict=True):
                self._add(index, image)

    def _add(self, index: int, image: Image) -> None:
        source_id = id_text(image.id)
        if source_id is None:
            self._reject(ID_MALFORMED, f"id is {image.id!r}", index, image)
            return
        fault = _image_fault(image)
        if fault is not None:
            self._reject(*fault, index, image)
            self.rejected.add(source_id)
            return
        record = ImageRecord(
            source_id=source_id,
            file_name=image.file_name or "",
            width=int(image.width or 0),
            height=int(image.height or 0),
            split=self.split,
            labelled=self.labelled,
        )
        known = self.found.get(source_id)
        if known == record:
            self._problem(IMAGE_REPEATED, f"id {source_id} occurs before", index)
            return
        if known is not None:
            self._reject(IMAGE_CONFLICT, f"id {source_id} occurs before", index, image)
            # Labels of this id may belong to either.
            self.losses.add(known.file_name, IMAGE_CONFLICT.name, f"id {source_id} again")
            return
        self._check_name(record.file_name, index)
        self._all_numbers &= not isinstance(image.id, str)
        self.found[source_id] = record

    def _check_name(self, name: str, index: int) -> None:
        if not name:
            self._problem(FILE_NAME_MISSING, "file_name is missing", index)
        elif name in self._names:
            self._problem(FILE_NAME_REPEATED, f"file_name {name!r} occurs before", index)
        self._names.add(name)

    def _reject(self, kind: ProblemKind, reason: str, index: int, image: Image) -> None:
        self._problem(kind, reason, index)
        self.losses.add(image.file_name or "", kind.name, reason)

    def _problem(self, kind: ProblemKind, reason: str, index: int) -> None:
        self.log.add(kind, file=self.file, record=f"images[{index}]", reason=reason)

    def sorted(self) -> tuple[ImageRecord, ...]:
        """Return the images in the order of their ids."""
        return tuple(self.found[name] for name in _in_order(self.found, self._all_numbers))


@dataclass(slots=True)
class _Classes:
    """Collects category records by id."""

    file: str
    log: ProblemLog
    _found: dict[str, ClassRecord] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    _all_numbers: bool = True

    def take(self, text: JsonText) -> None:
        """Read the `categories` section."""
        diagnosis = Diagnosis(self.file, "categories[{}]", ("id",))
        for chunk in elements(text, Category):
            diagnosis.log(chunk.bad, self.log)
            for index, category in zip(chunk.index.tolist(), chunk.elements, strict=True):
                self._add(index, category)

    def _add(self, index: int, category: Category) -> None:
        source_id = id_text(category.id)
        if source_id is None:
            return self._problem(ID_MALFORMED, f"id is {category.id!r}", index)
        if not category.name:
            return self._problem(RECORD_MALFORMED, "name is empty", index)
        record = ClassRecord(source_id, category.name)
        known = self._found.get(source_id)
        if known is not None:
            kind = CLASS_REPEATED if known == record else CLASS_CONFLICT
            return self._problem(kind, f"id {source_id} occurs before", index)
        if category.name in self._names:
            self._problem(CLASS_NAME_REPEATED, f"name {category.name!r} occurs before", index)
        self._names.add(category.name)
        self._all_numbers &= not isinstance(category.id, str)
        self._found[source_id] = record
        return None

    def _problem(self, kind: ProblemKind, reason: str, index: int) -> None:
        self.log.add(kind, file=self.file, record=f"categories[{index}]", reason=reason)

    def sorted(self) -> tuple[ClassRecord, ...]:
        """Return the classes in the order of their ids."""
        return tuple(self._found[name] for name in _in_order(self._found, self._all_numbers))


def _image_fault(image: Image) -> tuple[ProblemKind, str] | None:
    for name, side in (("width", image.width), ("height", image.height)):
        if side is not None and not (0 <= side <= _MAX_SIDE and float(side).is_integer()):
            return IMAGE_SIZE_INVALID, f"{name} is {side}"
    unsafe = unsafe_reason(image.file_name) if image.file_name else None
    return (FILE_NAME_UNSAFE, f"file_name {image.file_name!r} {unsafe}") if unsafe else None


def _in_order(names: Iterable[str], all_numbers: bool) -> list[str]:
    return sorted(names, key=int) if all_numbers else sorted(names)
