"""Precision, recall and F1 against the score threshold, and the threshold where F1 is best.

Matching is greedy by score, so what a threshold keeps was matched as if the rest did not exist:
the counts at every distinct score are running sums over the matches, and nothing is matched
again. Between two distinct scores nothing changes; a threshold equal to a score keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from evaluation.averages import AVERAGES, RateArrays, average_rates, class_rates
from evaluation.best_thresholds import BestThresholds, best_thresholds, steps_of
from evaluation.errors import PositionOutOfRange
from evaluation.instances import check_positions, mask_length
from evaluation.matching import check_matches, excused_predictions, ignored_truth
from evaluation.operating_point import check_score, threshold_position

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from evaluation.instances import Instances
    from evaluation.matching import Matches


@dataclass(frozen=True, slots=True)
class Curve:
    """Rates at S score thresholds, all (S,); NaN is n/a."""

    score: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ConfidenceCurves:
    """Counts at every distinct score of every class, at one IoU threshold.

    The arrays of N points hold class after class, scores descending; `class_start` (K + 1,) says
    where the classes begin. `tp` and `kept` (true and false positives) count the predictions of
    the class with the point's score or more; `support` (K,) is its ground truth. Predictions on
    crowd regions are in neither, nor are those that their area excuses.
    """

    iou: float
    score: NDArray[np.float64]
    class_start: NDArray[np.int64]
    tp: NDArray[np.int64]
    kept: NDArray[np.int64]
    support: NDArray[np.int64]

    def of_class(self, class_: int) -> Curve:
        """Give one class at each of its distinct scores, descending: the whole curve, exactly."""
        part = slice(self.class_start[class_], self.class_start[class_ + 1])
        rates = class_rates(self.tp[part], self.kept[part], self.support[class_])
        return Curve(self.score[part], *rates)

    def micro(self) -> Curve:
        """Give the micro average at each distinct score of any class, descending, exactly."""
        # The stable sort merges what is sorted already: every class.
        order = np.argsort(-self.score, kind="stable")
        score = self.score[order]
        last = np.flatnonzero(np.append(score[1:] != score[:-1], True)[: len(score)])
        tp, kept = (
            np.cumsum(steps_of(column, self.class_start)[order])[last]
            for column in (self.tp, self.kept)
        )
        return Curve(score[last], *class_rates(tp, kept, self.support.sum()))

    def classes_at(self, scores: ArrayLike) -> RateArrays:
        """Give the rates of every class at some thresholds.

        Args:
            scores: (S,) thresholds in any order; this score or more counts.

        Returns:
            (S, K) precision, recall and F1; NaN is n/a.

        Raises:
            InvalidThreshold: If a threshold is not finite.
        """
        return class_rates(*self._counts_at(_thresholds(scores)), self.support)

    def averages_at(self, scores: ArrayLike) -> dict[str, Curve]:
        """Give the averages of `averages.averages` at some thresholds.

        Args:
            scores: (S,) thresholds in any order; this score or more counts.

        Returns:
            A curve for each of micro, macro and weighted.

        Raises:
            InvalidThreshold: If a threshold is not finite.
        """
        wanted = _thresholds(scores)
        found = average_rates(*self._counts_at(wanted), self.support)
        return {name: Curve(wanted, *found[name]) for name in AVERAGES}

    def best(self) -> BestThresholds:
        """Find the thresholds with the largest F1 (see `best_thresholds`)."""
        return best_thresholds(self)

    def take(self, classes: NDArray[np.int64] | Sequence[int]) -> Self:
        """Give some classes, in that order: averages are then those of these classes alone.

        Raises:
            PositionOutOfRange: If a position lies outside the class axis.
        """
        rows = np.asarray(classes, dtype=np.int64)
        if len(rows) and (int(rows.min()) < 0 or int(rows.max()) >= len(self.support)):
            raise PositionOutOfRange("classes", length=len(self.support))
        lengths = np.diff(self.class_start)[rows]
        start = np.concatenate([[0], np.cumsum(lengths)])
        points = np.repeat(self.class_start[rows] - start[:-1], lengths) + np.arange(start[-1])
        return type(self)(
            self.iou,
            self.score[points],
            start,
            self.tp[points],
            self.kept[points],
            self.support[rows],
        )

    def _counts_at(
        self, scores: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Count every class at some thresholds: (S, K) true positives, kept predictions."""
        tp = np.zeros((len(scores), len(self.support)), dtype=np.int64)
        kept = np.zeros_like(tp)
        for class_, (start, end) in enumerate(
            zip(self.class_start[:-1].tolist(), self.class_start[1:].tolist(), strict=True)
        ):
            reached = np.searchsorted(-self.score[start:end], -scores, side="right")
            some = np.flatnonzero(reached)
            tp[some, class_] = self.tp[start + reached[some] - 1]
            kept[some, class_] = self.kept[start + reached[some] - 1]
        return tp, kept


