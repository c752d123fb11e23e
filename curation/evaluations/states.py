"""Whether a prediction set is evaluated on the current labels, and the job that does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.evaluations.evaluating import EVALUATOR_VERSION, evaluation_key
from curation.evaluations.job import EvaluationJob
from curation.store.evaluation_records import (
    find_earlier_evaluation,
    find_evaluation,
    newest_evaluated_revisions,
)
from curation.store.jobs import create_job, list_jobs
from curation.store.prediction_sets import get_prediction_set
from curation.store.projects import list_revisions

if TYPE_CHECKING:
    from curation.evaluations.request import IouType
    from curation.settings import Settings
    from curation.store.database import Database


@dataclass(frozen=True, slots=True)
class EvaluationState:
    """Whether numbers exist, and the open job that makes them."""

    ready: bool
    job_id: str | None


@dataclass(frozen=True, slots=True)
class Staleness:
    """Numbers that are of an older label revision than the project's.

    Args:
        evaluated: The revision they are of.
        revision: The project's revision.
        notes: What the revisions between were, newest first.
        labels_changed: Labels that those added, changed or removed, revision by revision.
    """

    evaluated: int
    revision: int
    notes: tuple[str, ...]
    labels_changed: int


def evaluated_on(database: Database, project_id: int) -> dict[int, int]:
    """Return the newest revision that each prediction set has numbers of, by set id."""
    return newest_evaluated_revisions(database, project_id, EVALUATOR_VERSION)


def staleness(database: Database, set_id: int, iou_type: IouType) -> Staleness | None:
    """Return how old the newest numbers of a set are, None where it has none, or none older.

    Raises:
        NotFound: If the set does not exist.
        Conflict: If masks are asked of boxes.
    """
    prediction_set = get_prediction_set(database, set_id)
    key = evaluation_key(database, prediction_set, iou_type)
    earlier = find_earlier_evaluation(database, key)
    if earlier is None:
        return None
    evaluated = earlier.key.revision
    since = [
        row
        for row in list_revisions(database, prediction_set.project_id)
        if evaluated < row.number <= key.revision
    ]
    # A changed label counts among the added and among the removed ones.
    changed = sum(row.labels_added + row.labels_removed - row.labels_changed for row in since)
    notes = tuple(dict.fromkeys(row.note or row.kind for row in since))
    return Staleness(evaluated, key.revision, notes, changed)


def evaluation_state(database: Database, set_id: int, iou_type: IouType) -> EvaluationState:
    """Return whether a set is evaluated on the project's current revision.

    Raises:
        NotFound: If the set does not exist.
        Conflict: If masks are asked of boxes.
    """
    prediction_set = get_prediction_set(database, set_id)
    key = evaluation_key(database, prediction_set, iou_type)
    if find_evaluation(database, key) is not None:
        return EvaluationState(ready=True, job_id=None)
    for job in list_jobs(database, prediction_set.project_id, limit=50):
        wanted = (EvaluationJob.name, set_id, iou_type)
        if job.is_open and (job.kind, *_subject(job.payload)) == wanted:
            return EvaluationState(ready=False, job_id=job.id)
    return EvaluationState(ready=False, job_id=None)


def _subject(payload: dict[str, object]) -> tuple[object, object]:
    return payload.get("set_id"), payload.get("iou_type")


def start_evaluation(database: Database, settings: Settings, set_id: int, iou_type: IouType) -> str:
    """Hand the evaluation of a set to the workers, unless it is under way; return the job's id."""
    from curation.job_engine.engine import enqueue  # noqa: PLC0415  # loads the job engine

    state = evaluation_state(database, set_id, iou_type)
    if state.job_id is not None:
        return state.job_id
    prediction_set = get_prediction_set(database, set_id)
    with database.write() as connection:
        job_id = create_job(
            connection,
            kind=EvaluationJob.name,
            title=f"Evaluate {prediction_set.name} ({iou_type})",
            payload={"set_id": set_id, "iou_type": iou_type},
            project_id=prediction_set.project_id,
        )
    enqueue(database, settings, job_id)
    return job_id
