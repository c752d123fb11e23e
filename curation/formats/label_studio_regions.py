"""Label Studio's regions to shapes and marks in pixels.

Entries of one annotation that share an id are one region: its shape, the labels that another
control gave it, and the answers to questions about it. Nothing is left out in silence: what cannot
be read is a fault, what is read but not kept as it was is a warning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from curation.formats.label_studio_answers import QUESTIONS
from curation.formats.label_studio_outlines import (
    brush,
    ellipse,
    point_inside,
    polygon,
    rectangle,
)
from curation.formats.label_studio_values import BadRegion, items, number, short_text
from curation.formats.shapes import AnnotationShapes, ImageMark, RegionFault, Shape
from evaluation.errors import MalformedMask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set

    from curation.formats.label_studio_outlines import Outline, Reader, Size

_OUTLINES: Final[dict[str, Reader]] = {
    "rectangle": rectangle,
    "rectanglelabels": rectangle,
    "polygon": polygon,
    "polygonlabels": polygon,
    "ellipse": ellipse,
    "ellipselabels": ellipse,
    "brush": brush,
    "brushlabels": brush,
    "magicwand": brush,
}
_POINTS: Final = ("keypoint", "keypointlabels")
_LABELS: Final = "labels"
_RELATION: Final = "relation"
_READ: Final = {*_OUTLINES, *_POINTS, *QUESTIONS, _LABELS}


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a result; `key` is the id that it shares with the others of its region."""

    key: str
    type: str
    value: Mapping[str, Any]
    raw: Mapping[str, Any]

    @property
    def field(self) -> str:
        """The control that asked for it."""
        return short_text(self.raw.get("from_name"), "its from_name")

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that the entry's own control gave."""
        if not self.type.endswith(_LABELS):
            return ()
        found = items(self.value.get(self.type, []), self.type)
        return tuple(dict.fromkeys(short_text(label, "a label") for label in found))


def read_regions(result: Any, *, size: Size) -> AnnotationShapes:
    """Read the regions of one annotation.

    A region with several labels is one shape for each; the further ones have keys such as `id~2`.
    A region without a label is a fault: no class is guessed. Answers about a region have the
    region's key, as many as there are; those about the whole image have the key of their entry.

    Args:
        result: The annotation's `result`.
        size: Height and width of the image, pixels.

    Example:
        >>> value = {"x": 10, "y": 20, "width": 30, "height": 25, "rectanglelabels": ["car"]}
        >>> entry = {"id": "r1", "type": "rectanglelabels", "from_name": "box", "value": value}
        >>> read_regions([entry], size=(480, 640)).shapes[0].box
        (64.0, 96.0, 192.0, 120.0)
    """
    reading = _Reading(size)
    if not isinstance(result, list):
        reading.fault("", "the annotation's result is not a list")
        return reading.result()
    regions: dict[str, list[_Entry]] = {}
    for place, raw in enumerate(result, start=1):
        key = f"entry {place}"
        try:
            key = _key(raw, key)
            entry = reading.checked(key, raw)
        except BadRegion as error:
            reading.fault(key, error.reason)
        else:
            if entry is not None:
                regions.setdefault(key, []).append(entry)
    reading.read(regions)
    return reading.result()


def image_size(result: Any) -> Size | None:
    """Return the height and width that regions tell; None where none does or they disagree.

    >>> image_size([{"original_width": 640, "original_height": 480}, {"type": "choices"}])
    (480, 640)
    """
    entries = result if isinstance(result, list) else []
    sizes = {_claimed_size(entry) for entry in entries if isinstance(entry, dict)} - {None}
    return sizes.pop() if len(sizes) == 1 else None


