"""Shapes as annotation tools draw them, converted to pixels: what every tool's reader returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

ShapeKind = Literal["rectangle", "rotated rectangle", "polygon", "ellipse", "mask"]
MarkKind = Literal["choice", "text", "keypoint"]


@dataclass(frozen=True, slots=True)
class Shape:
    """One object, in pixels of its image.

    Args:
        key: Name of the region inside its annotation; unique there.
        class_name: The tool's class.
        kind: How it was drawn.
        box: (x, y, width, height) of the axis-aligned box around it, pixels.
        area: px²; of the mask where there is one.
        polygons: Outlines as COCO writes them ([x1, y1, x2, y2, …] each), pixels.
        counts: COCO's compressed run-length mask of the image's size.
        exact: What box and outline cannot say, such as centre, size and angle (degrees, clockwise).
        crowd: A crowd region.
        ignore: The file's own ignore flag.
        region: The tool's own record, untouched.
    """

    key: str
    class_name: str
    kind: ShapeKind
    box: tuple[float, float, float, float]
    area: float
    polygons: tuple[tuple[float, ...], ...] | None = None
    counts: bytes | None = None
    exact: Mapping[str, Any] | None = None
    crowd: bool = False
    ignore: bool = False
    region: Any = None


@dataclass(frozen=True, slots=True)
class ImageMark:
    """A choice or text for the whole image, or a keypoint at (x, y) pixels."""

    key: str
    kind: MarkKind
    field: str
    value: str
    x: float | None = None
    y: float | None = None
    region: Any = None


@dataclass(frozen=True, slots=True)
class RegionFault:
    """A region that cannot be converted, and why; its whole task waits."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class AnnotationShapes:
    """Everything one annotation holds."""

    shapes: tuple[Shape, ...] = ()
    marks: tuple[ImageMark, ...] = ()
    faults: tuple[RegionFault, ...] = ()
    warnings: tuple[RegionFault, ...] = field(default=())
