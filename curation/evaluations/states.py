"""Whether a prediction set is evaluated on the current labels, and the job that does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.evaluations.evaluating import evaluation_key
from curation.evaluations.job import EvaluationJob
from curation.store.evaluation_records import find_evaluation
from curation.store.jobs import create_job, list_jobs
from curation.store.prediction_sets import get_prediction_set

if TYPE_CHECKING:
    from curation.evaluations.request import IouType
    from curation.settings import Settings
    from curation.store.database import Database


@dataclass(frozen=True, slots=True)
class EvaluationState:
    """Whether numbers exist, and the open job that makes them."""

    ready: bool
    job_id: str | None


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
