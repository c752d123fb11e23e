"""COCO files, and the same documents in memory, as tables on common axes."""

from __future__ import annotations

from evaluation.coco_files.ground_truth import (
    GroundTruthFile,
    ground_truth_from_dict,
    read_ground_truth,
)
from evaluation.coco_files.predictions import (
    PredictionsFile,
    on_common_classes,
    predictions_from_list,
    read_predictions,
)
from evaluation.coco_files.problems import FileProblem

__all__ = [
    "FileProblem",
    "GroundTruthFile",
    "PredictionsFile",
    "ground_truth_from_dict",
    "on_common_classes",
    "predictions_from_list",
    "read_ground_truth",
    "read_predictions",
]
