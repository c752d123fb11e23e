"""Matching, metrics and comparison of detections: arrays in, frozen dataclasses out."""

from __future__ import annotations

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
from evaluation.instances import Instances, Masks
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
from evaluation.results import EvaluationResult, evaluate
from evaluation.size_buckets import SIZE_BUCKETS, bucket

__all__ = [
    "AREA_RANGES",
    "DIRECTION",
    "IOU_THRESHOLDS",
    "RECALL_THRESHOLDS",
    "SIZE_BUCKETS",
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
