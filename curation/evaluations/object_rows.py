"""The object table of one image: what was gained, lost, newly wrong, fixed, kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from curation.errors import NotFound
from curation.evaluations.comparison import Scope, open_scope
from curation.evaluations.images import CountedImages, count_images
from curation.evaluations.overlays import rows_that_count
from evaluation import SIZE_BUCKETS, PredictionOutcome, TruthOutcome, bucket

if TYPE_CHECKING:
    from curation.evaluations.evaluated_sets import EvaluatedSet
    from curation.evaluations.request import EvaluationRequest
    from curation.store.database import Database
    from evaluation import EvaluationResult, Instances

_ORDER = (
    "lost",
    "newly wrong",
    "gained",
    "fixed",
    "missed by both",
    "missed",
    "wrong in both",
    "false positive",
    "kept",
    "found",
    "ignored",
)


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One object; `truth`, `prediction` and `against_prediction` are rows as in overlays."""

    kind: str
    class_name: str
    size: str
    score: float | None
    against_score: float | None
    iou: float | None
    against_iou: float | None
    truth: int | None
    prediction: int | None
    against_prediction: int | None


def object_changes(
    database: Database, request: EvaluationRequest, image_id: int
) -> tuple[ObjectRow, ...]:
    """Return the objects of one image, changes first.

    Args:
        database: The store.
        request: The request; objects of other classes are left out.
        image_id: An image of the request's project.

    Raises:
        NotFound: If the image is none of the project's, or a set, split or class does not exist.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    scope = open_scope(database, request)
    counted = count_images(scope, request)
    images = scope.set.truth.images
    place = int(images.positions(np.array([image_id]))[0])
    if place >= len(images) or images.id[place] != image_id:
        raise NotFound("image", image_id)
    rows = [
        *_truth_rows(scope, counted, place),
        *_false_positive_rows(scope, counted, place),
    ]
    return tuple(sorted(rows, key=lambda row: _ORDER.index(row.kind)))


def _truth_rows(scope: Scope, counted: CountedImages, place: int) -> list[ObjectRow]:
    table = scope.set.truth.instances
    ours, theirs = counted.set_result, counted.against_result
    rows = []
    for truth in rows_that_count(scope, table, scope.set.truth.rows.of(place)).tolist():
        if ours.outcomes.truth[truth] == TruthOutcome.IGNORED:
            continue
        mine = int(ours.outcomes.matched_prediction[truth])
        other = -1 if theirs is None else int(theirs.outcomes.matched_prediction[truth])
        rows.append(
            ObjectRow(
                kind=_truth_kind(mine >= 0, None if theirs is None else other >= 0),
                class_name=scope.set.truth.class_names[table.class_[truth]],
                size=_size(table, truth),
                score=_score(scope.set, mine),
                against_score=_score(scope.against, other),
                iou=_iou(ours, mine),
                against_iou=_iou(theirs, other),
                truth=truth,
                prediction=mine if mine >= 0 else None,
                against_prediction=other if other >= 0 else None,
            )
        )
    return rows


def _truth_kind(found: bool, found_before: bool | None) -> str:
    if found_before is None:
        return "found" if found else "missed"
    if found:
        return "kept" if found_before else "gained"
    return "lost" if found_before else "missed by both"


def _false_positive_rows(scope: Scope, counted: CountedImages, place: int) -> list[ObjectRow]:
    wrong = _false_positives(scope, scope.set, counted.set_result, place)
    if scope.against is None or counted.against_result is None or counted.changes is None:
        return [_wrong_row(scope.set, row, "false positive", ours=True) for row in wrong]
    here = counted.changes.in_image(place)
    new, fixed = set(here.newly_wrong.tolist()), set(here.fixed.tolist())
    before = _false_positives(scope, scope.against, counted.against_result, place)
    return [
        _wrong_row(scope.set, row, "newly wrong" if row in new else "wrong in both", ours=True)
        for row in wrong
    ] + [_wrong_row(scope.against, row, "fixed", ours=False) for row in before if row in fixed]


def _false_positives(
    scope: Scope, side: EvaluatedSet, result: EvaluationResult, place: int
) -> list[int]:
    rows = rows_that_count(scope, side.predictions, side.rows.of(place))
    wrong = result.outcomes.prediction[rows] == PredictionOutcome.FALSE_POSITIVE
    found: list[int] = rows[wrong].tolist()
    return found


def _wrong_row(side: EvaluatedSet, row: int, kind: str, *, ours: bool) -> ObjectRow:
    table = side.predictions
    score = float(table.score[row])
    return ObjectRow(
        kind=kind,
        class_name=side.truth.class_names[table.class_[row]],
        size=_size(table, row),
        score=score if ours else None,
        against_score=None if ours else score,
        iou=None,
        against_iou=None,
        truth=None,
        prediction=row if ours else None,
        against_prediction=None if ours else row,
    )


def _size(table: Instances, row: int) -> str:
    return SIZE_BUCKETS[int(bucket(table.area[row : row + 1])[0])]


def _score(side: EvaluatedSet | None, row: int) -> float | None:
    return float(side.predictions.score[row]) if side is not None and row >= 0 else None


def _iou(result: EvaluationResult | None, row: int) -> float | None:
    return float(result.outcomes.iou[row]) if result is not None and row >= 0 else None
