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
    Definition(
        "classification",
        "Classification",
        "Right place, wrong class: overlaps a label of another class enough to match it.",
    ),
    Definition(
        "localisation",
        "Localisation",
        "Right class, placed badly: overlaps a label of its class, but not enough to match it.",
    ),
    Definition(
        "both",
        "Class and place",
        "Wrong class and placed badly: overlaps a label of another class, but not enough.",
    ),
    Definition(
        "duplicate",
        "Duplicate",
        "Right, but a prediction with a better score has found the object already.",
    ),
    Definition(
        "background", "Background", "Nothing is there: overlaps no label by IoU 0.10 or more."
    ),
    Definition(
        "missed",
        "Missed",
        "Labels that were not found and that no classification or localisation error concerns.",
    ),
    Definition(
        "false_positive",
        "False positives",
        "All false positives: the five types of wrong predictions together.",
    ),
    Definition(
        "false_negative",
        "Not found",
        "All labels that were not found: the missed ones and those of other errors.",
    ),
    Definition(
        "gain",
        "ΔAP",
        "What AP at this IoU threshold would gain if only this error were mended. Predictions of "
        "any score count; gains do not add up (TIDE).",
    ),
    Definition(
        "background_images",
        "On background images",
        "Predictions on labelled images that hold no label of any class; more is worse.",
    ),
    Definition(
        "predicted_only",
        "Of classes without labels",
        "Predictions of classes that have no label in scope; no AP shows them. More is worse.",
    ),
    Definition(
        "ece",
        "ECE",
        "Expected calibration error: mean distance of score and precision over the bins, weighted "
        "by their predictions. Less is better.",
    ),
    Definition(
        "mce",
        "MCE",
        "Maximum calibration error: the largest distance of score and precision in a bin. Less is "
        "better; read the bin's count too.",
    ),
    Definition(
        "overconfidence",
        "Overconfidence",
        "Mean score − precision: positive if scores promise more than they keep.",
    ),
    Definition("kept", "Predictions", "True and false positives: what is right or wrong."),
    Definition("best_score", "Best threshold", "The score threshold where F1 is largest."),
    Definition("confused", "Count", "Labels of one class taken for another, one to one."),
)
DEFINITIONS: Final = {definition.key: definition for definition in _ALL}
# These depend on the operating point, so their hover text states it.
AT_OPERATING_POINT: Final = frozenset(
    {"precision", "recall", "f1", "tp", "fp", "fn", "confused", "false_positive", "false_negative"}
    | {"classification", "localisation", "both", "duplicate", "background", "missed"}
    | {"background_images", "predicted_only", "ece", "mce", "overconfidence", "kept"}
)


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
