"""The job that makes the intervals of a comparison."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from curation.evaluations.request import EvaluationRequest
from curation.evaluations.significance import find_intervals, make_intervals
from curation.job_engine.kinds import register
from curation.store.jobs import create_job, list_jobs

if TYPE_CHECKING:
    from curation.job_engine.kinds import JobContext
    from curation.settings import Settings
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
    """The intervals of a request, or the newest job that makes or should have made them."""

    intervals: dict[str, Any] | None
    job: JobRow | None


def comparison_state(database: Database, request: EvaluationRequest) -> ComparisonState:
    """Return how far the intervals of a request are.

    Raises:
        NotFound: If a set, split or class does not exist.
        InvalidSetting: If the request names no set to compare against.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    found = find_intervals(database, request)
    if found is not None:
        return ComparisonState(found, None)
    for job in list_jobs(database, request.project_id, limit=50):
        if job.kind == ComparisonJob.name and request_of(job.payload) == request:
            return ComparisonState(None, job)
    return ComparisonState(None, None)


def start_comparison(database: Database, settings: Settings, request: EvaluationRequest) -> str:
    """Hand the resampling to the workers, unless it is under way; return the job's id."""
    from curation.job_engine.engine import enqueue  # noqa: PLC0415  # loads the job engine

    job = comparison_state(database, request).job
    if job is not None and job.is_open:
        return job.id
    with database.write() as connection:
        job_id = create_job(
            connection,
            kind=ComparisonJob.name,
            title="How sure the deltas are",
            payload=_payload(request),
            project_id=request.project_id,
        )
    enqueue(database, settings, job_id)
    return job_id


def _payload(request: EvaluationRequest) -> dict[str, Any]:
    return {**asdict(request), "classes": list(request.classes)}
