"""Geometry of Encord's objects to pixels: shares of the image, and masks written row by row.

Coordinates are shares of the image's width and height. A rotatable box, a circle and an ellipse
turn about their *centre*, by degrees clockwise on the screen, in pixels and not in shares.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from curation.formats.shapes import Shape
from evaluation.errors import MalformedMask
from evaluation.mask_faults import FAULTS, NO_PART, REACH
from evaluation.masks import Masks, decode_texts, refuse
from evaluation.polygons import Polygons, rasterise_all
from evaluation.run_lengths import decode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from curation.formats.shapes import ShapeKind

Share = Annotated[float, Meta(ge=-REACH, le=REACH)]
Length = Annotated[float, Meta(ge=0, le=REACH)]
Angle = Annotated[float, Meta(ge=-1e6, le=1e6)]

Box = tuple[float, float, float, float]
Outline = tuple[float, ...]

CUT: Final = "it reaches outside the image and is cut at the border"
NO_PIXEL: Final = "its mask covers no pixel"
NO_EXTENT: Final = "it has no extent; draw it again or delete it"

# Less than this, in pixels, is the editor's rounding and nobody's mistake.
_ROUNDING: Final = 0.01
_QUARTERS: Final = {0.0: (1.0, 0.0), 90.0: (0.0, 1.0), 180.0: (-1.0, 0.0), 270.0: (0.0, -1.0)}
_DECIMALS: Final = 9
"""A pixel count divided by the image's side and multiplied again is itself at so many decimals."""


class ImageSize(NamedTuple):
    """Size of an image, pixels."""

    height: int
    width: int

    def across(self, share: float) -> float:
        """Return a share of the width in pixels."""
        return round(share * self.width, _DECIMALS)

    def down(self, share: float) -> float:
        """Return a share of the height in pixels."""
        return round(share * self.height, _DECIMALS)


class Point(msgspec.Struct, frozen=True):
    """A point of an outline; `z` is only there in scenes of three dimensions."""

    x: Share
    y: Share
    z: float | None = None


class _Box(msgspec.Struct, frozen=True):
    x: Share
    y: Share
    w: Length
    h: Length
    theta: Angle = 0.0


class _Ellipse(msgspec.Struct, frozen=True):
    x: Share
    y: Share
    rx: Length
    ry: Length
    theta: Angle = 0.0


class _Circle(msgspec.Struct, frozen=True):
    x: Share
    y: Share
    r: Length
    stretch: Annotated[float, Meta(ge=0, le=1e6)] = 1.0
    theta: Angle = 0.0


class _Bitmask(msgspec.Struct, frozen=True, rename="camel"):
    top: int
    left: int
    width: int
    height: int
    rle_string: str


