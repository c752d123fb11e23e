"""Calibration: whether 70 % of the predictions with score 0.7 are right.

A prediction is right if it is a true positive at the operating point's IoU (Küppers et al. 2020,
"Multivariate Confidence Calibration for Object Detection": precision takes the place of accuracy,
because a detector has no true negatives). Reliability curve, ECE and MCE are those of Guo et al.
2017, "On Calibration of Modern Neural Networks", over bins of the score alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from evaluation.errors import (
    InvalidThreshold,
    MismatchedColumns,
    NotProbabilities,
    PositionOutOfRange,
)
from evaluation.instances import check_positions, mask_length
from evaluation.operating_point import PredictionOutcome
from evaluation.walking_order import walking_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from evaluation.instances import Instances
    from evaluation.operating_point import Outcomes


class Binning(Protocol):
    """A rule that cuts scores into bins."""

    def edges(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the B + 1 edges for ascending scores in 0 … 1."""
        ...


@dataclass(frozen=True, slots=True)
class EqualWidth:
    """`n` bins of one width over 0 … 1; some may be empty.

    Raises:
        InvalidThreshold: If `n` is below 1.

    Example:
        >>> EqualWidth(4).edges(np.array([0.1])).tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
    """

    n: int = 10

    def __post_init__(self) -> None:
        _check_bins(self.n)

    def edges(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the n + 1 edges; they do not depend on the scores."""
        # Not linspace, whose third tenth is not the double that people write as 0.3.
        edges: NDArray[np.float64] = np.arange(self.n + 1) / self.n
        return edges


@dataclass(frozen=True, slots=True)
class EqualMass:
    """Up to `n` bins that hold about equally many predictions; none is empty.

    Equal scores stay in one bin, so bins differ in size where scores repeat, and there are fewer
    of them where one score fills several.

    Raises:
        InvalidThreshold: If `n` is below 1.

    Example:
        >>> EqualMass(2).edges(np.array([0.1, 0.2, 0.6, 0.9])).tolist()
        [0.1, 0.6, 0.9]
    """

    n: int = 10

    def __post_init__(self) -> None:
        _check_bins(self.n)

    def edges(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the edges: the lowest score, the score that begins each further bin, the highest."""
        if len(scores) == 0:
            return np.array([0.0, 1.0])
        begins = np.unique(scores[np.arange(1, self.n) * len(scores) // self.n])
        return np.concatenate([scores[:1], begins[begins > scores[0]], scores[-1:]])


@dataclass(frozen=True, slots=True)
class ReliabilityCurve:
    """How right the predictions of each score bin are; B bins.

    Bin b holds scores from `edges[b]` up to, but without, `edges[b + 1]`; the last bin holds its
    upper edge too. `count` (B,) predictions, `correct` (B,) of them true positives; `confidence`
    (B,) their mean score, NaN in an empty bin. `rows` are the predictions, score ascending, those
    of bin b from `start[b]` to `start[b + 1]`.
    """

    edges: NDArray[np.float64]
    count: NDArray[np.int64]
    correct: NDArray[np.int64]
    confidence: NDArray[np.float64]
    rows: NDArray[np.int64]
    start: NDArray[np.int64]

    @property
    def n(self) -> int:
        """Number of predictions."""
        return len(self.rows)

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of true positives in each bin, (B,); NaN in an empty bin."""
        share = np.full(len(self.count), np.nan)
        np.divide(self.correct, self.count, out=share, where=self.count > 0)
        return share

    @property
    def gap(self) -> NDArray[np.float64]:
        """Confidence − precision of each bin, (B,): positive is overconfident; NaN if empty."""
        return self.confidence - self.precision

    @property
    def ece(self) -> float | None:
        """Expected calibration error: mean of |gap|, weighted by count; None if all is empty."""
        filled = self.count > 0
        if not filled.any():
            return None
        return float(np.sum(self.count[filled] * np.abs(self.gap[filled])) / self.n)

    @property
    def mce(self) -> float | None:
        """Maximum calibration error: the largest |gap| of a bin; None if all are empty."""
        return None if self.n == 0 else float(np.nanmax(np.abs(self.gap)))

    @property
    def overconfidence(self) -> float | None:
        """Mean score − precision over all bins: the gap with its sign; None if all are empty."""
        filled = self.count > 0
        if not filled.any():
            return None
        return float(np.sum(self.count[filled] * self.gap[filled]) / self.n)

    def rows_in(self, position: int) -> NDArray[np.int64]:
        """Give the predictions of one bin, best score first."""
        return self.rows[self.start[position] : self.start[position + 1]][::-1]

    def to_dict(self) -> dict[str, Any]:
        """Give the numbers and bins as plain data for JSON; None is n/a."""
        columns = zip(
            self.edges[:-1].tolist(),
            self.edges[1:].tolist(),
            self.count.tolist(),
            self.correct.tolist(),
            self.confidence.tolist(),
            self.precision.tolist(),
            strict=True,
        )
        return {
            "predictions": self.n,
            "ece": self.ece,
            "mce": self.mce,
            "overconfidence": self.overconfidence,
            "bins": [
                {
                    "low": low,
                    "high": high,
                    "count": count,
                    "correct": correct,
                    "confidence": confidence if count else None,
                    "precision": precision if count else None,
                }
                for low, high, count, correct, confidence, precision in columns
            ],
        }


@dataclass(frozen=True, slots=True)
class Calibration:
    """Reliability of all chosen classes together, and of each of them in their order."""

    overall: ReliabilityCurve
    classes: tuple[ReliabilityCurve, ...]

    def to_dict(self) -> dict[str, Any]:
        """Give the numbers as plain data for JSON."""
        return {
            "overall": self.overall.to_dict(),
            "classes": [curve.to_dict() for curve in self.classes],
        }


def calibration(
    at: Outcomes,
    predictions: Instances,
    *,
    n_classes: int,
    images: NDArray[np.bool_] | None = None,
    classes: Sequence[int] | NDArray[np.int64] | None = None,
    bins: Binning | None = None,
) -> Calibration:
    """Compare the scores of predictions with how often they are right.

    True positives are right, false positives wrong; predictions that are ignored or below the
    score threshold of the outcomes are left out.

    Args:
        at: Outcomes of exactly these predictions.
        predictions: Predictions with scores in 0 … 1.
        n_classes: Length K of the class axis.
        images: Mask over the image axis; only those images count. All when missing.
        classes: Positions of the classes that count, in the wanted order. All when missing.
        bins: How scores are cut; ten bins of one width when missing.

    Raises:
        NotProbabilities: If a score lies outside 0 … 1.
        MismatchedColumns: If the outcomes belong to other predictions.
        PositionOutOfRange: If a class lies outside the axis, or an image outside `images`.

    Example:
        >>> from evaluation import Instances, match, outcomes
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> boxes = [[0, 0, 10, 10], [60, 60, 10, 10]]
        >>> found = Instances.predictions([0, 0], [0, 0], boxes, score=[0.9, 0.7])
        >>> at = outcomes(truth, found, match(truth, found), score=0.5, iou=0.5)
        >>> curve = calibration(at, found, n_classes=1).overall
        >>> curve.count.tolist(), curve.correct.tolist()
        ([0, 0, 0, 0, 0, 0, 0, 1, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
        >>> round(curve.ece, 3), round(curve.mce, 3), round(curve.overconfidence, 3)
        (0.4, 0.7, 0.3)
    """
    _check(at, predictions, n_classes, images)
    bins = EqualWidth() if bins is None else bins
    correct = at.prediction == PredictionOutcome.TRUE_POSITIVE
    counts = correct | (at.prediction == PredictionOutcome.FALSE_POSITIVE)
    if images is not None:
        counts &= images[predictions.image]
    # Class by class, score ascending: sums then have the same bits whatever the file's order.
    order = walking_order(predictions)[::-1]
    order = order[counts[order]]
    start = np.searchsorted(-predictions.class_[order], -np.arange(n_classes), side="left")
    end = np.searchsorted(-predictions.class_[order], -np.arange(n_classes), side="right")
    chosen = [order[start[row] : end[row]] for row in _class_rows(classes, n_classes)]
    together = np.concatenate([np.zeros(0, dtype=np.int64), *chosen])
    together = together[np.argsort(predictions.score[together], kind="stable")]
    return Calibration(
        _curve(together, predictions.score, correct, bins),
        tuple(_curve(rows, predictions.score, correct, bins) for rows in chosen),
    )


def _curve(
    rows: NDArray[np.int64], score: NDArray[np.float64], correct: NDArray[np.bool_], bins: Binning
) -> ReliabilityCurve:
    """Bin rows that ascend by score."""
    scores = score[rows]
    edges = bins.edges(scores)
    start = np.concatenate([[0], np.searchsorted(scores, edges[1:-1]), [len(rows)]])
    count = np.diff(start)
    running = np.concatenate([[0], np.cumsum(correct[rows])])
    filled = np.flatnonzero(count)
    confidence = np.full(len(count), np.nan)
    if len(filled):
        confidence[filled] = np.add.reduceat(scores, start[filled]) / count[filled]
    return ReliabilityCurve(edges, count, np.diff(running[start]), confidence, rows, start)


def _check(
    at: Outcomes, predictions: Instances, n_classes: int, images: NDArray[np.bool_] | None
) -> None:
    if len(at.prediction) != len(predictions):
        raise MismatchedColumns("outcomes", (len(predictions),), at.prediction.shape)
    n_images = mask_length(images)
    check_positions(predictions, n_images=n_images, n_classes=n_classes)
    outside = (predictions.score < 0.0) | (predictions.score > 1.0)
    if outside.any():
        raise NotProbabilities(
            int(outside.sum()),
            lowest=float(predictions.score.min()),
            highest=float(predictions.score.max()),
        )


def _class_rows(classes: Sequence[int] | NDArray[np.int64] | None, n_classes: int) -> list[int]:
    rows = np.arange(n_classes) if classes is None else np.asarray(classes, dtype=np.int64)
    if len(rows) and (int(rows.min()) < 0 or int(rows.max()) >= n_classes):
        raise PositionOutOfRange("classes", length=n_classes)
    found: list[int] = rows.tolist()
    return found


def _check_bins(n: int) -> None:
    if n < 1:
        raise InvalidThreshold("number of bins", n, allowed="1 or more")
