"""The twin of `_oriented_kernel.pyx` for installs without a compiler: same results, same bits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evaluation._kernel_numpy import pair_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.oriented_boxes import Quadrilaterals

    Column = NDArray[np.float64]

# Pairs clipped together: bounds the memory of their corners to some tens of megabytes.
_CLIPPED = 1 << 15


def oriented_pairs(  # noqa: PLR0913, PLR0917 - a kernel takes flat columns
    predictions: Quadrilaterals,
    truths: Quadrilaterals,
    crowd: NDArray[np.uint8],
    pred_order: NDArray[np.int64],
    truth_order: NDArray[np.int64],
    cells: NDArray[np.int64],
    floor: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Find the pairs of quadrilaterals of one cell whose IoU reaches a floor.

    A pair is clipped only where the common part of both extents and both areas allow the floor.
    Two rectangles along the axes are measured as boxes are: extents, no clipping.

    Args:
        predictions: Of P rows.
        truths: Of G rows.
        crowd: (G,) whether a ground truth is a crowd region: IoU is then intersection / area of
            the prediction.
        pred_order: (P,) rows.
        truth_order: (G,) rows.
        cells: (C, 4) as `cut_into_cells` lists them.
        floor: Smallest IoU of interest, above 0.

    Returns:
        Three parallel arrays, cell by cell and prediction by prediction: row of the prediction,
        row of the ground truth, IoU.
    """
    found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
    for pred, truth in pair_blocks(cells):
        rows = pred_order[pred], truth_order[truth]
        near = np.flatnonzero(_may_reach(predictions, truths, crowd, rows, floor))
        for low in range(0, len(near), _CLIPPED):
            p, t = (side[near[low : low + _CLIPPED]] for side in rows)
            iou = _iou(predictions, truths, crowd, (p, t))
            kept = np.flatnonzero(iou >= floor)
            found.append((p[kept], t[kept], iou[kept]))
    preds, matched, ious = (np.concatenate(column) for column in zip(*found, strict=True))
    return preds, matched, ious


Rows = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


def _common(predictions: Quadrilaterals, truths: Quadrilaterals, rows: Rows) -> tuple[Column, ...]:
    """Give width and height of the common part of both extents."""
    own, other = predictions.extents[rows[0]].T, truths.extents[rows[1]].T
    width = np.minimum(own[2], other[2]) - np.maximum(own[0], other[0])
    return width, np.minimum(own[3], other[3]) - np.maximum(own[1], other[1])


def _may_reach(
    predictions: Quadrilaterals,
    truths: Quadrilaterals,
    crowd: NDArray[np.uint8],
    rows: Rows,
    floor: float,
) -> NDArray[np.bool_]:
    with np.errstate(over="ignore", invalid="ignore"):  # such pairs are no number and no match
        width, height = _common(predictions, truths, rows)
        area, truth_area = predictions.areas[rows[0]], truths.areas[rows[1]]
        shared = np.minimum(width * height, np.minimum(area, truth_area))
        whole = np.where(crowd[rows[1]] != 0, area, area + truth_area - shared)
        may: NDArray[np.bool_] = ~(shared < floor * (1 - 1e-6) * whole) & (width > 0)
        return may & (height > 0)


def _iou(
    predictions: Quadrilaterals, truths: Quadrilaterals, crowd: NDArray[np.uint8], rows: Rows
) -> NDArray[np.float64]:
    p, t = rows
    area, truth_area = predictions.areas[p], truths.areas[t]
    least = np.minimum(area, truth_area)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        width, height = _common(predictions, truths, rows)
        shared = np.minimum(width * height, least)
        askew = np.flatnonzero((predictions.upright[p] & truths.upright[t]) == 0)
        clipped = _intersection(predictions.corners[p[askew]], truths.corners[t[askew]])
        shared[askew] = np.maximum(np.minimum(clipped, least[askew]), 0)
        iou: NDArray[np.float64] = shared / np.where(
            crowd[t] != 0, area, area + truth_area - shared
        )
    return iou


def _intersection(quads: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Clip quadrilaterals (E, 4, 2) by others, row by row, and measure what is left."""
    origin = others[:, :1]
    corners, n = quads - origin, np.full(len(quads), 4)
    local = others - origin
    edges = np.roll(others, -1, axis=1) - others
    for side in range(4):
        corners, n = _cut(corners, n, local[:, side, None], edges[:, side, None])
    # Corners that are not there repeat the first: their triangles have no area.
    there = np.arange(corners.shape[1]) < n[:, None]
    corners = np.where(there[..., None], corners, corners[:, :1]) - corners[:, :1]
    x, y = corners[..., 0], corners[..., 1]
    twice = np.zeros(len(quads))
    for at in range(1, corners.shape[1] - 1):
        twice += x[:, at] * y[:, at + 1] - x[:, at + 1] * y[:, at]
    return twice / 2


def _cut(
    corners: NDArray[np.float64],
    n: NDArray[np.int64],
    start: NDArray[np.float64],
    edge: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Keep what lies left of a line: corners (E, W, 2), of which the first n of each row count."""
    slot = np.arange(corners.shape[1])
    there = slot < n[:, None]
    following = np.where(slot + 1 < n[:, None], slot + 1, 0)
    away = corners - start
    inside = edge[..., 0] * away[..., 1] - edge[..., 1] * away[..., 0]
    then = np.take_along_axis(inside, following, axis=1)
    stays = there & (inside >= 0)
    crosses = there & ((inside >= 0) != (then >= 0))
    share = inside / np.where(crosses, inside - then, 1)
    ahead = np.take_along_axis(corners, following[..., None], axis=1)
    crossings = corners + share[..., None] * (ahead - corners)
    emitted = np.stack([stays, crosses], axis=2).reshape(len(corners), 2 * len(slot))
    place = np.cumsum(emitted, axis=1) - 1
    left = place[:, -1] + 1
    cut = np.zeros((len(corners), max(int(left.max(initial=0)), 3), 2))
    offered = np.stack([corners, crossings], axis=2).reshape(len(corners), 2 * len(slot), 2)
    row, column = np.nonzero(emitted)
    cut[row, place[row, column]] = offered[row, column]
    return cut, left
