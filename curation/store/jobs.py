"""Job rows: what users see of durable work."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from curation.errors import Conflict, NotFound
from curation.store.columns import now
from curation.store.tables import Job

if TYPE_CHECKING:
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
) -> str:
    """Record a new job and return its id."""
    job_id = uuid.uuid4().hex[:12]
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
    with database.read() as connection:
        row = connection.execute(sa.select(*_COLUMNS).where(Job.id == job_id)).first()
    if row is None:
        raise NotFound("job", job_id)
    return JobRow(**row._mapping)  # noqa: SLF001  # the public name of SQLAlchemy's row mapping


def list_jobs(
    database: Database, project_id: int | None = None, *, limit: int = 20
) -> tuple[JobRow, ...]:
    """Return the latest jobs, newest first; of one project, or of all."""
    query = sa.select(*_COLUMNS).order_by(Job.created.desc()).limit(limit)
    if project_id is not None:
        query = query.where(Job.project_id == project_id)
    with database.read() as connection:
        return tuple(JobRow(**row._mapping) for row in connection.execute(query))  # noqa: SLF001  # see above


def payload_of(database: Database, job_id: str) -> dict[str, Any]:
    """Return what a job was asked to do."""
    with database.read() as connection:
        payload = connection.scalar(sa.select(Job.payload).where(Job.id == job_id))
    if payload is None:
        raise NotFound("job", job_id)
    return dict(payload)


def update_job(database: Database, job_id: str, **values: Any) -> None:
    """Change columns of a job row and note the sign of life."""
    with database.write() as connection:
        connection.execute(sa.update(Job).where(Job.id == job_id).values(heartbeat=now(), **values))


def finish_job(
    database: Database, job_id: str, status: str, *, error: str = "", result: Any = None
) -> None:
    """Close a job."""
    update_job(database, job_id, status=status, error=error, result=result or {}, finished=now())


def cancel_job(database: Database, job_id: str) -> JobRow:
    """Ask a job to stop; it undoes what it wrote and nothing of it ever becomes visible.

    Raises:
        Conflict: If the job has ended already.
    """
    job = get_job(database, job_id)
    if not job.is_open:
        raise Conflict(f"The job has ended: {job.status}.", next_step="There is nothing to stop.")
    waiting = job.status == QUEUED
    with database.write() as connection:
        # No sign of life: a job whose process has gone must stay recognisable as lost.
        connection.execute(
            sa.update(Job)
            .where(Job.id == job_id)
            .values(
                status=CANCELLED if waiting else CANCELLING, finished=now() if waiting else None
            )
        )
    return get_job(database, job_id)


def reopen_job(database: Database, job_id: str) -> JobRow:
    """Prepare a failed or cancelled job for another attempt from its start.

    Raises:
        Conflict: If the job is done, or still open.
    """
    job = get_job(database, job_id)
    if job.status not in {FAILED, CANCELLED}:
        raise Conflict(
            f"The job is {job.status}.", next_step="Only failed or cancelled jobs start again."
        )
    update_job(
        database,
        job_id,
        status=QUEUED,
        attempt=job.attempt + 1,
        done=0,
        error="",
        finished=None,
    )
    return get_job(database, job_id)


def is_cancelling(database: Database, job_id: str) -> bool:
    """Return whether somebody asked the job to stop."""
    with database.read() as connection:
        return connection.scalar(sa.select(Job.status).where(Job.id == job_id)) == CANCELLING


def lost_jobs(database: Database) -> tuple[JobRow, ...]:
    """Return jobs whose process has gone; they go on when a worker adopts them."""
    query = sa.select(*_COLUMNS).where(
        Job.status.in_((RUNNING, CANCELLING)), Job.heartbeat < now() - LOST_AFTER
    )
    with database.read() as connection:
        return tuple(JobRow(**row._mapping) for row in connection.execute(query))  # noqa: SLF001  # see above
