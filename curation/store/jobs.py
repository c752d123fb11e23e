"""Job rows: what users see of durable work."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from curation.errors import Conflict, JobCancelled, NotFound
from curation.store.columns import now
from curation.store.tables import Job

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.store.database import Database

QUEUED: Final = "queued"
RUNNING: Final = "running"
CANCELLING: Final = "cancelling"
DONE: Final = "done"
FAILED: Final = "failed"
CANCELLED: Final = "cancelled"

OPEN: Final = (QUEUED, RUNNING, CANCELLING)
HEARTBEAT_SECONDS: Final = 3.0
LOST_AFTER: Final = timedelta(seconds=20)
"""A running job without a heartbeat for this long has lost its process."""
UNSTARTED_AFTER: Final = timedelta(seconds=5)
"""A job that waits for this long may have lost its process before it was handed over."""
LEFTOVER: Final = "leftover"
"""Key in the result of a failed job whose undo failed too."""


@dataclass(frozen=True, slots=True)
class JobRow:
    """Progress of one job."""

    id: str
    kind: str
    title: str
    project_id: int | None
    status: str
    attempt: int
    done: int
    total: int
    message: str
    error: str
    created: datetime
    finished: datetime | None
    heartbeat: datetime
    report_id: int | None
    result: dict[str, Any]
    payload: dict[str, Any]

    @property
    def is_open(self) -> bool:
        """Whether the job still has work to do."""
        return self.status in OPEN

    @property
    def lost(self) -> bool:
        """Whether the process that ran the job has gone without finishing it."""
        return self.status in {RUNNING, CANCELLING} and now() - self.heartbeat > LOST_AFTER

    @property
    def workflow_id(self) -> str:
        """Id of the present attempt in the job engine."""
        return f"{self.id}.{self.attempt}"


_COLUMNS = [Job.__table__.c[name] for name in JobRow.__dataclass_fields__]


def create_job(
    connection: sa.Connection,
    *,
    kind: str,
    title: str,
    payload: dict[str, Any],
    project_id: int | None = None,
    job_id: str | None = None,
) -> str:
    """Record a new job and return its id; does nothing when the given id exists."""
    job_id = job_id or uuid.uuid4().hex[:12]
    if connection.scalar(sa.select(Job.id).where(Job.id == job_id)) is not None:
        return job_id
    connection.execute(
        sa.insert(Job).values(
            id=job_id,
            kind=kind,
            title=title,
            payload=payload,
            project_id=project_id,
            status=QUEUED,
        )
    )
    return job_id


def get_job(database: Database, job_id: str) -> JobRow:
    """Return one job.

    Raises:
        NotFound: If there is none with this id.
    """
    rows = _rows(database, sa.select(*_COLUMNS).where(Job.id == job_id))
    if not rows:
        raise NotFound("job", job_id)
    return rows[0]


def list_jobs(
    database: Database, project_id: int | None = None, *, limit: int = 20
) -> tuple[JobRow, ...]:
    """Return the latest jobs, newest first; of one project, or of all."""
    query = sa.select(*_COLUMNS).order_by(Job.created.desc()).limit(limit)
    if project_id is not None:
        query = query.where(Job.project_id == project_id)
    return _rows(database, query)


def update_job(database: Database, job_id: str, **values: Any) -> None:
    """Change columns of a job row and note the sign of life."""
    with database.write() as connection:
        connection.execute(sa.update(Job).where(Job.id == job_id).values(heartbeat=now(), **values))


def note_heartbeat(database: Database, job_id: str) -> None:
    """Note that a process works on a job."""
    update_job(database, job_id)


def start_job(database: Database, job_id: str) -> str:
    """Take a waiting job into work, unless it was cancelled before; return its status."""
    with database.write() as connection:
        connection.execute(
            sa.update(Job)
            .where(Job.id == job_id, Job.status == QUEUED)
            .values(status=RUNNING, heartbeat=now())
        )
        return _status(connection, job_id)


def complete_job(connection: sa.Connection, job: JobRow) -> bool:
    """End a running job as done, first thing in the transaction that publishes its work.

    From the commit on the job can neither be cancelled nor fail.

    Returns:
        False if it was done before.

    Raises:
        JobCancelled: If somebody asked it to stop; nothing may become visible.
        Conflict: If it was ended or started again meanwhile.
    """
    ended = connection.execute(
        sa.update(Job)
        .where(Job.id == job.id, Job.attempt == job.attempt, Job.status == RUNNING)
        .values(status=DONE, error="", finished=now(), heartbeat=now())
    )
    if ended.rowcount == 1:
        return True
    status = _status(connection, job.id)
    if status == CANCELLING:
        raise JobCancelled(job.id)
    if status != DONE:
        raise Conflict(f"The job is {status}.", next_step="It is not published.")
    return False


def keep_result(
    connection: sa.Connection,
    job_id: str,
    result: dict[str, Any],
    followups: Sequence[dict[str, Any]] = (),
) -> None:
    """Keep what a job returned, and record the jobs that follow it; the second time the same."""
    connection.execute(sa.update(Job).where(Job.id == job_id).values(result=result))
    for number, followup in enumerate(followups, start=1):
        create_job(connection, **followup, job_id=f"{job_id}-{number}")


def followups_of(database: Database, job_id: str) -> tuple[JobRow, ...]:
    """Return the jobs that follow a job, in their order."""
    query = sa.select(*_COLUMNS).where(Job.id.like(f"{job_id}-%")).order_by(Job.id)
    return _rows(database, query)


def finish_job(
    database: Database, job_id: str, status: str, *, error: str = "", result: Any = None
) -> None:
    """Close an open job; one that was asked to stop ends as cancelled, however it came to its end.

    Does nothing to a job that has ended.
    """
    closed = sa.case((Job.status == CANCELLING, CANCELLED), else_=status)
    with database.write() as connection:
        connection.execute(
            sa.update(Job)
            .where(Job.id == job_id, Job.status.in_(OPEN))
            .values(
                status=closed, error=error, result=result or {}, finished=now(), heartbeat=now()
            )
        )


def cancel_job(database: Database, job_id: str) -> JobRow:
    """Ask a job to stop; it undoes what it wrote and nothing of it ever becomes visible.

    Raises:
        NotFound: If there is none with this id.
        Conflict: If the job has ended already.
    """
    with database.write() as connection:
        # No sign of life: a job whose process has gone must stay recognisable as lost.
        waiting = connection.execute(
            sa.update(Job)
            .where(Job.id == job_id, Job.status == QUEUED)
            .values(status=CANCELLED, finished=now())
        )
        if waiting.rowcount == 0:
            connection.execute(
                sa.update(Job)
                .where(Job.id == job_id, Job.status == RUNNING)
                .values(status=CANCELLING)
            )
        status = _status(connection, job_id)
    if waiting.rowcount == 0 and status != CANCELLING:
        raise Conflict(f"The job has ended: {status}.", next_step="There is nothing to stop.")
    return get_job(database, job_id)


def reopen_job(database: Database, job_id: str) -> JobRow:
    """Prepare a failed or cancelled job for another attempt from its start.

    Raises:
        NotFound: If there is none with this id.
        Conflict: If the job is done, or still open.
    """
    with database.write() as connection:
        reopened = connection.execute(
            sa.update(Job)
            .where(Job.id == job_id, Job.status.in_((FAILED, CANCELLED)))
            .values(
                status=QUEUED,
                attempt=Job.attempt + 1,
                done=0,
                total=0,
                message="",
                error="",
                result={},
                report_id=None,
                finished=None,
                heartbeat=now(),
            )
        )
        status = _status(connection, job_id)
    if reopened.rowcount == 0:
        raise Conflict(
            f"The job is {status}.", next_step="Only failed or cancelled jobs start again."
        )
    return get_job(database, job_id)


def note_report(connection: sa.Connection, job_id: str, report_id: int) -> None:
    """Point a job at the report of its import."""
    connection.execute(sa.update(Job).where(Job.id == job_id).values(report_id=report_id))


def is_cancelling(database: Database, job_id: str) -> bool:
    """Return whether somebody asked the job to stop."""
    with database.read() as connection:
        return connection.scalar(sa.select(Job.status).where(Job.id == job_id)) == CANCELLING


def unattended_jobs(database: Database) -> tuple[JobRow, ...]:
    """Return jobs that a worker may have to take up.

    Those whose process has gone, those that wait although nobody may have handed them over, and
    ended ones that left something behind.
    """
    silent = Job.heartbeat < now() - LOST_AFTER
    query = sa.select(*_COLUMNS).where(
        sa.or_(
            sa.and_(Job.status.in_((RUNNING, CANCELLING)), silent),
            sa.and_(
                Job.status.in_((FAILED, CANCELLED)),
                Job.result[LEFTOVER].as_boolean().is_(True),
                silent,
            ),
            sa.and_(Job.status == QUEUED, Job.heartbeat < now() - UNSTARTED_AFTER),
        )
    )
    return _rows(database, query)


def claim_job(database: Database, job: JobRow) -> bool:
    """Take a job over as it was seen; of several who try, one wins.

    A job that had ended is open again until it is closed.
    """
    status = {FAILED: RUNNING, CANCELLED: CANCELLING}.get(job.status, job.status)
    with database.write() as connection:
        claimed = connection.execute(
            sa.update(Job)
            .where(
                Job.id == job.id,
                Job.status == job.status,
                Job.attempt == job.attempt,
                Job.heartbeat == job.heartbeat,
            )
            .values(status=status, heartbeat=now())
        )
    return claimed.rowcount == 1


def release_job(database: Database, job_id: str) -> None:
    """Leave an open job to whoever takes it up, without waiting for it to count as lost."""
    with database.write() as connection:
        connection.execute(
            sa.update(Job)
            .where(Job.id == job_id, Job.status.in_((RUNNING, CANCELLING)))
            .values(heartbeat=datetime.fromtimestamp(0, tz=UTC))
        )


def _status(connection: sa.Connection, job_id: str) -> str:
    status = connection.scalar(sa.select(Job.status).where(Job.id == job_id))
    if status is None:
        raise NotFound("job", job_id)
    return str(status)


def _rows(database: Database, query: sa.Select[Any]) -> tuple[JobRow, ...]:
    with database.read() as connection:
        return tuple(JobRow(**row._mapping) for row in connection.execute(query))  # noqa: SLF001  # the public name of SQLAlchemy's row mapping
