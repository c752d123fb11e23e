"""Intersection over union of boxes and of run-length masks, by COCO's arithmetic.

Formulas and their order of operations are those of pycocotools' `maskApi.c` (`bbIou`, `rleIou`),
so that every IoU has the same bits: a threshold that is met there is met here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pycocotools import mask as coco_mask

from evaluation.errors import MissingMasks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.instances import Instances, Masks

# Masks measured by one native call. Not more: pycocotools 2.0.11 stores their number in one byte
# and raises OverflowError at 256 with NumPy 2.
_MASK_BLOCK = 255


def box_iou(
    boxes: NDArray[np.float64], truth_boxes: NDArray[np.float64], crowd: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Measure the overlap of boxes pair by pair (row i with row i).

    IoU = intersection / union; against a crowd region intersection / area of the prediction.

    Args:
        boxes: (N, 4) predictions, xywh pixels.
        truth_boxes: (N, 4) ground truth, xywh pixels.
        crowd: (N,) whether the ground truth is a crowd region.

    Returns:
        (N,) IoU, 0 where boxes do not touch.

    Example:
        >>> box_iou(
        ...     np.array([[0.0, 0, 10, 10]] * 2), np.array([[0.0, 5, 10, 10]] * 2),
        ...     np.array([False, True]),
        ... ).round(4).tolist()
        [0.3333, 0.5]
    """
    return box_columns_iou(boxes.T, truth_boxes.T, crowd)


def box_columns_iou(
    box: NDArray[np.float64], truth: NDArray[np.float64], crowd: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Measure the overlap of boxes given as four columns each, (4, N) xywh pixels."""
    dx, dy, dw, dh = box
    gx, gy, gw, gh = truth
    width = np.minimum(dw + dx, gw + gx) - np.maximum(dx, gx)
    height = np.minimum(dh + dy, gh + gy) - np.maximum(dy, gy)
    # Absurdly large finite boxes overflow; their IoU is then no number and no match.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        intersection = width * height
        area = dw * dh
        union = np.where(crowd, area, area + gw * gh - intersection)
        iou: NDArray[np.float64] = intersection / union
    iou[(width <= 0) | (height <= 0)] = 0.0
    return iou


def mask_iou(
    predictions: Masks,
    truth: Masks,
    crowd: NDArray[np.bool_],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    cell: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Measure the overlap of chosen pairs of masks.

    Args:
        predictions: Checked masks of the predictions.
        truth: Checked masks of the ground truth.
        crowd: Whether each ground truth is a crowd region, one flag a mask of `truth`.
        pairs: Two (E,) index arrays, into `predictions` and `truth`.
        cell: (E,) number of the (image, class) of a pair, ascending: one native call each.

    Returns:
        (E,) IoU; −1 where two masks are of images of different sizes, as in pycocotools.
    """
    pred, true = pairs
    iou = np.zeros(len(pred))
    edges = np.flatnonzero(np.diff(cell)) + 1
    for low, high in zip([0, *edges.tolist()], [*edges.tolist(), len(cell)], strict=True):
        if low == high:
            continue
        rows, row_of = np.unique(pred[low:high], return_inverse=True)
        columns, column_of = np.unique(true[low:high], return_inverse=True)
        table = coco_mask.iou(
            predictions.rles(rows), truth.rles(columns), crowd[columns].astype(np.uint8).tolist()
        )
        iou[low:high] = table[row_of, column_of]
    return iou


def mask_areas_and_extents(masks: Masks) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure masks: (N,) areas in px² and (N, 4) enclosing boxes, xywh pixels."""
    areas, extents = np.zeros(len(masks)), np.zeros((len(masks), 4))
    for start in range(0, len(masks), _MASK_BLOCK):
        rows = np.arange(start, min(start + _MASK_BLOCK, len(masks)))
        rles = masks.rles(rows)
        areas[rows] = coco_mask.area(rles)
        extents[rows] = coco_mask.toBbox(rles)
    return areas, extents


def required_masks(table: Instances, name: str) -> Masks:
    """Give the masks of a table.

    Raises:
        MissingMasks: If it has none.
    """
    if table.masks is None:
        raise MissingMasks(name)
    return table.masks


def largest_mask_iou(
    area: NDArray[np.float64],
    truth_area: NDArray[np.float64],
    shared: NDArray[np.float64],
    crowd: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Bound the IoU of mask pairs from above, from what is cheap to know.

    The intersection is at most either area and at most the common part of the enclosing boxes.
    Division rounds monotonically, so a bound below a threshold proves the IoU is below it too.

    Args:
        area: (N,) px² of the predicted masks.
        truth_area: (N,) px² of the ground-truth masks.
        shared: (N,) px² common to their enclosing boxes.
        crowd: (N,) whether the ground truth is a crowd region.
    """
    intersection = np.minimum(np.minimum(area, truth_area), shared)
    union = np.where(crowd, area, area + truth_area - intersection)
    bound: NDArray[np.float64] = intersection / np.maximum(union, 1.0)
    return bound
