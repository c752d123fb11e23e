"""The entries of Model Evaluation: one module each, each drawn only when it is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ui.evaluation_entries import (
    calibration,
    classes,
    confidence,
    confusion,
    error_types,
    images,
    precision_recall,
    size_buckets,
    summary,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ui.evaluation_page import EvaluationPage

ENTRIES: Final[dict[str, Callable[[EvaluationPage], None]]] = {
    "Summary": summary.show,
    "Classes": classes.show,
    "Size buckets": size_buckets.show,
    "Precision–recall": precision_recall.show,
    "Confidence": confidence.show,
    "Calibration": calibration.show,
    "Confusion": confusion.show,
    "Error types": error_types.show,
    "Images": images.show,
}
