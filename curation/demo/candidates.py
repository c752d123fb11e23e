"""Candidates: the regions of a segmented picture, measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from pycocotools import mask as coco_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.float32]
    Binary = NDArray[np.uint8]

FEATURES: Final = (
    "log_area",
    "circularity",
    "solidity",
    "elongation",
    "blue",
    "green",
    "red",
    "grain",
    "violet",
    "nucleus",
    "contrast",
    "relative_size",
)
_SMALLEST_AREA: Final = 22
_RING: Final = np.ones((7, 7), np.uint8)
_CROSS: Final = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_NUCLEUS_DENSITY: Final = 0.48


@dataclass(frozen=True, slots=True)
class Candidates:
    """The regions found in one picture.

    Attributes:
        features: (N, 12) one column per name in `FEATURES`.
        boxes: (N, 4) xywh, pixels: the extent of each region.
        counts: N compressed run-length masks in COCO's text form.
        size: height, width of the picture, pixels.
    """

    features: NDArray[np.float64]
    boxes: NDArray[np.float64]
    counts: tuple[str, ...]
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, slots=True)
class _Region:
    """One region: its mask on a window of the picture."""

    mask: Binary
    contour: NDArray[np.int32]
    left: int
    top: int


def measure(binary: Binary, density: Plane, *, grow: bool) -> Candidates:
    """Return the measured regions of a mask.

    Args:
        binary: (h, w) cells, 0 or 1; regions are connected over edges.
        density: (h, w, 3) optical density of blue, green, red.
        grow: give each region back the one-pixel line that a watershed took from it.
    """
    count, found, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=4)
    labels = np.asarray(found, dtype=np.int32)
    features, boxes, counts = [], [], []
    size = (binary.shape[0], binary.shape[1])
    for number in range(1, count):
        if stats[number, cv2.CC_STAT_AREA] < _SMALLEST_AREA:
            continue
        region = _region(labels, stats[number], number, grow=grow)
        row, column, height, width = _extent(region.mask)
        boxes.append((region.left + column, region.top + row, width, height))
        counts.append(_run_lengths(region, size))
        features.append(_features(region, density))
    table = np.array(features, dtype=np.float64).reshape(-1, len(FEATURES))
    if len(table):
        # Magnification differs from picture to picture: size also relative to its neighbours.
        table[:, -1] = table[:, 0] - np.median(table[:, 0])
    return Candidates(
        features=table,
        boxes=np.array(boxes, dtype=np.float64).reshape(-1, 4),
        counts=tuple(counts),
        size=size,
    )


def _region(
    labels: NDArray[np.int32], stats: NDArray[np.int32], number: int, *, grow: bool
) -> _Region:
    """Return a labelled region without holes, on a window with a margin where there is room."""
    left, top, width, height = stats[:4].tolist()
    x, y = max(left - 4, 0), max(top - 4, 0)
    window = labels[y : top + height + 4, x : left + width + 4] == number
    mask = window.astype(np.uint8)
    if grow:
        mask = np.asarray(cv2.dilate(mask, _CROSS), dtype=np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = max(contours, key=cv2.contourArea)
    whole = np.zeros_like(mask)
    cv2.drawContours(whole, [contour], -1, color=1, thickness=cv2.FILLED)
    return _Region(whole, np.asarray(contour, dtype=np.int32), x, y)


def _extent(mask: Binary) -> tuple[int, int, int, int]:
    """Return first row, first column, height and width of what is set."""
    column, row, width, height = cv2.boundingRect(mask)
    return row, column, height, width


def _run_lengths(region: _Region, size: tuple[int, int]) -> str:
    """Return COCO's compressed run-length mask of a region on the whole picture.

    Runs go down the columns. Only the window is looked at: encoding whole pictures for every
    region would take longer than finding the regions.
    """
    height, width = size
    padded = np.zeros((region.mask.shape[1], region.mask.shape[0] + 2), dtype=bool)
    padded[:, 1:-1] = region.mask.T
    # Each column starts and ends outside, so its changes are a start, an end, a start, …
    columns, rows = np.nonzero(padded[:, 1:] != padded[:, :-1])
    edges = (columns + region.left) * height + region.top + rows
    # A run to the bottom of a column goes on at the top of the next: one run, not two.
    touching = np.flatnonzero(edges[1:-1:2] == edges[2::2]) * 2 + 1
    if len(touching):
        edges = np.delete(edges, np.concatenate([touching, touching + 1]))
    # The last run is left out when it is empty, as COCO's own encoder does.
    rest = [height * width] if edges[-1] < height * width else []
    limits = np.array([0, *edges.tolist(), *rest])
    runs = (limits[1:] - limits[:-1]).tolist()
    encoded = coco_mask.frPyObjects({"counts": runs, "size": [height, width]}, height, width)
    return str(encoded["counts"], "ascii")


def _features(region: _Region, density: Plane) -> tuple[float, ...]:
    """Return the measurements of a region in the order of `FEATURES`; the last is set later."""
    rows, columns = region.mask.shape
    window = density[region.top : region.top + rows, region.left : region.left + columns]
    means, deviations = cv2.meanStdDev(window, mask=region.mask)
    blue, green, red = np.ravel(means).tolist()
    area = float(cv2.countNonZero(region.mask))
    perimeter = max(cv2.arcLength(region.contour, closed=True), 1.0)
    hull = cv2.contourArea(cv2.convexHull(region.contour))
    ring = np.asarray(cv2.dilate(region.mask, _RING)) - region.mask
    outside = float(cv2.mean(window, mask=ring)[1])
    dark = cv2.countNonZero(region.mask & (window[..., 2] > _NUCLEUS_DENSITY))
    return (
        float(np.log(area)),
        4 * np.pi * area / perimeter**2,
        (cv2.contourArea(region.contour) + 1) / (hull + 1),
        _elongation(region.mask),
        blue,
        green,
        red,
        float(np.ravel(deviations)[1]),
        red / max(green, 0.02),
        dark / area,
        green - outside,
        0.0,
    )


def _elongation(mask: Binary) -> float:
    """Return the long axis divided by the short one, from second moments."""
    moments = cv2.moments(mask, binaryImage=True)
    mean = (moments["mu20"] + moments["mu02"]) / 2
    spread = np.hypot((moments["mu20"] - moments["mu02"]) / 2, moments["mu11"])
    return float(np.sqrt((mean + spread + 1) / (mean - spread + 1)))
