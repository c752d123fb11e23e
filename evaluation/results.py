"""EvaluationResult: everything that screens, charts and the command line read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.average_precision import (
    MAX_DETECTIONS,
    PrecisionRecall,
    accumulate,
    class_average_precision,
    summarize,
)
from evaluation.errors import InvalidThreshold, MismatchedColumns, PositionOutOfRange
from evaluation.matching import match
from evaluation.operating_point import count, outcomes
from evaluation.size_buckets import SIZE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from evaluation.candidates import IouType
    from evaluation.instances import Instances
    from evaluation.matching import Matches
    from evaluation.operating_point import OperatingCounts, Outcomes, Tally

Number = float | None

CLASS_NUMBERS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR100")
# The COCO numbers of each size bucket: average precision, average recall.
SIZE_NUMBERS = {"small": ("APs", "ARs"), "medium": ("APm", "ARm"), "large": ("APl", "ARl")}
_CURVE_CAP = 100


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """The numbers of one prediction set on one state of the labels, under one setting.

    All class axes are those of `class_names`: the evaluated classes, in class-axis order.
    `metrics` are COCO's twelve numbers and `class_metrics` the same, one entry a class; None is
    n/a. `counts` and `n_predictions` (K, any score) are restricted to the chosen images and
    classes. `precision_curves` and `score_curves` are (T, R, K), all areas, at most 100
    predictions an image and class; −1 where a class has no ground truth. `matches` and `outcomes`
    cover all images and classes, so that a slice can be taken without matching again.
    """

    class_names: tuple[str, ...]
    iou_type: IouType
    strict: bool
    score: float
    iou: float
    metrics: dict[str, Number]
    class_metrics: dict[str, list[Number]]
    counts: OperatingCounts
    n_predictions: NDArray[np.int64]
    precision_curves: NDArray[np.float64]
    score_curves: NDArray[np.float64]
    matches: Matches
    outcomes: Outcomes

    def to_dict(self) -> dict[str, Any]:
        """Give the numbers as plain data for JSON; None is n/a, curves and matches stay out."""
        total = _rates(self.counts.total())
        del total["support"]
        return {
            "metrics": dict(self.metrics),
            "classes": [self._class_row(row) for row in range(len(self.class_names))],
            "sizes": {
                size: {
                    "AP": self.metrics[precision],
                    "AR": self.metrics[recall],
                    **_rates(self.counts.of_size(SIZE_BUCKETS.index(size))),
                }
                for size, (precision, recall) in SIZE_NUMBERS.items()
            },
            "class_sizes": [
                self._class_size_row(row, size)
                for row in range(len(self.class_names))
                for size in SIZE_BUCKETS
            ],
            "operating_point": {"score": self.score, "iou": self.iou, **total},
        }

    def _class_row(self, row: int) -> dict[str, Any]:
        return {
            "name": self.class_names[row],
            **{name: self.class_metrics[name][row] for name in CLASS_NUMBERS},
            **_rates(self.counts.of_class(row)),
            "predictions": int(self.n_predictions[row]),
        }

    def _class_size_row(self, row: int, size: str) -> dict[str, Any]:
        precision, recall = SIZE_NUMBERS[size]
        return {
            "name": self.class_names[row],
            "size": size,
            "AP": self.class_metrics[precision][row],
            "AR": self.class_metrics[recall][row],
            **_rates(self.counts.of_class_size(row, SIZE_BUCKETS.index(size))),
        }


def evaluate(  # noqa: PLR0913 - the package's front door; all settings are keyword-only
    truth: Instances,
    predictions: Instances,
    *,
    class_names: Sequence[str],
    iou_type: IouType = "bbox",
    strict: bool = False,
    score: float = 0.3,
    iou: float = 0.5,
    matches: Matches | None = None,
    images: NDArray[np.bool_] | None = None,
    classes: Sequence[int] | NDArray[np.int64] | None = None,
    max_detections: Sequence[int] = MAX_DETECTIONS,
    curves: PrecisionRecall | None = None,
) -> EvaluationResult:
    """Evaluate predictions against ground truth; with `matches`, without matching again.

    Args:
        truth: Ground truth of all images.
        predictions: Predictions on the same image and class axes.
        class_names: Names of the class axis, all K of them.
        iou_type: Whether boxes or masks are compared.
        strict: Repeat pycocotools' treatment of annotation id 0 (see `match`).
        score: Score threshold of the operating point; this score or more counts.
        iou: IoU threshold of the operating point, one of `IOU_THRESHOLDS`.
        matches: Outcome of `match` for exactly these tables; its `iou_type` and `strict` hold.
        images: Mask over the image axis; only those images count. All when missing.
        classes: Positions of the classes that count. All when missing.
        max_detections: Caps on the predictions of one image and class; 100 must be among them.
            With (100,) alone AR1 and AR10 are None and the rest comes sooner.
        curves: Outcome of `accumulate` for exactly these tables, matches and images: another
            operating point or choice of classes then accumulates nothing again.

    Raises:
        MissingMasks: If masks are to be compared and a table has none.
        InvalidThreshold: If a threshold is out of its range, or 100 is not among the caps.
        MismatchedColumns: If `matches` belong to other predictions.
        PositionOutOfRange: If a class or image position lies outside its axis.

    Example:
        >>> from evaluation import Instances
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> found = Instances.predictions([0], [0], [[0, 0, 10, 8]], score=[0.9])
        >>> result = evaluate(truth, found, class_names=["cell"])
        >>> round(result.metrics["AP"], 3), result.to_dict()["operating_point"]["f1"]
        (0.7, 1.0)
    """
    if _CURVE_CAP not in max_detections:
        raise InvalidThreshold("max_detections", max(max_detections, default=0), allowed="100 too")
    n_classes = len(class_names)
    rows = _class_rows(classes, n_classes)
    if matches is None:
        matches = match(truth, predictions, iou_type=iou_type, strict=strict)
    _check_matches(matches, predictions)
    if curves is None:
        curves = accumulate(
            truth,
            predictions,
            matches,
            n_classes=n_classes,
            max_detections=max_detections,
            images=images,
        )
    curves = curves.take(rows)
    at = outcomes(truth, predictions, matches, score=score, iou=iou)
    here = slice(None) if images is None else images[predictions.image]
    cap = curves.max_detections.index(_CURVE_CAP)
    return EvaluationResult(
        class_names=tuple(class_names[row] for row in rows.tolist()),
        iou_type=matches.iou_type,
        strict=matches.strict,
        score=float(score),
        iou=float(iou),
        metrics=summarize(curves),
        class_metrics=class_average_precision(curves),
        counts=count(at, truth, predictions, n_classes=n_classes, images=images).take(rows),
        n_predictions=np.bincount(predictions.class_[here], minlength=n_classes)[rows],
        precision_curves=np.ascontiguousarray(curves.precision[..., 0, cap]),
        score_curves=np.ascontiguousarray(curves.scores[..., 0, cap]),
        matches=matches,
        outcomes=at,
    )


def _check_matches(matches: Matches, predictions: Instances) -> None:
    if len(matches.rank) != len(predictions):
        raise MismatchedColumns("matches.rank", (len(predictions),), matches.rank.shape)


def _class_rows(
    classes: Sequence[int] | NDArray[np.int64] | None, n_classes: int
) -> NDArray[np.int64]:
    if classes is None:
        return np.arange(n_classes)
    rows = np.asarray(classes, dtype=np.int64)
    if len(rows) and (int(rows.min()) < 0 or int(rows.max()) >= n_classes):
        raise PositionOutOfRange("classes", length=n_classes)
    return rows


def _rates(tally: Tally) -> dict[str, Any]:
    return {
        "precision": tally.precision,
        "recall": tally.recall,
        "f1": tally.f1,
        "tp": tally.tp,
        "fp": tally.fp,
        "fn": tally.fn,
        "support": tally.support,
    }
