"""The outbox of pushes: written with the push, taken before anything is sent, settled after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from curation.store.columns import now
from curation.store.tables import Image, OutboxItem, Push, RemoteTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from curation.store.database import Database

PENDING: Final = "pending"
SENDING: Final = "sending"
SENT: Final = "done"
CONFLICT: Final = "conflict"
FAILED: Final = "failed"
SETTLED: Final = (SENT, CONFLICT, FAILED)
_MOST_IDS: Final = 500


@dataclass(frozen=True, slots=True)
class OutboxDraft:
    """One image of a push before it is written."""

    image_id: int
    key: str
    action: str
    remote_id: str | None
    expected: str | None
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One image of a push; `payload` is what goes out, and what the preview saw before."""

    id: int
    push_id: int
    image_id: int
    file_name: str
    key: str
    action: str
    state: str
    attempts: int
    remote_id: str | None
    expected: str | None
    payload: dict[str, Any]
    error: str
    updated: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of an item: its new state, the task it is in, and why if it is not done."""

    key: str
    state: str
    remote_id: str | None = None
    error: str = ""


def _query() -> sa.Select[Any]:
    table = OutboxItem.__table__.c
    columns = [
        Image.file_name if name == "file_name" else table[name]
        for name in OutboxRow.__dataclass_fields__
    ]
    return sa.select(*columns).join(Image, Image.id == table.image_id).order_by(table.id)


def add_items(connection: sa.Connection, push_id: int, items: Sequence[OutboxDraft]) -> None:
    """Write the items of a push, in the transaction that writes the push."""
    rows = [
        {
            "push_id": push_id,
            "state": PENDING,
            **{name: getattr(item, name) for name in OutboxDraft.__dataclass_fields__},
        }
        for item in items
    ]
    if rows:
        connection.execute(sa.insert(OutboxItem), rows)


def items_of(connection: sa.Connection, push_id: int) -> tuple[OutboxRow, ...]:
    """Return the items of a push in their order."""
    query = _query().where(OutboxItem.push_id == push_id)
    return tuple(OutboxRow(*row) for row in connection.execute(query))


def count_items(database: Database, push_id: int) -> int:
    """Return how many items a push has."""
    query = sa.select(sa.func.count()).where(OutboxItem.push_id == push_id)
    with database.read() as connection:
        return connection.scalar(query) or 0


def take_items(database: Database, push_id: int, *, first: int, most: int) -> tuple[OutboxRow, ...]:
    """Mark the items of one slice that are not settled as being sent, and return them.

    The mark is committed before the caller sends anything: whoever finds it later knows that
    the item may be in the tool already.
    """
    with database.write() as connection:
        ids = connection.scalars(
            sa.select(OutboxItem.id)
            .where(OutboxItem.push_id == push_id)
            .order_by(OutboxItem.id)
            .offset(first)
            .limit(most)
        ).all()
        chosen = OutboxItem.id.in_(ids) & OutboxItem.state.not_in(SETTLED)
        connection.execute(
            sa.update(OutboxItem)
            .where(chosen)
            .values(state=SENDING, attempts=OutboxItem.attempts + 1, updated=now())
        )
        return tuple(OutboxRow(*row) for row in connection.execute(_query().where(chosen)))


def settle_items(connection: sa.Connection, settlements: Iterable[Settlement]) -> None:
    """Record what became of items."""
    rows = [
        {
            "of": each.key,
            "new_state": each.state,
            "new_remote": each.remote_id,
            "new_error": each.error,
        }
        for each in settlements
    ]
    if not rows:
        return
    connection.execute(
        sa.update(OutboxItem)
        .where(OutboxItem.key == sa.bindparam("of"))
        .values(
            state=sa.bindparam("new_state"),
            remote_id=sa.func.coalesce(
                sa.bindparam("new_remote", type_=sa.String(500)), OutboxItem.remote_id
            ),
            error=sa.bindparam("new_error"),
            updated=now(),
        ),
        rows,
    )


def sent_before(
    connection: sa.Connection, source_id: int, image_ids: Sequence[int]
) -> dict[int, tuple[OutboxRow, ...]]:
    """Return what was sent of images to a source so far, oldest first, by image id."""
    found: dict[int, tuple[OutboxRow, ...]] = {}
    for start in range(0, len(image_ids), _MOST_IDS):
        query = (
            _query()
            .join(Push, Push.id == OutboxItem.push_id)
            .where(
                Push.source_id == source_id,
                OutboxItem.state == SENT,
                OutboxItem.image_id.in_(image_ids[start : start + _MOST_IDS]),
            )
        )
        for row in connection.execute(query):
            item = OutboxRow(*row)
            found[item.image_id] = (*found.get(item.image_id, ()), item)
    return found


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the work on an image's task stands, as the tool was when it was last synced."""

    status: str
    by: str | None
    at: str | None
    deleted: bool


def standings(connection: sa.Connection, push_id: int) -> dict[str, Standing]:
    """Return where the work on the tasks of a push stands, by the key of the item.

    A task that no sync has seen yet is left out, and so is another image's task of the same id.
    """
    same_image = sa.or_(
        RemoteTask.image_id == OutboxItem.image_id,
        RemoteTask.image_key == sa.literal("image-") + sa.cast(OutboxItem.image_id, sa.String),
    )
    query = (
        sa.select(
            OutboxItem.key,
            RemoteTask.status,
            RemoteTask.status_by,
            RemoteTask.status_at,
            RemoteTask.deleted,
        )
        .join(Push, Push.id == OutboxItem.push_id)
        .join(
            RemoteTask,
            sa.and_(
                RemoteTask.source_id == Push.source_id,
                RemoteTask.remote_id == OutboxItem.remote_id,
                same_image,
            ),
        )
        .where(OutboxItem.push_id == push_id)
    )
    return {row[0]: Standing(*row[1:]) for row in connection.execute(query)}
