"""Matching, metrics and comparison of detections: arrays or COCO files in, frozen results out.

Every name is loaded when it is first asked for, so that a command pays only for what it uses.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evaluation.average_precision import (
        RECALL_THRESHOLDS,
        PrecisionRecall,
        accumulate,
        class_average_precision,
        summarize,
    )
    from evaluation.candidates import IouType
    from evaluation.comparison import DIRECTION, delta, verdict
    from evaluation.errors import EvaluationError
    from evaluation.instances import Instances
    from evaluation.masks import Masks
    from evaluation.matching import AREA_RANGES, IOU_THRESHOLDS, Matches, counterparts, match
    from evaluation.object_changes import ImageChanges, ObjectChanges, Side, object_changes
    from evaluation.operating_point import (
        OperatingCounts,
        Outcomes,
        PredictionOutcome,
        Tally,
        TruthOutcome,
        count,
        outcomes,
    )
    from evaluation.paired_comparison import Comparison, compare
    from evaluation.results import EvaluationResult, evaluate
    from evaluation.size_buckets import SIZE_BUCKETS, bucket

__all__ = [
    "AREA_RANGES",
    "DIRECTION",
    "IOU_THRESHOLDS",
    "RECALL_THRESHOLDS",
    "SIZE_BUCKETS",
    "Comparison",
    "EvaluationError",
    "EvaluationResult",
    "ImageChanges",
    "Instances",
    "IouType",
    "Masks",
    "Matches",
    "ObjectChanges",
    "OperatingCounts",
    "Outcomes",
    "PrecisionRecall",
    "PredictionOutcome",
    "Side",
    "Tally",
    "TruthOutcome",
    "accumulate",
    "bucket",
    "class_average_precision",
    "compare",
    "count",
    "counterparts",
    "delta",
    "evaluate",
    "match",
    "object_changes",
    "outcomes",
    "summarize",
    "verdict",
]

# module -> the public names that live in it
_HOMES = {
    "average_precision": (
        "RECALL_THRESHOLDS",
        "PrecisionRecall",
        "accumulate",
        "class_average_precision",
        "summarize",
    ),
    "candidates": ("IouType",),
    "comparison": ("DIRECTION", "delta", "verdict"),
    "paired_comparison": ("Comparison", "compare"),
    "errors": ("EvaluationError",),
    "instances": ("Instances",),
    "masks": ("Masks",),
    "matching": ("AREA_RANGES", "IOU_THRESHOLDS", "Matches", "counterparts", "match"),
    "object_changes": ("ImageChanges", "ObjectChanges", "Side", "object_changes"),
    "operating_point": (
        "OperatingCounts",
        "Outcomes",
        "PredictionOutcome",
        "Tally",
        "TruthOutcome",
        "count",
        "outcomes",
    ),
    "results": ("EvaluationResult", "evaluate"),
    "size_buckets": ("SIZE_BUCKETS", "bucket"),
}
_MODULE_OF = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name from its module."""
    if name not in _MODULE_OF:
        message = f"module 'evaluation' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(f"evaluation.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


class _Package(ModuleType):
    """This package: importing a submodule does not hide the public function of its name."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _MODULE_OF and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    """Name what is public."""
    return sorted({*globals(), *__all__})
