"""The twin of `_polygon_kernel.pyx` for installs without a compiler: same functions, same results.

Polygons go to pycocotools once they are checked.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from evaluation._mask_edges_numpy import measure, pixels_of
from evaluation.mask_faults import (
    FAR,
    FEW_POINTS,
    HALF_POINT,
    LONG_OUTLINE,
    MAX_COORDINATE,
    MAX_OUTLINE,
    NO_PART,
    NOT_FINITE,
    OK,
    REACH,
    SIZE,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.masks import Masks
    from evaluation.polygons import Polygons

    Column = NDArray[np.int64]


def measure_polygons(
    polygons: Polygons,
    sizes: NDArray[np.int32],
    room: Column,
    fault: NDArray[np.int8],
    low: int,
    high: int,
) -> None:
    """Check objects low .. high - 1 and count the edges that each can have at most."""
    pixels = pixels_of(sizes)
    for row in range(low, high):
        parts = _parts(polygons, row)
        fault[row] = _fault_of_polygons(parts, sizes[row]) if pixels[row] else SIZE
        room[row] = 1 if fault[row] else 1 + sum(_crossings(part, sizes[row]) + 2 for part in parts)


def rasterise(
    polygons: Polygons, masks: Masks, fault: NDArray[np.int8], low: int, high: int
) -> None:
    """Rasterise objects low .. high - 1 into masks with the room of `measure_polygons`.

    A faulty object becomes an empty mask.
    """
    from pycocotools import mask as coco_mask  # noqa: PLC0415 - boxes do without it

    from evaluation.masks import Masks  # noqa: PLC0415 - that module chooses this one

    for row in range(low, high):
        if fault[row] != OK:
            continue
        size = masks.sizes[row].tolist()
        parts = coco_mask.frPyObjects([part.tolist() for part in _parts(polygons, row)], *size)
        whole = parts[0] if len(parts) == 1 else coco_mask.merge(parts)
        edges = Masks.from_texts([whole["counts"]], [size]).edges
        masks.edges[masks.starts[row] :][: len(edges)] = edges
        masks.lengths[row] = len(edges)
    measure(masks, fault, pixels_of(masks.sizes), low, high)


def _parts(polygons: Polygons, row: int) -> list[NDArray[np.float64]]:
    """Give the coordinates of each part of an object."""
    first, last = polygons.object_starts[row : row + 2].tolist()
    bounds = polygons.part_starts[first : last + 1].tolist()
    return [polygons.coordinates[low:high] for low, high in pairwise(bounds)]


def _fault_of_polygons(parts: list[NDArray[np.float64]], size: NDArray[np.int32]) -> int:
    """Say what is wrong with the parts of one object: the least of all faults."""
    if not parts:
        return NO_PART
    faults = [_fault_of_part(part, REACH * int(size.max())) for part in parts]
    fault = min((fault for fault in faults if fault != OK), default=OK)
    if fault != OK:
        return fault
    outline = 0.0
    for part in parts:
        points = part.reshape(-1, 2)
        steps = np.abs(points - np.roll(points, 1, axis=0)).max(axis=1)
        # Summed in order, as the compiled kernel does.
        outline = float(np.cumsum(np.concatenate([[outline], 5 * steps + 1]))[-1])
    return LONG_OUTLINE if outline > MAX_OUTLINE else OK


def _fault_of_part(part: NDArray[np.float64], reach: int) -> int:
    if len(part) < 6:
        return FEW_POINTS
    if len(part) % 2:
        return HALF_POINT
    # NaN fails every comparison, so this refuses it too.
    furthest = np.abs(part).max()
    if not furthest <= MAX_COORDINATE:
        return NOT_FINITE
    return FAR if furthest > reach else OK


def _crossings(part: NDArray[np.float64], size: NDArray[np.int32]) -> int:
    """Count how often an outline can cross a column's centre inside the image, or more."""
    x = (5 * part[::2] + 0.5).astype(np.int64)
    before = np.roll(x, 1)
    low, high = np.minimum(x, before), np.minimum(np.maximum(x, before), 5 * int(size[1]) + 5)
    columns = (np.maximum([low, high], 0) + 2) // 5
    return int(np.maximum(columns[1] - columns[0], 0).sum())