@dataclass(slots=True)
class _Reading:
    """What was read of one annotation so far; faults and warnings stand in dicts to be unique."""

    size: Size
    shapes: dict[str, Shape] = field(default_factory=dict)
    marks: list[ImageMark] = field(default_factory=list)
    faults: dict[RegionFault, None] = field(default_factory=dict)
    warnings: dict[RegionFault, None] = field(default_factory=dict)

    def fault(self, key: str, reason: str) -> None:
        """Note that a region cannot be read."""
        self.faults[RegionFault(key, reason)] = None

    def warn(self, key: str, reason: str) -> None:
        """Note that a region is not kept as it was."""
        self.warnings[RegionFault(key, reason)] = None

    def result(self) -> AnnotationShapes:
        """Return what was read."""
        return AnnotationShapes(
            tuple(self.shapes.values()),
            tuple(self.marks),
            tuple(self.faults),
            tuple(self.warnings),
        )

    def checked(self, key: str, raw: Mapping[str, Any]) -> _Entry | None:
        """Return an entry if its type is read and it is about this image; None for a relation."""
        type_ = raw.get("type")
        if type_ == _RELATION:
            self.warn(key, "relations between regions are not kept")
            return None
        if not isinstance(type_, str) or type_ not in _READ:
            raise BadRegion(
                f"regions of type {str(type_)[:40]!r} are not read; "
                "draw it as rectangle, polygon, ellipse or brush"
            )
        value = raw.get("value")
        if not isinstance(value, dict):
            raise BadRegion("it has no value")
        self._check_image(key, type_, raw)
        return _Entry(key, type_, value, raw)

    def _check_image(self, key: str, type_: str, raw: Mapping[str, Any]) -> None:
        """Check what an entry says about its image; percentages bear another size, masks do not."""
        turned = number(raw.get("image_rotation") or 0, "image_rotation")
        if turned % 360:
            raise BadRegion(
                f"it was drawn on the image turned by {turned:g}°; turn it back and draw it again"
            )
        if raw.get("item_index"):
            raise BadRegion("it is on a further image of its task; one image a task is read")
        claimed = _claimed_size(raw)
        if claimed == self.size:
            return
        if _OUTLINES.get(type_) is brush:
            said = f"for {_shown(claimed)}" if claimed else "without a size"
            raise BadRegion(
                f"the brush mask is {said}, the image has {_shown(self.size)} pixels; "
                "paint it again on this image"
            )
        if claimed:
            self.warn(
                key,
                f"it was drawn on {_shown(claimed)} pixels, the image has {_shown(self.size)}; "
                "its percentages are read as those of this image",
            )

    def read(self, regions: Mapping[str, list[_Entry]]) -> None:
        """Read regions by key; those with a faulty entry are at fault as a whole."""
        faulty = {fault.key for fault in self.faults}
        for key, entries in regions.items():
            if key in faulty:
                continue
            try:
                for entry, labels in _labelled(entries):
                    self._draw(entry, labels, taken=regions.keys())
                self._answer([entry for entry in entries if entry.type in QUESTIONS])
            except BadRegion as error:
                self.fault(key, error.reason)
            except MalformedMask as error:
                self.fault(key, f"its mask is malformed: {error.reason}; draw it again")

    def _draw(self, entry: _Entry, labels: tuple[str, ...], *, taken: Set[str]) -> None:
        """Add a shape or point for each label; `taken`: keys that belong to regions."""
        if entry.type in _POINTS:
            x, y = point_inside(entry.value, self.size)
            self.marks.extend(
                ImageMark(entry.key, "keypoint", entry.field, label, x, y, entry.raw)
                for label in labels
            )
            return
        outline = _OUTLINES[entry.type](entry.value, self.size)
        for note in outline.notes:
            self.warn(entry.key, note)
        for label in labels:
            key = entry.key
            further = 1
            while key in self.shapes or (further > 1 and key in taken):
                further += 1
                key = f"{entry.key}~{further}"
            self.shapes[key] = _shape(key, label, outline, entry.raw)

    def _answer(self, entries: list[_Entry]) -> None:
        """Add a mark for each answer."""
        for entry in entries:
            question = QUESTIONS[entry.type]
            self.marks.extend(
                ImageMark(entry.key, question.kind, entry.field, answer, region=entry.raw)
                for answer in question.read(entry.value.get(question.key), entry.type)
            )


def _key(raw: Any, otherwise: str) -> str:
    """Return the id of an entry; relations and entries of other programs may have none."""
    if not isinstance(raw, dict):
        raise BadRegion("it is not a region")
    own = raw.get("id")
    return otherwise if own in (None, "") else short_text(own, "its id")


def _labelled(entries: list[_Entry]) -> Iterator[tuple[_Entry, tuple[str, ...]]]:
    """Yield what is drawn of one region, with its labels.

    The tool writes the outline once more for each control that the region has to do with: an
    outline without a label of its own takes those of the region's `labels` entries, and says
    nothing new beside one that has.
    """
    given = [label for entry in entries if entry.type == _LABELS for label in entry.labels]
    drawn = [(entry, entry.labels) for entry in entries if entry.type in {*_OUTLINES, *_POINTS}]
    named = [(entry, own) for entry, own in drawn if own]
    if given and not drawn:
        raise BadRegion("it has labels but no shape; only regions of images are read")
    if drawn and not given and not named:
        raise BadRegion("it has no label; choose one in the annotation tool, or delete it")
    for place, (entry, own) in enumerate(named or drawn[:1]):
        yield entry, own if place else tuple(dict.fromkeys([*own, *given]))


def _shape(key: str, label: str, outline: Outline, raw: Mapping[str, Any]) -> Shape:
    return Shape(
        key,
        label,
        outline.kind,
        outline.box,
        outline.area,
        polygons=outline.polygons,
        counts=outline.counts,
        exact=outline.exact,
        region=raw,
    )


def _claimed_size(raw: Mapping[str, Any]) -> Size | None:
    """Return the height and width that an entry says its image has, if it does."""
    height, width = _side(raw.get("original_height")), _side(raw.get("original_width"))
    return (height, width) if height and width else None


def _side(value: Any) -> int:
    """Return a number of pixels, 0 where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        return 0
    return max(int(value), 0)


def _shown(size: Size) -> str:
    return f"{size[1]} x {size[0]}"
