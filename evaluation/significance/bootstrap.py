"""Paired bootstrap over images: an interval for every number and every difference.

A replicate draws as many images as there are, with replacement. What is drawn is only a weight an
image: matches and walking order stay, so nothing is matched or sorted again. Two prediction sets
share the weights, so that what both find hard moves both and cancels in the difference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from evaluation.comparison import delta
from evaluation.errors import MismatchedColumns, PositionOutOfRange
from evaluation.instances import check_positions, mask_length
from evaluation.results import evaluate
from evaluation.significance.counts import counts
from evaluation.significance.differing_images import differing_images
from evaluation.significance.evidence import evidence
from evaluation.significance.interval_tables import Intervals
from evaluation.significance.intervals import Sampled, adjusted, intervals
from evaluation.significance.numbers import (
    NAMES,
    averages_classes,
    class_samples,
    plain,
    samples,
)
from evaluation.significance.replicates import Weighable, replicate
from evaluation.significance.resampling import Resampling
from evaluation.significance.walk import MatchedSet, Scope, walk
from evaluation.size_buckets import SIZE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from evaluation.instances import Instances
    from evaluation.results import EvaluationResult
    from evaluation.significance.evidence import Carried, Evidence
    from evaluation.significance.intervals import Interval
    from evaluation.significance.numbers import Level
    from evaluation.significance.replicates import Progress, Replicates

    Part = Callable[[Replicates], NDArray[np.float64]]


def bootstrap(  # noqa: PLR0913 - scope and operating point as in `evaluate`; keyword-only
    truth: Instances,
    side: MatchedSet,
    *,
    class_names: Sequence[str],
    images: NDArray[np.bool_] | None = None,
    classes: Sequence[int] | NDArray[np.int64] | None = None,
    score: float = 0.3,
    iou: float = 0.5,
    resampling: Resampling | None = None,
    progress: Progress | None = None,
) -> Intervals:
    """Give every number of one prediction set an interval.

    Args:
        truth: Ground truth that was matched.
        side: The prediction set and its matches.
        class_names: Names of the class axis, all K of them.
        images: Mask over the image axis of the images that count, with or without objects. When
            missing, the positions up to the last one that has an object.
        classes: Positions of the classes that count, each once. All when missing.
        score: Score threshold of the operating point; this score or more counts.
        iou: IoU threshold of the operating point, one of `IOU_THRESHOLDS`.
        resampling: Number of replicates, seed, level and least number of images; the defaults of
            `Resampling` when missing.
        progress: Called with replicates done and replicates asked; may raise to stop.

    Returns:
        Intervals whose values are those of `evaluate`; `p` and `q` are None.

    Raises:
        InvalidThreshold: If a threshold is out of its range.
        MismatchedColumns: If matches belong to other predictions, or a class is named twice.
        PositionOutOfRange: If a class or image position lies outside its axis.

    Example:
        >>> from evaluation import Instances, match
        >>> n = 40
        >>> truth = Instances.ground_truth(np.arange(n), [0] * n, [[0, 0, 10, 10]] * n)
        >>> found = truth.take(np.arange(0, n, 2))
        >>> side = MatchedSet(found, match(truth, found))
        >>> recall = bootstrap(truth, side, class_names=["cell"]).operating_point["recall"]
        >>> recall.value, recall.low, recall.high
        (0.5, 0.35, 0.675)
    """
    scene = _Scene.of(truth, (side,), class_names, images, classes)
    results = scene.evaluate(score, iou)
    return _intervals(scene, results, results[0].to_dict(), resampling or Resampling(), progress)


def bootstrap_delta(  # noqa: PLR0913 - scope and operating point as in `evaluate`; keyword-only
    truth: Instances,
    ours: MatchedSet,
    theirs: MatchedSet,
    *,
    class_names: Sequence[str],
    images: NDArray[np.bool_] | None = None,
    classes: Sequence[int] | NDArray[np.int64] | None = None,
    score: float = 0.3,
    iou: float = 0.5,
    resampling: Resampling | None = None,
    progress: Progress | None = None,
) -> Intervals:
    """Give every difference of two prediction sets, ours − theirs, an interval and a p value.

    Args:
        truth: Ground truth that both were matched to.
        ours: The prediction set and its matches.
        theirs: The baseline and its matches.
        class_names: Names of the class axis, all K of them.
        images: Mask over the image axis of the images that count, with or without objects. When
            missing, the positions up to the last one that has an object.
        classes: Positions of the classes that count, each once. All when missing.
        score: Score threshold of the operating point; this score or more counts.
        iou: IoU threshold of the operating point, one of `IOU_THRESHOLDS`.
        resampling: Number of replicates, seed, level and least number of images; the defaults of
            `Resampling` when missing.
        progress: Called with replicates done and replicates asked; may raise to stop.

    Returns:
        Intervals whose values are those of `delta(evaluate(ours), evaluate(theirs))`.

    Raises:
        InvalidThreshold: If a threshold is out of its range.
        MismatchedColumns: If matches belong to other predictions, or a class is named twice.
        PositionOutOfRange: If a class or image position lies outside its axis.

    Example:
        >>> from evaluation import Instances, match
        >>> n = 40
        >>> truth = Instances.ground_truth(np.arange(n), [0] * n, [[0, 0, 10, 10]] * n)
        >>> new, old = (
        ...     MatchedSet(found, match(truth, found))
        ...     for found in (truth, truth.take(np.arange(0, n, 2)))
        ... )
        >>> recall = bootstrap_delta(truth, new, old, class_names=["cell"]).metrics["AR100"]
        >>> recall.value, round(recall.low, 3), round(recall.high, 3), round(recall.p, 3)
        (0.5, 0.325, 0.65, 0.004)
    """
    scene = _Scene.of(truth, (ours, theirs), class_names, images, classes)
    results = scene.evaluate(score, iou)
    return _intervals(scene, results, delta(*results), resampling or Resampling(), progress)


@dataclass(frozen=True, slots=True)
class _Scene:
    """Checked tables: ground truth, prediction sets, and what of them counts."""

    truth: Instances
    sides: tuple[MatchedSet, ...]
    class_names: Sequence[str]
    images: NDArray[np.bool_]
    classes: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        truth: Instances,
        sides: tuple[MatchedSet, ...],
        class_names: Sequence[str],
        images: NDArray[np.bool_] | None,
        classes: Sequence[int] | NDArray[np.int64] | None,
    ) -> _Scene:
        tables = [truth, *(side.predictions for side in sides)]
        if images is None:
            length = 1 + max((int(table.image.max()) for table in tables if len(table)), default=-1)
            images = np.ones(length, dtype=np.bool_)
        if any(side.matches.class_agnostic for side in sides):
            truth, sides = (
                _of_one_class(truth),
                tuple(replace(side, predictions=_of_one_class(side.predictions)) for side in sides),
            )
            tables = [truth, *(side.predictions for side in sides)]
        for table in tables:
            check_positions(table, n_images=mask_length(images), n_classes=len(class_names))
        rows = np.arange(len(class_names)) if classes is None else np.asarray(classes, np.int64)
        if len(rows) and (int(rows.min()) < 0 or int(rows.max()) >= len(class_names)):
            raise PositionOutOfRange("classes", length=len(class_names))
        if len(np.unique(rows)) != len(rows):
            raise MismatchedColumns("classes", "each class once", rows.tolist())
        return cls(truth, sides, class_names, images, rows)

    def evaluate(self, score: float, iou: float) -> list[EvaluationResult]:
        """Evaluate every prediction set, without matching again."""
        return [
            evaluate(
                self.truth,
                side.predictions,
                class_names=self.class_names,
                matches=side.matches,
                images=self.images,
                classes=self.classes,
                score=score,
                iou=iou,
            )
            for side in self.sides
        ]


def _of_one_class(table: Instances) -> Instances:
    return replace(table, class_=np.zeros_like(table.class_))


def _intervals(
    scene: _Scene,
    results: Sequence[EvaluationResult],
    numbers: Mapping[str, Any],
    resampling: Resampling,
    progress: Progress | None,
) -> Intervals:
    """Resample one prediction set, or two for their difference."""
    truth, scope = scene.truth, Scope.of(scene.images, scene.classes, len(scene.class_names))
    sides = [
        Weighable(
            walk(truth, side, scope),
            counts(truth, side, result.outcomes, scope),
            side.matches.iou_thresholds,
            scope.n_classes,
        )
        for side, result in zip(scene.sides, results, strict=True)
    ]
    outcomes = [
        (side.predictions, result.outcomes)
        for side, result in zip(scene.sides, results, strict=True)
    ]
    known = evidence(truth, outcomes, scope)
    replicates = replicate(sides, scope.n_images, resampling, progress)

    def resampled(part: Part) -> NDArray[np.float64]:
        first, *second = (part(of_side) for of_side in replicates)
        return first - second[0] if second else first

    tested = len(sides) > 1
    ours, theirs = sides[0].counts, sides[-1].counts
    differing = differing_images(ours, theirs, scope.n_classes) if tested else {}
    rows: dict[Level, dict[str, list[Interval]]] = {}
    for level, names in NAMES.items():
        rows[level] = {}
        for name in names:
            carried = known.of(level, name)
            moving = _moving(carried, differing.get((level, name)))
            sampled = Sampled(
                plain(numbers, level, name),
                resampled(partial(samples, level=level, name=name)),
                carried,
                moving,
                _class_stretch(resampled, known, level, name)
                if averages_classes(level, name)
                else _stretch(moving),
            )
            column = intervals(sampled, resampling, tested=tested)
            rows[level][name] = _with_q(level, column) if tested else column
    names_of_rows = [scene.class_names[row] for row in scene.classes.tolist()]
    return Intervals.of(rows, names_of_rows, resampling, scope.n_images)


def _with_q(level: Level, column: list[Interval]) -> list[Interval]:
    """Adjust the p values of one number over the classes, of each size on its own."""
    if level == "classes":
        return adjusted(column)
    if level == "class_sizes":
        n_sizes = len(SIZE_BUCKETS)
        by_size = [adjusted(column[size::n_sizes]) for size in range(n_sizes)]
        return [interval for rows in zip(*by_size, strict=True) for interval in rows]
    return column


def _moving(carried: Carried, differing: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Say how many images make the spread: where two sets differ nowhere, there is no spread."""
    if differing is None:
        return carried.images
    moving: NDArray[np.int64] = np.where(
        differing > 0, np.minimum(differing, carried.images), carried.images
    )
    return moving


