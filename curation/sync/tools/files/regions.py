"""Labels of a file as regions: plain JSON that keeps every number, and back as shapes.

The regions of an image are in an order of their own, so that a file written anew with other
numbers or in another order holds the same.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from curation.formats.shapes import AnnotationShapes, ImageMark, RegionFault, Shape
from evaluation.errors import MalformedMask
from evaluation.mask_faults import FAULTS
from evaluation.polygons import rasterise
from evaluation.run_lengths import check_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from curation.formats.records import LabelColumns, Loss, MarkRecord
    from curation.formats.shapes import ShapeKind

_KEY_LENGTH: Final = 16

Region = dict[str, Any]


def label_region(labels: LabelColumns, row: int, class_name: str) -> Region:
    """Return a label as a region; what it does not have is left out."""
    counts = labels.counts[row]
    exact = None if labels.exact is None else labels.exact[row]
    polygons = labels.polygons[row]
    region: Region = {
        "class": class_name,
        "box": labels.boxes[row].tolist(),
        "area": float(labels.area[row]),
        "polygons": None if polygons is None else msgspec.json.decode(polygons),
        "counts": None if counts is None else counts.decode("ascii"),
        "exact": None if exact is None else msgspec.json.decode(exact),
        "crowd": bool(labels.crowd[row]) or None,
        "ignore": bool(labels.ignore[row]) or None,
    }
    return {name: value for name, value in region.items() if value is not None}


def mark_region(mark: MarkRecord) -> Region:
    """Return a mark as a region."""
    region = {"mark": mark.kind, "field": mark.field, "value": mark.value}
    return region if mark.x is None else {**region, "x": mark.x, "y": mark.y}


def loss_region(loss: Loss) -> Region:
    """Return a rejected record as a region that keeps its image waiting."""
    return {"rejected": loss.kind, "reason": loss.reason}


def in_order(regions: Iterable[Region]) -> list[Region]:
    """Return regions in the order of their content."""
    return sorted(regions, key=msgspec.json.encode)


def shapes_of(regions: Sequence[Region], size: tuple[int, int]) -> AnnotationShapes:
    """Return the shapes, marks and faults of an image's regions.

    Args:
        regions: As they were kept.
        size: Height and width of the image, pixels; masks of another size are faults.
    """
    shapes: list[Shape] = []
    marks: list[ImageMark] = []
    faults: list[RegionFault] = []
    for key, region in zip(_keys(regions), regions, strict=True):
        if "rejected" in region:
            faults.append(RegionFault(key, f"{region['reason']} ({region['rejected']})"))
        elif "mark" in region:
            marks.append(_mark(key, region))
        else:
            try:
                shapes.append(_shape(key, region, size))
            except MalformedMask as error:
                faults.append(RegionFault(key, error.reason))
    faults += _misfits(shapes, size)
    return AnnotationShapes(tuple(shapes), tuple(marks), tuple(faults))


def _keys(regions: Sequence[Region]) -> list[str]:
    """Return a key for each region that stays when others come and go."""
    seen: Counter[str] = Counter()
    keys = []
    for region in regions:
        key = hashlib.sha256(msgspec.json.encode(region)).hexdigest()[:_KEY_LENGTH]
        seen[key] += 1
        keys.append(key if seen[key] == 1 else f"{key}-{seen[key]}")
    return keys


def _mark(key: str, region: Region) -> ImageMark:
    x, y = region.get("x"), region.get("y")
    return ImageMark(key, region["mark"], region["field"], region["value"], x, y, region)


def _shape(key: str, region: Region, size: tuple[int, int]) -> Shape:
    left, top, width, height = map(float, region["box"])
    polygons = region.get("polygons")
    text = region.get("counts")
    counts = None if text is None else str(text).encode("ascii")
    if polygons is not None and counts is None:  # it waited for the size of its image
        counts = rasterise(polygons, size)
    return Shape(
        key=key,
        class_name=region["class"],
        kind=_kind(region),
        box=(left, top, width, height),
        area=float(region["area"]),
        polygons=None if polygons is None else tuple(tuple(map(float, one)) for one in polygons),
        counts=counts,
        exact=region.get("exact"),
        crowd=bool(region.get("crowd")),
        ignore=bool(region.get("ignore")),
        region=region,
    )


def _kind(region: Region) -> ShapeKind:
    exact = region.get("exact") or {}
    if "radii" in exact:
        return "ellipse"
    if "size" in exact:
        return "rotated rectangle"
    if "polygons" in region:
        return "polygon"
    return "mask" if "counts" in region else "rectangle"


def _misfits(shapes: Sequence[Shape], size: tuple[int, int]) -> list[RegionFault]:
    """Return the masks that are not of their image's size, before any native code compares them."""
    masked = [(shape.key, shape.counts) for shape in shapes if shape.counts is not None]
    check = check_runs([counts for _, counts in masked], [size] * len(masked))
    return [
        RegionFault(key, f"its mask does not fit the image: {FAULTS[code]}")
        for (key, _), code in zip(masked, check.fault.tolist(), strict=True)
        if code
    ]
