"""Average precision and recall: COCO's curves from matches, without matching again.

Precision changes upwards only at a true positive, so precision is computed there and nowhere
else; a false positive is no more than one in a running count. The sampled curve at recall r is
the largest precision at recall >= r (the envelope from the right), so it is enough to take the
maximum between neighbouring recall thresholds and then a running maximum over the 101 of them.

Arithmetic and order of means are those of pycocotools 2.0.11 (`COCOeval.accumulate`,
`COCOeval.summarize`), so that all arrays and numbers have the same bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation.errors import InvalidThreshold, MismatchedColumns
from evaluation.instances import check_positions
from evaluation.matching import AREA_RANGES, IOU_THRESHOLDS, ignored_truth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from evaluation.instances import Instances
    from evaluation.matching import Matches

RECALL_THRESHOLDS: NDArray[np.float64] = np.linspace(
    0.0, 1.0, int(np.round((1.0 - 0.0) / 0.01)) + 1, endpoint=True
)
MAX_DETECTIONS = (1, 10, 100)
_AREAS = tuple(AREA_RANGES)


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """Sampled curves; −1 where there is no ground truth to recall, as in pycocotools.

    Axes: T IoU thresholds, R recall thresholds, K classes, A area ranges (all, small, medium,
    large), M caps on the predictions of an image and class. `precision` and `scores` are
    (T, R, K, A, M): the envelope and the score at which it is reached; `recall` is (T, K, A, M).
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    scores: NDArray[np.float64]
    max_detections: tuple[int, ...]

    def take(self, classes: NDArray[np.int64]) -> PrecisionRecall:
        """Give the curves of some classes, in that order."""
        return PrecisionRecall(
            precision=self.precision[:, :, classes],
            recall=self.recall[:, classes],
            scores=self.scores[:, :, classes],
            max_detections=self.max_detections,
        )


@dataclass(frozen=True, slots=True)
class Mean:
    """Which part of the curves a number averages."""

    kind: str
    area: str = "all"
    max_detections: int = 100
    iou: float | None = None


# COCO's twelve numbers, in its order.
COCO_NUMBERS: Mapping[str, Mean] = {
    "AP": Mean("precision"),
    "AP50": Mean("precision", iou=0.5),
    "AP75": Mean("precision", iou=0.75),
    "APs": Mean("precision", area="small"),
    "APm": Mean("precision", area="medium"),
    "APl": Mean("precision", area="large"),
    "AR1": Mean("recall", max_detections=1),
    "AR10": Mean("recall", max_detections=10),
    "AR100": Mean("recall"),
    "ARs": Mean("recall", area="small"),
    "ARm": Mean("recall", area="medium"),
    "ARl": Mean("recall", area="large"),
}


def accumulate(
    truth: Instances,
    predictions: Instances,
    matches: Matches,
    *,
    n_classes: int,
    max_detections: Sequence[int] = MAX_DETECTIONS,
    images: NDArray[np.bool_] | None = None,
) -> PrecisionRecall:
    """Accumulate matches into precision–recall curves of every class.

    Args:
        truth: Ground truth that was matched.
        predictions: Predictions that were matched.
        matches: Outcome of `match` for exactly these tables.
        n_classes: Length K of the class axis.
        max_detections: Caps M on the predictions of one image and class, best score first.
        images: Mask over the image axis; only those images count. All when missing.

    Raises:
        MismatchedColumns: If `matches` belong to other predictions.
        InvalidThreshold: If a cap is below 1.
        PositionOutOfRange: If a table has a class outside the axis, or an image outside `images`.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> found = Instances.predictions([0], [0], [[0, 0, 10, 10]], score=[0.9])
        >>> curves = accumulate(truth, found, match(truth, found), n_classes=1)
        >>> curves.precision.shape, curves.recall[0, 0, 0].tolist()
        ((10, 101, 1, 4, 3), [1.0, 1.0, 1.0])
    """
    _check(truth, predictions, matches, n_classes, images)
    caps = _checked_caps(max_detections)
    shape = (len(IOU_THRESHOLDS), len(RECALL_THRESHOLDS), n_classes, len(_AREAS), len(caps))
    precision, scores = np.full(shape, -1.0), np.full(shape, -1.0)
    recall = np.full((shape[0], *shape[2:]), -1.0)
    ignored = ignored_truth(truth)
    here = slice(None) if images is None else images[truth.image]
    kept = matches.rank < max(caps)
    chosen = np.flatnonzero(kept if images is None else kept & images[predictions.image])
    walk = _walk(predictions, matches, ignored, chosen, n_classes)
    for a in range(len(_AREAS)):
        counted = truth.class_[here][~ignored[here, a]]
        goal = _Goal.of(np.bincount(counted, minlength=n_classes))
        for m, cap in enumerate(caps):
            events = _events(walk, a, cap)
            for t in range(len(IOU_THRESHOLDS)):
                curve, reached, at = _curve(events, goal, t)
                precision[t, :, goal.classes, a, m] = curve
                scores[t, :, goal.classes, a, m] = at
                recall[t, goal.classes, a, m] = reached
    return PrecisionRecall(precision, recall, scores, caps)


