"""The nearest ground truth of every prediction, of its own class and of another one.

Which objects a prediction overlaps does not depend on scores or on matching, so it is found once
and serves every score threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation.candidates import find_candidates
from evaluation.errors import InvalidThreshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.candidates import IouType
    from evaluation.instances import Instances


@dataclass(frozen=True, slots=True)
class NearestTruth:
    """The best overlap of each prediction, sparse: most predictions overlap nothing.

    `pred` (S,) are the rows, ascending, of predictions that overlap a ground truth of their image
    at `floor` or more. `same` and `other` (S,) are the rows of the ground truth with the largest
    IoU of the prediction's class and of any other class, −1 without; of equal IoU the later one,
    as the matcher chooses. `same_iou` and `other_iou` (S,) are the overlaps, 0 without. Crowd
    regions are no candidates.
    """

    pred: NDArray[np.int64]
    same: NDArray[np.int64]
    same_iou: NDArray[np.float64]
    other: NDArray[np.int64]
    other_iou: NDArray[np.float64]
    floor: float


def nearest_truth(
    truth: Instances, predictions: Instances, *, floor: float = 0.1, iou_type: IouType = "bbox"
) -> NearestTruth:
    """Find what each prediction overlaps most, inside its class and outside it.

    Args:
        truth: Ground truth; crowd regions are left out.
        predictions: Predictions on the same image and class axes.
        floor: Smallest IoU of interest, in (0, 1).
        iou_type: Whether boxes or masks overlap.

    Raises:
        InvalidThreshold: If the floor is not between 0 and 1.
        MissingMasks: If masks are to be compared and a table has none.

    Example:
        >>> from evaluation import Instances
        >>> truth = Instances.ground_truth([0, 0], [0, 1], [[0, 0, 10, 10], [0, 0, 10, 8]])
        >>> boxes = [[0, 0, 10, 10], [90, 90, 5, 5]]
        >>> found = Instances.predictions([0, 0], [1, 1], boxes, score=[0.9, 0.8])
        >>> nearest = nearest_truth(truth, found)
        >>> nearest.pred.tolist(), nearest.same.tolist(), nearest.same_iou.tolist()
        ([0], [1], [0.8])
        >>> nearest.other.tolist(), nearest.other_iou.tolist()
        ([0], [1.0])
    """
    if not 0 < floor < 1:
        raise InvalidThreshold("floor", floor, allowed="a number between 0 and 1")
    counted = np.flatnonzero(~truth.crowd)
    found = find_candidates(
        truth.take(counted), predictions, iou_type=iou_type, floor=floor, class_agnostic=True
    )
    ascending = np.argsort(found.pred, kind="stable")
    pred, true = found.pred[ascending], counted[found.truth[ascending]]
    iou = found.iou[ascending]
    same_class = truth.class_[true] == predictions.class_[pred]
    rows = pred[_first_of_runs(pred)]
    best = [
        _best(rows, pred[chosen], true[chosen], iou[chosen]) for chosen in (same_class, ~same_class)
    ]
    return NearestTruth(rows, *best[0], *best[1], floor=floor)


def _best(
    rows: NDArray[np.int64],
    pred: NDArray[np.int64],
    truth: NDArray[np.int64],
    iou: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Take the first pair of each prediction: its ground truth and IoU, along `rows`."""
    first = _first_of_runs(pred)
    place = np.searchsorted(rows, pred[first])
    nearest, overlap = np.full(len(rows), -1), np.zeros(len(rows))
    nearest[place], overlap[place] = truth[first], iou[first]
    return nearest, overlap


def _first_of_runs(values: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.flatnonzero(np.r_[len(values) > 0, values[1:] != values[:-1]][: len(values)])
