"""Precision–recall curves, vectorised in NumPy: what serves where nothing could be compiled.

Precision changes upwards only at a true positive, so precision is computed there and nowhere
else; a false positive is no more than one in a running count. The sampled curve at recall r is
the largest precision at recall >= r (the envelope from the right), so it is enough to take the
maximum between neighbouring recall thresholds and then a running maximum over all of them.

The compiled twin is `_accumulation_kernel.pyx`; both give the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation._kernel_numpy import spread

if TYPE_CHECKING:
    from numpy.typing import NDArray


def sample_curves(  # noqa: PLR0913, PLR0917 - a kernel takes flat columns
    classes: NDArray[np.int64],
    order: NDArray[np.int64],
    start: NDArray[np.int64],
    rank: NDArray[np.int32],
    area: NDArray[np.float64],
    score: NDArray[np.float64],
    image: NDArray[np.int64],
    weight: NDArray[np.int32] | None,
    pred: NDArray[np.int64],
    thresholds: NDArray[np.uint16],
    counted: NDArray[np.uint8],
    caps: NDArray[np.int64],
    ranges: NDArray[np.float64],
    recalls: NDArray[np.float64],
    positives: NDArray[np.int64],
    precision: NDArray[np.float64],
    scores: NDArray[np.float64],
    recall: NDArray[np.float64],
    place: NDArray[np.int32] | None,
    inside: NDArray[np.int32] | None,
) -> None:
    """Sample the precision–recall curves of some classes.

    Args:
        classes: (C,) which classes to fill in.
        order: (P,) rows in walking order.
        start: (K + 1,) where each class begins in `order`.
        rank: (P,) place of a prediction in its image and class.
        area: (P,) px².
        score: (P,) confidences.
        image: (P,) positions on the axis of `weight`.
        weight: (n_images,) how often each image counts; once when missing.
        pred: (E,) matched predictions, ascending.
        thresholds: (E, A) bit t is set where the pair is matched at IoU threshold t.
        counted: (E, A) whether the pair's ground truth is not ignored in an area range.
        caps: (M,) ascending caps on the predictions of one image and class.
        ranges: (A, 2) px², both ends inclusive.
        recalls: (R,) recall thresholds, ascending from 0.
        positives: (K, A) weighted ground truth that counts.
        precision: (K, A, S, T, R) is filled for the S largest caps; −1 without ground truth.
        scores: (K, A, S, T, R) is filled: the score at which each recall is reached, else 0.
        recall: (K, A, M, T) is filled.
        place: (P,) where each row is in walking order, and
        inside: (P + 1, A) how many predictions within the largest cap and in range come before
            each place: with both, and one curve, the walk leaps from pair to pair. The twin
            does not need them.
    """
    del place, inside
    columns = Columns(order, start, rank, area, score)
    weights = np.ones(len(order), np.int64) if weight is None else weight[image].astype(np.int64)
    walk = _walk(columns, classes, weights, ranges, int(caps[-1]))
    pairs = _pairs(walk, pred, thresholds, counted, score)
    for a in range(len(ranges)):
        goal = _Goal.of(positives[classes, a], recalls)
        there = classes[goal.classes]
        for values in (precision, scores, recall):
            values[classes, a] = -1.0
        for m, cap in enumerate(caps.tolist()):
            events = _events(walk, pairs, a, cap)
            sampled = m - len(caps) + precision.shape[2]
            for t in range(recall.shape[3]):
                curve, reached, at = _curve(events, goal, t)
                recall[there, a, m, t] = reached
                if sampled >= 0:
                    precision[there, a, sampled, t] = curve
                    scores[there, a, sampled, t] = at


@dataclass(frozen=True, slots=True)
class Columns:
    """The predictions, as `sample_curves` describes them."""

    order: NDArray[np.int64]
    start: NDArray[np.int64]
    rank: NDArray[np.int32]
    area: NDArray[np.float64]
    score: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Walk:
    """The chosen predictions, class by class in walking order.

    Position arrays are (n,), `in_range` is (A, n).
    """

    rows: NDArray[np.int64]
    class_start: NDArray[np.int64]  # (C + 1,)
    first_score: NDArray[np.float64]  # (C,) 0 where a class has no prediction
    rank: NDArray[np.int32]
    weight: NDArray[np.int64]
    in_range: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The matched pairs in walking order; arrays are (E, …)."""

    place: NDArray[np.int64]
    class_: NDArray[np.int64]
    score: NDArray[np.float64]
    thresholds: NDArray[np.uint16]
    counted: NDArray[np.bool_]


def _walk(
    columns: Columns,
    classes: NDArray[np.int64],
    weights: NDArray[np.int64],
    ranges: NDArray[np.float64],
    most: int,
) -> _Walk:
    """Choose the predictions that count, by class, cap and weight."""
    size = np.diff(columns.start)[classes]
    rows = columns.order[spread(columns.start[classes], size)]
    class_ = np.repeat(np.arange(len(classes)), size)
    chosen = (weights[rows] != 0) & (columns.rank[rows] < most)
    rows, class_ = rows[chosen], class_[chosen]
    start = np.searchsorted(class_, np.arange(len(classes) + 1))
    first_score = np.append(columns.score[rows], 0.0)[start[:-1]]
    first_score[start[:-1] == start[1:]] = 0.0
    area = columns.area[rows]
    return _Walk(
        rows=rows,
        class_start=start,
        first_score=first_score,
        rank=columns.rank[rows],
        weight=weights[rows],
        in_range=np.stack([(area >= low) & (area <= high) for low, high in ranges.tolist()]),
    )