def summarize(curves: PrecisionRecall) -> dict[str, float | None]:
    """Average the curves into COCO's twelve numbers.

    Each number is the mean over IoU thresholds, recall thresholds (AP only) and those classes
    that have ground truth in its area range.

    Args:
        curves: What `accumulate` gave, of all classes or (`take`) of some.

    Returns:
        AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl; None where nothing can be
        averaged: no ground truth, or curves without that cap on predictions.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> found = Instances.predictions([0], [0], [[0, 0, 10, 6]], score=[0.9])
        >>> numbers = summarize(accumulate(truth, found, match(truth, found), n_classes=1))
        >>> round(numbers["AP"], 3), numbers["AR100"], numbers["APl"]
        (0.3, 0.3, None)
    """
    numbers: dict[str, float | None] = {}
    for name, mean in COCO_NUMBERS.items():
        part = _part(curves, mean)
        known = part[part > -1]
        numbers[name] = float(np.mean(known)) if len(known) else None
    return numbers


def class_average_precision(curves: PrecisionRecall) -> dict[str, list[float | None]]:
    """Average the curves of each class: COCO's twelve numbers, one entry a class.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0], [1], [[0, 0, 10, 10]])
        >>> found = Instances.predictions([0], [1], [[0, 0, 10, 10]], score=[0.9])
        >>> curves = accumulate(truth, found, match(truth, found), n_classes=2)
        >>> class_average_precision(curves)["AR100"]
        [None, 1.0]
    """
    numbers: dict[str, list[float | None]] = {}
    for name, mean in COCO_NUMBERS.items():
        part = _part(curves, mean)
        n_values, n_classes = math.prod(part.shape[:-1]), part.shape[-1]
        if n_values == 0:
            numbers[name] = [None] * n_classes
            continue
        by_class = np.ascontiguousarray(part.reshape(n_values, n_classes).T)
        # A class is −1 everywhere or nowhere: it has ground truth in this area range or not.
        known = by_class[:, 0] > -1
        numbers[name] = [
            float(value) if has else None
            for value, has in zip(by_class.mean(axis=1), known, strict=True)
        ]
    return numbers


def _part(curves: PrecisionRecall, mean: Mean) -> NDArray[np.float64]:
    """Cut out the values that a number averages; the class axis is the last."""
    values = curves.precision if mean.kind == "precision" else curves.recall
    if mean.max_detections not in curves.max_detections:
        return values[..., 0, :0].reshape(0, values.shape[-3])
    if mean.iou is not None:
        values = values[np.flatnonzero(mean.iou == IOU_THRESHOLDS)]
    area, cap = _AREAS.index(mean.area), curves.max_detections.index(mean.max_detections)
    part: NDArray[np.float64] = values[..., area, cap]
    return part


def _check(
    truth: Instances,
    predictions: Instances,
    matches: Matches,
    n_classes: int,
    images: NDArray[np.bool_] | None,
) -> None:
    if len(matches.rank) != len(predictions):
        raise MismatchedColumns("matches.rank", (len(predictions),), matches.rank.shape)
    n_images = None if images is None else len(images)
    for table in (truth, predictions):
        check_positions(table, n_images=n_images, n_classes=n_classes)


def _checked_caps(max_detections: Sequence[int]) -> tuple[int, ...]:
    caps = tuple(int(cap) for cap in max_detections)
    if not caps or min(caps) < 1:
        worst = min(caps, default=0)
        raise InvalidThreshold("max_detections", worst, allowed="one or more caps of at least 1")
    return caps


@dataclass(frozen=True, slots=True)
class _Walk:
    """Predictions class by class, best score first, ties by image, then in file order.

    Position arrays are (n,), `in_range` is (A, n); the arrays of matched pairs are (E, …), in
    walking order.
    """

    class_start: NDArray[np.int64]  # (K + 1,)
    first_score: NDArray[np.float64]  # (K,) 0 where a class has no prediction
    rank: NDArray[np.int32]
    in_range: NDArray[np.bool_]
    place: NDArray[np.int64]  # (E,)
    class_: NDArray[np.int64]  # (E,)
    score: NDArray[np.float64]  # (E,)
    thresholds: NDArray[np.uint16]  # (E, A)
    counted: NDArray[np.bool_]  # (E, A) the pair's ground truth is not ignored


