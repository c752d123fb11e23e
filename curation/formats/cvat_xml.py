"""CVAT for images 1.1: images, classes and labels of a project from one XML file.

An image is known by its name: in exports of whole projects the numbers repeat from task to task.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from curation.errors import UnknownFormat
from curation.formats.cvat_documents import EXPECTED, elements, sniff
from curation.formats.cvat_elements import SHAPES, BadShape, draw, points
from curation.formats.cvat_labels import Place, ShapeReader
from curation.formats.problems import (
    ATTRIBUTE_IGNORED,
    CLASS_REPEATED,
    FILE_NAME_UNSAFE,
    IMAGE_CONFLICT,
    IMAGE_REJECTED,
    IMAGE_SIZE_INVALID,
    RECORD_MALFORMED,
    SHAPE_UNSUPPORTED,
    SHAPE_WITHOUT_AREA,
    TAG_UNSUPPORTED,
    ProblemKind,
    ProblemLog,
)
from curation.formats.records import (
    ClassRecord,
    ImageRecord,
    LossLog,
    MarkRecord,
    ProjectRecords,
)
from curation.formats.yolo_folders import SPLITS
from curation.formats.yolo_projects import missing_questions
from curation.media.paths import unsafe_reason

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element  # a type

__all__ = ["NAME", "read", "sniff"]

NAME: Final = "cvat"
MissingLabel = Literal["background", "unlabelled"]
_MAX_SIDE: Final = (1 << 31) - 1
_LONGEST_NAME: Final = 500
_LONGEST_SPLIT: Final = 32
_NO_AREA: Final = frozenset({"polyline", "points"})
_TAG: Final = "tag"


def read(
    path: Path,
    *,
    split: str | None = None,
    missing_label: MissingLabel | None = None,
    marks: bool = False,
) -> ProjectRecords:
    """Read a 'CVAT for images 1.1' file.

    Images, and the labels within one, keep the file's order; an image's id is its name. Classes
    are the labels that the file declares, else those that occur, by name. The file lists images
    that nobody has worked on like those without any object: without an answer such an image counts
    as unlabelled, and the records hold a question.

    Args:
        path: The XML file.
        split: The split of images that name no subset.
        missing_label: What an image without any shape or tag is.
        marks: Keep tags and points as marks; otherwise they are reported as not kept.

    Raises:
        UnreadableFile: It is not complete XML, has a document type, or tracks instead of images.
        UnknownFormat: It is XML of something else.
    """
    reader = _Reader(path.name, split, missing_label == "background", marks)
    for element in elements(path):
        if element.tag == "meta":
            reader.take_meta(element)
        elif element.tag == "image":
            reader.take(element)
    if not (reader.images or reader.refused or reader.declared):
        raise UnknownFormat(str(path), expected=EXPECTED)
    return reader.records(missing_label)


@dataclass(slots=True)
class _Reader:
    """Collects images, their shapes and marks."""

    file: str
    split: str | None
    missing_is_background: bool
    keep_marks: bool
    log: ProblemLog = field(default_factory=ProblemLog)
    losses: LossLog = field(default_factory=LossLog)
    images: list[ImageRecord] = field(default_factory=list)
    declared: list[str] = field(default_factory=list)
    refused: int = 0
    missing: int = 0
    _names: set[str] = field(default_factory=set)
    _marks: list[MarkRecord] = field(default_factory=list)
    _shapes: ShapeReader = field(init=False)

    def __post_init__(self) -> None:
        self._shapes = ShapeReader(self.file, self.log, self.losses)

    def take_meta(self, meta: Element) -> None:
        """Read the labels that are declared; parts of skeletons are none."""
        for label in meta.iterfind("*/labels/label"):
            name = (label.findtext("name") or "").strip()
            if not name or label.findtext("parent"):
                continue
            if name in self.declared:
                self._problem(CLASS_REPEATED, f"label {name}", f"{name!r} is declared before")
                continue
            self.declared.append(name)

    def take(self, element: Element) -> None:
        """Read one image with everything in it."""
        name = element.get("name") or ""
        fault = self._fault(element, name)
        if fault is not None:
            self.refused += 1
            self.losses.add(name, fault[0].name, fault[1])
            self._problem(fault[0], f"image {name[:80]!r}", fault[1])
            for number, child in enumerate(element):
                self._problem(IMAGE_REJECTED, f"{name[:80]}: {child.tag} {number}", fault[1])
            return
        empty = len(element) == 0
        self.missing += empty
        self._names.add(name)
        self.images.append(
            ImageRecord(
                source_id=name,
                file_name=name,
                width=_side(element.get("width")) or 0,
                height=_side(element.get("height")) or 0,
                split=_split(element.get("subset")) or self.split,
                labelled=not empty or self.missing_is_background,
            )
        )
        for number, child in enumerate(element):
            self._take_child(child, f"{name}: {child.tag} {number}")

    def _fault(self, element: Element, name: str) -> tuple[ProblemKind, str] | None:
        """Return why an image cannot be taken, nothing if it can."""
        if not name:
            return RECORD_MALFORMED, "name is missing"
        unsafe = "is too long" if len(name) > _LONGEST_NAME else unsafe_reason(name)
        if unsafe is not None:
            return FILE_NAME_UNSAFE, f"the name {name[:80]!r} {unsafe}"
        if name in self._names:
            return IMAGE_CONFLICT, f"an image {name!r} occurs before"
        for side in ("width", "height"):
            if _side(element.get(side)) is None:
                return IMAGE_SIZE_INVALID, f"{side} is {element.get(side)!r}"
        return None

    def _take_child(self, child: Element, record: str) -> None:
        image = self.images[-1]
        place = Place(len(self.images) - 1, image.file_name, (image.height, image.width), record)
        try:
            if child.tag not in SHAPES:
                return self._take_mark(child, record)
            sketch = draw(child.tag, child.attrib, place.size)
            self._shapes.take(place, _label_of(child), sketch)
        except BadShape as error:
            return self._shapes.reject(place, error.kind, error.reason)
        if child.find("attribute") is not None:
            self._problem(ATTRIBUTE_IGNORED, record, "its attributes are not kept")
        return None

    def _take_mark(self, child: Element, record: str) -> None:
        if child.tag not in _NO_AREA and child.tag != _TAG:
            raise BadShape(SHAPE_UNSUPPORTED, f"it is a {child.tag[:40]}")
        name, image = _label_of(child), len(self.images) - 1
        if child.tag == "polyline" or not self.keep_marks:
            # No object is lost with it: the image is complete without.
            kind = TAG_UNSUPPORTED if child.tag == _TAG else SHAPE_WITHOUT_AREA
            return self._problem(kind, record, f"{child.tag} {name!r}")
        if child.tag == "points":
            places = points(child.attrib)
            self._marks += [
                MarkRecord(image, "keypoint", child.tag, name, x, y)
                for x, y in zip(places[::2], places[1::2], strict=True)
            ]
            return None
        self._marks.append(MarkRecord(image, "choice", _TAG, name))
        self._marks += [
            MarkRecord(image, "text", f"{name}: {one.get('name', '')}", (one.text or "").strip())
            for one in child.iterfind("attribute")
        ]
        return None

    def records(self, missing_label: MissingLabel | None) -> ProjectRecords:
        """Return everything that was read."""
        names = self.declared or sorted(self._shapes.names())
        return ProjectRecords(
            format=NAME,
            images=tuple(self.images),
            classes=tuple(ClassRecord(str(place), name) for place, name in enumerate(names)),
            labels=self._shapes.columns(names),
            problems=self.log,
            questions=() if missing_label else missing_questions(self.missing, "any shape or tag"),
            marks=tuple(self._marks),
            losses=tuple(self.losses.found),
        )

    def _problem(self, kind: ProblemKind, record: str, reason: str) -> None:
        self.log.add(kind, file=self.file, record=record, reason=reason)


def _label_of(child: Element) -> str:
    name = (child.get("label") or "").strip()
    if not name:
        raise BadShape(RECORD_MALFORMED, "label is missing")
    return name


def _side(text: str | None) -> int | None:
    """Return a side in pixels, 0 where it is not given, nothing where it cannot be meant."""
    try:
        value = float(text or 0)
    except ValueError:
        return None
    return int(value) if 0 <= value <= _MAX_SIDE and value.is_integer() else None


def _split(subset: str | None) -> str | None:
    """Return the split that a subset means; the tool's own name for none is 'default'."""
    name = (subset or "").strip()
    if name.lower() in ("", "default"):
        return None
    return SPLITS.get(name.lower(), name[:_LONGEST_SPLIT])
