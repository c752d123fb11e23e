"""Source rows: where a project's annotation tools are, who works on them, and how far pulls are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from curation.errors import NameTaken, NotFound, TakenOver
from curation.store.columns import now
from curation.store.jobs import OPEN
from curation.store.tables import Job, Project, Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from curation.store.database import Database


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source; `secret` is a place or sealed text, never the token itself."""

    id: int
    project_id: int
    name: str
    kind: str
    location: str
    tool_project: str
    options: dict[str, Any]
    secret_kind: str
    secret: str
    hook_sha256: str | None
    schedule: str | None
    due: datetime | None
    enabled: bool
    attention: str
    job_id: str | None
    fence: int
    high_water: str | None
    window_low: str | None
    window_high: str | None
    last_key: str | None
    reconciled: datetime | None
    dataset_id: int | None
    created: datetime
    project: str


_FIELDS = [name for name in SourceRow.__dataclass_fields__ if name != "project"]


def _query() -> sa.Select[Any]:
    columns = [Source.__table__.c[name] for name in _FIELDS]
    return sa.select(*columns, Project.name.label("project")).join(
        Project, Project.id == Source.project_id
    )


def get_source(database: Database, source_id: int) -> SourceRow:
    """Return one source.

    Raises:
        NotFound: If there is none with this id.
    """
    with database.read() as connection:
        return read_source(connection, source_id)


def read_source(connection: sa.Connection, source_id: int) -> SourceRow:
    """Return one source in the caller's transaction.

    Raises:
        NotFound: If there is none with this id.
    """
    row = connection.execute(_query().where(Source.id == source_id)).first()
    if row is None:
        raise NotFound("source", source_id)
    return SourceRow(*row)


def list_sources(database: Database, project_id: int | None = None) -> tuple[SourceRow, ...]:
    """Return the sources of a project, or all, by name."""
    query = _query().order_by(Source.name, Source.id)
    if project_id is not None:
        query = query.where(Source.project_id == project_id)
    with database.read() as connection:
        return tuple(SourceRow(*row) for row in connection.execute(query))


def add_source(connection: sa.Connection, project_id: int, values: Mapping[str, Any]) -> int:
    """Record a new source and return its id.

    Raises:
        NameTaken: If the project has one of this name.
    """
    taken = connection.scalar(
        sa.select(Source.id).where(Source.project_id == project_id, Source.name == values["name"])
    )
    if taken is not None:
        raise NameTaken("source", values["name"])
    inserted = sa.insert(Source).values(project_id=project_id, **values).returning(Source.id)
    return int(connection.execute(inserted).scalar_one())


def change_source(connection: sa.Connection, source_id: int, **values: Any) -> None:
    """Change columns of a source."""
    connection.execute(sa.update(Source).where(Source.id == source_id).values(**values))


def delete_source(connection: sa.Connection, source_id: int) -> None:
    """Forget a source and its copy of the tool; the labels it brought stay."""
    connection.execute(sa.delete(Source).where(Source.id == source_id))


def reserve(connection: sa.Connection, source_id: int, job_id: str) -> str:
    """Give a source's work to a job, unless an open job has it; return the job that has it.

    Of several processes that try, on any host, one wins: the row is locked by a statement of its
    own, since PostgreSQL would answer the question for open jobs from before the wait for the lock.
    """
    connection.execute(sa.select(Source.id).where(Source.id == source_id).with_for_update())
    open_jobs = sa.select(Job.id).where(Job.status.in_(OPEN))
    taken = connection.execute(
        sa.update(Source)
        .where(
            Source.id == source_id,
            sa.or_(Source.job_id.is_(None), Source.job_id.not_in(open_jobs)),
        )
        .values(job_id=job_id)
    )
    if taken.rowcount == 1:
        return job_id
    holder = connection.scalar(sa.select(Source.job_id).where(Source.id == source_id))
    if holder is None:
        raise NotFound("source", source_id)
    return holder


def take(database: Database, source_id: int, job_id: str) -> int:
    """Take a source's work up in this process and return its fence; older fences are void.

    Raises:
        TakenOver: If another job has the source.
    """
    with database.write() as connection:
        fence = connection.execute(
            sa.update(Source)
            .where(Source.id == source_id, Source.job_id == job_id)
            .values(fence=Source.fence + 1)
            .returning(Source.fence)
        ).scalar()
    if fence is None:
        raise TakenOver(f"source {source_id}")
    return int(fence)


def advance(connection: sa.Connection, source_id: int, fence: int, **cursor: Any) -> None:
    """Move a source's cursor in the transaction that brings what it covers.

    Raises:
        TakenOver: If another process took the work up meanwhile; nothing of this counts.
    """
    moved = connection.execute(
        sa.update(Source)
        .where(Source.id == source_id, Source.fence == fence)
        .values(**({"fence": fence} | cursor))
    )
    if moved.rowcount != 1:
        raise TakenOver(f"source {source_id}")


def release(connection: sa.Connection, source_id: int, job_id: str) -> None:
    """Leave a source to the next job."""
    connection.execute(
        sa.update(Source)
        .where(Source.id == source_id, Source.job_id == job_id)
        .values(job_id=None, fence=Source.fence + 1)
    )


def due_sources(database: Database) -> tuple[SourceRow, ...]:
    """Return enabled sources whose time has come and that nobody syncs just now.

    A hint that comes during a run waits for its end: what it tells of is later than that window.
    """
    open_jobs = sa.select(Job.id).where(Job.status.in_(OPEN))
    query = _query().where(
        Source.enabled,
        Source.due.is_not(None),
        Source.due <= now(),
        sa.or_(Source.job_id.is_(None), Source.job_id.not_in(open_jobs)),
    )
    with database.read() as connection:
        return tuple(SourceRow(*row) for row in connection.execute(query.order_by(Source.due)))


def reschedule(connection: sa.Connection, source: SourceRow, due: datetime | None) -> bool:
    """Move a source's next time as it was seen; of several who try, one wins."""
    moved = connection.execute(
        sa.update(Source).where(Source.id == source.id, Source.due == source.due).values(due=due)
    )
    return moved.rowcount == 1
