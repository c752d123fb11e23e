"""Counts at any operating point, prepared once so that sliders answer at once.

`count(outcomes(…))` visits every prediction. A sweep keeps the scores of each class and size
bucket in order instead, so a threshold is a binary search in each; only the matched pairs, a few
per cent of the predictions, are visited. The counts are the same integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation.instances import check_positions, mask_length
from evaluation.matching import check_matches, excused_predictions, ignored_truth
from evaluation.operating_point import OperatingCounts, check_score, threshold_position
from evaluation.size_buckets import SIZE_BUCKETS, bucket

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from evaluation.instances import Instances
    from evaluation.matching import Matches

_SIZES = len(SIZE_BUCKETS)


@dataclass(frozen=True, slots=True)
class SweptCounts:
    """Counts at S score thresholds: (S, K, 3) arrays; `support` is (K, 3)."""

    scores: NDArray[np.float64]
    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    fn: NDArray[np.int64]
    support: NDArray[np.int64]

    def at(self, position: int) -> OperatingCounts:
        """Give the counts of one of the thresholds."""
        return OperatingCounts(
            self.tp[position], self.fp[position], self.fn[position], self.support
        )


@dataclass(frozen=True, slots=True)
class ScoreSweep:
    """The scores of every class and size bucket in order, and the matched pairs.

    A slot is a class and a size bucket, 3 · class + size. `score` (n,) ascends inside each slot,
    `start` (3 K + 1,) says where they begin; predictions that nobody can count as wrong, because
    of their area, are not among them. The columns of the E matched pairs descend by score:
    `truth_slot` is that of the ground truth, `own_slot` that of the prediction alone.
    """

    score: NDArray[np.float64]
    start: NDArray[np.int64]
    support: NDArray[np.int64]  # (3 K,) ground truth that is not ignored
    pair_score: NDArray[np.float64]
    pair_thresholds: NDArray[np.uint16]
    pair_counts: NDArray[np.bool_]  # the ground truth is not ignored
    pair_excused: NDArray[np.bool_]  # the prediction is not in `score`
    truth_slot: NDArray[np.int64]
    own_slot: NDArray[np.int64]
    iou_thresholds: NDArray[np.float64]  # what was matched at

    def counts_at(self, *, score: float, iou: float) -> OperatingCounts:
        """Count at one operating point: what `count(outcomes(…))` gives.

        Args:
            score: Predictions with this score or more count.
            iou: Overlap that makes a match, one of `iou_thresholds`.

        Raises:
            InvalidThreshold: If `iou` is none of these thresholds or `score` is not finite.
        """
        return self.sweep([score], iou=iou).at(0)

    def sweep(self, scores: ArrayLike, *, iou: float) -> SweptCounts:
        """Count at many score thresholds at once.

        Args:
            scores: (S,) thresholds in any order; this score or more counts.
            iou: Overlap that makes a match, one of `iou_thresholds`.

        Raises:
            InvalidThreshold: If `iou` is none of these thresholds or a score is not finite.
        """
        wanted = np.asarray(scores, dtype=np.float64)
        for score in wanted.tolist():
            check_score(score)
        bit = np.uint16(1 << threshold_position(iou, self.iou_thresholds))
        hit = np.flatnonzero(self.pair_thresholds & bit)
        counted = hit[self.pair_counts[hit]]
        tp = self._pairs_at(wanted, counted, self.truth_slot)
        not_wrong = hit[~self.pair_excused[hit]]
        fp = self._kept_at(wanted) - self._pairs_at(wanted, not_wrong, self.own_slot)
        shape = (len(wanted), len(self.support) // _SIZES, _SIZES)
        return SweptCounts(
            wanted,
            tp.reshape(shape),
            fp.reshape(shape),
            (self.support - tp).reshape(shape),
            self.support.reshape(shape[1:]),
        )

    def _kept_at(self, scores: NDArray[np.float64]) -> NDArray[np.int64]:
        """Count predictions of each slot at or above each score: (S, 3 K)."""
        end = np.broadcast_to(self.start[1:], (len(scores), len(self.support)))
        low, high = np.broadcast_to(self.start[:-1], end.shape).copy(), end.copy()
        longest = int(np.diff(self.start).max(initial=0))
        for _ in range(longest.bit_length()):
            middle = (low + high) // 2
            # Where low == high the search is over, and middle may lie behind the last score.
            below = (low < high) & (self._score_at(middle) < scores[:, None])
            low = np.where(below, middle + 1, low)
            high = np.where(below, high, middle)
        return end - low

    def _score_at(self, position: NDArray[np.int64]) -> NDArray[np.float64]:
        if len(self.score) == 0:
            return np.zeros(position.shape)
        return self.score[np.minimum(position, len(self.score) - 1)]

    def _pairs_at(
        self, scores: NDArray[np.float64], pairs: NDArray[np.int64], slot: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Count some pairs of each slot at or above each score: (S, 3 K)."""
        descending = np.argsort(-scores, kind="stable")
        # A pair counts from the highest threshold that it reaches down.
        reached = np.searchsorted(-scores[descending], -self.pair_score[pairs])
        n_slots = len(self.support)
        counts = np.bincount(
            reached * n_slots + slot[pairs], minlength=(len(scores) + 1) * n_slots
        ).reshape(-1, n_slots)[:-1]
        result = np.empty_like(counts)
        result[descending] = np.cumsum(counts, axis=0)
        return result


