"""A delta over two label revisions: how much of it is the model, how much the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from curation.errors import InvalidSetting
from curation.evaluations.comparison import class_positions
from curation.evaluations.evaluated_sets import evaluated_set
from curation.evaluations.evaluating import evaluate_set
from curation.store.prediction_sets import require_own_set
from curation.store.projects import project_revision
from evaluation.attribution import DeltaSplit, split_delta

if TYPE_CHECKING:
    from curation.evaluations.evaluated_sets import EvaluatedSet
    from curation.evaluations.request import EvaluationRequest
    from curation.store.database import Database
    from evaluation import EvaluationResult


def split_over_revisions(
    database: Database, request: EvaluationRequest, *, against_revision: int
) -> DeltaSplit:
    """Split the difference between a set on today's labels and a baseline on earlier ones.

    All four evaluations (both sets on both revisions) count the same images: those that both sets
    cover and that were labelled on both revisions.

    Args:
        database: The store.
        request: The two sets, the scope and the operating point.
        against_revision: The revision that the baseline was evaluated on.

    Raises:
        NotFound: If a set, class or revision does not exist.
        InvalidSetting: If the request names no set to compare against.
    """
    if request.against_id is None:
        raise InvalidSetting("against", None, allowed="another prediction set")
    current = project_revision(database, request.project_id)
    sides = [
        _evaluated(database, request, set_id, revision)
        for set_id in (request.set_id, request.against_id)
        for revision in (against_revision, current)
    ]
    ids = _common_images(sides, request)
    return split_delta(*(_result(side, request, ids) for side in sides))


def _evaluated(
    database: Database, request: EvaluationRequest, set_id: int, revision: int
) -> EvaluatedSet:
    require_own_set(database, request.project_id, set_id)
    evaluate_set(database, set_id, iou_type=request.iou_type, revision=revision)
    return evaluated_set(database, set_id, request.iou_type, revision=revision)


def _common_images(sides: list[EvaluatedSet], request: EvaluationRequest) -> set[int]:
    """Return ids of the images that count on every side."""
    common: set[int] | None = None
    for side in sides:
        counts = side.covered
        if request.split is not None:
            counts = counts & (side.truth.split_of == request.split)
        ids = set(side.truth.images.id[counts].tolist())
        common = ids if common is None else common & ids
    return common or set()


def _result(side: EvaluatedSet, request: EvaluationRequest, ids: set[int]) -> EvaluationResult:
    images = np.isin(side.truth.images.id, np.array(sorted(ids), dtype=np.int64))
    return side.result(
        images=images,
        classes=class_positions(side, request),
        score=request.score,
        iou=request.iou,
    )
