"""Label Studio's shapes, given in percent of their image, as outlines in pixels.

Percent become pixels first, then the shape is turned, clockwise on screen: rectangles about their
stored corner, ellipses about their centre, as the editor draws them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from curation.formats.label_studio_brush import decode_brush
from curation.formats.label_studio_values import BadRegion, number
from evaluation.mask_faults import REACH
from evaluation.masks import Masks
from evaluation.polygons import rasterise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.formats.shapes import ShapeKind

Size = tuple[int, int]
Box = tuple[float, float, float, float]
Point = tuple[float, float]

CUT: Final = "it reaches outside the image and is cut at the border"
NO_PIXEL: Final = "its mask covers no pixel"
NOT_CLOSED: Final = "the polygon was not closed; it is read as if it were"

# Less than this, in pixels, is the editor's rounding and nobody's mistake.
_ROUNDING: Final = 0.01
# Exact where the sides lie along the axes.
_QUARTERS: Final = {0.0: (1.0, 0.0), 90.0: (0.0, 1.0), 180.0: (-1.0, 0.0), 270.0: (0.0, -1.0)}


@dataclass(frozen=True, slots=True)
class Outline:
    """A shape without its class; the columns of `curation.formats.shapes.Shape`.

    `notes` are what an annotator may want to know.
    """

    kind: ShapeKind
    box: Box
    area: float
    polygons: tuple[tuple[float, ...], ...] | None = None
    counts: bytes | None = None
    exact: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()


Reader = Callable[[Mapping[str, Any], Size], Outline]


def point(value: Mapping[str, Any], size: Size) -> Point:
    """Return the x and y of a region in pixels.

    Raises:
        BadRegion: If they are no numbers or more than ten image sides away.
    """
    return _reachable(_pixels(value, "x", size[1]), _pixels(value, "y", size[0]), size)


def point_inside(value: Mapping[str, Any], size: Size) -> Point:
    """Return the x and y of a point in the image, in pixels.

    Raises:
        BadRegion: If it lies outside: at the border it would be another point.
    """
    x, y = point(value, size)
    inside = min(max(x, 0.0), float(size[1])), min(max(y, 0.0), float(size[0]))
    if math.dist((x, y), inside) > _ROUNDING:
        raise BadRegion(f"the point ({x:g}, {y:g}) lies outside the image; move it into the image")
    return inside


def rectangle(value: Mapping[str, Any], size: Size) -> Outline:
    """Read a rectangle; turned, it has corners, a mask and `exact` center, size and angle."""
    x, y = point(value, size)
    width = _extent(value, "width", size[1])
    height = _extent(value, "height", size[0])
    angle = _angle(value)
    if not angle:
        _reachable(x + width, y + height, size)
        box, notes = _inside((x, y, width, height), size)
        return Outline("rectangle", box, box[2] * box[3], notes=notes)
    cos, sin = _turn(angle)
    right, down = (width * cos, width * sin), (-height * sin, height * cos)
    corners = (
        (x, y),
        (x + right[0], y + right[1]),
        (x + right[0] + down[0], y + right[1] + down[1]),
        (x + down[0], y + down[1]),
    )
    exact = {
        "center": [x + (right[0] + down[0]) / 2, y + (right[1] + down[1]) / 2],
        "size": [width, height],
        "angle": angle,
    }
    return _drawn("rotated rectangle", corners, size, exact=exact)


def polygon(value: Mapping[str, Any], size: Size) -> Outline:
    """Read a polygon."""
    points = value.get("points")
    if not isinstance(points, list) or len(points) < 3:
        raise BadRegion("the polygon has fewer than three points; complete or delete it")
    corners = tuple(_corner(each, size) for each in points)
    notes = (NOT_CLOSED,) if value.get("closed") is False else ()
    return _drawn("polygon", corners, size, notes=notes)


def ellipse(value: Mapping[str, Any], size: Size) -> Outline:
    """Read an ellipse: its mask has the pixels whose centres lie in it; `exact` says the rest."""
    x, y = point(value, size)
    radii = _extent(value, "radiusX", size[1]), _extent(value, "radiusY", size[0])
    angle = _angle(value)
    cos, sin = _turn(angle)
    half = math.hypot(radii[0] * cos, radii[1] * sin), math.hypot(radii[0] * sin, radii[1] * cos)
    _reachable(x - half[0], y - half[1], size)
    _reachable(x + half[0], y + half[1], size)
    box, notes = _inside((x - half[0], y - half[1], 2 * half[0], 2 * half[1]), size)
    # How far the middle of the cut at a column moves down while the column moves right.
    slope = (radii[0] ** 2 - radii[1] ** 2) * cos * sin / half[0] ** 2
    columns = np.arange(size[1]) + 0.5 - x
    with np.errstate(invalid="ignore"):  # NaN in columns that the ellipse does not reach
        reach = radii[0] * radii[1] / half[0] * np.sqrt(1 - (columns / half[0]) ** 2)
    middle = y + slope * columns
    mask = _spans(np.array([middle - reach, middle + reach]), size)
    area = float(mask.areas[0])
    return Outline(
        "ellipse",
        box,
        area,
        counts=mask.texts()[0],
        exact={"center": [x, y], "radii": list(radii), "angle": angle},
        notes=notes if area else (*notes, NO_PIXEL),
    )


def brush(value: Mapping[str, Any], size: Size) -> Outline:
    """Read a brush mask; its box is the box around its pixels."""
    if value.get("format", "rle") != "rle":
        raise BadRegion("the brush mask is not of the format rle; paint it again")
    mask = decode_brush(value.get("rle"), size)
    area = float(mask.areas[0])
    if not area:
        raise BadRegion("the brush mask covers no pixel; paint it again or delete it")
    x, y, width, height = mask.boxes()[0].tolist()
    return Outline("mask", (x, y, width, height), area, counts=mask.texts()[0])


def _pixels(value: Mapping[str, Any], name: str, side: int) -> float:
    return number(value.get(name), name) / 100 * side


def _extent(value: Mapping[str, Any], name: str, side: int) -> float:
    extent = _pixels(value, name, side)
    if extent <= 0:
        raise BadRegion(f"{name} is not positive; draw it again or delete it")
    return extent


def _angle(value: Mapping[str, Any]) -> float:
    """Return the rotation in degrees, from 0 up to 360."""
    rotation = value.get("rotation")
    angle = 0.0 if rotation is None else number(rotation, "rotation") % 360
    return 0.0 if angle == 360 else angle  # what the remainder of -1e-20 rounds to


def _turn(angle: float) -> Point:
    """Return cosine and sine of degrees."""
    return _QUARTERS.get(angle) or (math.cos(math.radians(angle)), math.sin(math.radians(angle)))


def _corner(each: Any, size: Size) -> Point:
    if not isinstance(each, list | tuple) or len(each) != 2:
        raise BadRegion("a point of the polygon is not x and y")
    return point({"x": each[0], "y": each[1]}, size)


def _reachable(x: float, y: float, size: Size) -> Point:
    """Return a point; raise where it is so far away that it cannot be meant."""
    if max(abs(x), abs(y)) > REACH * max(size):
        raise BadRegion(f"a coordinate is more than {REACH} image sides away; draw it again")
    return x, y


def _inside(box: Box, size: Size) -> tuple[Box, tuple[str, ...]]:
    """Return the part of a box that lies in the image, and a note if that is not all."""
    x, y, width, height = box
    beyond = max(-x, -y, x + width - size[1], y + height - size[0])
    if beyond <= 0:
        return box, ()
    left, top = max(x, 0.0), max(y, 0.0)
    right, bottom = min(x + width, float(size[1])), min(y + height, float(size[0]))
    if right <= left or bottom <= top:
        raise BadRegion("it lies outside the image; move it into the image or delete it")
    return (left, top, right - left, bottom - top), (CUT,) if beyond > _ROUNDING else ()


def _drawn(
    kind: ShapeKind,
    corners: tuple[Point, ...],
    size: Size,
    *,
    exact: Mapping[str, Any] | None = None,
    notes: tuple[str, ...] = (),
) -> Outline:
    """Return a shape of straight lines: its mask and the box around its corners."""
    for corner in corners:
        _reachable(*corner, size)
    columns, rows = zip(*corners, strict=True)
    x, y = min(columns), min(rows)
    width, height = max(columns) - x, max(rows) - y
    if width <= 0 or height <= 0:
        raise BadRegion("all its points lie on one line; draw it again or delete it")
    box, cut = _inside((x, y, width, height), size)
    outline = tuple(value for corner in corners for value in corner)
    counts = rasterise([outline], size)
    area = float(Masks.from_texts([counts], [size]).areas[0])
    notes = (*notes, *cut) if area else (*notes, *cut, NO_PIXEL)
    return Outline(kind, box, area, polygons=(outline,), counts=counts, exact=exact, notes=notes)


def _spans(ends: NDArray[np.float64], size: Size) -> Masks:
    """Return the mask of the pixels whose centres lie between two heights in each column.

    Args:
        ends: (2, W) upper and lower y, pixels; NaN where a column has none.
        size: Height H and width W of the image, pixels.
    """
    height, width = size
    columns = np.flatnonzero(~np.isnan(ends[0]))
    first = np.maximum(np.ceil(ends[0, columns] - 0.5), 0).astype(np.int64)
    stop = np.minimum(np.floor(ends[1, columns] - 0.5) + 1, height).astype(np.int64)
    filled = first < stop
    starts = (columns * height + first)[filled]
    stops = (columns * height + stop)[filled]
    # Where one span ends at the bottom and the next begins at the top they are one run.
    apart = starts[1:] != stops[:-1]
    starts = np.concatenate([starts[:1], starts[1:][apart]])
    stops = np.concatenate([stops[:-1][apart], stops[-1:]])
    runs = np.diff(np.column_stack([starts, stops]).ravel(), prepend=0, append=height * width)
    return Masks.from_runs([runs if runs[-1] else runs[:-1]], [size])
