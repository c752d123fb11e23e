"""What a replicate weights: predictions in walking order with their matches, and what is counted.

Both are columns of plain numbers, made once and weighted by every replicate. Whatever no number
can depend on is left out: predictions of other images and classes, beyond COCO's cap, or behind
the last match of their class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation.matching import AREA_RANGES, ignored_truth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.instances import Instances
    from evaluation.matching import Matches

CAP = 100
_RANGE_BITS = np.array([1, 2, 4, 8], dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class MatchedSet:
    """A prediction set and what the matcher found for it."""

    predictions: Instances
    matches: Matches


@dataclass(frozen=True, slots=True)
class Scope:
    """The images and classes that count.

    `image` (n,) is an image's row in the weights and `class_` (K,) a class's row in the numbers,
    −1 for those that do not count; `n_images` and `n_classes` are how many do.
    """

    image: NDArray[np.int32]
    class_: NDArray[np.int64]
    n_images: int
    n_classes: int

    @classmethod
    def of(cls, images: NDArray[np.bool_], classes: NDArray[np.int64], n_classes: int) -> Scope:
        """Number the chosen images (a mask) and classes (positions on an axis of `n_classes`)."""
        image = np.where(images, np.cumsum(images, dtype=np.int32) - np.int32(1), np.int32(-1))
        class_ = np.full(n_classes, -1)
        class_[classes] = np.arange(len(classes))
        return cls(image, class_, int(np.count_nonzero(images)), len(classes))

    def has(self, table: Instances) -> NDArray[np.bool_]:
        """Say which rows of a table count."""
        inside: NDArray[np.bool_] = (self.image[table.image] >= 0) & (
            self.class_[table.class_] >= 0
        )
        return inside


@dataclass(frozen=True, slots=True)
class Walk:
    """Predictions class by class, best score first, and the matched pairs along them.

    Rows are predictions: `row_start` (K + 1,) where the rows of each class begin, `row_image` (n,)
    their row in the weights, `row_ranges` (n,) bit a is set where their own area is in range a of
    `AREA_RANGES`. Events are matched pairs in the order of their rows: `event_start` (K + 1,),
    `event_row` (E,), `event_image` (E,), `event_ranges` (E,) as those of the row, `event_counted`
    (E,) bit a is set where the ground truth counts in range a, `thresholds` (E, 4) as in `Matches`.
    `n_images` is the number of rows that the weights must have.
    """

    row_start: NDArray[np.int64]
    row_image: NDArray[np.int32]
    row_ranges: NDArray[np.uint8]
    event_start: NDArray[np.int64]
    event_row: NDArray[np.int64]
    event_image: NDArray[np.int32]
    event_ranges: NDArray[np.uint8]
    event_counted: NDArray[np.uint8]
    thresholds: NDArray[np.uint16]
    n_images: int


def walk(truth: Instances, side: MatchedSet, scope: Scope) -> Walk:
    """Lay out the predictions and matches of one side in walking order.

    Args:
        truth: Ground truth that was matched.
        side: Predictions and matches.
        scope: What counts.
    """
    predictions, matches = side.predictions, side.matches
    rows = matches.order[(scope.has(predictions) & (matches.rank < CAP))[matches.order]]
    rows = rows[np.argsort(scope.class_[predictions.class_[rows]], kind="stable")]
    place = np.full(len(predictions), -1)
    place[rows] = np.arange(len(rows))
    event_row = place[matches.pred]
    pairs = np.flatnonzero(event_row >= 0)
    pairs = pairs[np.argsort(event_row[pairs], kind="stable")]
    event_row = event_row[pairs]
    classes = np.arange(scope.n_classes + 1)
    row_class = scope.class_[predictions.class_[rows]]
    # Behind the last match of a class only false positives follow: they change no curve.
    needed = np.zeros(len(rows) + 1, dtype=np.int64)
    last = np.flatnonzero(np.diff(row_class[event_row], append=-1))
    ends = event_row[last] + 1
    np.add.at(needed, np.searchsorted(row_class, row_class[event_row[last]]), 1)
    np.add.at(needed, ends, -1)
    kept = np.cumsum(needed[:-1]) > 0
    event_row = np.cumsum(kept)[event_row] - 1
    rows, row_class = rows[kept], row_class[kept]
    ranges = _range_bits(predictions.area[rows])
    image = scope.image[predictions.image[rows]]
    counted = ~ignored_truth(truth)[matches.truth[pairs]]
    return Walk(
        row_start=np.searchsorted(row_class, classes),
        row_image=image,
        row_ranges=ranges,
        event_start=np.searchsorted(row_class[event_row], classes),
        event_row=event_row,
        event_image=image[event_row],
        event_ranges=ranges[event_row],
        event_counted=(counted * _RANGE_BITS).sum(axis=1, dtype=np.uint8),
        thresholds=np.ascontiguousarray(matches.thresholds[pairs]),
        n_images=scope.n_images,
    )


def _range_bits(area: NDArray[np.float64]) -> NDArray[np.uint8]:
    bits = np.zeros(len(area), dtype=np.uint8)
    for bit, (low, high) in zip(_RANGE_BITS, AREA_RANGES.values(), strict=True):
        bits |= ((area >= low) & (area <= high)) * bit
    return bits