def confidence_curves(
    truth: Instances,
    predictions: Instances,
    matches: Matches,
    *,
    n_classes: int,
    iou: float = 0.5,
    images: NDArray[np.bool_] | None = None,
) -> ConfidenceCurves:
    """Count at every distinct score of every class.

    Args:
        truth: Ground truth that was matched.
        predictions: Predictions that were matched.
        matches: Outcome of `match` for exactly these tables.
        n_classes: Length K of the class axis.
        iou: Overlap that makes a match, one of `matches.iou_thresholds`.
        images: Mask over the image axis; only those images count. All when missing.

    Raises:
        InvalidThreshold: If `iou` is none of these thresholds.
        MismatchedColumns: If `matches` belong to other predictions.
        PositionOutOfRange: If a table has a class outside the axis, or an image outside `images`.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0, 0], [0, 0], [[0, 0, 10, 10], [30, 30, 10, 10]])
        >>> boxes = [[0, 0, 10, 10], [60, 60, 10, 10], [30, 30, 10, 8]]
        >>> found = Instances.predictions([0, 0, 0], [0, 0, 0], boxes, score=[0.9, 0.8, 0.7])
        >>> curves = confidence_curves(truth, found, match(truth, found), n_classes=1)
        >>> curves.of_class(0).score.tolist(), curves.of_class(0).f1.round(3).tolist()
        ([0.9, 0.8, 0.7], [0.667, 0.5, 0.8])
        >>> curves.best().averages["macro"].score
        0.7
    """
    check_matches(truth, predictions, matches)
    n_images = mask_length(images)
    for table in (truth, predictions):
        check_positions(table, n_images=n_images, n_classes=n_classes)
    supporting = ~ignored_truth(truth)[:, 0]
    bit = np.uint16(1 << threshold_position(iou, matches.iou_thresholds))
    hit = np.flatnonzero(matches.thresholds[:, 0] & bit)
    pred, matched = matches.pred[hit], matches.truth[hit]
    true, left_out = np.zeros(len(predictions), dtype=np.bool_), excused_predictions(predictions)
    true[pred], left_out[pred] = supporting[matched], ~supporting[matched]

    class_, order = predictions.class_, matches.order
    if matches.class_agnostic:  # a match counts for the class of its ground truth
        class_ = class_.copy()
        class_[pred] = truth.class_[matched]
        order = order[np.argsort(class_[order], kind="stable")]
    if images is not None:
        order = order[images[predictions.image[order]]]
        class_ = class_[order]
        supporting &= images[truth.image]
    score = predictions.score[order]
    start = np.concatenate([[0], np.cumsum(np.bincount(class_, minlength=n_classes))])
    # A point is the last prediction of its score and class.
    ends = np.append(score[1:] != score[:-1], True)[: len(score)]
    ends[start[1:][np.diff(start) > 0] - 1] = True
    last = np.flatnonzero(ends)
    class_start = np.searchsorted(last, start)
    first = np.repeat(start[:-1], np.diff(class_start))
    return ConfidenceCurves(
        iou=float(iou),
        score=score[last],
        class_start=class_start,
        tp=_running(true[order], last, first),
        kept=last + 1 - first - _running(left_out[order], last, first),
        support=np.bincount(truth.class_[supporting], minlength=n_classes),
    )


def shared_scores(*curves: ConfidenceCurves, n: int = 201) -> NDArray[np.float64]:
    """Choose thresholds at which to draw one or several sets side by side.

    Evenly spaced over 0 … 1 where all scores lie there, else from the lowest to the highest
    score; the best threshold of every class and average of every set is added, so that no drawn
    curve misses its peak.

    Args:
        curves: The sets to be drawn together.
        n: Number of evenly spaced thresholds.

    Returns:
        Ascending thresholds.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> found = Instances.predictions([0], [0], [[0, 0, 10, 9]], score=[0.72])
        >>> curves = confidence_curves(truth, found, match(truth, found), n_classes=1)
        >>> shared_scores(curves, n=3).tolist()
        [0.0, 0.5, 0.72, 1.0]
    """
    low = min((float(c.score.min()) for c in curves if len(c.score)), default=0.0)
    high = max((float(c.score.max()) for c in curves if len(c.score)), default=1.0)
    if low >= 0.0 and high <= 1.0:
        low, high = 0.0, 1.0
    best = [each.best() for each in curves]
    peaks = [
        peak.score
        for found in best
        for peak in (*found.classes, *found.averages.values())
        if peak is not None
    ]
    return np.unique(np.concatenate([np.linspace(low, high, n), peaks]))


def _thresholds(scores: ArrayLike) -> NDArray[np.float64]:
    wanted = np.asarray(scores, dtype=np.float64)
    for score in wanted.tolist():
        check_score(score)
    return wanted


def _running(
    flags: NDArray[np.bool_], last: NDArray[np.int64], first: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Count flags from `first` up to and with `last`."""
    running = np.concatenate([[0], np.cumsum(flags, dtype=np.int64)])
    counted: NDArray[np.int64] = running[last + 1] - running[first]
    return counted