def _stretch(images: NDArray[np.int64]) -> NDArray[np.float64]:
    """Say by how much a spread of n images is too narrow: resampling shrinks it by √((n − 1) / n).

    One image alone has no spread to mend.
    """
    n = np.maximum(images, 2).astype(np.float64)
    stretch: NDArray[np.float64] = np.sqrt(n / (n - 1))
    return stretch


def _class_stretch(
    resampled: Callable[[Part], NDArray[np.float64]], known: Evidence, level: Level, name: str
) -> NDArray[np.float64]:
    """Say by how much the spread of a mean over classes is too narrow.

    It is as narrow as its classes are, each with its own images: mend their variances one by one.
    """
    by_class = resampled(partial(class_samples, level=level, name=name))
    drawn = ~np.isnan(by_class)
    n_drawn = np.maximum(drawn.sum(axis=-1), 1)
    mean = np.where(drawn, by_class, 0.0).sum(axis=-1) / n_drawn
    away = np.where(drawn, by_class - mean[..., None], 0.0)
    variance = (away**2).sum(axis=-1) / n_drawn
    whole = variance.sum(axis=-1)
    mended = (variance * _stretch(known.class_images(level, name)) ** 2).sum(axis=-1)
    ratio = np.ones_like(whole)
    np.divide(mended, whole, out=ratio, where=whole > 0)
    stretch: NDArray[np.float64] = np.sqrt(ratio)
    return stretch
