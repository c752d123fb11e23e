"""Evaluations and comparisons as plain data, for JSON and notebooks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from curation.errors import InvalidSetting
from curation.evaluations.comparison import compare_sets
from curation.evaluations.evaluating import EVALUATOR_VERSION, evaluate_set
from curation.evaluations.request import DEFAULT_IOU, DEFAULT_SCORE
from curation.evaluations.significance import make_intervals
from curation.store.prediction_sets import require_own_set
from curation.store.projects import get_project
from evaluation.comparison import with_intervals

if TYPE_CHECKING:
    from curation.evaluations.comparison import ComparisonView, Side
    from curation.evaluations.request import EvaluationRequest
    from curation.store.database import Database
    from evaluation.significance import Resampling


def evaluation_summary(
    database: Database, request: EvaluationRequest, *, strict: bool = False
) -> dict[str, Any]:
    """Evaluate a set if it is not yet, and return its numbers.

    Args:
        database: The store.
        request: The set and scope; `against_id` is ignored.
        strict: Reproduce pycocotools' treatment of annotation id 0; only for the whole set.

    Raises:
        NotFound: If the set, split or a class does not exist.
        InvalidSetting: If strict numbers are asked of a part of the set.
    """
    prediction_set = require_own_set(database, request.project_id, request.set_id)
    record = evaluate_set(database, request.set_id, iou_type=request.iou_type, strict=strict)
    whole = replace(
        request, against_id=None, split=None, classes=(), score=DEFAULT_SCORE, iou=DEFAULT_IOU
    )
    if request == whole:
        numbers = {name: value for name, value in record.result.items() if name != "images"}
        images = record.result["images"]
    elif strict:
        raise InvalidSetting("strict", "with a slice", allowed="strict without other options")
    else:
        view = compare_sets(database, replace(request, against_id=None))
        numbers, images = view.set.result.to_dict(), view.images
    return {
        "project": get_project(database, request.project_id).name,
        "prediction_set": prediction_set.name,
        "revision": record.key.revision,
        "iou_type": request.iou_type,
        "strict": strict,
        "split": request.split,
        "images": images,
        "evaluator_version": EVALUATOR_VERSION,
        **numbers,
    }


def compare_summary(
    database: Database, request: EvaluationRequest, resampling: Resampling | None = None
) -> dict[str, Any]:
    """Evaluate both sets of a request if they are not yet, and return numbers and deltas.

    Args:
        database: The store.
        request: The two sets, the scope and the operating point.
        resampling: How to make the intervals of the deltas, None for none.

    Raises:
        NotFound: If a set, split or class does not exist.
        InvalidSetting: If the request names no set to compare against.
    """
    if request.against_id is None:
        raise InvalidSetting("against", None, allowed="another prediction set")
    for set_id in (request.set_id, request.against_id):
        require_own_set(database, request.project_id, set_id)
        evaluate_set(database, set_id, iou_type=request.iou_type)
    view = compare_sets(database, request)
    intervals = None if resampling is None else make_intervals(database, request, resampling)
    numbers = with_intervals(view.delta or {}, intervals)
    return {
        "project": get_project(database, request.project_id).name,
        "revision": view.revision,
        "iou_type": request.iou_type,
        "split": request.split,
        "images": view.images,
        "evaluator_version": EVALUATOR_VERSION,
        "set": _side(view, view.set),
        "against": _side(view, view.against),
        **numbers,
        "notices": [notice.text for notice in view.notices],
    }


def _side(view: ComparisonView, side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {
        "prediction_set": side.prediction_set.name,
        "revision": view.revision,
        "iou_type": view.request.iou_type,
        "split": view.request.split,
        "images": view.images,
        **side.result.to_dict(),
    }
