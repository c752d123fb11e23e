"""Runs jobs as DBOS workflows: every finished slice is a checkpoint that survives `kill -9`."""

from __future__ import annotations

import logging
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    SetWorkflowID,
    run_dbos_database_migrations,
)

from curation.errors import CurationError, JobCancelled, presentation
from curation.job_engine.kinds import JobContext, JsonObject, kind_of
from curation.store import jobs
from evaluation.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from curation.settings import Settings
    from curation.store.database import Database

QUEUE: Final = "curation-jobs"
STEPS_VERSION: Final = "1"
"""Version of the steps; open work of another version is not taken up."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Engine:
    database: Database
    settings: Settings


_running: list[_Engine] = []


def _context(job_id: str) -> tuple[JobContext, Any]:
    engine = _running[-1]
    job = jobs.get_job(engine.database, job_id)
    payload = jobs.payload_of(engine.database, job_id)
    context = JobContext(engine.database, engine.settings, job_id, payload)
    return context, kind_of(job.kind)


def _outcome(job_id: str, work: Callable[[], Any]) -> JsonObject:
    """Run a step and return its end as JSON, since exceptions do not survive a checkpoint."""
    try:
        return {"value": work()}
    except JobCancelled:
        return {"status": jobs.CANCELLED, "error": ""}
    except (CurationError, EvaluationError) as error:
        shown = presentation(error)
        how = {"title": shown.title, "exit_code": shown.exit_code}
        return {"status": jobs.FAILED, "error": str(error), "value": how}
    except Exception:  # noqa: BLE001  # the border of all job code: logged with an id
        error_id = uuid.uuid4().hex[:8]
        _LOG.exception("job %s failed (error %s)", job_id, error_id)
        text = f"The job failed unexpectedly (error {error_id}). See the worker's log."
        return {"status": jobs.FAILED, "error": text}


@DBOS.step(name="plan")
def _plan(job_id: str) -> JsonObject:
    context, kind = _context(job_id)
    return _outcome(job_id, lambda: kind.plan(context))


@DBOS.step(name="slice")
def _slice(job_id: str, plan: JsonObject, number: int) -> JsonObject:
    context, kind = _context(job_id)

    def work() -> None:
        context.stop_if_cancelled()
        kind.run_slice(context, plan, number)
        jobs.update_job(context.database, job_id, done=number + 1, total=plan["slices"])

    return _outcome(job_id, work)


@DBOS.step(name="finish")
def _finish(job_id: str, plan: JsonObject) -> JsonObject:
    context, kind = _context(job_id)

    def work() -> JsonObject:
        context.stop_if_cancelled()
        return dict(kind.finish(context, plan))

    return _outcome(job_id, work)


@DBOS.step(name="close")
def _close(job_id: str, status: str, error: str, result: JsonObject) -> list[str]:
    """End the job and record the jobs that follow it; return their ids."""
    context, kind = _context(job_id)
    if status != jobs.DONE:
        kind.undo(context)
    followups = result.pop("followups", [])
    jobs.finish_job(context.database, job_id, status, error=error, result=result)
    with context.database.write() as connection:
        return [jobs.create_job(connection, **followup) for followup in followups]


@DBOS.workflow(name="run_job")
def _run_job(job_id: str) -> str:
    if jobs.get_job(_running[-1].database, job_id).status == jobs.CANCELLED:
        return jobs.CANCELLED  # cancelled while it waited: nothing was written
    with _heartbeat(_running[-1].database, job_id):
        outcome = _plan(job_id)
        plan = {"slices": 0} if "status" in outcome else outcome["value"]
        for number in range(plan["slices"]):
            if "status" in outcome:
                break
            outcome = _slice(job_id, plan, number)
        if "status" not in outcome:
            outcome = _finish(job_id, plan)
        status = outcome.get("status", jobs.DONE)
        followups = _close(job_id, status, outcome.get("error", ""), outcome.get("value") or {})
    for followup in followups:
        with SetWorkflowID(f"{followup}.1"):
            _run_job(followup)
    return str(status)


@contextmanager
def _heartbeat(database: Database, job_id: str) -> Iterator[None]:
    """Show that this process still works on the job."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(jobs.HEARTBEAT_SECONDS):
            jobs.update_job(database, job_id)

    job = jobs.get_job(database, job_id)
    if job.status == jobs.QUEUED:
        jobs.update_job(database, job_id, status=jobs.RUNNING)
    else:
        jobs.update_job(database, job_id)
    thread = threading.Thread(target=beat, daemon=True, name=f"heartbeat-{job_id}")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def launched(database: Database, settings: Settings, *, executor: str) -> Iterator[None]:
    """Run the engine in this process; open work of the same executor goes on at once.

    Args:
        database: The store.
        settings: Where the engine keeps its checkpoints.
        executor: Stable id of this process; no two live processes may share one.
    """
    config = DBOSConfig(
        name="curation",
        system_database_url=_driver_url(settings),
        executor_id=executor,
        application_version=STEPS_VERSION,
        serializer=DBOSPortableJSONSerializer(),
        log_level="ERROR",
        enable_otlp=False,
    )
    _own_no_log_handler()
    DBOS(config=config)
    _own_no_log_handler()
    _running.append(_Engine(database, settings))
    try:
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=0.2)
        yield
    finally:
        DBOS.destroy(workflow_completion_timeout_sec=0)
        _running.pop()


def _own_no_log_handler() -> None:
    """Take away the handler that the engine brings: where messages go is ours to decide."""
    log = logging.getLogger("dbos")
    log.handlers.clear()
    log.propagate = True


def _driver_url(settings: Settings) -> str:
    url = settings.jobs_url()
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def run_here(database: Database, settings: Settings, job_id: str) -> jobs.JobRow:
    """Run or continue a job in this process and wait for its end.

    The executor is named after the job, so that a second call after a crash takes up exactly
    this job from its last checkpoint.
    """
    job = jobs.get_job(database, job_id)
    with launched(database, settings, executor=f"job-{job_id}"), SetWorkflowID(job.workflow_id):
        DBOS.start_workflow(_run_job, job_id).get_result()
    return jobs.get_job(database, job_id)


def enqueue(database: Database, settings: Settings, job_id: str) -> None:
    """Hand a job to the workers."""
    job = jobs.get_job(database, job_id)
    url = _driver_url(settings)
    run_dbos_database_migrations(system_database_url=url)
    client = DBOSClient(system_database_url=url, serializer=DBOSPortableJSONSerializer())
    try:
        client.enqueue(
            {
                "queue_name": QUEUE,
                "workflow_name": "run_job",
                "workflow_id": job.workflow_id,
                "app_version": STEPS_VERSION,
            },
            job_id,
        )
    finally:
        client.destroy()


def adopt(database: Database) -> int:
    """Take up jobs whose process has gone; call it in a running worker.

    Returns:
        How many.
    """
    lost = jobs.lost_jobs(database)
    for job in lost:
        jobs.update_job(database, job.id)
        DBOS.resume_workflow(job.workflow_id)
    return len(lost)
