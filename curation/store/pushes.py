"""Pushes of collections to sources: what was asked for, and how far each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from curation.errors import Conflict, NotFound
from curation.store.jobs import OPEN
from curation.store.tables import Collection, Job, OutboxItem, PredictionSet, Push, Source

if TYPE_CHECKING:
    from datetime import datetime

    from curation.store.database import Database


@dataclass(frozen=True, slots=True)
class PushDraft:
    """A push before it is written; `job_id` is the job that sends it."""

    source_id: int
    collection_id: int
    prediction_set_id: int | None
    score_floor: float
    priority: float | None
    note: str
    review: bool
    author: str
    job_id: str


@dataclass(frozen=True, slots=True)
class PushRow:
    """One push; `states` counts its items, `status` and `error` are those of its job."""

    id: int
    source_id: int
    source: str
    project_id: int
    collection_id: int
    collection: str
    prediction_set_id: int | None
    prediction_set: str | None
    score_floor: float
    priority: float | None
    note: str
    review: bool
    author: str
    job_id: str | None
    created: datetime
    status: str
    error: str
    states: dict[str, int]


def _query() -> sa.Select[Any]:
    table = Push.__table__.c
    return (
        sa.select(
            table.id,
            table.source_id,
            Source.name,
            Source.project_id,
            table.collection_id,
            Collection.name,
            table.prediction_set_id,
            PredictionSet.name,
            table.score_floor,
            table.priority,
            table.note,
            table.review,
            table.author,
            table.job_id,
            table.created,
            sa.func.coalesce(Job.status, ""),
            sa.func.coalesce(Job.error, ""),
        )
        .join(Source, Source.id == table.source_id)
        .join(Collection, Collection.id == table.collection_id)
        .outerjoin(PredictionSet, PredictionSet.id == table.prediction_set_id)
        .outerjoin(Job, Job.id == table.job_id)
        .order_by(table.id.desc())
    )


def add_push(connection: sa.Connection, draft: PushDraft) -> int:
    """Record a push and return its id.

    Of one source only one push is under way, so that no two make a task for the same image.

    Raises:
        Conflict: If another one is not finished.
    """
    refuse_second_push(connection, draft.source_id, draft.job_id)
    values = {name: getattr(draft, name) for name in PushDraft.__dataclass_fields__}
    return int(connection.execute(sa.insert(Push).values(values).returning(Push.id)).scalar_one())


def refuse_second_push(connection: sa.Connection, source_id: int, job_id: str) -> None:
    """Check that no other job sends to a source; whoever else asks waits until the commit.

    Raises:
        Conflict: If one does.
    """
    # Written, not only read, so that both databases let one after the other in.
    connection.execute(sa.update(Source).where(Source.id == source_id).values(id=Source.id))
    other = connection.execute(
        sa.select(Push.id, Source.name)
        .join(Source, Source.id == Push.source_id)
        .join(Job, Job.id == Push.job_id)
        .where(Push.source_id == source_id, Push.job_id != job_id, Job.status.in_(OPEN))
    ).first()
    if other is not None:
        raise Conflict(
            f"Push {other.id} to {other.name} is not finished.",
            next_step="Wait for it, or cancel its job; then try again.",
        )


def get_push(database: Database, push_id: int) -> PushRow:
    """Return one push.

    Raises:
        NotFound: If there is none with this id.
    """
    rows = _rows(database, _query().where(Push.id == push_id))
    if not rows:
        raise NotFound("push", push_id)
    return rows[0]


def push_of_job(database: Database, job_id: str) -> PushRow:
    """Return the push that a job sends.

    Raises:
        NotFound: If it sends none.
    """
    rows = _rows(database, _query().where(Push.job_id == job_id))
    if not rows:
        raise NotFound("push of job", job_id)
    return rows[0]


def list_pushes(
    database: Database, project_id: int, *, source_id: int | None = None, limit: int = 50
) -> tuple[PushRow, ...]:
    """Return the pushes of a project, newest first; of one source, or of all."""
    query = _query().where(Source.project_id == project_id).limit(limit)
    if source_id is not None:
        query = query.where(Push.source_id == source_id)
    return _rows(database, query)


def count_states(connection: sa.Connection, push_id: int) -> dict[str, int]:
    """Return how many items of a push are in each state."""
    return _states(connection, [push_id]).get(push_id, {})


def _states(connection: sa.Connection, push_ids: list[int]) -> dict[int, dict[str, int]]:
    counted = (
        sa.select(OutboxItem.push_id, OutboxItem.state, sa.func.count())
        .where(OutboxItem.push_id.in_(push_ids))
        .group_by(OutboxItem.push_id, OutboxItem.state)
        .order_by(OutboxItem.state)
    )
    found: dict[int, dict[str, int]] = {}
    for push_id, state, count in connection.execute(counted):
        found.setdefault(push_id, {})[state] = count
    return found


def _rows(database: Database, query: sa.Select[Any]) -> tuple[PushRow, ...]:
    with database.read() as connection:
        rows: list[Any] = list(connection.execute(query))
        states = _states(connection, [row[0] for row in rows])
    return tuple(PushRow(*(*row, states.get(row[0], {}))) for row in rows)
