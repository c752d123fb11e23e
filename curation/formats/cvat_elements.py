"""Shapes of CVAT's XML in pixels: box, polygon, ellipse and mask, each from its attributes.

Boxes and ellipses are turned about their centre, clockwise on screen, by `rotation` degrees. A
mask's runs start with zeros and go row by row over its window.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from curation.formats.pixel_spans import runs_of_columns, runs_of_window
from curation.formats.problems import (
    BOX_FAR_AWAY,
    BOX_NEGATIVE,
    COORDINATE_NOT_FINITE,
    IMAGE_SIZE_UNKNOWN,
    MASK_MALFORMED,
    RECORD_MALFORMED,
    ProblemKind,
)
from evaluation.errors import MalformedMask
from evaluation.mask_faults import FAULTS, MAX_COORDINATE, MAX_PIXELS, REACH, SIZE
from evaluation.polygons import check_polygons

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

Size = tuple[int, int]
Box = tuple[float, float, float, float]

_SHOWN: Final = 40
_NO_EXTENT: Final = 1e-6  # pixels; a radius below covers no pixel's centre, and its square may be 0
# Exact where the sides lie along the axes.
_QUARTERS: Final = {0.0: (1.0, 0.0), 90.0: (0.0, 1.0), 180.0: (-1.0, 0.0), 270.0: (0.0, -1.0)}


class BadShape(Exception):
    """A shape that cannot be read, and under which kind it counts."""

    def __init__(self, kind: ProblemKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sketch:
    """A shape whose mask is still to be drawn: from an outline, or from runs.

    `box`: xywh, pixels; None: that around the mask. `area`: px², for while there is no mask.
    `outline`: x, y, x, y, … in pixels. `runs`: zeros first, down the columns of the image.
    `exact`: what neither says, as label columns hold it.
    """

    box: Box | None
    area: float
    outline: list[float] | None = None
    runs: NDArray[np.int64] | None = None
    exact: bytes | None = None


def number(attributes: Mapping[str, str], name: str) -> float:
    """Return an attribute as a number.

    Raises:
        BadShape: If it is missing, no number, not finite or beyond any image.
    """
    text = attributes.get(name)
    if text is None:
        raise BadShape(RECORD_MALFORMED, f"{name} is missing")
    return _coordinate(text, name)


def points(attributes: Mapping[str, str]) -> list[float]:
    """Return the numbers of `points`, "x,y;x,y;…", as x, y, x, y, ….

    Raises:
        BadShape: If it is missing or has half a point, or a value that is no coordinate.
    """
    text = attributes.get("points", "")
    pairs = [pair.split(",") for pair in text.split(";")] if text else []
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise BadShape(RECORD_MALFORMED, f"points is {text[:_SHOWN]!r}, not 'x,y;x,y'")
    return [_coordinate(word, "a coordinate") for pair in pairs for word in pair]


def draw(tag: str, attributes: Mapping[str, str], size: Size) -> Sketch:
    """Return a shape in pixels, its mask not drawn yet.

    Args:
        tag: One of `SHAPES`.
        attributes: Those of its element.
        size: Height and width of the image, pixels, 0 while unknown.

    Raises:
        BadShape: If it cannot be read.
    """
    try:
        return SHAPES[tag](attributes, size)
    except MalformedMask as error:
        raise BadShape(MASK_MALFORMED, error.reason) from error


def _box(attributes: Mapping[str, str], size: Size) -> Sketch:
    left, top = number(attributes, "xtl"), number(attributes, "ytl")
    width, height = number(attributes, "xbr") - left, number(attributes, "ybr") - top
    if width < 0 or height < 0:
        raise BadShape(BOX_NEGATIVE, f"width {width:g}, height {height:g}")
    _check_reach((left, top, left + width, top + height), size)
    angle = _angle(attributes)
    if not angle:
        return Sketch((left, top, width, height), width * height)
    x, y = left + width / 2, top + height / 2
    cosine, sine = _turn(angle)
    across, down = (width / 2 * cosine, width / 2 * sine), (-height / 2 * sine, height / 2 * cosine)
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    outline = [
        value
        for right, below in signs
        for value in (
            x + right * across[0] + below * down[0],
            y + right * across[1] + below * down[1],
        )
    ]
    return _outlined(outline, size, exact={"center": [x, y], "size": [width, height]}, angle=angle)


def _polygon(attributes: Mapping[str, str], size: Size) -> Sketch:
    return _outlined(points(attributes), size)


def _outlined(
    outline: list[float], size: Size, *, exact: dict[str, Any] | None = None, angle: float = 0.0
) -> Sketch:
    columns, rows = outline[::2], outline[1::2]
    left, top = min(columns), min(rows)
    if not all(size):
        check_polygons([outline])
    said = None if exact is None else msgspec.json.encode({**exact, "angle": angle})
    box = (left, top, max(columns) - left, max(rows) - top)
    return Sketch(box, _enclosed(columns, rows), outline, exact=said)


def _ellipse(attributes: Mapping[str, str], size: Size) -> Sketch:
    """Return an ellipse: its mask has the pixels whose centres lie in it."""
    x, y = number(attributes, "cx"), number(attributes, "cy")
    radii = number(attributes, "rx"), number(attributes, "ry")
    if min(radii) < 0:
        raise BadShape(BOX_NEGATIVE, f"radii {radii[0]:g} and {radii[1]:g}")
    _check_drawable(size)
    angle = _angle(attributes)
    cosine, sine = _turn(angle)
    half = (
        math.hypot(radii[0] * cosine, radii[1] * sine),
        math.hypot(radii[0] * sine, radii[1] * cosine),
    )
    _check_reach((x - half[0], y - half[1], x + half[0], y + half[1]), size)
    if min(radii) < _NO_EXTENT:
        return Sketch((x - half[0], y - half[1], 2 * half[0], 2 * half[1]), 0.0)
    exact = msgspec.json.encode({"center": [x, y], "radii": list(radii), "angle": angle})
    box = (x - half[0], y - half[1], 2 * half[0], 2 * half[1])
    # The columns whose pixels' centres it reaches.
    first, stop = max(math.ceil(box[0] - 0.5), 0), min(math.floor(x + half[0] + 0.5), size[1])
    columns = np.arange(first, max(stop, first))
    # How far the middle of the cut at a column moves down while the column moves right.
    slope = (radii[0] ** 2 - radii[1] ** 2) * cosine * sine / half[0] ** 2
    along = columns + (0.5 - x)
    reach = radii[0] * radii[1] / half[0] ** 2 * np.sqrt(np.maximum(half[0] ** 2 - along**2, 0))
    middle = y + slope * along
    runs = runs_of_columns(columns, (middle - reach, middle + reach), size)
    return Sketch(box, math.pi * radii[0] * radii[1], runs=runs, exact=exact)


def _mask(attributes: Mapping[str, str], size: Size) -> Sketch:
    _check_drawable(size)
    left, top = _whole(attributes, "left"), _whole(attributes, "top")
    width, height = _whole(attributes, "width"), _whole(attributes, "height")
    if not (width and height) or left + width > size[1] or top + height > size[0]:
        reason = (
            f"its window is {width} x {height} at {left}, {top}, the image {size[1]} x {size[0]}"
        )
        raise BadShape(MASK_MALFORMED, reason)
    runs = _runs(attributes.get("rle", ""))
    if (runs < 0).any() or (runs > width * height).any() or int(runs.sum()) != width * height:
        reason = f"its runs do not fill its window of {width} x {height} pixels"
        raise BadShape(MASK_MALFORMED, reason)
    painted = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
    if not painted.any():
        raise BadShape(MASK_MALFORMED, "no pixel of it is set")
    area = float(runs[1::2].sum())
    return Sketch(None, area, runs=runs_of_window(painted, (left, top), size))


SHAPES: Final[dict[str, Callable[[Mapping[str, str], Size], Sketch]]] = {
    "box": _box,
    "polygon": _polygon,
    "ellipse": _ellipse,
    "mask": _mask,
}


def _coordinate(text: str, name: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise BadShape(RECORD_MALFORMED, f"{name} is {text[:_SHOWN]!r}, no number") from error
    if not math.isfinite(value):
        raise BadShape(COORDINATE_NOT_FINITE, f"{name} is {text[:_SHOWN]}")
    if abs(value) > MAX_COORDINATE:
        raise BadShape(BOX_FAR_AWAY, f"{name} is {value:g}")
    return value


def _check_drawable(size: Size) -> None:
    """Refuse to draw on an image whose size is not known or beyond what a mask may have."""
    if not all(size):
        raise BadShape(IMAGE_SIZE_UNKNOWN, "its mask needs the image's width and height")
    if size[0] * size[1] > MAX_PIXELS:
        raise MalformedMask(FAULTS[SIZE])


def _check_reach(corners: Box, size: Size) -> None:
    far = max(corners, key=abs)
    if all(size) and abs(far) > REACH * max(size):
        raise BadShape(BOX_FAR_AWAY, f"the coordinate {far:g} in an image of {size[1]} x {size[0]}")


def _angle(attributes: Mapping[str, str]) -> float:
    """Return the rotation in degrees, from 0 up to 360."""
    angle = _coordinate(attributes.get("rotation", "0"), "rotation") % 360
    return 0.0 if angle == 360 else angle  # what the remainder of -1e-20 rounds to


def _turn(angle: float) -> tuple[float, float]:
    """Return cosine and sine of degrees."""
    return _QUARTERS.get(angle) or (math.cos(math.radians(angle)), math.sin(math.radians(angle)))


def _enclosed(columns: list[float], rows: list[float]) -> float:
    """Return the area within an outline: the shoelace formula, px²."""
    turned = zip(columns, rows, columns[1:] + columns[:1], rows[1:] + rows[:1], strict=True)
    return abs(math.fsum(x * next_y - y * next_x for x, y, next_x, next_y in turned)) / 2


def _whole(attributes: Mapping[str, str], name: str) -> int:
    value = number(attributes, name)
    if value < 0 or not value.is_integer():
        raise BadShape(MASK_MALFORMED, f"{name} is {value:g}")
    return int(value)


def _runs(text: str) -> NDArray[np.int64]:
    try:
        return np.array([int(word) for word in text.split(",")], dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise BadShape(MASK_MALFORMED, f"rle is {text[:_SHOWN]!r}, not '0, 3, 5'") from error
