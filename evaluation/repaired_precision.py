"""Precision at one IoU threshold after some outcomes were changed, without sorting again.

Precision changes upwards only at a true positive, so it is computed there: how many predictions of
the class come up to it, less those that were taken out, plus those that were put in. Arithmetic
is that of `average_precision`, so that without a repair the sampled curve has the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from evaluation.average_precision import RECALL_THRESHOLDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.instances import Instances


@dataclass(frozen=True, slots=True)
class Walk:
    """Predictions that count, class by class, best score first, ties by image, then file order.

    `rows` (n,) are their rows, `start` (K + 1,) says where each class begins, `right` (n,) which
    are true positives, `positives` (K,) how many ground truths each class has.
    """

    predictions: Instances
    rows: NDArray[np.int64]
    start: NDArray[np.int64]
    right: NDArray[np.bool_]
    positives: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        predictions: Instances,
        rows: NDArray[np.int64],
        right: NDArray[np.bool_],
        positives: NDArray[np.int64],
    ) -> Self:
        """Find where classes begin in rows that are sorted already."""
        start = np.searchsorted(predictions.class_[rows], np.arange(len(positives) + 1))
        return cls(predictions, rows, start, right, positives)

    def insertion_places(
        self, class_: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Find where predictions would stand in the order of another class.

        Args:
            class_: (m,) the class that each is put into.
            rows: (m,) rows of the predictions.

        Returns:
            (m,) the place in the walk that each would come before.
        """
        table = self.predictions
        low, high = self.start[class_], self.start[class_ + 1]
        while (low < high).any():
            middle = (low + high) // 2
            there = self.rows[np.minimum(middle, len(self.rows) - 1)]
            before = _comes_before(table, there, rows) & (low < high)
            low = np.where(before, middle + 1, low)
            high = np.where(before, high, np.minimum(middle, high))
        return low


@dataclass(frozen=True, slots=True)
class Repair:
    """What one oracle changes.

    `gone` (n,) are the predictions that are taken out, `mended` the places of false positives that
    become true positives where they stand. `moved` are places of predictions that become true
    positives of another class, `moved_class`, both (m,); they must be among `gone`. `dropped` (K,)
    are the ground truths that are no longer asked for.
    """

    gone: NDArray[np.bool_]
    mended: NDArray[np.int64]
    moved: NDArray[np.int64]
    moved_class: NDArray[np.int64]
    dropped: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        walk: Walk,
        *,
        gone: NDArray[np.bool_] | None = None,
        mended: NDArray[np.int64] | None = None,
        moved: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
        dropped: NDArray[np.int64] | None = None,
    ) -> Self:
        """Build a repair that changes only what is given; nothing at all by default."""
        nothing = np.empty(0, dtype=np.int64)
        places, classes = (nothing, nothing) if moved is None else moved
        return cls(
            gone=np.zeros(len(walk.rows), dtype=np.bool_) if gone is None else gone,
            mended=nothing if mended is None else mended,
            moved=places,
            moved_class=classes,
            dropped=np.zeros(len(walk.positives), dtype=np.int64) if dropped is None else dropped,
        )


def sample_precision(walk: Walk, repair: Repair) -> NDArray[np.float64]:
    """Sample the precision envelope of every class at the 101 recall thresholds.

    Returns:
        (C, R), one row for each class with ground truth before the repair; 0 beyond the largest
        recall, and everywhere where a repair leaves nothing to be found.

    Example:
        >>> from evaluation import Instances
        >>> found = Instances.predictions([0, 0], [0, 0], np.ones((2, 4)), score=[0.9, 0.8])
        >>> walk = Walk.of(found, np.array([0, 1]), np.array([False, True]), np.array([1]))
        >>> first_gone = Repair.of(walk, gone=np.array([True, False]))
        >>> repairs = Repair.of(walk), first_gone
        >>> [round(float(sample_precision(walk, one).max()), 9) for one in repairs]
        [0.5, 1.0]
    """
    class_, precision = _at_true_positives(walk, repair)
    classes = np.flatnonzero(walk.positives)
    start = np.searchsorted(class_, classes)
    n_found = np.searchsorted(class_, classes, side="right") - start
    left = walk.positives[classes] - repair.dropped[classes]
    wanted = np.maximum(_needed(np.maximum(left, 1)) - 1, 0)
    reached = wanted < n_found[:, None]
    at = start[:, None] + np.minimum(wanted, n_found[:, None])
    # One more entry, never the largest, keeps the position behind the last class addressable.
    peaks = np.maximum.reduceat(np.append(precision, 0.0), at.ravel()).reshape(at.shape)
    peaks = np.where(reached, peaks, 0.0)
    envelope: NDArray[np.float64] = np.maximum.accumulate(peaks[:, ::-1], axis=1)[:, ::-1]
    return np.ascontiguousarray(envelope)


def _at_true_positives(walk: Walk, repair: Repair) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give class and precision at each true positive, in walking order."""
    table = walk.predictions
    right = walk.right & ~repair.gone
    right[repair.mended] = True
    stays = np.flatnonzero(right)
    moved = walk.rows[repair.moved]
    order = np.lexsort((moved, table.image[moved], -table.score[moved], repair.moved_class))
    moved, moved_class = moved[order], repair.moved_class[order]
    place = np.concatenate([walk.insertion_places(moved_class, moved), stays])
    class_ = np.concatenate([moved_class, table.class_[walk.rows[stays]]])
    is_moved = np.arange(len(place)) < len(moved)
    # What is put in before a place stands before the prediction at that place.
    walked = np.lexsort((~is_moved, place, class_))
    place, class_, is_moved = place[walked], class_[walked], is_moved[walked]

    gone = np.flatnonzero(repair.gone)
    first = walk.start[class_]
    upto = np.where(is_moved, place, place + 1)
    seen = upto - first - (np.searchsorted(gone, upto) - np.searchsorted(gone, first))
    begins = np.searchsorted(class_, class_)
    put_in = np.cumsum(is_moved)
    seen += put_in - np.concatenate([[0], put_in])[begins]
    found = np.arange(1, len(class_) + 1) - begins
    return class_, found / (seen + np.spacing(1))


def _needed(positives: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the true positives that each recall threshold asks for: (C, R)."""
    n = positives[:, None]
    needed = np.ceil(RECALL_THRESHOLDS * n).astype(np.int64)
    # The product is rounded, the recall k / n is too: settle by the very comparison that decides.
    needed -= (needed - 1) / n >= RECALL_THRESHOLDS
    needed += needed / n < RECALL_THRESHOLDS
    return needed


def _comes_before(
    table: Instances, rows: NDArray[np.int64], others: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Compare in walking order inside one class: score descending, then image, then file order."""
    score, other_score = table.score[rows], table.score[others]
    image, other_image = table.image[rows], table.image[others]
    first = np.where(image == other_image, rows < others, image < other_image)
    before: NDArray[np.bool_] = np.where(score == other_score, first, score > other_score)
    return before
