"""Average precision and recall: COCO's curves from matches, without matching again.

Arithmetic and order of means are those of pycocotools 2.0.11 (`COCOeval.accumulate`,
`COCOeval.summarize`), so that all arrays and numbers have the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from evaluation.accumulation import sampled_curves
from evaluation.errors import InvalidThreshold
from evaluation.matching import AREA_RANGES, IOU_THRESHOLDS, match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from evaluation.accumulation import PreparedWalk
    from evaluation.candidates import IouType
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
    `iou_thresholds` (T,) are those of the matches.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    scores: NDArray[np.float64]
    max_detections: tuple[int, ...]
    iou_thresholds: NDArray[np.float64] = field(default_factory=IOU_THRESHOLDS.copy)

    def take(self, classes: NDArray[np.int64]) -> PrecisionRecall:
        """Give the curves of some classes, in that order."""
        if np.array_equal(classes, np.arange(self.recall.shape[1])):
            return self
        return PrecisionRecall(
            precision=self.precision[:, :, classes],
            recall=self.recall[:, classes],
            scores=self.scores[:, :, classes],
            max_detections=self.max_detections,
            iou_thresholds=self.iou_thresholds,
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


def accumulate(  # noqa: PLR0913 - what may be re-accumulated; all settings are keyword-only
    truth: Instances,
    predictions: Instances,
    matches: Matches,
    *,
    n_classes: int,
    max_detections: Sequence[int] = MAX_DETECTIONS,
    images: NDArray[np.bool_] | None = None,
    weights: NDArray[np.integer] | None = None,
) -> PrecisionRecall:
    """Accumulate matches into precision–recall curves of every class.

    Args:
        truth: Ground truth that was matched.
        predictions: Predictions that were matched.
        matches: Outcome of `match` for exactly these tables.
        n_classes: Length K of the class axis; 1 where `matches` are class-agnostic.
        max_detections: Caps M on the predictions of one image and class, best score first.
        images: Mask over the image axis; only those images count. All when missing.
        weights: How often each image of the axis counts, 0 or more; once when missing. Weight 2
            is the image and its copy, one after the other on the axis (of equal scores in one
            image and class the first counts as often before the second does).

    Raises:
        MismatchedColumns: If `matches` belong to other tables, images and weights differ in
            length, or hold other values than truth values and integers.
        InvalidThreshold: If a cap is below 1, or a weight below 0.
        PositionOutOfRange: If a table has a class outside the axis, or an image outside `images`
            or `weights`.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> found = Instances.predictions([0], [0], [[0, 0, 10, 10]], score=[0.9])
        >>> curves = accumulate(truth, found, match(truth, found), n_classes=1)
        >>> curves.precision.shape, curves.recall[0, 0, 0].tolist()
        ((10, 101, 1, 4, 3), [1.0, 1.0, 1.0])
    """
    caps = _checked_caps(max_detections)
    ascending, place = np.unique(np.array(caps, dtype=np.int64), return_inverse=True)
    precision, scores, recall = sampled_curves(
        truth,
        predictions,
        matches,
        n_classes=n_classes,
        caps=ascending,
        recalls=RECALL_THRESHOLDS,
        images=images,
        weights=weights,
    )
    if len(caps) > 1 and place.tolist() != list(range(len(caps))):
        precision, scores, recall = (values[..., place] for values in (precision, scores, recall))
    return PrecisionRecall(precision, recall, scores, caps, matches.iou_thresholds)


def coco_numbers(  # noqa: PLR0913 - as `accumulate`; all settings are keyword-only
    truth: Instances,
    predictions: Instances,
    *,
    n_classes: int,
    iou_type: IouType = "bbox",
    strict: bool = False,
    matches: Matches | None = None,
    images: NDArray[np.bool_] | None = None,
    weights: NDArray[np.integer] | None = None,
    walk: PreparedWalk | None = None,
) -> dict[str, float | None]:
    """Compute COCO's twelve numbers and nothing else: the shortest way from tables to them.

    The same bits as `summarize(accumulate(...))`; the curves at 1 and 10 predictions an image,
    of which COCO's numbers know only the end, are left out.

    Args:
        truth: Ground truth of all images.
        predictions: Predictions on the same image and class axes.
        n_classes: Length K of the class axis.
        iou_type: Whether boxes or masks are compared.
        strict: Repeat pycocotools' treatment of annotation id 0 (see `match`).
        matches: Outcome of `match` for exactly these tables; its `iou_type` and `strict` hold.
        images: Mask over the image axis; only those images count. All when missing.
        weights: How often each image counts, as in `accumulate`.
        walk: Outcome of `prepare_walk` for these predictions, where they are evaluated again and
            again on changing ground truth.

    Raises:
        MissingMasks: If masks are to be compared and a table has none.
        MismatchedColumns: If `matches` belong to other tables, or `walk` to other predictions.
        PositionOutOfRange: If a class or image lies outside its axis.

    Example:
        >>> from evaluation import Instances
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> found = Instances.predictions([0], [0], [[0, 0, 10, 6]], score=[0.9])
        >>> numbers = coco_numbers(truth, found, n_classes=1)
        >>> round(numbers["AP"], 3), numbers["AR1"]
        (0.3, 0.3)
    """
    if matches is None:
        matches = match(truth, predictions, iou_type=iou_type, strict=strict)
    precision, scores, recall = sampled_curves(
        truth,
        predictions,
        matches,
        n_classes=n_classes,
        caps=np.array(MAX_DETECTIONS),
        recalls=RECALL_THRESHOLDS,
        images=images,
        weights=weights,
        curves_of=1,
        walk=walk,
    )
    thresholds, last = matches.iou_thresholds, len(MAX_DETECTIONS) - 1
    whole = PrecisionRecall(
        precision, recall[..., last:], scores, MAX_DETECTIONS[last:], thresholds
    )
    none = precision[..., :0, :, :, :]
    ends = PrecisionRecall(none, recall[..., :last], none, MAX_DETECTIONS[:last], thresholds)
    numbers, others = summarize(whole), summarize(ends)
    return {
        name: others[name] if mean.max_detections in ends.max_detections else numbers[name]
        for name, mean in COCO_NUMBERS.items()
    }


def summarize(
    curves: PrecisionRecall, numbers: Mapping[str, Mean] = COCO_NUMBERS
) -> dict[str, float | None]:
    """Average the curves into numbers, COCO's twelve unless said otherwise.

    Each number is the mean over IoU thresholds, recall thresholds (AP only) and those classes
    that have ground truth in its area range.

    Args:
        curves: What `accumulate` gave, of all classes or (`take`) of some.
        numbers: Name of each number and what it averages.

    Returns:
        AP, AP50, AP75, APs, APm, APl, AR1, AR10, AR100, ARs, ARm, ARl; None where nothing can be
        averaged: no ground truth, or curves without that cap on predictions or IoU threshold.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> found = Instances.predictions([0], [0], [[0, 0, 10, 6]], score=[0.9])
        >>> numbers = summarize(accumulate(truth, found, match(truth, found), n_classes=1))
        >>> round(numbers["AP"], 3), numbers["AR100"], numbers["APl"]
        (0.3, 0.3, None)
    """
    averaged: dict[str, float | None] = {}
    for name, mean in numbers.items():
        by_class = _by_class(curves, mean)
        known = by_class[by_class[:, :1].ravel() > -1] if by_class.size else by_class[:0]
        # pycocotools adds in the order (threshold, recall, class): so must we for the same bits.
        averaged[name] = float(np.mean(known.T.ravel())) if len(known) else None
    return averaged


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
        by_class = _by_class(curves, mean)
        if by_class.shape[1] == 0:
            numbers[name] = [None] * len(by_class)
            continue
        known = by_class[:, 0] > -1
        numbers[name] = [
            float(value) if has else None
            for value, has in zip(by_class.mean(axis=1), known, strict=True)
        ]
    return numbers


def _by_class(curves: PrecisionRecall, mean: Mean) -> NDArray[np.float64]:
    """Cut out the values that a number averages: (K, n), n 0 where the curves lack them.

    A class is −1 everywhere or nowhere: it has ground truth in this area range or not.
    """
    values = curves.precision if mean.kind == "precision" else curves.recall
    n_classes = values.shape[-3]
    if mean.max_detections not in curves.max_detections:
        return np.empty((n_classes, 0))
    if mean.iou is not None:
        values = values[np.flatnonzero(mean.iou == curves.iou_thresholds)]
    area, cap = _AREAS.index(mean.area), curves.max_detections.index(mean.max_detections)
    by_class = np.moveaxis(values[..., area, cap], -1, 0)
    return np.ascontiguousarray(by_class).reshape(n_classes, by_class[:1].size)


def _checked_caps(max_detections: Sequence[int]) -> tuple[int, ...]:
    caps = tuple(int(cap) for cap in max_detections)
    if not caps or min(caps) < 1:
        worst = min(caps, default=0)
        raise InvalidThreshold("max_detections", worst, allowed="one or more caps of at least 1")
    return caps
