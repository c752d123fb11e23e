"""Outcomes at one operating point: which predictions are true, which ground truth is missed.

An operating point is a score threshold and an IoU threshold. Nothing is matched again: matching
is greedy by score, so the pairs of the predictions at or above a score are already known. There
is no cap on predictions here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from evaluation.errors import InvalidThreshold
from evaluation.instances import check_positions, mask_length
from evaluation.matching import (
    IOU_THRESHOLDS,
    check_matches,
    excused_predictions,
    ignored_truth,
)
from evaluation.size_buckets import SIZE_BUCKETS, bucket

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.instances import Instances
    from evaluation.matching import Matches


class PredictionOutcome(IntEnum):
    """What became of a prediction."""

    TRUE_POSITIVE = 0
    FALSE_POSITIVE = 1
    IGNORED = 2  # neither right nor wrong: on a crowd region, or unmatched and excused by its area
    BELOW_SCORE = 3


class TruthOutcome(IntEnum):
    """What became of a ground truth."""

    FOUND = 0
    MISSED = 1
    IGNORED = 2  # a crowd region: nobody has to find it


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Outcome of every prediction and ground truth at one operating point.

    `prediction` (P,) holds codes of `PredictionOutcome`, `truth` (G,) of `TruthOutcome`.
    `matched_truth` (P,) is the row of the matched ground truth, crowd regions included, −1
    without; `matched_prediction` (G,) the row of the matched prediction, −1 without and for crowd
    regions, which many may match. `iou` (P,) is the overlap of the match, NaN without.
    """

    prediction: NDArray[np.int8]
    truth: NDArray[np.int8]
    matched_truth: NDArray[np.int64]
    matched_prediction: NDArray[np.int64]
    iou: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tally:
    """True positives, false positives and misses, and the rates that follow from them.

    Rates are None where they do not exist (0 / 0), never 0 or −1.

    Example:
        >>> tally = Tally(tp=1, fp=3, fn=4)
        >>> tally.precision, tally.recall, round(tally.f1, 4)
        (0.25, 0.2, 0.2222)
    """

    tp: int
    fp: int
    fn: int

    @property
    def support(self) -> int:
        """Number of ground truths: TP + FN."""
        return self.tp + self.fn

    @property
    def precision(self) -> float | None:
        """TP / (TP + FP); None without predictions."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float | None:
        """TP / (TP + FN); None without ground truth."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float | None:
        """2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall; None if all are 0."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)


@dataclass(frozen=True, slots=True)
class OperatingCounts:
    """Counts per class and size bucket: four (K, 3) arrays, buckets small, medium, large.

    A matched prediction is in the class and bucket of its ground truth, an unmatched one in its
    own, so buckets sum to the class and classes to the total.
    """

    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    fn: NDArray[np.int64]
    support: NDArray[np.int64]

    def total(self) -> Tally:
        """Add up everything: rates of it are micro averages."""
        return Tally(int(self.tp.sum()), int(self.fp.sum()), int(self.fn.sum()))

    def of_class(self, class_: int) -> Tally:
        """Add up one class."""
        row = class_
        return Tally(int(self.tp[row].sum()), int(self.fp[row].sum()), int(self.fn[row].sum()))

    def of_size(self, size: int) -> Tally:
        """Add up one size bucket over all classes."""
        return Tally(
            int(self.tp[:, size].sum()), int(self.fp[:, size].sum()), int(self.fn[:, size].sum())
        )

    def of_class_size(self, class_: int, size: int) -> Tally:
        """Give one class in one size bucket."""
        at = class_, size
        return Tally(int(self.tp[at]), int(self.fp[at]), int(self.fn[at]))

    def take(self, classes: NDArray[np.int64]) -> OperatingCounts:
        """Give some classes as counts of their own."""
        return OperatingCounts(
            self.tp[classes], self.fp[classes], self.fn[classes], self.support[classes]
        )


def outcomes(
    truth: Instances, predictions: Instances, matches: Matches, *, score: float, iou: float
) -> Outcomes:
    """Say what became of every prediction and ground truth at one operating point.

    Args:
        truth: Ground truth that was matched.
        predictions: Predictions that were matched.
        matches: Outcome of `match` for exactly these tables.
        score: Predictions with this score or more count.
        iou: Overlap that makes a match, one of `matches.iou_thresholds`.

    Raises:
        InvalidThreshold: If `iou` is none of these thresholds or `score` is not finite.
        MismatchedColumns: If `matches` belong to other predictions.
        PositionOutOfRange: If they name a row that is not there.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0, 0], [0, 0], [[0, 0, 10, 10], [30, 30, 5, 5]])
        >>> boxes = [[0, 0, 10, 6], [0, 0, 9, 9]]
        >>> found = Instances.predictions([0, 0], [0, 0], boxes, score=[0.9, 0.1])
        >>> at = outcomes(truth, found, match(truth, found), score=0.5, iou=0.5)
        >>> [PredictionOutcome(code).name for code in at.prediction]
        ['TRUE_POSITIVE', 'BELOW_SCORE']
        >>> [TruthOutcome(code).name for code in at.truth], at.matched_truth.tolist()
        (['FOUND', 'MISSED'], [0, -1])
    """
    check_score(score)
    check_matches(truth, predictions, matches)
    bit = np.uint16(1 << threshold_position(iou, matches.iou_thresholds))
    ignored = ignored_truth(truth)[:, 0]
    kept = predictions.score >= score
    matched = np.flatnonzero(((matches.thresholds[:, 0] & bit) != 0) & kept[matches.pred])
    pred, true = matches.pred[matched], matches.truth[matched]
    counts = ~ignored[true]

    prediction = np.where(
        kept, np.int8(PredictionOutcome.FALSE_POSITIVE), np.int8(PredictionOutcome.BELOW_SCORE)
    )
    prediction[kept & excused_predictions(predictions)] = PredictionOutcome.IGNORED
    prediction[pred] = np.where(counts, PredictionOutcome.TRUE_POSITIVE, PredictionOutcome.IGNORED)
    state = np.where(ignored, np.int8(TruthOutcome.IGNORED), np.int8(TruthOutcome.MISSED))
    state[true[counts]] = TruthOutcome.FOUND
    matched_truth = np.full(len(predictions), -1)
    matched_truth[pred] = true
    matched_prediction = np.full(len(truth), -1)
    matched_prediction[true[counts]] = pred[counts]
    overlap = np.full(len(predictions), np.nan)
    overlap[pred] = matches.iou[matched]
    return Outcomes(prediction, state, matched_truth, matched_prediction, overlap)


def count(
    outcomes: Outcomes,
    truth: Instances,
    predictions: Instances,
    *,
    n_classes: int,
    images: NDArray[np.bool_] | None = None,
) -> OperatingCounts:
    """Count outcomes per class and size bucket.

    Args:
        outcomes: Outcomes of exactly these tables.
        truth: Ground truth.
        predictions: Predictions.
        n_classes: Length K of the class axis.
        images: Mask over the image axis; only those images count. All when missing.

    Raises:
        MismatchedColumns: If `images` is no mask.
        PositionOutOfRange: If a table has a class outside the axis, or an image outside `images`.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 40, 40]])
        >>> boxes = [[0, 0, 40, 30], [90, 90, 4, 4]]
        >>> found = Instances.predictions([0, 0], [0, 0], boxes, score=[0.9, 0.8])
        >>> at = outcomes(truth, found, match(truth, found), score=0.5, iou=0.5)
        >>> counts = count(at, truth, found, n_classes=1)
        >>> counts.tp.tolist(), counts.fp.tolist()
        ([[0, 1, 0]], [[1, 0, 0]])
    """
    n_images = mask_length(images)
    for table in (truth, predictions):
        check_positions(table, n_images=n_images, n_classes=n_classes)

    def of(table: Instances, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        rows = np.flatnonzero(chosen)
        if images is not None:
            rows = rows[images[table.image[rows]]]
        slot = table.class_[rows] * len(SIZE_BUCKETS) + bucket(table.area[rows])
        n_slots = n_classes * len(SIZE_BUCKETS)
        return np.bincount(slot, minlength=n_slots).reshape(n_classes, len(SIZE_BUCKETS))

    tp = of(truth, outcomes.truth == TruthOutcome.FOUND)
    fn = of(truth, outcomes.truth == TruthOutcome.MISSED)
    fp = of(predictions, outcomes.prediction == PredictionOutcome.FALSE_POSITIVE)
    return OperatingCounts(tp, fp, fn, tp + fn)


def check_score(score: float) -> None:
    """Refuse a score threshold that is no number.

    Raises:
        InvalidThreshold: If it is NaN or infinite.

    Example:
        >>> check_score(-3.5)  # scores may be logits
    """
    if not math.isfinite(score):
        raise InvalidThreshold("score", score, allowed="a finite number")


def threshold_position(iou: float, thresholds: NDArray[np.float64] = IOU_THRESHOLDS) -> int:
    """Find an IoU threshold on the axis of those that were matched at.

    Args:
        iou: The threshold.
        thresholds: The axis, such as `Matches.iou_thresholds`.

    Raises:
        InvalidThreshold: If it is none of them.

    Example:
        >>> threshold_position(0.5), threshold_position(0.9)
        (0, 8)
    """
    # 0.9 is 0.8999… on the axis: the nearest threshold is meant, not the equal one.
    near = np.flatnonzero(np.isclose(thresholds, iou, rtol=0.0, atol=1e-9))
    if len(near) == 0:
        known = "one of 0.50, 0.55 … 0.95"
        if not np.array_equal(thresholds, IOU_THRESHOLDS):
            known = "one that was matched at: " + ", ".join(f"{each:g}" for each in thresholds)
        raise InvalidThreshold("IoU", iou, allowed=known)
    return int(near[0])


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