class _Outlines(msgspec.Struct, frozen=True):
    polygons: list[list[list[Share]]] | None = None
    polygon: dict[str, Point] | list[Point] | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn, in pixels; the fields are those of `Shape`, `notes` are for annotators."""

    kind: ShapeKind
    box: Box
    area: float
    polygons: tuple[Outline, ...] | None = None
    counts: bytes | None = None
    exact: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()

    def shape(self, key: str, class_name: str, region: Any) -> Shape:
        """Return it as an object of a class."""
        return Shape(
            key=key,
            class_name=class_name,
            kind=self.kind,
            box=self.box,
            area=self.area,
            polygons=self.polygons,
            counts=self.counts,
            exact=self.exact,
            region=region,
        )


def points_of(value: Any) -> list[Point]:
    """Return the points of an outline, written as a list or by their numbers as text.

    Raises:
        msgspec.ValidationError: If a point is none, or far outside of the image.
        MalformedMask: If a point's number is none, or a point has a depth.
    """
    return _in_order(msgspec.convert(value, dict[str, Point] | list[Point]))


def _in_order(points: dict[str, Point] | list[Point]) -> list[Point]:
    if isinstance(points, dict):
        if not all(number.isdecimal() for number in points):
            raise MalformedMask("a point of the outline has no number")
        points = [points[number] for number in sorted(points, key=int)]
    if any(point.z is not None for point in points):
        raise MalformedMask("it is drawn in three dimensions")
    return points


def _box(record: Mapping[str, Any], size: ImageSize) -> Drawn:
    return _rectangle(msgspec.convert(record["boundingBox"], _Box), size)


def _rectangle(box: _Box, size: ImageSize) -> Drawn:
    corner = size.across(box.x), size.down(box.y)
    inside, notes = _inside((*corner, size.across(box.w), size.down(box.h)), size)
    return Drawn("rectangle", inside, inside[2] * inside[3], notes=notes)


def _rotated_box(record: Mapping[str, Any], size: ImageSize) -> Drawn:
    box = msgspec.convert(record["rotatableBoundingBox"], _Box)
    angle = box.theta % 360
    if not angle:
        return _rectangle(box, size)
    x, y = size.across(box.x + box.w / 2), size.down(box.y + box.h / 2)
    width, height = size.across(box.w), size.down(box.h)
    if width <= 0 or height <= 0:
        raise MalformedMask(NO_EXTENT)
    cosine, sine = _turn(angle)
    half_x, half_y = width / 2, height / 2
    outline = tuple(
        round(number, _DECIMALS)
        for dx, dy in ((-half_x, -half_y), (half_x, -half_y), (half_x, half_y), (-half_x, half_y))
        for number in (x + dx * cosine - dy * sine, y + dx * sine + dy * cosine)
    )
    exact = {"center": [x, y], "size": [width, height], "angle": angle}
    return _outlined("rotated rectangle", (outline,), size, exact=exact)


def _turn(angle: float) -> tuple[float, float]:
    """Return cosine and sine of degrees from 0 up to 360; exact for quarter turns."""
    return _QUARTERS.get(angle) or (math.cos(math.radians(angle)), math.sin(math.radians(angle)))


def _ellipse(record: Mapping[str, Any], size: ImageSize) -> Drawn:
    ellipse = msgspec.convert(record["ellipse"], _Ellipse)
    radii = size.across(ellipse.rx), size.down(ellipse.ry)
    return _turned_ellipse(ellipse, radii, size)


def _circle(record: Mapping[str, Any], size: ImageSize) -> Drawn:
    # Both radii are shares of the width, so that a circle stays one in any image.
    circle = msgspec.convert(record["circle"], _Circle)
    radii = size.across(circle.r), size.across(circle.r * circle.stretch)
    return _turned_ellipse(circle, radii, size)


def _turned_ellipse(
    drawn: _Ellipse | _Circle, radii: tuple[float, float], size: ImageSize
) -> Drawn:
    """Read an ellipse: its mask has the pixels whose centres lie in it."""
    x, y = size.across(drawn.x), size.down(drawn.y)
    angle = drawn.theta % 360
    cosine, sine = _turn(angle)
    half_x = round(math.hypot(radii[0] * cosine, radii[1] * sine), _DECIMALS)
    half_y = round(math.hypot(radii[0] * sine, radii[1] * cosine), _DECIMALS)
    box, notes = _inside((x - half_x, y - half_y, 2 * half_x, 2 * half_y), size)
    # Only the pixels of the box are looked at: images are large and ellipses small.
    left, top = math.floor(box[0]), math.floor(box[1])
    right, bottom = math.ceil(box[0] + box[2]), math.ceil(box[1] + box[3])
    dx = (np.arange(left, right) + 0.5 - x)[:, None]
    dy = np.arange(top, bottom) + 0.5 - y
    along, across = dx * cosine + dy * sine, dy * cosine - dx * sine
    columns, rows = np.nonzero((along / radii[0]) ** 2 + (across / radii[1]) ** 2 <= 1)
    masks = _set_at((columns + left) * size.height + rows + top, size)
    exact = {"center": [x, y], "radii": list(radii), "angle": angle}
    return _masked(Drawn("ellipse", box, 0.0, exact=exact, notes=notes), masks)


def _polygon(record: Mapping[str, Any], size: ImageSize) -> Drawn:
    """Read outlines; each polygon is its outer contour, then its holes.

    COCO's polygons have no holes: with holes there is only the mask.
    """
    read = msgspec.convert(record, _Outlines)
    polygons = read.polygons
    if not polygons:
        points = _in_order(read.polygon or [])
        polygons = [[[share for point in points for share in (point.x, point.y)]]]
    if not all(polygons):
        raise MalformedMask(FAULTS[NO_PART])
    scaled = [[_scaled(contour, size) for contour in contours] for contours in polygons]
    outer = tuple(contours[0] for contours in scaled)
    holed = any(len(contours) > 1 for contours in scaled)
    drawn = _outlined("polygon", outer, size)
    return _masked(replace(drawn, polygons=None), _cut(scaled, size)) if holed else drawn


def _outlined(
    kind: ShapeKind,
    outlines: tuple[Outline, ...],
    size: ImageSize,
    *,
    exact: Mapping[str, Any] | None = None,
) -> Drawn:
    """Return a shape of straight lines: its mask and the box around its corners."""
    masks = _rasterised([list(outlines)], size)  # refuses what has too few points
    xs = [number for outline in outlines for number in outline[::2]]
    ys = [number for outline in outlines for number in outline[1::2]]
    left, top = min(xs), min(ys)
    extent = round(max(xs) - left, _DECIMALS), round(max(ys) - top, _DECIMALS)
    box, notes = _inside((left, top, *extent), size)
    return _masked(Drawn(kind, box, 0.0, outlines, exact=exact, notes=notes), masks)


def _masked(drawn: Drawn, masks: Masks) -> Drawn:
    """Return what was drawn with its mask and the mask's area."""
    area = float(masks.areas[0])
    notes = drawn.notes if area else (*drawn.notes, NO_PIXEL)
    return replace(drawn, area=area, counts=masks.texts()[0], notes=notes)


