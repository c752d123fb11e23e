"""The durable workflow of one job: every finished step is a checkpoint that survives `kill -9`."""

from __future__ import annotations

import logging
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from dbos import DBOS

from curation.errors import Conflict, CurationError, JobCancelled, presentation
from curation.job_engine.job_queue import enqueue
from curation.job_engine.kinds import JobContext, JsonObject, ProcessStopping, kind_of
from curation.store import jobs
from curation.store.database import STORE_FAULT, UNREACHABLE
from evaluation.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from curation.settings import Settings
    from curation.store.database import Database

RETRY_SECONDS: Final = (1.0, 2.0, 4.0, 8.0)
"""Pauses between attempts of a step whose database does not answer."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Engine:
    """The engine of this process.

    Args:
        database: The store.
        settings: Where the engine keeps its checkpoints.
        queue: The queue that this process works off.
        serves: Whether this process is a worker.
        stopping: Set when the process is about to end.
        working: Ids of the jobs that this process runs.
    """

    database: Database
    settings: Settings
    queue: str
    serves: bool
    stopping: threading.Event = field(default_factory=threading.Event)
    working: set[str] = field(default_factory=set)


RUNNING_ENGINES: Final[list[Engine]] = []
"""The engine of this process, if it is launched."""


def outcome_of(
    engine: Engine, job_id: str, work: Callable[[JobContext, jobs.JobRow], Any]
) -> JsonObject:
    """Run work on a job and return its end as JSON, since exceptions survive no checkpoint."""
    try:
        return {"value": _patiently(engine, job_id, work)}
    except JobCancelled:
        return {"status": jobs.CANCELLED, "error": ""}
    except (CurationError, EvaluationError) as error:
        shown = presentation(error)
        how = {"title": shown.title, "exit_code": shown.exit_code}
        return {"status": jobs.FAILED, "error": str(error), "value": how}
    except Exception as error:  # noqa: BLE001  # the border of all job code: logged with an id
        what = "because the database did not answer" if _is_outage(error) else "unexpectedly"
        text = f"The job failed {what} (error {_log(job_id, 'failed')}). See the worker's log."
        return {"status": jobs.FAILED, "error": text}


def _patiently(engine: Engine, job_id: str, work: Callable[[JobContext, jobs.JobRow], Any]) -> Any:
    """Run work, again after a pause while the database does not answer."""
    for pause in (*RETRY_SECONDS, None):
        try:
            job = jobs.get_job(engine.database, job_id)
            context = JobContext(
                engine.database, engine.settings, job_id, job.payload, engine.stopping
            )
            return work(context, job)
        except UNREACHABLE:
            if pause is None:
                raise
            _LOG.warning("job %s waits for the database", job_id, exc_info=True)
            if engine.stopping.wait(pause):
                raise ProcessStopping from None
    raise AssertionError("the last attempt returns or raises")


def _is_outage(error: Exception) -> bool:
    return isinstance(error, UNREACHABLE)


def _log(job_id: str, what: str) -> str:
    """Log the present exception and return the id that people can look it up by."""
    error_id = uuid.uuid4().hex[:8]
    _LOG.exception("job %s %s (error %s)", job_id, what, error_id)
    return error_id


def _step(job_id: str, work: Callable[[JobContext, jobs.JobRow], Any]) -> JsonObject:
    workflow_id = DBOS.workflow_id

    def checked(context: JobContext, job: jobs.JobRow) -> Any:
        if job.workflow_id != workflow_id:
            raise Conflict("The job was started again.", next_step="The other attempt goes on.")
        return work(context, job)

    return outcome_of(RUNNING_ENGINES[-1], job_id, checked)


@DBOS.step(name="begin")
def _begin(job_id: str) -> JsonObject:
    """Take the job into work; its status tells whether there is anything to do."""
    return _step(job_id, lambda context, _: jobs.start_job(context.database, job_id))


@DBOS.step(name="plan")
def _plan(job_id: str) -> JsonObject:
    def work(context: JobContext, job: jobs.JobRow) -> JsonObject:
        context.stop_if_cancelled()
        return kind_of(job.kind).plan(context)

    return _step(job_id, work)


@DBOS.step(name="slice")
def _slice(job_id: str, plan: JsonObject, number: int) -> JsonObject:
    def work(context: JobContext, job: jobs.JobRow) -> None:
        context.stop_if_cancelled()
        kind_of(job.kind).run_slice(context, plan, number)
        jobs.update_job(context.database, job_id, done=number + 1, total=plan["slices"])

    return _step(job_id, work)


@DBOS.step(name="finish")
def _finish(job_id: str, plan: JsonObject) -> JsonObject:
    """Publish the work and end the job in one transaction; what comes after may not fail it."""

    def work(context: JobContext, job: jobs.JobRow) -> None:
        kind = kind_of(job.kind)
        with context.database.write() as connection:
            if jobs.complete_job(connection, job):
                result = dict(kind.finish(context, plan, connection))
                followups = result.pop("followups", ())
                jobs.keep_result(connection, job_id, result, followups)
        _after(context, job, plan)

    return _step(job_id, work)


def _after(context: JobContext, job: jobs.JobRow, plan: JsonObject) -> None:
    engine = RUNNING_ENGINES[-1]
    try:
        if engine.serves:
            for followup in jobs.followups_of(context.database, job.id):
                enqueue(context.database, context.settings, followup.id)
        kind_of(job.kind).warm_up(context, plan)
    except Exception:  # noqa: BLE001  # the job is done: caches fill later, workers find followups
        _log(job.id, "is done, but what comes after it failed")


@DBOS.step(name="close")
def _close(job_id: str, status: str, error: str, how: JsonObject) -> JsonObject:
    return _step(job_id, lambda context, job: end_undone(context, job, status, error, how))


def end_undone(
    context: JobContext, job: jobs.JobRow, status: str, error: str, how: JsonObject
) -> None:
    """Undo a job that will not be done, and close it; a failing undo is kept for later."""
    try:
        kind_of(job.kind).undo(context)
    except UNREACHABLE:
        raise  # the whole step is tried again
    except Exception:  # noqa: BLE001  # the border of all job code: logged with an id
        error_id = _log(job.id, "could not be undone")
        how = {**how, jobs.LEFTOVER: True, "cause": error}
        status = jobs.FAILED
        error = (
            f"{error} What it wrote could not be removed yet (error {error_id}); "
            "a worker tries again, and so does starting the job again."
        ).strip()
    jobs.finish_job(context.database, job.id, status, error=error, result=how)


@DBOS.workflow(name="run_job")
def run_job(job_id: str) -> str:
    """Run one job to its end, from its last checkpoint."""
    engine = RUNNING_ENGINES[-1]
    with _at_work(engine, job_id):
        outcome = _begin(job_id)
        if outcome.get("value", jobs.RUNNING) not in jobs.OPEN:
            return str(outcome["value"])  # cancelled while it waited: nothing was written
        if "status" not in outcome:
            outcome = _work_off(engine, job_id)
        if "status" not in outcome:
            return jobs.DONE
        _stop_with_process(engine)
        _close(job_id, outcome["status"], outcome["error"], outcome.get("value") or {})
    return str(outcome["status"])


def _work_off(engine: Engine, job_id: str) -> JsonObject:
    """Plan, do every slice, and finish; return the first outcome that has a status, if any."""
    outcome = _plan(job_id)
    if "status" in outcome:
        return outcome
    plan = outcome["value"]
    for number in range(plan["slices"]):
        _stop_with_process(engine)
        outcome = _slice(job_id, plan, number)
        if "status" in outcome:
            return outcome
    _stop_with_process(engine)
    return _finish(job_id, plan)


def _stop_with_process(engine: Engine) -> None:
    if engine.stopping.is_set():
        raise ProcessStopping


@contextmanager
def _at_work(engine: Engine, job_id: str) -> Iterator[None]:
    """Show that this process works on the job, whatever becomes of single signs of life."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(jobs.HEARTBEAT_SECONDS):
            _sign_of_life(engine.database, job_id)

    engine.working.add(job_id)
    _sign_of_life(engine.database, job_id)
    thread = threading.Thread(target=beat, daemon=True, name=f"heartbeat-{job_id}")
    thread.start()
    stopped = False
    try:
        yield
    except ProcessStopping:
        stopped = True
        raise
    finally:
        ended.set()
        thread.join()
        if stopped:
            _sign_of_life(engine.database, job_id, last=True)
        engine.working.discard(job_id)


def _sign_of_life(database: Database, job_id: str, *, last: bool = False) -> None:
    """Show that the job is worked on; with the last one it is left to whoever takes it up."""
    try:
        if last:
            jobs.release_job(database, job_id)
        else:
            jobs.note_heartbeat(database, job_id)
    except STORE_FAULT:
        _LOG.warning("job %s could not show that it lives", job_id, exc_info=True)
