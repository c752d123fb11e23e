"""Runs jobs as DBOS workflows: in workers, or here and now; takes up what others left behind."""

from __future__ import annotations

import logging
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID

from curation.errors import Conflict
from curation.job_engine.job_queue import QUEUE, STEPS_VERSION, engine_url, enqueue
from curation.job_engine.workflow import (
    RUNNING_ENGINES,
    Engine,
    end_undone,
    outcome_of,
    run_job,
)
from curation.store import jobs
from curation.store.database import STORE_FAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbos import WorkflowStatus

    from curation.job_engine.kinds import JobContext
    from curation.settings import Settings
    from curation.store.database import Database

__all__ = ["adopt", "enqueue", "launched", "run_here"]

GRACE_SECONDS: Final = 20.0
"""How long a process that ends waits for its present step."""
_LOG = logging.getLogger(__name__)
_POLL_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 10.0
"""How long a job that was taken may take to begin."""
_ENDED: Final = frozenset({"SUCCESS", "ERROR"})


@contextmanager
def launched(
    database: Database,
    settings: Settings,
    *,
    executor: str,
    queue: str = QUEUE,
    grace: float = GRACE_SECONDS,
) -> Iterator[Engine]:
    """Run the engine in this process; open work of the same executor goes on at once.

    At the end the present step may run to its end; its job stays open for others.

    Args:
        database: The store.
        settings: Where the engine keeps its checkpoints.
        executor: Stable id of this process; no two live processes may share one.
        queue: The queue to work off; only the workers' own makes this process a worker.
        grace: Seconds to wait for the present step at the end.
    """
    config = DBOSConfig(
        name="curation",
        system_database_url=engine_url(settings),
        executor_id=executor,
        application_version=STEPS_VERSION,
        serializer=DBOSPortableJSONSerializer(),
        log_level="ERROR",
        enable_otlp=False,
    )
    _own_no_log_handler()
    DBOS(config=config)
    _own_no_log_handler()
    engine = Engine(database, settings, queue=queue, serves=queue == QUEUE)
    RUNNING_ENGINES.append(engine)
    try:
        DBOS.listen_queues([queue])
        DBOS.launch()
        if engine.serves:
            _register(queue)
        yield engine
    finally:
        engine.stopping.set()
        _wait(lambda: not engine.working, seconds=grace)
        DBOS.destroy(workflow_completion_timeout_sec=0)
        RUNNING_ENGINES.remove(engine)


def _register(queue: str) -> None:
    DBOS.register_queue(queue, worker_concurrency=1, polling_interval_sec=0.2)


def _own_no_log_handler() -> None:
    """Take away the handler that the engine brings: where messages go is ours to decide."""
    log = logging.getLogger("dbos")
    log.handlers.clear()
    log.propagate = True


def _wait(condition: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def run_here(database: Database, settings: Settings, job_id: str) -> jobs.JobRow:
    """Run or continue a job in this process, with the jobs that follow it, and wait for the end.

    The process works off no queue but one of its own, so it never takes, and leaves behind, what
    is meant for workers.

    Raises:
        Conflict: If another process took the job up at the same time.
    """
    waiting = jobs.get_job(database, job_id).status == jobs.QUEUED
    executor = f"here-{uuid.uuid4().hex[:12]}"
    with launched(database, settings, executor=executor, queue=f"{QUEUE}-{executor}") as engine:
        # A worker may take up a waiting job while the engine starts.
        _run_one(engine, job_id, only_if_free=waiting)
        for followup in jobs.followups_of(database, job_id):
            _run_one(engine, followup.id, only_if_free=True)
    return jobs.get_job(database, job_id)


def _run_one(engine: Engine, job_id: str, *, only_if_free: bool = False) -> None:
    """Run a job to its end; one that another live process works on is waited for."""
    job = jobs.get_job(engine.database, job_id)
    free = job.status == jobs.QUEUED or job.lost
    if job.is_open and (free or not only_if_free):
        taken = _take_here(engine, job)
        if not taken and not only_if_free:
            raise Conflict("Another process works on this job.", next_step="Wait for it.")
    since = time.monotonic()
    while job.is_open or job_id in engine.working:
        time.sleep(_POLL_SECONDS)
        job = jobs.get_job(engine.database, job_id)
        free = (job.status == jobs.QUEUED or job.lost) and job_id not in engine.working
        if free and time.monotonic() - since > _PATIENCE_SECONDS:
            _take_here(engine, job)
            since = time.monotonic()
    # The engine's own record of the end comes a moment after ours.
    _wait(lambda: _is_known_over(job), seconds=2)


def _take_here(engine: Engine, job: jobs.JobRow) -> bool:
    """Make this process run a job; False when another was faster."""
    if not jobs.claim_job(engine.database, job):
        return False
    known = DBOS.get_workflow_status(job.workflow_id)
    if known is None:
        with SetWorkflowID(job.workflow_id):
            DBOS.start_workflow(run_job, job.id)
    elif _is_over(known):
        _repair(engine, job)
    else:
        _register(engine.queue)
        DBOS.resume_workflow(job.workflow_id, queue_name=engine.queue)
    return True


def adopt(database: Database) -> int:
    """Take up jobs that nobody works on; call it in a running worker, again and again.

    Returns:
        How many.
    """
    engine = RUNNING_ENGINES[-1]
    taken = 0
    for job in jobs.unattended_jobs(database):
        if job.id in engine.working:
            continue
        try:
            taken += _take_up(engine, job)
        except STORE_FAULT:
            raise
        except Exception:  # noqa: BLE001  # one job's trouble must not hold up the others
            _LOG.exception("job %s could not be taken up", job.id)
    return taken


def _take_up(engine: Engine, job: jobs.JobRow) -> bool:
    known = DBOS.get_workflow_status(job.workflow_id)
    if known is not None and not _is_over(known) and _is_attended(job, known):
        return False
    if not jobs.claim_job(engine.database, job):
        return False
    if known is None:
        enqueue(engine.database, engine.settings, job.id)
    elif _is_over(known):
        _repair(engine, job)
    else:
        DBOS.resume_workflow(job.workflow_id, queue_name=QUEUE)
    return True


def _is_attended(job: jobs.JobRow, known: WorkflowStatus) -> bool:
    """Whether a worker will come to a job, or came to it a moment ago."""
    if known.status == "ENQUEUED":
        return known.queue_name == QUEUE
    begun = known.dequeued_at or known.created_at or 0
    return (
        job.status == jobs.QUEUED and time.time() - begun / 1000 < jobs.LOST_AFTER.total_seconds()
    )


def _is_over(known: WorkflowStatus) -> bool:
    """Whether the engine will not go on with a workflow, whatever our row says."""
    return known.status in _ENDED or known.app_version != STEPS_VERSION


def _is_known_over(job: jobs.JobRow) -> bool:
    known = DBOS.get_workflow_status(job.workflow_id)
    return known is None or known.status != "PENDING"


def _repair(engine: Engine, job: jobs.JobRow) -> None:
    """Undo and close a job whose workflow ended without closing it, so that it can start again."""
    how = {name: value for name, value in job.result.items() if name in {"title", "exit_code"}}
    error = job.result.get("cause", job.error)
    if not error and job.status not in {jobs.CANCELLING, jobs.CANCELLED}:
        error = "The job was interrupted and cannot go on where it was; start it again."

    def work(context: JobContext, row: jobs.JobRow) -> None:
        end_undone(context, row, jobs.FAILED, error, how)

    outcome_of(engine, job.id, work)
