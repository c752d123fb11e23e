"""Accumulation: matches walked once more, class by class, into sampled curves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from evaluation import kernels
from evaluation.errors import InvalidThreshold, MismatchedColumns, PositionOutOfRange
from evaluation.instances import mask_length
from evaluation.matching import AREA_RANGES, check_matches, ignored_truth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.instances import Instances
    from evaluation.matching import Matches

    Curves = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]

kernel = kernels.kernel("accumulation_kernel")
order_kernel = kernels.kernel("order_kernel")

_MOST_WEIGHT = 1_000_000
_RANGES = np.array(list(AREA_RANGES.values()))


@dataclass(frozen=True, slots=True)
class PreparedWalk:
    """What of the walk along predictions does not depend on ground truth: made once, used often.

    `order`, `rank` and `area` (P,) are the columns that it was made from. `place` (P,) says where
    each row is in walking order. `inside` (P + 1, A) counts, before each place, the predictions
    that are in an area range and, by rank, within `cap`.

    Raises:
        MismatchedColumns: If a column has another shape, or `order` is not every row once.
    """

    order: NDArray[np.int64]
    rank: NDArray[np.int32]
    area: NDArray[np.float64]
    place: NDArray[np.int32]
    inside: NDArray[np.int32]
    cap: int

    def __post_init__(self) -> None:
        n = len(self.order)
        for name in ("rank", "area", "place"):
            if (shape := getattr(self, name).shape) != (n,):
                raise MismatchedColumns(f"walk.{name}", (n,), shape)
        if self.inside.shape != (n + 1, len(_RANGES)):
            raise MismatchedColumns("walk.inside", (n + 1, len(_RANGES)), self.inside.shape)
        # Native code follows places: each row must have one of its own.
        known = n == 0 or 0 <= int(self.place.min()) <= int(self.place.max()) < n
        if not known or not np.array_equal(self.order[self.place], np.arange(n)):
            raise MismatchedColumns("walk.order", "every row once", "an order of other rows")

    def check(self, predictions: Instances, matches: Matches) -> None:
        """Refuse predictions that the walk was not made for.

        Raises:
            MismatchedColumns: If they have another order, other ranks or other areas.
        """
        for name, mine, given in (
            ("order", self.order, matches.order),
            ("rank", self.rank, matches.rank),
            ("area", self.area, predictions.area),
        ):
            if mine is not given and not np.array_equal(mine, given):
                raise MismatchedColumns(f"walk.{name}", "that of the matches", "another one")


def prepare_walk(predictions: Instances, matches: Matches, *, cap: int = 100) -> PreparedWalk:
    """Prepare the walk along predictions that will be accumulated again and again.

    Args:
        predictions: Predictions that were matched.
        matches: Outcome of `match`; only its order and ranks are read, which no label changes.
        cap: Cap on the predictions of one image and class.

    Raises:
        MismatchedColumns: If `matches` belong to other predictions.
        PositionOutOfRange: If their order names a row that is not there.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> boxes = [[0, 0, 10, 10], [0, 0, 50, 50]]
        >>> found = Instances.predictions([0, 0], [0, 0], boxes, score=[0.4, 0.9])
        >>> walk = prepare_walk(found, match(truth, found))
        >>> walk.place.tolist(), walk.inside[:, 1].tolist()
        ([1, 0], [0, 0, 1])
    """
    n = len(predictions)
    for name, column in (("rank", matches.rank), ("order", matches.order)):
        if column.shape != (n,):
            raise MismatchedColumns(f"matches.{name}", (n,), column.shape)
    if n and (int(matches.order.min()) < 0 or int(matches.order.max()) >= n):
        raise PositionOutOfRange("matches.order", length=n)
    place = np.full(n, -1, dtype=np.int32)
    place[matches.order] = np.arange(n, dtype=np.int32)
    area, kept = predictions.area[matches.order], matches.rank[matches.order] < cap
    inside = np.zeros((n + 1, len(_RANGES)), dtype=np.int32)
    for a in range(len(_RANGES)):
        low, high = _RANGES[a]
        np.cumsum((area >= low) & (area <= high) & kept, out=inside[1:, a])
    return PreparedWalk(matches.order, matches.rank, predictions.area, place, inside, cap)


def sampled_curves(  # noqa: PLR0913 - what a curve depends on; all settings are keyword-only
    truth: Instances,
    predictions: Instances,
    matches: Matches,
    *,
    n_classes: int,
    caps: NDArray[np.int64],
    recalls: NDArray[np.float64],
    images: NDArray[np.bool_] | None = None,
    weights: NDArray[np.integer] | None = None,
    curves_of: int | None = None,
    walk: PreparedWalk | None = None,
) -> Curves:
    """Sample the precision–recall curves of every class at some recalls.

    Args:
        truth: Ground truth that was matched.
        predictions: Predictions that were matched.
        matches: Outcome of `match` for exactly these tables.
        n_classes: Length K of the class axis.
        caps: (M,) ascending caps on the predictions of one image and class.
        recalls: (R,) recall thresholds, ascending from 0.
        images: Mask over the image axis.
        weights: How often each image counts.
        curves_of: For how many of the caps, the largest, there are curves; of the others only
            recall. All when missing.
        walk: The walk prepared for these predictions and the largest cap; used where all images
            count once and there is one curve.

    Returns:
        Precision and scores (T, R, K, A, S) and recall (T, K, A, M), as in `PrecisionRecall`.

    Raises:
        MismatchedColumns: If `matches` belong to other tables, `walk` to other predictions, or
            images or weights hold other values than truth values and integers.
        InvalidThreshold: If a weight is below 0.
        PositionOutOfRange: If a class or image lies outside its axis.
    """
    check_matches(truth, predictions, matches)
    weight = _checked_weight(truth, predictions, images, weights)
    class_, truth_class = (
        _classes(table, n_classes, class_agnostic=matches.class_agnostic)
        for table in (predictions, truth)
    )
    start = np.zeros(n_classes + 1, dtype=np.int64)
    order_kernel.count_positions(class_, start)
    matches = _ascending(matches)
    ignored = ignored_truth(truth)
    n_sampled = len(caps) if curves_of is None else curves_of
    shape = (n_classes, len(_RANGES), n_sampled, len(matches.iou_thresholds), len(recalls))
    precision, scores = np.empty(shape), np.empty(shape)
    recall = np.empty((*shape[:2], len(caps), shape[3]))
    columns = (
        *_walk_columns(predictions, matches, start),
        weight,
        np.ascontiguousarray(matches.pred, dtype=np.int64),
        np.ascontiguousarray(matches.thresholds, dtype=np.uint16),
        (~ignored[matches.truth]).view(np.uint8),
        caps,
        _RANGES,
        recalls,
        _positives(truth, truth_class, ignored, n_classes, weight),
        precision,
        scores,
        recall,
        *_leaps(walk, predictions, matches, caps, plain=weight is None and n_sampled == 1),
    )
    kernels.in_threads(
        [
            partial(kernel.sample_curves, classes, *columns)
            for classes in kernels.shares(np.diff(start))
        ]
    )
    by_class = (3, 4, 0, 1, 2)
    return precision.transpose(by_class), scores.transpose(by_class), recall.transpose(3, 0, 1, 2)


def _walk_columns(
    predictions: Instances, matches: Matches, start: NDArray[np.int64]
) -> tuple[NDArray[np.generic], ...]:
    """Give what a kernel reads of the predictions, in the types that it reads."""
    return (
        np.ascontiguousarray(matches.order, dtype=np.int64),
        start,
        np.ascontiguousarray(matches.rank, dtype=np.int32),
        np.ascontiguousarray(predictions.area, dtype=np.float64),
        np.ascontiguousarray(predictions.score, dtype=np.float64),
        np.ascontiguousarray(predictions.image, dtype=np.int64),
    )


def _leaps(
    walk: PreparedWalk | None,
    predictions: Instances,
    matches: Matches,
    caps: NDArray[np.int64],
    *,
    plain: bool,
) -> tuple[NDArray[np.int32] | None, NDArray[np.int32] | None]:
    """Give the columns of a prepared walk where it serves; two times None where not."""
    if walk is None:
        return None, None
    walk.check(predictions, matches)
    if not plain or walk.cap != caps[-1]:
        return None, None
    return walk.place, walk.inside


def _ascending(matches: Matches) -> Matches:
    """Sort the pairs by prediction, as the matcher does: kernels look them up that way."""
    if (matches.pred[1:] >= matches.pred[:-1]).all():
        return matches
    rows = np.argsort(matches.pred, kind="stable")
    return replace(
        matches,
        pred=matches.pred[rows],
        truth=matches.truth[rows],
        iou=matches.iou[rows],
        thresholds=matches.thresholds[rows],
    )


def _classes(table: Instances, n_classes: int, *, class_agnostic: bool) -> NDArray[np.int64]:
    if class_agnostic:
        if n_classes < min(len(table), 1):
            raise PositionOutOfRange("class_", length=n_classes)
        return np.zeros(len(table), dtype=np.int64)
    class_ = np.ascontiguousarray(table.class_, dtype=np.int64)
    low, high, _ = order_kernel.span(class_)
    if low < 0 or high >= n_classes:
        raise PositionOutOfRange("class_", length=n_classes)
    return class_


def _checked_weight(
    truth: Instances,
    predictions: Instances,
    images: NDArray[np.bool_] | None,
    weights: NDArray[np.integer] | None,
) -> NDArray[np.int32] | None:
    """Give one weight an image, 0 for those left out; None where all count once."""
    if images is None and weights is None:
        return None
    mask_length(images)
    if images is not None and weights is not None and images.shape != weights.shape:
        raise MismatchedColumns("weights", images.shape, weights.shape)
    if weights is None:
        weight = np.asarray(images).astype(np.int32)
    else:
        weight = _whole(weights) if images is None else _whole(weights) * images
    for table in (truth, predictions):
        low, high, _ = order_kernel.span(np.ascontiguousarray(table.image, dtype=np.int64))
        if low < 0 or high >= len(weight):
            raise PositionOutOfRange("image", length=len(weight))
    return weight


def _whole(weights: NDArray[np.integer]) -> NDArray[np.int32]:
    """Check weights: a curve adds them up in 64 bits, one of them has 32."""
    if not np.issubdtype(weights.dtype, np.integer):
        raise MismatchedColumns("weights", "integers", str(weights.dtype))
    for weight in (int(weights.min(initial=0)), int(weights.max(initial=0))):
        if not 0 <= weight <= _MOST_WEIGHT:
            raise InvalidThreshold("weights", weight, allowed=f"whole numbers 0 … {_MOST_WEIGHT}")
    return weights.astype(np.int32)


def _positives(
    truth: Instances,
    class_: NDArray[np.int64],
    ignored: NDArray[np.bool_],
    n_classes: int,
    weight: NDArray[np.int32] | None,
) -> NDArray[np.int64]:
    """Count the ground truth to be found of each class and area range, (K, A)."""
    n_codes = 1 << ignored.shape[1]
    counted = np.packbits(~ignored, axis=1, bitorder="little")[:, 0]
    each = None if weight is None else weight[truth.image]
    # Sums of whole numbers: doubles hold them exactly.
    codes = np.bincount(class_ * n_codes + counted, weights=each, minlength=n_classes * n_codes)
    holds = np.arange(n_codes)[:, None] >> np.arange(ignored.shape[1]) & 1
    positives: NDArray[np.int64] = codes.astype(np.int64).reshape(n_classes, n_codes) @ holds
    return positives
