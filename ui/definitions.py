"""What every number on the screens means: shown on hover and beside the tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ui import numbers


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric or count: its key in results, its short label and its meaning in a sentence."""

    key: str
    label: str
    meaning: str


_COCO: Final = "mean over IoU thresholds .50 to .95, all classes and 101 recall levels (COCO)"
_AREA: Final = "area in px² of the ground truth"
_MOST: Final = "recall averaged over IoU .50 to .95 when at most {} predictions an image are kept"

_ALL: Final = (
    Definition("AP", "AP", f"Average precision: {_COCO}."),
    Definition("AP50", "AP50", "Average precision at IoU 0.50 alone: lenient about position."),
    Definition("AP75", "AP75", "Average precision at IoU 0.75 alone: strict about position."),
    Definition("APs", "AP small", f"Average precision of objects up to 32², {_AREA}."),
    Definition("APm", "AP medium", f"Average precision of objects from 32² to 96², {_AREA}."),
    Definition("APl", "AP large", f"Average precision of objects from 96², {_AREA}."),
    Definition("AR1", "AR1", f"Average recall: {_MOST.format(1)}."),
    Definition("AR10", "AR10", f"Average recall: {_MOST.format(10)}."),
    Definition("AR100", "AR", f"Average recall: {_MOST.format(100)}."),
    Definition("AR", "AR", f"Average recall: {_MOST.format(100)}."),
    Definition("ARs", "AR small", f"Average recall of objects up to 32², {_AREA}."),
    Definition("ARm", "AR medium", f"Average recall of objects from 32² to 96², {_AREA}."),
    Definition("ARl", "AR large", f"Average recall of objects from 96², {_AREA}."),
    Definition("precision", "Precision", "Share of predictions that are right: TP / (TP + FP)."),
    Definition("recall", "Recall", "Share of the labels that were found: TP / (TP + FN)."),
    Definition("f1", "F1", "Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN)."),
    Definition("tp", "TP", "True positives: predictions matched to a label of their class."),
    Definition("fp", "FP", "False positives: predictions without a label; more is worse."),
    Definition("fn", "FN", "False negatives: labels that no prediction found; more is worse."),
    Definition("support", "Labels", "Labels in scope, crowd regions left out."),
    Definition("predictions", "Predictions", "Predictions in scope with any score."),
)
DEFINITIONS: Final = {definition.key: definition for definition in _ALL}
# These depend on the operating point, so their hover text states it.
AT_OPERATING_POINT: Final = frozenset({"precision", "recall", "f1", "tp", "fp", "fn"})


@dataclass(frozen=True, slots=True)
class Context:
    """What a number on the screen was computed on: its hover text says so."""

    score: float
    iou: float
    images: int
    revision: int
    iou_type: str


def label(key: str) -> str:
    """Return the short label of a metric."""
    return DEFINITIONS[key].label


def explain(key: str, context: Context, *, labels: int | None = None) -> str:
    """Return a metric's hover text: definition, thresholds, support, images and label revision.

    Args:
        key: Key of the metric.
        context: What it was computed on.
        labels: How many labels stand behind it, None to leave it out.
    """
    shapes = {"bbox": "boxes", "segm": "masks"}.get(context.iou_type, context.iou_type)
    parts = [DEFINITIONS[key].meaning]
    if key in AT_OPERATING_POINT:
        parts.append(
            f"At score ≥ {context.score:.2f} and IoU ≥ {context.iou:.2f}, all classes pooled."
        )
    parts.append(
        f"{shapes.capitalize()}, {numbers.counted(context.images, 'image')}, "
        f"label revision {context.revision}."
    )
    if labels is not None:
        parts.append(f"n = {numbers.counted(labels, 'label')}.")
    return " ".join(parts)