def score_sweep(
    truth: Instances,
    predictions: Instances,
    matches: Matches,
    *,
    n_classes: int,
    images: NDArray[np.bool_] | None = None,
) -> ScoreSweep:
    """Prepare counts at any operating point.

    Args:
        truth: Ground truth that was matched.
        predictions: Predictions that were matched.
        matches: Outcome of `match` for exactly these tables.
        n_classes: Length K of the class axis.
        images: Mask over the image axis; only those images count. All when missing.

    Raises:
        MismatchedColumns: If `matches` belong to other predictions.
        PositionOutOfRange: If a table has a class outside the axis, or an image outside `images`.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 40, 40]])
        >>> boxes = [[0, 0, 40, 30], [90, 90, 4, 4]]
        >>> found = Instances.predictions([0, 0], [0, 0], boxes, score=[0.9, 0.8])
        >>> sweep = score_sweep(truth, found, match(truth, found), n_classes=1)
        >>> [sweep.counts_at(score=score, iou=0.5).total() for score in (0.8, 0.81)]
        [Tally(tp=1, fp=1, fn=0), Tally(tp=1, fp=0, fn=0)]
    """
    check_matches(truth, predictions, matches)
    n_images = mask_length(images)
    for table in (truth, predictions):
        check_positions(table, n_images=n_images, n_classes=n_classes)
    n_slots = n_classes * _SIZES
    own_slot, truth_slot = _slots(predictions, n_slots), _slots(truth, n_slots)
    order, excused = _by_slot(own_slot, matches), excused_predictions(predictions)
    order = order[~excused[order]]
    pairs = np.flatnonzero(matches.thresholds[:, 0])
    wanted = ~ignored_truth(truth)[:, 0]
    if images is not None:
        order = order[images[predictions.image[order]]]
        pairs = pairs[images[predictions.image[matches.pred[pairs]]]]
        supporting = wanted & images[truth.image]
    else:
        supporting = wanted
    pairs = pairs[np.argsort(-predictions.score[matches.pred[pairs]], kind="stable")]
    pred, true = matches.pred[pairs], matches.truth[pairs]
    n_kept = np.bincount(own_slot[order], minlength=n_slots)
    return ScoreSweep(
        score=predictions.score[order],
        start=np.concatenate([[0], np.cumsum(n_kept)]),
        support=np.bincount(truth_slot[supporting], minlength=n_slots),
        pair_score=predictions.score[pred],
        pair_thresholds=matches.thresholds[pairs, 0],
        pair_counts=wanted[true],
        pair_excused=excused[pred],
        truth_slot=truth_slot[true].astype(np.int64),
        own_slot=own_slot[pred].astype(np.int64),
        iou_thresholds=matches.iou_thresholds,
    )


def _slots(table: Instances, n_slots: int) -> NDArray[np.unsignedinteger]:
    slot = table.class_ * _SIZES + bucket(table.area)
    # Small integers sort in linear time.
    return slot.astype(np.uint16 if n_slots < 2**16 else np.uint64)


def _by_slot(slot: NDArray[np.unsignedinteger], matches: Matches) -> NDArray[np.int64]:
    """Sort rows by slot, worst score first."""
    # Walking order is by score inside every class, or over all where classes were not looked at.
    ascending = matches.order[::-1]
    order: NDArray[np.int64] = ascending[np.argsort(slot[ascending], kind="stable")]
    return order
