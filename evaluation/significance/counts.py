"""What replicates only add up: ground truth, how much is found, outcomes at one point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evaluation.average_precision import COCO_NUMBERS
from evaluation.matching import AREA_RANGES, ignored_truth
from evaluation.operating_point import PredictionOutcome, TruthOutcome
from evaluation.size_buckets import SIZE_BUCKETS, bucket

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.instances import Instances
    from evaluation.operating_point import Outcomes
    from evaluation.significance.walk import MatchedSet, Scope

AREAS = tuple(AREA_RANGES)
# COCO's recalls: name -> its area range and its cap on the predictions of an image and class.
RECALLS = {
    name: (AREAS.index(mean.area), mean.max_detections)
    for name, mean in COCO_NUMBERS.items()
    if mean.kind == "recall"
}
TALLIES = ("tp", "fp", "fn")


class Sections(NamedTuple):
    """Where the slots of each kind of count begin; K classes.

    `positives` are (K, 4) counted ground truth per area range, `found` (K, 6) the thresholds at
    which it was found, in the order of `RECALLS`, `tallies` (K, 3, 3) size buckets × `TALLIES`.
    """

    positives: slice
    found: slice
    tallies: slice

    @classmethod
    def of(cls, n_classes: int) -> Sections:
        """Lay out the slots of `n_classes` classes."""
        ends = np.cumsum([n_classes * n for n in (len(AREAS), len(RECALLS), 9)]).tolist()
        return cls(slice(0, ends[0]), slice(ends[0], ends[1]), slice(ends[1], ends[2]))


@dataclass(frozen=True, slots=True)
class Counts:
    """Entries to add up, ascending by slot: each adds `amount` × the weight of its image.

    Three parallel (N,) arrays; `n_slots` is the number of sums, `n_images` the number of rows that
    the weights must have.
    """

    slot: NDArray[np.int64]
    image: NDArray[np.int32]
    amount: NDArray[np.int32]
    n_slots: int
    n_images: int


def counts(truth: Instances, side: MatchedSet, outcomes: Outcomes, scope: Scope) -> Counts:
    """Collect everything that the replicates of one side add up.

    Args:
        truth: Ground truth that was matched.
        side: Predictions and matches.
        outcomes: Outcomes of the side at the operating point.
        scope: What counts.
    """
    sections = Sections.of(scope.n_classes)
    parts = [
        _shifted(sections.positives, _positives(truth, scope)),
        _shifted(sections.found, _found(truth, side, scope)),
        _shifted(sections.tallies, _tallies(truth, side, outcomes, scope)),
    ]
    slot, image, amount = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(slot, kind="stable")
    return Counts(
        slot[order],
        image[order].astype(np.int32),
        amount[order].astype(np.int32),
        sections.tallies.stop,
        scope.n_images,
    )


Entries = tuple["NDArray[np.int64]", "NDArray[np.int32]", "NDArray[np.int64]"]


def _shifted(section: slice, entries: Entries) -> Entries:
    slot, image, amount = entries
    return slot + section.start, image, amount


def _positives(truth: Instances, scope: Scope) -> Entries:
    row, area = np.nonzero(~ignored_truth(truth) & scope.has(truth)[:, None])
    slot = scope.class_[truth.class_[row]] * len(AREAS) + area
    return slot, scope.image[truth.image[row]], np.ones(len(row), dtype=np.int64)


def _found(truth: Instances, side: MatchedSet, scope: Scope) -> Entries:
    """Count IoU thresholds: recall is averaged over the ten of them."""
    matches = side.matches
    kept = np.flatnonzero(scope.has(side.predictions)[matches.pred])
    pred, true = matches.pred[kept], matches.truth[kept]
    n_thresholds = np.bitwise_count(matches.thresholds[kept]) * ~ignored_truth(truth)[true]
    slots, images, amounts = [], [], []
    for number, (area, cap) in enumerate(RECALLS.values()):
        row = np.flatnonzero((matches.rank[pred] < cap) & (n_thresholds[:, area] > 0))
        slots.append(scope.class_[truth.class_[true[row]]] * len(RECALLS) + number)
        images.append(scope.image[truth.image[true[row]]])
        amounts.append(n_thresholds[row, area].astype(np.int64))
    return np.concatenate(slots), np.concatenate(images), np.concatenate(amounts)


def _tallies(truth: Instances, side: MatchedSet, outcomes: Outcomes, scope: Scope) -> Entries:
    predictions = side.predictions
    groups = (
        (truth, outcomes.truth == TruthOutcome.FOUND),
        (predictions, outcomes.prediction == PredictionOutcome.FALSE_POSITIVE),
        (truth, outcomes.truth == TruthOutcome.MISSED),
    )
    slots, images = [], []
    for tally, (table, chosen) in enumerate(groups):
        row = np.flatnonzero(chosen & scope.has(table))
        cell = scope.class_[table.class_[row]] * len(SIZE_BUCKETS) + bucket(table.area[row])
        slots.append(cell * len(TALLIES) + tally)
        images.append(scope.image[table.image[row]])
    image = np.concatenate(images)
    return np.concatenate(slots), image, np.ones(len(image), dtype=np.int64)
