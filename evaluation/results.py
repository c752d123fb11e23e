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
from evaluation.averages import averages
from evaluation.errors import InvalidThreshold, PositionOutOfRange
from evaluation.inputs import open_tables
from evaluation.matching import check_matches, match
from evaluation.operating_point import count, outcomes
from evaluation.size_buckets import SIZE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt
    import pandas as pd
    from numpy.typing import NDArray

    from evaluation.averages import Averages
    from evaluation.candidates import IouType
    from evaluation.inputs import Source, Tables
    from evaluation.instances import Instances
    from evaluation.matching import Matches
    from evaluation.operating_point import OperatingCounts, Outcomes, Tally

Number = float | None

CLASS_NUMBERS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR100")
# The COCO numbers of each size bucket: average precision, average recall.
SIZE_NUMBERS = {"small": ("APs", "ARs"), "medium": ("APm", "ARm"), "large": ("APl", "ARl")}
_CURVE_CAP = 100


@dataclass(frozen=True, slots=True, repr=False)
class EvaluationResult:
    """The numbers of one prediction set on one state of the labels, under one setting.

    All class axes are those of `class_names`: the evaluated classes, in class-axis order.
    `metrics` are COCO's twelve numbers and `class_metrics` the same, one entry a class; None is
    n/a. They average over `iou_thresholds` (T,). `counts` and `n_predictions` (K, any score) are
    restricted to the chosen images and classes. `precision_curves` and `score_curves` are
    (T, R, K), all areas, at most 100 predictions an image and class; −1 where a class has no
    ground truth. `matches` and `outcomes` cover all images and classes, so that a slice can be
    taken without matching again.
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
    iou_thresholds: NDArray[np.float64]
    matches: Matches
    outcomes: Outcomes

    def __repr__(self) -> str:
        """Show the headline numbers as a short table."""
        from evaluation.text_tables import result_text  # noqa: PLC0415 - only people read it

        return result_text(self)

    @property
    def averages(self) -> Averages:
        """Precision, recall and F1 as micro, macro and weighted averages over the classes."""
        return averages(self.counts)

    def to_pandas(self, which: str = "metrics") -> pd.DataFrame:
        """Give the numbers as a frame; n/a is NaN.

        Args:
            which: "metrics" (a row a number), "classes", "sizes" or "class_sizes".

        Raises:
            UnknownChoice: If there is no such table.

        Example:
            >>> from evaluation import Instances, evaluate
            >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
            >>> found = Instances.predictions([0], [0], [[0, 0, 10, 8]], score=[0.9])
            >>> frame = evaluate(truth, found, class_names=["cell"]).to_pandas("classes")
            >>> frame[["name", "recall", "tp"]].to_dict("records")
            [{'name': 'cell', 'recall': 1.0, 'tp': 1}]
        """
        from evaluation.frames import result_frame  # noqa: PLC0415 - pandas is slow to import

        return result_frame(self, which)

    def plot(self, kind: str = "metrics") -> alt.LayerChart | alt.Chart:
        """Draw the numbers as an Altair chart.

        Args:
            kind: A key of `evaluation.plots.RESULT_PLOTS`: "metrics", "sizes", "classes" or
                "precision_recall".

        Raises:
            UnknownChoice: If there is no such chart.
        """
        from evaluation.plots import plot_result  # noqa: PLC0415 - Altair is slow to import

        return plot_result(self, kind)

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
            "averages": self.averages.to_dict(),
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
    truth: Source,
    predictions: Source,
    *,
    class_names: Sequence[str] | None = None,
    iou_type: IouType = "bbox",
    strict: bool = False,
    class_agnostic: bool = False,
    score: float = 0.3,
    iou: float = 0.5,
    matches: Matches | None = None,
    images: NDArray[np.bool_] | None = None,
    classes: Sequence[int] | NDArray[np.int64] | None = None,
    iou_thresholds: Sequence[float] | None = None,
    max_detections: Sequence[int] = MAX_DETECTIONS,
    curves: PrecisionRecall | None = None,
) -> EvaluationResult:
    """Evaluate predictions against ground truth; with `matches`, without matching again.

    Args:
        truth: Ground truth of all images: `Instances`; the path of a COCO file, its document, or
            a `pycocotools.coco.COCO`; or a list of `supervision.Detections`, one an image.
        predictions: Predictions: `Instances` on the same image and class axes; the path of a COCO
            results file, the list in it, or what `COCO.loadRes` made of it; or a list of
            `supervision.Detections` for the same images.
        class_names: Names of the class axis, all K of them; those of the file when missing, and
            positions where nothing has names.
        iou_type: What is compared: boxes, masks, oriented boxes ("obb") or keypoints.
        strict: Repeat pycocotools' treatment of annotation id 0 (see `match`).
        class_agnostic: Put all objects into one class before they are matched; those of classes
            that a COCO ground truth does not have are left out, as pycocotools does.
        score: Score threshold of the operating point; this score or more counts.
        iou: IoU threshold of the operating point, one of `IOU_THRESHOLDS`.
        matches: Outcome of `match` for exactly these tables; its `iou_type` and `strict` hold.
        images: Mask over the image axis; only those images count. All when missing.
        classes: Positions of the classes that count. All when missing.
        iou_thresholds: What AP and AR average over, one to sixteen ascending overlaps in (0, 1];
            COCO's ten when missing. AP50 and AP75 are None where theirs is not among them.
        max_detections: Caps on the predictions of one image and class; 100 must be among them.
            With (100,) alone AR1 and AR10 are None and the rest comes sooner; with 300 too there
            are "AP@300" and "AR300" beside COCO's numbers.
        curves: Outcome of `accumulate` for exactly these tables, matches and images: another
            operating point or choice of classes then accumulates nothing again.

    Raises:
        UnsupportedInput: If a source cannot be read, or the two do not go together.
        MissingMasks: If masks are to be compared and a table has none.
        InvalidThreshold: If a threshold is out of its range, or 100 is not among the caps.
        MismatchedColumns: If `matches` belong to other predictions, or `images` is no mask.
        PositionOutOfRange: If a class or image position lies outside its axis.

    Example:
        >>> from evaluation import Instances
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> found = Instances.predictions([0], [0], [[0, 0, 10, 8]], score=[0.9])
        >>> result = evaluate(truth, found, class_names=["cell"])
        >>> round(result.metrics["AP"], 3), result.to_dict()["operating_point"]["f1"]
        (0.7, 1.0)
    """
    named = open_tables(truth, (predictions,), masks=iou_type == "segm", class_names=class_names)
    if class_agnostic:
        named = named.of_known_classes()
    tables = named.without_classes() if class_agnostic else named
    labels, found, n_classes = tables.truth, tables.sides[0], len(tables.class_names)
    rows = _class_rows(classes, n_classes)
    if matches is None:
        # With their classes: of equal scores COCO walks the lower class first even so.
        matches = match(
            named.truth,
            named.sides[0],
            iou_type=iou_type,
            strict=strict,
            class_agnostic=class_agnostic,
        )
    check_matches(labels, found, matches)
    if curves is None:
        matched = named if matches.class_agnostic else tables
        curves = _curves(matched, matches, iou_thresholds, max_detections, images, n_classes)
    curves = curves.take(rows)
    at = outcomes(labels, found, matches, score=score, iou=iou)
    return EvaluationResult(
        class_names=tuple(tables.class_names[row] for row in rows.tolist()),
        iou_type=matches.iou_type,
        strict=matches.strict,
        score=float(score),
        iou=float(iou),
        counts=count(at, labels, found, n_classes=n_classes, images=images).take(rows),
        n_predictions=_per_class(found, n_classes, images)[rows],
        matches=matches,
        outcomes=at,
        **_averaged(curves),
    )


def _curves(
    tables: Tables,
    matches: Matches,
    iou_thresholds: Sequence[float] | None,
    max_detections: Sequence[int],
    images: NDArray[np.bool_] | None,
    n_classes: int,
) -> PrecisionRecall:
    if _CURVE_CAP not in max_detections:
        raise InvalidThreshold("max_detections", max(max_detections, default=0), allowed="100 too")
    truth, predictions = tables.truth, tables.sides[0]
    if iou_thresholds is not None:
        # The operating point and everything that follows from matches stay on COCO's ten.
        matches = match(
            truth,
            predictions,
            iou_type=matches.iou_type,
            strict=matches.strict,
            iou_thresholds=iou_thresholds,
            class_agnostic=matches.class_agnostic,
        )
    return accumulate(
        truth,
        predictions,
        matches,
        n_classes=n_classes,
        max_detections=max_detections,
        images=images,
    )


def _averaged(curves: PrecisionRecall) -> dict[str, Any]:
    """Give the fields of a result that follow from the curves alone."""
    cap = curves.max_detections.index(_CURVE_CAP)
    return {
        "metrics": summarize(curves) | _of_other_caps(curves),
        "class_metrics": class_average_precision(curves),
        "precision_curves": np.ascontiguousarray(curves.precision[..., 0, cap]),
        "score_curves": np.ascontiguousarray(curves.scores[..., 0, cap]),
        "iou_thresholds": curves.iou_thresholds,
    }


def _of_other_caps(curves: PrecisionRecall) -> dict[str, Number]:
    """Average the curves of caps that COCO does not have."""
    numbers: dict[str, Number] = {}
    for place, cap in enumerate(curves.max_detections):
        if cap not in MAX_DETECTIONS:
            here = slice(place, place + 1)
            coco = summarize(
                PrecisionRecall(
                    precision=curves.precision[..., here],
                    recall=curves.recall[..., here],
                    scores=curves.scores[..., here],
                    max_detections=(_CURVE_CAP,),
                    iou_thresholds=curves.iou_thresholds,
                )
            )
            numbers |= {f"AP@{cap}": coco["AP"], f"AR{cap}": coco["AR100"]}
    return numbers


def _class_rows(
    classes: Sequence[int] | NDArray[np.int64] | None, n_classes: int
) -> NDArray[np.int64]:
    if classes is None:
        return np.arange(n_classes)
    rows = np.asarray(classes, dtype=np.int64)
    if len(rows) and (int(rows.min()) < 0 or int(rows.max()) >= n_classes):
        raise PositionOutOfRange("classes", length=n_classes)
    return rows


def _per_class(
    table: Instances, n_classes: int, images: NDArray[np.bool_] | None
) -> NDArray[np.int64]:
    class_ = table.class_ if images is None else table.class_[images[table.image]]
    return np.bincount(class_, minlength=n_classes)


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
