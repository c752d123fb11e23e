"""Encord's label rows: one record for each image, and its objects, attributes and choices.

A label row is what `LabelRowV2.to_encord_dict` of Encord's SDK gives. The objects of an image are
in its data unit; their attributes and the choices for the image stand apart, by the object's or
classification's hash, with the frames that they are of.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from curation.formats.encord_geometry import DRAWINGS, ImageSize, Point, Share, points_of
from curation.formats.shapes import AnnotationShapes, ImageMark, MarkKind, RegionFault, Shape
from evaluation.errors import MalformedMask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Found = Shape | ImageMark | RegionFault

POLYLINE: Final = "a polyline covers no pixels: its points were taken as keypoints"


class _Option(msgspec.Struct, frozen=True):
    name: str


class _Attribute(msgspec.Struct, frozen=True):
    name: str
    answers: list[_Option] | str | float | int | None = None


class _SkeletonPoint(msgspec.Struct, frozen=True):
    x: Share
    y: Share
    name: str


def unit_records(row: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Cut a label row into one record for each of its images.

    Returns:
        By data hash: the frame's number, its objects as they are, and of answers those that are of
        these objects or of this frame. An object that was deleted is left out.
    """
    return {data_hash: _unit(row, unit) for data_hash, unit in row["data_units"].items()}


def _unit(row: Mapping[str, Any], unit: Mapping[str, Any]) -> dict[str, Any]:
    frame = int(unit.get("data_sequence") or 0)
    drawn = (unit.get("labels") or {}).get("objects") or []
    objects = [one for one in drawn if not one.get("isDeleted")]
    hashes = {one.get("objectHash") for one in objects}
    own = {
        part: {key: value for key, value in (row.get(part) or {}).items() if key in hashes}
        for part in ("object_answers", "object_actions")
    }
    choices = {
        key: value
        for key, value in (row.get("classification_answers") or {}).items()
        if _covers(value.get("range"), frame)
    }
    return {"frame": frame, "objects": objects, **own, "classification_answers": choices}


def _covers(ranges: Sequence[Sequence[int]] | None, frame: int) -> bool:
    """Tell whether ranges, ends included, hold a frame; without any they hold all of them."""
    return not ranges or any(first <= frame <= last for first, last in ranges)


def refused_record(reason: str) -> dict[str, Any]:
    """Return the record of an image whose labels cannot be taken, and why."""
    return {"refused": reason}


def read_unit(record: Mapping[str, Any], size: tuple[int, int]) -> AnnotationShapes:
    """Convert the record of one image.

    Args:
        record: One of `unit_records` or a `refused_record`.
        size: Height and width of the image, pixels.
    """
    if "refused" in record:
        return AnnotationShapes(faults=(RegionFault("labels", str(record["refused"])),))
    found: list[Found] = []
    remarks: list[RegionFault] = []
    for drawn in record["objects"]:
        key = str(drawn.get("objectHash"))
        taken = _read(key, partial(_object, drawn, ImageSize(*size), remarks))
        answers = (record["object_answers"].get(key) or {}).get("classifications") or []
        actions = (record["object_actions"].get(key) or {}).get("actions") or []
        dynamic = [one for one in actions if _covers(one.get("range"), record["frame"])]
        found += [*taken, *_answers(key, [*answers, *dynamic], of=f"{drawn.get('name')}: ")]
    for key, answer in record["classification_answers"].items():
        found += _answers(key, answer.get("classifications") or [], of="")
    return AnnotationShapes(
        shapes=tuple(one for one in found if isinstance(one, Shape)),
        marks=tuple(one for one in found if isinstance(one, ImageMark)),
        faults=tuple(one for one in found if isinstance(one, RegionFault)),
        warnings=tuple(remarks),
    )


def _read(key: str, reading: Callable[[], Iterable[Found]]) -> list[Found]:
    """Read a region; what is wrong with it becomes its fault."""
    try:
        return list(reading())
    except KeyError as error:
        reason = f"it has no {error.args[0]}"
    except msgspec.ValidationError as error:
        reason = str(error)
    except MalformedMask as error:
        reason = error.reason
    return [RegionFault(key, reason)]


def _object(
    record: Mapping[str, Any], size: ImageSize, remarks: list[RegionFault]
) -> Iterator[Found]:
    """Read one object; what a person should know of it is added to the remarks."""
    key, name, shape = str(record["objectHash"]), str(record["name"]), str(record["shape"])
    if shape in DRAWINGS:
        drawn = DRAWINGS[shape](record, size)
        remarks += [RegionFault(key, note) for note in drawn.notes]
        yield drawn.shape(key, name, record)
    elif shape in MARKINGS:
        yield from MARKINGS[shape](record, size)
        if shape == "polyline":
            remarks.append(RegionFault(key, POLYLINE))
    else:
        yield RegionFault(key, f"no label is made of the shape {shape!r}")


def _point(record: Mapping[str, Any], size: ImageSize) -> Iterator[ImageMark]:
    for point in points_of(record["point"])[:1]:
        yield _keypoint(record, str(record["name"]), point, size)


def _polyline(record: Mapping[str, Any], size: ImageSize) -> Iterator[ImageMark]:
    for number, point in enumerate(points_of(record["polyline"]), start=1):
        yield _keypoint(record, str(number), point, size)


def _skeleton(record: Mapping[str, Any], size: ImageSize) -> Iterator[ImageMark]:
    for point in msgspec.convert(record["skeleton"], dict[str, _SkeletonPoint]).values():
        yield _keypoint(record, point.name, point, size)


def _keypoint(
    record: Mapping[str, Any], name: str, point: Point | _SkeletonPoint, size: ImageSize
) -> ImageMark:
    return ImageMark(
        key=str(record["objectHash"]),
        kind="keypoint",
        field=str(record["name"]),
        value=name,
        x=size.across(point.x),
        y=size.down(point.y),
        region=record,
    )


MARKINGS: Final[dict[str, Callable[[Mapping[str, Any], ImageSize], Iterator[ImageMark]]]] = {
    "point": _point,
    "polyline": _polyline,
    "skeleton": _skeleton,
}
"""Readers of the shapes that cover no pixels, by Encord's name of the shape."""


def _answers(key: str, records: Sequence[Mapping[str, Any]], *, of: str) -> list[Found]:
    """Read attributes or choices; those nested in an option stand beside it in the list."""
    found: list[Found] = []
    for record in records:
        found += _read(key, partial(_answer, key, record, of))
    return found


def _answer(key: str, record: Mapping[str, Any], of: str) -> Iterator[ImageMark]:
    attribute = msgspec.convert(record, _Attribute)
    kind: MarkKind = "text"
    values: list[str] = []
    if isinstance(attribute.answers, list):
        kind, values = "choice", [option.name for option in attribute.answers]
    elif attribute.answers not in {None, ""}:
        values = [str(attribute.answers)]
    for value in values:
        yield ImageMark(key, kind, f"{of}{attribute.name}", value, region=record)
