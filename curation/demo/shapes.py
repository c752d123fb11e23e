"""Visible shapes of drawn cells as COCO polygons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from pycocotools import mask as coco_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Contours are traced at four times the resolution, so that polygons follow the soft rim.
_OVERSAMPLING = 4
# A traced contour runs through the centres of the outermost fine pixels, 1/8 px too far inside;
# the rim rises by 1 per pixel, so a level of 1/2 - 1/8 undoes it.
_LEVEL = 0.5 - 0.5 / _OVERSAMPLING
_TOLERANCE = 0.3 * _OVERSAMPLING
_SMALLEST_PART = 12.0


@dataclass(frozen=True, slots=True)
class Shape:
    """The visible shape of one object.

    Attributes:
        class_name: the object's class.
        polygons: outlines as `[x1, y1, x2, y2, …]`, pixels.
        box: x, y, width, height: exactly the extent of the polygons, pixels.
        area: of the polygons as COCO rasterises them, px².
    """

    class_name: str
    polygons: tuple[tuple[float, ...], ...]
    box: tuple[float, float, float, float]
    area: int


def trace(class_name: str, alpha: NDArray[np.float32], *, left: int, top: int) -> Shape | None:
    """Return the shape of a soft mask, or None when nothing of it is visible.

    Args:
        class_name: the object's class.
        alpha: (h, w) share of each pixel that shows the object, cut at the image's edges.
        left: column of the first pixel in the image.
        top: row of the first pixel in the image.
    """
    if alpha.size == 0:
        return None
    size = (alpha.shape[1] * _OVERSAMPLING, alpha.shape[0] * _OVERSAMPLING)
    fine = cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR) >= _LEVEL
    contours, _ = cv2.findContours(fine.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    parts = []
    for contour in contours:
        if cv2.contourArea(contour) < _SMALLEST_PART * _OVERSAMPLING**2:
            continue
        corners = cv2.approxPolyDP(contour, _TOLERANCE, closed=True).reshape(-1, 2)
        if len(corners) >= 3:
            parts.append((corners + 0.5) / _OVERSAMPLING + (left, top))
    if not parts:
        return None
    polygons = tuple(tuple(np.round(part, 2).ravel().tolist()) for part in parts)
    return outlined(class_name, polygons)


def outlined(class_name: str, polygons: tuple[tuple[float, ...], ...]) -> Shape:
    """Return the shape with these polygons, its box and area worked out."""
    points = np.concatenate([np.reshape(polygon, (-1, 2)) for polygon in polygons])
    low, high = points.min(axis=0), points.max(axis=0)
    box = (*low.tolist(), *np.round(high - low, 2).tolist())
    return Shape(class_name, polygons, box, _area(polygons, low, high))


def _area(
    polygons: tuple[tuple[float, ...], ...], low: NDArray[np.float64], high: NDArray[np.float64]
) -> int:
    """Return the rasterised area, px²: on the smallest canvas, as whole shifts change nothing."""
    origin = np.floor(low)
    width, height = (np.ceil(high - origin) + 1).astype(int).tolist()
    shifted = [(np.reshape(p, (-1, 2)) - origin).ravel().tolist() for p in polygons]
    merged = coco_mask.merge(coco_mask.frPyObjects(shifted, height, width))
    return int(coco_mask.area(merged))