def _walk(
    predictions: Instances,
    matches: Matches,
    ignored: NDArray[np.bool_],
    chosen: NDArray[np.int64],
    n_classes: int,
) -> _Walk:
    """Sort the chosen predictions into walking order and hang their pairs on it."""
    keys = (predictions.image[chosen], -predictions.score[chosen], predictions.class_[chosen])
    order = chosen[np.lexsort(keys)]
    class_start = np.searchsorted(predictions.class_[order], np.arange(n_classes + 1))
    first_score = np.append(predictions.score[order], 0.0)[class_start[:-1]]
    first_score[class_start[:-1] == class_start[1:]] = 0.0
    area = predictions.area[order]
    position = np.full(len(predictions), -1)
    position[order] = np.arange(len(order))
    place = position[matches.pred]
    pairs = np.flatnonzero(place >= 0)
    pairs = pairs[np.argsort(place[pairs], kind="stable")]
    rows = matches.pred[pairs]
    return _Walk(
        class_start=class_start,
        first_score=first_score,
        rank=matches.rank[order],
        in_range=np.stack([(area >= low) & (area <= high) for low, high in AREA_RANGES.values()]),
        place=place[pairs],
        class_=predictions.class_[rows],
        score=predictions.score[rows],
        thresholds=matches.thresholds[pairs],
        counted=~ignored[matches.truth[pairs]],
    )


@dataclass(frozen=True, slots=True)
class _Events:
    """The pairs of one area range and cap, in walking order; everything else is in `seen`."""

    thresholds: NDArray[np.uint16]
    class_: NDArray[np.int64]
    score: NDArray[np.float64]
    counted: NDArray[np.bool_]
    seen: NDArray[np.int64]  # predictions of the class inside the area range, up to and with this
    correction: NDArray[np.int64]  # what a match changes in `seen`
    first_score: NDArray[np.float64]


def _events(walk: _Walk, area: int, cap: int) -> _Events:
    """Take the pairs of one area range and cap."""
    kept = walk.in_range[area] & (walk.rank < cap)
    running = np.concatenate([[0], np.cumsum(kept)])
    pairs = np.flatnonzero((walk.thresholds[:, area] != 0) & (walk.rank[walk.place] < cap))
    place, class_ = walk.place[pairs], walk.class_[pairs]
    counted = walk.counted[pairs, area]
    # A true positive counts even where its own area is out of range (+1); a prediction on ignored
    # ground truth does not count even where its own area is in range (−1).
    correction = counted.astype(np.int64) - walk.in_range[area, place]
    return _Events(
        thresholds=walk.thresholds[pairs, area],
        class_=class_,
        score=walk.score[pairs],
        counted=counted,
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
    def of(cls, positives: NDArray[np.int64]) -> _Goal:
        """Count for all classes; `positives` is (K,) counted ground truth."""
        classes = np.flatnonzero(positives)
        n = positives[classes, None]
        needed = np.ceil(RECALL_THRESHOLDS * n).astype(np.int64)
        # The product is rounded, the recall k / n is too: settle by the very comparison that
        # decides, recall >= threshold in doubles.
        needed -= (needed - 1) / n >= RECALL_THRESHOLDS
        needed += needed / n < RECALL_THRESHOLDS
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
    before = running[np.searchsorted(class_, true_class)]
    seen = events.seen[row] + running[true + 1] - before
    start = np.searchsorted(true_class, np.arange(len(events.first_score) + 1))
    found = np.arange(1, len(true) + 1) - start[true_class]
    # One more entry, never the largest, keeps the position behind the last class addressable.
    precision = np.append(found / (seen + np.spacing(1)), 0.0)
    score = np.append(events.score[row], 0.0)

    first, n_found = start[goal.classes, None], np.diff(start)[goal.classes]
    wanted = np.maximum(goal.needed - 1, 0)
    reached = wanted < n_found[:, None]
    at = first + np.minimum(wanted, n_found[:, None])
    peak = np.where(reached, np.maximum.reduceat(precision, at.ravel()).reshape(at.shape), 0.0)
    envelope = np.maximum.accumulate(peak[:, ::-1], axis=1)[:, ::-1]
    scores = np.where(reached, score[at], 0.0)
    scores[:, 0] = events.first_score[goal.classes]  # recall 0 is met by the first prediction
    return envelope, n_found / goal.positives, scores