def _inside(box: Box, size: ImageSize) -> tuple[Box, tuple[str, ...]]:
    """Return the part of a box that lies in the image, and a note if that is not all.

    Raises:
        MalformedMask: If the box has no extent or lies outside.
    """
    x, y, width, height = box
    if width <= 0 or height <= 0:
        raise MalformedMask(NO_EXTENT)
    beyond = max(-x, -y, x + width - size.width, y + height - size.height)
    if beyond <= 0:
        return box, ()
    left, top = max(x, 0.0), max(y, 0.0)
    right, bottom = min(x + width, float(size.width)), min(y + height, float(size.height))
    if right <= left or bottom <= top:
        raise MalformedMask("it lies outside the image; move it into the image or delete it")
    return (left, top, right - left, bottom - top), (CUT,) if beyond > _ROUNDING else ()


def _scaled(contour: list[float], size: ImageSize) -> Outline:
    sides = (size.across, size.down)
    return tuple(sides[place % 2](share) for place, share in enumerate(contour))


def _rasterised(objects: list[list[Outline]], size: ImageSize) -> Masks:
    masks, fault = rasterise_all(Polygons.from_lists(objects), [tuple(size)] * len(objects))
    refuse(fault)
    return masks


def _cut(polygons: list[list[Outline]], size: ImageSize) -> Masks:
    """Return the mask of polygons without their holes.

    All contours' runs are laid over each other, so that nothing as large as the image is drawn.
    """
    found = [_rasterised([[contour] for contour in contours], size) for contours in polygons]
    edges = [[np.cumsum(masks.runs(row)) for row in range(len(masks))] for masks in found]
    bounds = np.unique(np.concatenate([[0], *(each for contours in edges for each in contours)]))
    starts = bounds[:-1]
    covered = np.zeros(len(starts), dtype=np.bool_)
    for contours in edges:
        outer, *holes = (np.searchsorted(each, starts, side="right") % 2 == 1 for each in contours)
        for hole in holes:
            outer &= ~hole
        covered |= outer
    changes = np.flatnonzero(np.diff(covered, prepend=False))
    return _changing_at(starts[changes], size)


def _set_at(pixels: NDArray[np.int64], size: ImageSize) -> Masks:
    """Return the mask of some pixels, given in growing order, counted down the columns."""
    begins = np.flatnonzero(np.diff(pixels, prepend=-2) != 1)
    lasts = np.append(begins[1:], len(pixels))[: len(begins)] - 1
    return _changing_at(np.column_stack([pixels[begins], pixels[lasts] + 1]).ravel(), size)


def _changing_at(edges: NDArray[np.int64], size: ImageSize) -> Masks:
    """Return the mask that changes from zeros to ones and back before some pixels."""
    total = size.height * size.width
    runs = np.diff(edges, prepend=0, append=total)
    return Masks.from_runs([runs if runs[-1] else runs[:-1]], [tuple(size)])


def _bitmask(record: Mapping[str, Any], size: ImageSize) -> Drawn:
    """Read a mask: COCO's compressed runs, but along the rows instead of down the columns."""
    mask = msgspec.convert(record["bitmask"], _Bitmask)
    if (mask.top, mask.left, mask.height, mask.width) != (0, 0, *size):
        found = f"{mask.width} x {mask.height} at {mask.left}, {mask.top}"
        raise MalformedMask(f"the mask is {found}, the image {size.width} x {size.height} pixels")
    turned = (size.width, size.height)
    rows, fault = decode_texts([mask.rle_string.encode("ascii", "replace")], [turned])
    refuse(fault)
    if not rows.areas[0]:
        raise MalformedMask(f"{NO_PIXEL}; paint it again or delete it")
    masks = Masks.from_pictures([decode(rows.runs(0), turned).T])
    x, y, width, height = masks.boxes()[0].tolist()
    return _masked(Drawn("mask", (x, y, width, height), 0.0), masks)


DRAWINGS: Final[dict[str, Callable[[Mapping[str, Any], ImageSize], Drawn]]] = {
    "bounding_box": _box,
    "rotatable_bounding_box": _rotated_box,
    "ellipse": _ellipse,
    "circle": _circle,
    "polygon": _polygon,
    "bitmask": _bitmask,
}
"""Readers of the shapes that cover pixels, by Encord's name of the shape.

Each raises `msgspec.ValidationError` or `MalformedMask` for what is none, `KeyError` for what
lacks its geometry.
"""
