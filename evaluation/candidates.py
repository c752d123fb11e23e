"""Candidate pairs: a prediction and a ground truth of one image and class that overlap enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from evaluation import _kernel_numpy as kernel
from evaluation.overlap import (
    box_columns_iou,
    largest_mask_iou,
    mask_areas_and_extents,
    mask_iou,
    required_masks,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from evaluation.instances import Instances

    Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]

IouType = Literal["bbox", "segm"]


@dataclass(frozen=True, slots=True)
class Cells:
    """Both tables sorted by cell, one (image, class) each.

    `pred_order` and `truth_order` are row numbers in walking order; `pred_cell` and `truth_cell`
    are the cell numbers along them, ascending.
    """

    pred_order: NDArray[np.int64]
    pred_cell: NDArray[np.int64]
    truth_order: NDArray[np.int64]
    truth_cell: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs in walking order; three parallel (E,) arrays.

    `pred` and `truth` are positions in the walking orders of the `Cells`. The pairs of one
    prediction are in order of preference: best IoU first, of equal IoU the later ground truth.
    """

    pred: NDArray[np.int64]
    truth: NDArray[np.int64]
    iou: NDArray[np.float64]


def find_candidates(
    truth: Instances, predictions: Instances, cells: Cells, *, iou_type: IouType, floor: float
) -> Candidates:
    """Find the pairs of one image and class whose IoU reaches a floor.

    Args:
        truth: Ground truth.
        predictions: Predictions.
        cells: The walking order of both.
        iou_type: Whether boxes or masks overlap.
        floor: Smallest IoU of interest, above 0.

    Raises:
        MissingMasks: If masks are to be compared and a table has none.
    """
    pred, true, iou = _PAIRS[iou_type](truth, predictions, cells, floor)
    preference = np.lexsort((-true, -iou, pred))
    return Candidates(pred[preference], true[preference], iou[preference])


def _box_pairs(truth: Instances, predictions: Instances, cells: Cells, floor: float) -> Pairs:
    """Find pairs of overlapping boxes."""
    return _touching(
        predictions.boxes, truth.boxes, truth.crowd, cells, keep=lambda iou: iou >= floor
    )


def _mask_pairs(truth: Instances, predictions: Instances, cells: Cells, floor: float) -> Pairs:
    """Find pairs of overlapping masks; native code sees only those that their extents allow."""
    pred_masks = required_masks(predictions, "predictions")
    truth_masks = required_masks(truth, "ground truth")
    area, extent = mask_areas_and_extents(pred_masks)
    truth_area, truth_extent = mask_areas_and_extents(truth_masks)
    none = np.zeros(len(truth), dtype=np.bool_)
    pred, true, _ = _touching(extent, truth_extent, none, cells, keep=lambda iou: iou > 0)
    row, truth_row = cells.pred_order[pred], cells.truth_order[true]
    crowd = truth.crowd[truth_row]
    shared = _shared_area(extent[row], truth_extent[truth_row])
    near = largest_mask_iou(area[row], truth_area[truth_row], shared, crowd) >= floor
    pred, true, row, truth_row = pred[near], true[near], row[near], truth_row[near]
    iou = mask_iou(pred_masks, truth_masks, truth.crowd, (row, truth_row), cells.pred_cell[pred])
    enough = iou >= floor
    return pred[enough], true[enough], iou[enough]


# How pairs are found for each kind of overlap.
_PAIRS: Mapping[IouType, Callable[[Instances, Instances, Cells, float], Pairs]] = {
    "bbox": _box_pairs,
    "segm": _mask_pairs,
}


def _touching(
    boxes: NDArray[np.float64],
    truth_boxes: NDArray[np.float64],
    crowd: NDArray[np.bool_],
    cells: Cells,
    *,
    keep: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
) -> Pairs:
    """Walk all pairs of one cell in blocks and keep those whose box IoU is wanted."""
    columns = np.ascontiguousarray(boxes[cells.pred_order].T)
    truth_columns = np.ascontiguousarray(truth_boxes[cells.truth_order].T)
    sorted_crowd = crowd[cells.truth_order]
    preds, truths, ious = [], [], []
    for pred, true in kernel.pair_blocks(cells.pred_cell, cells.truth_cell):
        iou = box_columns_iou(columns[:, pred], truth_columns[:, true], sorted_crowd[true])
        kept = np.flatnonzero(keep(iou))
        preds.append(pred[kept])
        truths.append(true[kept])
        ious.append(iou[kept])
    if not preds:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    return np.concatenate(preds), np.concatenate(truths), np.concatenate(ious)


def _shared_area(
    extent: NDArray[np.float64], truth_extent: NDArray[np.float64]
) -> NDArray[np.float64]:
    low = np.maximum(extent[:, :2], truth_extent[:, :2])
    high = np.minimum(extent[:, :2] + extent[:, 2:], truth_extent[:, :2] + truth_extent[:, 2:])
    area: NDArray[np.float64] = np.prod(np.maximum(high - low, 0.0), axis=1)
    return area