def _pairs(
    walk: _Walk,
    pred: NDArray[np.int64],
    thresholds: NDArray[np.uint16],
    counted: NDArray[np.uint8],
    score: NDArray[np.float64],
) -> _Pairs:
    """Put the pairs of the chosen predictions into walking order."""
    position = np.full(len(score), -1)
    position[walk.rows] = np.arange(len(walk.rows))
    place = position[pred]
    kept = np.flatnonzero(place >= 0)
    kept = kept[np.argsort(place[kept], kind="stable")]
    return _Pairs(
        place=place[kept],
        class_=np.searchsorted(walk.class_start, place[kept], side="right") - 1,
        score=score[pred[kept]],
        thresholds=thresholds[kept],
        counted=counted[kept] != 0,
    )


@dataclass(frozen=True, slots=True)
class _Events:
    """The pairs of one area range and cap, in walking order; everything else is in `seen`."""

    thresholds: NDArray[np.uint16]
    class_: NDArray[np.int64]
    score: NDArray[np.float64]
    counted: NDArray[np.bool_]
    weight: NDArray[np.int64]
    seen: NDArray[np.int64]  # predictions of the class inside the area range, up to and with this
    correction: NDArray[np.int64]  # what a match changes in `seen`
    first_score: NDArray[np.float64]


def _events(walk: _Walk, pairs: _Pairs, area: int, cap: int) -> _Events:
    """Take the pairs of one area range and cap."""
    kept = walk.in_range[area] & (walk.rank < cap)
    running = np.concatenate([[0], np.cumsum(kept * walk.weight)])
    chosen = np.flatnonzero((pairs.thresholds[:, area] != 0) & (walk.rank[pairs.place] < cap))
    place, class_ = pairs.place[chosen], pairs.class_[chosen]
    counted, weight = pairs.counted[chosen, area], walk.weight[place]
    # A true positive counts even where its own area is out of range (+1); a prediction on ignored
    # ground truth does not count even where its own area is in range (−1).
    correction = (counted.astype(np.int64) - walk.in_range[area, place]) * weight
    return _Events(
        thresholds=pairs.thresholds[chosen, area],
        class_=class_,
        score=pairs.score[chosen],
        counted=counted,
        weight=weight,
        seen=running[place + 1] - running[walk.class_start[class_]],
        correction=correction,
        first_score=walk.first_score,
    )


@dataclass(frozen=True, slots=True)
class _Goal:
    """How many true positives each recall threshold asks of each class with ground truth.

    `classes` and `positives` are (C,); `needed` is (C, R).
    """

    classes: NDArray[np.int64]
    positives: NDArray[np.int64]
    needed: NDArray[np.int64]

    @classmethod
    def of(cls, positives: NDArray[np.int64], recalls: NDArray[np.float64]) -> _Goal:
        """Count for all classes; `positives` is (K,) counted ground truth."""
        classes = np.flatnonzero(positives)
        n = positives[classes, None]
        needed = np.ceil(recalls * n).astype(np.int64)
        # The product is rounded, the recall k / n is too: settle by the very comparison that
        # decides, recall >= threshold in doubles.
        needed -= (needed - 1) / n >= recalls
        needed += needed / n < recalls
        return cls(classes, positives[classes], np.maximum(needed, 0))


def _curve(
    events: _Events, goal: _Goal, t: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Sample one IoU threshold: (C, R) precision, (C,) recall, (C, R) scores."""
    hit = np.flatnonzero(events.thresholds & np.uint16(1 << t))
    class_ = events.class_[hit]
    running = np.concatenate([[0], np.cumsum(events.correction[hit])])
    true = np.flatnonzero(events.counted[hit])
    true_class, row = class_[true], hit[true]
    seen = events.seen[row] + running[true + 1] - running[np.searchsorted(class_, true_class)]
    start = np.searchsorted(true_class, np.arange(len(events.first_score) + 1))
    running_found = np.concatenate([[0], np.cumsum(events.weight[row])])
    before = running_found[start]
    found = running_found[1:] - before[true_class]
    # One more entry, never the largest, keeps the position behind the last class addressable.
    precision = np.append(found / (seen + np.spacing(1)), 0.0)
    score = np.append(events.score[row], 0.0)

    n_found = np.diff(before)[goal.classes]
    wanted = np.maximum(goal.needed, 1)
    reached = wanted <= n_found[:, None]
    at = np.searchsorted(running_found[1:], before[goal.classes, None] + wanted)
    at = np.minimum(at, start[goal.classes + 1, None])
    peak = np.where(reached, np.maximum.reduceat(precision, at.ravel()).reshape(at.shape), 0.0)
    envelope = np.maximum.accumulate(peak[:, ::-1], axis=1)[:, ::-1]
    scores = np.where(reached, score[at], 0.0)
    scores[:, 0] = events.first_score[goal.classes]  # recall 0 is met by the first prediction
    return envelope, n_found / goal.positives, scores
