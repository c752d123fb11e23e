"""COCO's ten numbers of keypoints: at most 20 poses of a class on an image, no small objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evaluation.average_precision import Mean, accumulate, summarize
from evaluation.matching import match

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from evaluation.instances import Instances
    from evaluation.matching import Matches

MAX_POSES = 20

# In COCO's order.
KEYPOINT_NUMBERS: Mapping[str, Mean] = {
    "AP": Mean("precision", max_detections=MAX_POSES),
    "AP50": Mean("precision", max_detections=MAX_POSES, iou=0.5),
    "AP75": Mean("precision", max_detections=MAX_POSES, iou=0.75),
    "APm": Mean("precision", "medium", MAX_POSES),
    "APl": Mean("precision", "large", MAX_POSES),
    "AR": Mean("recall", max_detections=MAX_POSES),
    "AR50": Mean("recall", max_detections=MAX_POSES, iou=0.5),
    "AR75": Mean("recall", max_detections=MAX_POSES, iou=0.75),
    "ARm": Mean("recall", "medium", MAX_POSES),
    "ARl": Mean("recall", "large", MAX_POSES),
}


def keypoint_numbers(
    truth: Instances,
    predictions: Instances,
    *,
    n_classes: int,
    matches: Matches | None = None,
    images: NDArray[np.bool_] | None = None,
) -> dict[str, float | None]:
    """Compute COCO's ten numbers of keypoints.

    Args:
        truth: Ground truth with keypoints.
        predictions: Predictions with keypoints on the same image and class axes.
        n_classes: Length K of the class axis.
        matches: Outcome of `match` for exactly these tables, where it is at hand.
        images: Mask over the image axis; only those images count. All when missing.

    Returns:
        AP, AP50, AP75, APm, APl, AR, AR50, AR75, ARm, ARl; None where nothing can be averaged.

    Raises:
        MissingKeypoints: If a table has no keypoints.
        MismatchedColumns: If the tables have different numbers of points, or `matches` belong to
            other tables.
        PositionOutOfRange: If a class or image lies outside its axis.

    Example:
        >>> from evaluation.keypoints import keypoint_ground_truth, keypoint_predictions
        >>> truth = keypoint_ground_truth(
        ...     [0], [0], [[[5, 5, 2], [9, 9, 1]]], boxes=[[0, 0, 40, 40]], sigmas=[0.1, 0.1]
        ... )
        >>> found = keypoint_predictions([0], [0], [[[5, 5], [9, 9]]], score=[0.9])
        >>> numbers = keypoint_numbers(truth, found, n_classes=1)
        >>> round(numbers["AP"], 6), numbers["ARm"], numbers["ARl"]
        (1.0, 1.0, None)
    """
    if matches is None:
        matches = match(truth, predictions, iou_type="keypoints")
    curves = accumulate(
        truth,
        predictions,
        matches,
        n_classes=n_classes,
        max_detections=(MAX_POSES,),
        images=images,
    )
    return summarize(curves, KEYPOINT_NUMBERS)
