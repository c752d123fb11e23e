"""Findings: what became of every prediction and label, as rows for people and SQL tools.

A projection of an evaluation's matches at the default operating point. Numbers never come from
it, so it is written after them and can be made anew at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from curation.evaluations.evaluated_sets import evaluated_set
from curation.evaluations.request import DEFAULT_IOU, DEFAULT_SCORE
from curation.store.evaluation_records import replace_findings
from evaluation import SIZE_BUCKETS, Outcomes, PredictionOutcome, TruthOutcome, bucket, outcomes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.evaluations.evaluated_sets import EvaluatedSet
    from curation.evaluations.request import IouType
    from curation.store.database import Database


def write_findings(
    database: Database, set_id: int, *, iou_type: IouType = "bbox", revision: int | None = None
) -> int:
    """Make the findings of an evaluation anew and return their number.

    Args:
        database: The store.
        set_id: An evaluated prediction set.
        iou_type: Overlap of boxes or of masks.
        revision: Label revision; the project's current one when missing.

    Raises:
        Conflict: If the set was not evaluated on this revision yet.
    """
    evaluated = evaluated_set(database, set_id, iou_type, revision=revision)
    at = outcomes(
        evaluated.truth.instances,
        evaluated.predictions,
        evaluated.matches,
        score=DEFAULT_SCORE,
        iou=DEFAULT_IOU,
    )
    return replace_findings(database, evaluated.evaluation_id, _rows(evaluated, at))


def _rows(evaluated: EvaluatedSet, at: Outcomes) -> dict[str, list[Any] | NDArray[Any]]:
    """Return one row a true positive, false positive and miss of the covered images."""
    truth, predictions, covered = evaluated.truth, evaluated.predictions, evaluated.covered
    labels = truth.instances
    in_scope = covered[predictions.image]
    hits = np.flatnonzero((at.prediction == PredictionOutcome.TRUE_POSITIVE) & in_scope)
    wrong = np.flatnonzero((at.prediction == PredictionOutcome.FALSE_POSITIVE) & in_scope)
    missed = np.flatnonzero((at.truth == TruthOutcome.MISSED) & covered[labels.image])
    matched = at.matched_truth[hits]
    nothing: list[Any] = [None] * len(wrong)
    size = np.array(SIZE_BUCKETS)
    class_ids = np.array([entry.id for entry in truth.classes], dtype=np.int64)
    found = np.concatenate([hits, wrong])
    area = np.concatenate([labels.area[matched], predictions.area[wrong], labels.area[missed]])
    class_ = np.concatenate([predictions.class_[found], labels.class_[missed]])
    image = np.concatenate([predictions.image[found], labels.image[missed]])
    absent: list[Any] = [None] * len(missed)
    return {
        "outcome": ["tp"] * len(hits) + ["fp"] * len(wrong) + ["fn"] * len(missed),
        "image_id": truth.images.id[image],
        "class_id": class_ids[class_],
        "size": size[bucket(area)].tolist(),
        "score": predictions.score[found].tolist() + absent,
        "iou": at.iou[hits].tolist() + nothing + absent,
        "area": area,
        "label_id": [
            *truth.labels.id[matched].tolist(),
            *nothing,
            *truth.labels.id[missed].tolist(),
        ],
        "ordinal": predictions.id[found].tolist() + absent,
    }
