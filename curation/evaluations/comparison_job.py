"""The job that makes the intervals of a comparison."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from curation.errors import Conflict, NotFound
from curation.evaluations.request import EvaluationRequest
from curation.evaluations.significance import comparison_key, make_intervals
from curation.job_engine.kinds import register
from curation.store.comparison_records import find_comparison
from curation.store.jobs import DONE, create_job, get_job, reopen_job
from curation.store.prediction_sets import get_prediction_set

if TYPE_CHECKING:
    from curation.job_engine.kinds import JobContext
    from curation.settings import Settings
    from curation.store.comparison_records import ComparisonKey
    from curation.store.database import Connection, Database
    from curation.store.jobs import JobRow


class ComparisonJob:
    """Resamples one comparison; the record is written in one transaction."""

    name: Final = "comparison"

    def plan(self, context: JobContext) -> dict[str, Any]:
        """One slice: a thousand replicates take seconds."""
        context.report("Resampling images", done=0, total=1)
        return {"slices": 1}

    def run_slice(self, context: JobContext, plan: dict[str, Any], number: int) -> None:
        """Resample, unless the record exists already; stops between blocks when asked to."""
        del plan, number

        def progress(done: int, total: int) -> None:
            context.stop_if_cancelled()
            context.report("Resampling images", done=done, total=total)

        make_intervals(context.database, request_of(context.payload), progress=progress)

    def finish(
        self, context: JobContext, plan: dict[str, Any], connection: Connection
    ) -> dict[str, Any]:
        """Return what was compared."""
        del plan, connection
        return dict(context.payload)

    def warm_up(self, context: JobContext, plan: dict[str, Any]) -> None:
        """Nothing is cached."""

    def undo(self, context: JobContext) -> None:
        """The record is whole or absent; a whole one stays."""


register(ComparisonJob())


def request_of(payload: dict[str, Any]) -> EvaluationRequest:
    """Return the request of a job's payload."""
    return EvaluationRequest(**{**payload, "classes": tuple(payload["classes"])})


@dataclass(frozen=True, slots=True)
class ComparisonState:
    """The intervals of a request, or the job that makes or should have made them."""

    intervals: dict[str, Any] | None
    job: JobRow | None


def comparison_state(database: Database, request: EvaluationRequest) -> ComparisonState:
    """Return how far the intervals of a request are.

    Raises:
        NotFound: If a set, split or class does not exist.
        InvalidSetting: If the request names no set to compare against.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    key = comparison_key(database, request)
    found = find_comparison(database, key)
    if found is not None:
        return ComparisonState(found, None)
    _, job = _own_job(database, key)
    # The job may have ended between the two looks.
    return ComparisonState(find_comparison(database, key), job)


def start_comparison(database: Database, settings: Settings, request: EvaluationRequest) -> str:
    """Hand the resampling to the workers, unless it is under way; return the job's id.

    A failed or cancelled job of the same comparison starts once more.

    Raises:
        NotFound: If a set, split or class does not exist.
        InvalidSetting: If the request names no set to compare against.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    from curation.job_engine.engine import enqueue  # noqa: PLC0415  # loads the job engine

    job_id, job = _own_job(database, comparison_key(database, request))
    if job is None:
        title = _title(database, request)
        with database.write() as connection:
            create_job(
                connection,
                kind=ComparisonJob.name,
                title=title,
                payload=_payload(request),
                project_id=request.project_id,
                job_id=job_id,
            )
    elif job.is_open:
        return job_id
    else:
        with suppress(Conflict):  # somebody else was faster
            reopen_job(database, job_id)
    enqueue(database, settings, job_id)
    return job_id


def _own_job(database: Database, key: ComparisonKey) -> tuple[str, JobRow | None]:
    """Return the id of a comparison's job, and the job if there is one that may still bring it.

    The id follows from what is compared, so that two who ask at once ask for one job. A job that
    is done has left its record; where that is gone again, the next number counts.
    """
    text = f"{key.evaluation_id} {key.against_id} {key.settings_key}"
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    number = 1
    while (job := _find_job(database, f"{digest}.{number}")) is not None and job.status == DONE:
        number += 1
    return f"{digest}.{number}", job


def _find_job(database: Database, job_id: str) -> JobRow | None:
    try:
        return get_job(database, job_id)
    except NotFound:
        return None


def _title(database: Database, request: EvaluationRequest) -> str:
    names = (
        get_prediction_set(database, set_id).name
        for set_id in (request.set_id, request.against_id)
        if set_id is not None
    )
    return f"Intervals: {' against '.join(names)}"


def _payload(request: EvaluationRequest) -> dict[str, Any]:
    return {**asdict(request), "classes": list(request.classes)}
