"""Evaluate a prediction set on a label revision, once; the record is kept."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from curation.errors import Conflict, NotFound
from curation.evaluations.loading import GroundTruth, load_ground_truth, load_predictions
from curation.evaluations.request import DEFAULT_IOU, DEFAULT_SCORE, IouType
from curation.evaluations.stored_matches import carried_over, match_columns
from curation.store.evaluation_records import (
    EvaluationContent,
    EvaluationKey,
    EvaluationRecord,
    find_evaluation,
    save_evaluation,
)
from curation.store.prediction_sets import get_prediction_set
from curation.store.projects import project_revision
from evaluation import evaluate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curation.store.database import Database
    from curation.store.prediction_sets import PredictionSetRow

EVALUATOR_VERSION: Final = "2"
"""Changes whenever the same input would give another number."""


def evaluation_key(
    database: Database,
    prediction_set: PredictionSetRow,
    iou_type: IouType,
    *,
    revision: int | None = None,
    strict: bool = False,
) -> EvaluationKey:
    """Return the key of a set's evaluation on the project's current, or another, revision.

    Raises:
        Conflict: If masks are asked of a set that has boxes only.
        NotFound: If the revision is not published.
    """
    if iou_type not in prediction_set.iou_types:
        raise Conflict(
            f"{prediction_set.name} has boxes only.",
            next_step="Evaluate boxes (iou type bbox), or import a set with masks.",
        )
    current = project_revision(database, prediction_set.project_id)
    revision = current if revision is None else revision
    if not 1 <= revision <= current:
        raise NotFound("revision", revision, known=tuple(map(str, range(1, current + 1)[-8:])))
    return EvaluationKey(prediction_set.id, revision, iou_type, EVALUATOR_VERSION, strict)


def evaluate_set(
    database: Database,
    set_id: int,
    *,
    iou_type: IouType = "bbox",
    revision: int | None = None,
    strict: bool = False,
) -> EvaluationRecord:
    """Evaluate a prediction set, or return the evaluation that exists.

    Args:
        database: The store.
        set_id: A ready prediction set.
        iou_type: Overlap of boxes or of masks.
        revision: Label revision; the project's current one when missing.
        strict: Reproduce pycocotools' treatment of annotation id 0.

    Raises:
        NotFound: If the set does not exist.
        Conflict: If masks are asked of boxes.
    """
    prediction_set = get_prediction_set(database, set_id)
    key = evaluation_key(database, prediction_set, iou_type, revision=revision, strict=strict)
    found = find_evaluation(database, key)
    if found is not None:
        return found
    started = time.perf_counter()
    masks = iou_type == "segm"
    truth = load_ground_truth(database, prediction_set.project_id, key.revision, masks=masks)
    predictions = load_predictions(database, prediction_set, truth, masks=masks)
    result = evaluate(
        truth.instances,
        predictions,
        class_names=truth.class_names,
        iou_type=iou_type,
        strict=strict,
        score=DEFAULT_SCORE,
        iou=DEFAULT_IOU,
        matches=carried_over(database, key, truth, predictions),
        images=scope_mask(truth, prediction_set),
    )
    content = EvaluationContent(
        result={**result.to_dict(), "images": int(truth.covered(prediction_set).sum())},
        seconds=time.perf_counter() - started,
        matches={
            **match_columns(result.matches),
            "curves": {"precision": result.precision_curves.ravel()},
        },
    )
    return save_evaluation(database, prediction_set.project_id, key, content)


def scope_mask(truth: GroundTruth, prediction_set: PredictionSetRow) -> NDArray[np.bool_] | None:
    """Return the images a set is evaluated on, None for all of them."""
    covered = truth.covered(prediction_set)
    return None if covered.all() else covered
