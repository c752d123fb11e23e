"""Overlap of run-length masks: which pairs can overlap enough, and their exact IoU.

Formulas and their order of operations are those of `rleIou` in pycocotools' `maskApi.c`, so that
every IoU has the same bits: a threshold that is met there is met here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evaluation import kernels
from evaluation.errors import MismatchedColumns, MissingMasks, PositionOutOfRange
from evaluation.masks import in_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.candidates import Cells
    from evaluation.instances import Instances
    from evaluation.masks import Masks

kernel = kernels.kernel("mask_overlap_kernel")


def mask_pairs(
    truth: Instances, predictions: Instances, cells: Cells, floor: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Find the pairs of one cell whose masks reach a floor.

    Pairs are pruned before their pixels are counted: the intersection is at most either area and
    at most the common part of both extents. Division rounds monotonically, so a bound below the
    floor proves the IoU is below it too.

    Args:
        truth: Ground truth with masks.
        predictions: Predictions with masks.
        cells: Where both tables meet.
        floor: Smallest IoU of interest, above 0.

    Returns:
        Row of the prediction, row of the ground truth, IoU; three parallel (E,) arrays, the pairs
        of one prediction together.

    Raises:
        MissingMasks: If a table has no masks.
        PositionOutOfRange: If the cells name rows that are not there.
    """
    pred_masks = required_masks(predictions, "predictions")
    truth_masks = required_masks(truth, "ground truth")
    rows = _near_pairs(pred_masks, truth_masks, truth.crowd, cells, floor)
    iou = mask_iou(pred_masks, truth_masks, truth.crowd, rows)
    enough = np.flatnonzero(iou >= floor)
    return rows[0][enough], rows[1][enough], iou[enough]


def mask_iou(
    predictions: Masks,
    truth: Masks,
    crowd: NDArray[np.bool_],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> NDArray[np.float64]:
    """Measure the overlap of chosen pairs of masks.

    IoU = intersection / union; against a crowd region intersection / area of the prediction.

    Args:
        predictions: Masks of the predictions.
        truth: Masks of the ground truth.
        crowd: Whether each ground truth is a crowd region, one flag a mask of `truth`.
        pairs: Two (E,) index arrays, into `predictions` and `truth`.

    Returns:
        (E,) IoU; −1 where two masks are of images of different sizes, as in pycocotools.

    Raises:
        MismatchedColumns: If the index arrays or the flags differ in length.
        PositionOutOfRange: If a pair names a mask that is not there.

    Example:
        >>> from evaluation import Masks
        >>> found, truth = (Masks.from_runs([runs], [(1, 4)]) for runs in ([0, 3, 1], [1, 3]))
        >>> mask_iou(found, truth, np.array([False]), (np.array([0]), np.array([0]))).tolist()
        [0.5]
    """
    rows, others = pairs
    if rows.shape != others.shape:
        raise MismatchedColumns("pairs", rows.shape, others.shape)
    _check_rows("pairs", rows, len(predictions))
    _check_rows("pairs", others, len(truth))
    flags = _flags(crowd, truth)
    iou = np.empty(len(rows))
    in_blocks(
        predictions.lengths[rows] + truth.lengths[others],
        lambda *block: kernel.overlaps(predictions, truth, pairs, flags, iou, *block),
    )
    return iou


def required_masks(table: Instances, name: str) -> Masks:
    """Give the masks of a table.

    Raises:
        MissingMasks: If it has none.
    """
    if table.masks is None:
        raise MissingMasks(name)
    return table.masks


def _near_pairs(
    predictions: Masks, truth: Masks, crowd: NDArray[np.bool_], cells: Cells, floor: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the pairs that may reach the floor: counted first, then written into their room."""
    _check_rows("pred_order", cells.pred_order, len(predictions))
    _check_rows("truth_order", cells.truth_order, len(truth))
    shared = cells.shared
    _check_rows("shared", shared[:, :2], len(cells.pred_order) + 1)
    _check_rows("shared", shared[:, 2:], len(cells.truth_order) + 1)
    sides = predictions, truth, _flags(crowd, truth), cells.pred_order, cells.truth_order

    def find(low: int, high: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        total = kernel.near_pairs(*sides, shared[low:high], floor, None)
        found = np.empty(total, dtype=np.int64), np.empty(total, dtype=np.int64)
        kernel.near_pairs(*sides, shared[low:high], floor, found)
        return found

    parts = in_blocks((shared[:, 1] - shared[:, 0]) * (shared[:, 3] - shared[:, 2]), find)
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _flags(crowd: NDArray[np.bool_], truth: Masks) -> NDArray[np.uint8]:
    if crowd.shape != (len(truth),):
        raise MismatchedColumns("crowd", (len(truth),), crowd.shape)
    return np.ascontiguousarray(crowd, dtype=np.bool_).view(np.uint8)


def _check_rows(name: str, rows: NDArray[np.int64], length: int) -> None:
    if rows.size and (int(rows.min()) < 0 or int(rows.max()) >= length):
        raise PositionOutOfRange(name, length=length)
