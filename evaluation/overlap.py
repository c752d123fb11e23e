"""Intersection over union of boxes, by COCO's arithmetic.

The formula and its order of operations are those of `bbIou` in pycocotools' `maskApi.c`, so that
every IoU has the same bits: a threshold that is met there is met here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
