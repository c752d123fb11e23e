"""What an analyst asks Model Evaluation for; every field has a place in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from curation.errors import InvalidSetting
from evaluation import IOU_THRESHOLDS

IouType = Literal["bbox", "segm"]
DEFAULT_SCORE: Final = 0.30
DEFAULT_IOU: Final = 0.50
IOU_CHOICES: Final = tuple(round(float(t), 2) for t in IOU_THRESHOLDS)


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """One view of Model Evaluation.

    Args:
        project_id: The project.
        set_id: The prediction set.
        against_id: The set it is compared against, None for no comparison.
        iou_type: Overlap of boxes or of masks.
        score: Predictions below it do not count at the operating point.
        iou: IoU threshold of the operating point, one of `IOU_CHOICES`.
        split: Only images of this split, None for all that the sets cover.
        classes: Only these classes, none for all.
    """

    project_id: int
    set_id: int
    against_id: int | None = None
    iou_type: IouType = "bbox"
    score: float = DEFAULT_SCORE
    iou: float = DEFAULT_IOU
    split: str | None = None
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.score <= 1:
            raise InvalidSetting("score", self.score, allowed="a number from 0 to 1")
        if not any(np.isclose(self.iou, choice) for choice in IOU_CHOICES):
            allowed = ", ".join(map(str, IOU_CHOICES))
            raise InvalidSetting("iou", self.iou, allowed=f"one of {allowed}")
        if self.iou_type not in {"bbox", "segm"}:
            raise InvalidSetting("iou_type", self.iou_type, allowed="bbox or segm")
