"""Runs of sources: what each found, survived and changed; the row of its job says how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from curation.errors import NotFound
from curation.store.columns import now
from curation.store.tables import Job, Source, SyncRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from curation.store.database import Database


@dataclass(frozen=True, slots=True)
class SyncRunRow:
    """One run; `status`, `message` and `error` are those of its job."""

    id: int
    source_id: int
    job_id: str
    kind: str
    author: str
    started: datetime
    finished: datetime | None
    window_low: str | None
    window_high: str | None
    counts: dict[str, Any]
    faults: dict[str, Any]
    problems: list[Any]
    revision: int | None
    source: str
    project: int
    status: str
    message: str
    error: str

    @property
    def seconds(self) -> float | None:
        """How long it took, None while it runs."""
        return None if self.finished is None else (self.finished - self.started).total_seconds()


def _query() -> sa.Select[Any]:
    table = SyncRun.__table__.c
    return (
        sa.select(
            table.id,
            table.source_id,
            table.job_id,
            table.kind,
            table.author,
            table.started,
            sa.func.coalesce(table.finished, Job.finished),
            table.window_low,
            table.window_high,
            table.counts,
            table.faults,
            table.problems,
            table.revision,
            Source.name,
            Source.project_id,
            sa.func.coalesce(Job.status, table.status),
            sa.func.coalesce(Job.message, ""),
            sa.func.coalesce(Job.error, table.error),
        )
        .join(Source, Source.id == table.source_id)
        .outerjoin(Job, Job.id == table.job_id)
        .order_by(table.started.desc(), table.id.desc())
    )


def open_run(
    connection: sa.Connection, source_id: int, job_id: str, *, kind: str, author: str
) -> int:
    """Record the beginning of a run, and return its id; the second time the same."""
    found = connection.scalar(sa.select(SyncRun.id).where(SyncRun.job_id == job_id))
    if found is not None:
        return found
    inserted = (
        sa.insert(SyncRun)
        .values(source_id=source_id, job_id=job_id, kind=kind, author=author, status="running")
        .returning(SyncRun.id)
    )
    return int(connection.execute(inserted).scalar_one())


def note_run(connection: sa.Connection, job_id: str, **values: Any) -> None:
    """Change columns of a run."""
    connection.execute(sa.update(SyncRun).where(SyncRun.job_id == job_id).values(**values))


def add_to_run(
    connection: sa.Connection,
    job_id: str,
    *,
    counts: Mapping[str, int] | None = None,
    faults: Mapping[str, int] | None = None,
) -> None:
    """Add to what a run has counted so far, in the transaction that brings what is counted."""
    row = connection.execute(
        sa.select(SyncRun.counts, SyncRun.faults).where(SyncRun.job_id == job_id)
    ).first()
    if row is None:
        return
    note_run(
        connection,
        job_id,
        counts=_sum(row.counts, counts or {}),
        faults=_sum(row.faults, faults or {}),
    )


def _sum(left: Mapping[str, int], right: Mapping[str, int]) -> dict[str, int]:
    return {
        name: left.get(name, 0) + right.get(name, 0) for name in [*left, *(right.keys() - left)]
    }


def problems_of(connection: sa.Connection, job_id: str) -> list[Any]:
    """Return what a run has found wrong so far."""
    return connection.scalar(sa.select(SyncRun.problems).where(SyncRun.job_id == job_id)) or []


def close_run(connection: sa.Connection, job_id: str, *, status: str, **values: Any) -> None:
    """Record the end of a run."""
    note_run(connection, job_id, status=status, finished=now(), **values)


def get_run(database: Database, run_id: int) -> SyncRunRow:
    """Return one run.

    Raises:
        NotFound: If there is none with this id.
    """
    rows = _rows(database, _query().where(SyncRun.id == run_id))
    if not rows:
        raise NotFound("sync run", run_id)
    return rows[0]


def run_of_job(database: Database, job_id: str) -> SyncRunRow | None:
    """Return the run that a job is, if it is one."""
    return next(iter(_rows(database, _query().where(SyncRun.job_id == job_id))), None)


def run_of_revision(database: Database, project_id: int, revision: int) -> SyncRunRow | None:
    """Return the run that made a label revision of a project, None where no run did."""
    made = (Source.project_id == project_id, SyncRun.revision == revision)
    return next(iter(_rows(database, _query().where(*made))), None)


def list_runs(database: Database, source_id: int, *, limit: int = 50) -> tuple[SyncRunRow, ...]:
    """Return the runs of a source, newest first."""
    return _rows(database, _query().where(SyncRun.source_id == source_id).limit(limit))


def latest_run(
    database: Database, source_id: int, *, kinds: Sequence[str] | None = None
) -> SyncRunRow | None:
    """Return the newest run of a source, of some kinds only if any are named; None before it."""
    query = _query().where(SyncRun.source_id == source_id).limit(1)
    if kinds is not None:
        query = query.where(SyncRun.kind.in_(kinds))
    return next(iter(_rows(database, query)), None)


def _rows(database: Database, query: sa.Select[Any]) -> tuple[SyncRunRow, ...]:
    with database.read() as connection:
        return tuple(SyncRunRow(*row) for row in connection.execute(query))
