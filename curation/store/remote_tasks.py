"""Our copy of what a tool holds: its tasks and annotations, and what became of them here."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from curation.store.tables import RemoteAnnotation, RemoteTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from curation.store.database import Database

MOST_IDS = 500
"""How many ids one statement names."""


@dataclass(frozen=True, slots=True)
class AnnotationRow:
    """One annotation with its regions as compact JSON."""

    remote_id: str
    task_id: str
    updated_at: str
    author: str | None
    cancelled: bool
    ground_truth: bool
    sha256: str
    regions: bytes


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One task; `sha256` is of everything that labels depend on."""

    remote_id: str
    created_at: str
    updated_at: str
    image: str
    image_key: str | None
    width: int | None
    height: int | None
    status: str
    status_by: str | None
    status_at: str | None
    fields: dict[str, Any]
    annotations: int
    sha256: str

    @property
    def identity(self) -> tuple[str, str, str | None]:
        """What another task under the same id differs in."""
        return self.created_at, self.image, self.image_key


@dataclass(frozen=True, slots=True)
class StoredTask(TaskRow):
    """A task of our copy, and what is known of it here."""

    image_id: int | None = None
    dirty: bool = False
    deleted: bool = False
    published: bool = False
    held: str = ""


TASK_COLUMNS = tuple(TaskRow.__dataclass_fields__)
STORED_COLUMNS = [RemoteTask.__table__.c[name] for name in StoredTask.__dataclass_fields__]
ANNOTATION_COLUMNS = tuple(AnnotationRow.__dataclass_fields__)


def parts(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    """Cut ids into as many as one statement names."""
    return (ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS))


def signatures_of(database: Database, source_id: int) -> dict[str, tuple[str, str, int]]:
    """Return creation time, update time and number of annotations of every live task by id."""
    query = sa.select(
        RemoteTask.remote_id, RemoteTask.created_at, RemoteTask.updated_at, RemoteTask.annotations
    ).where(RemoteTask.source_id == source_id, ~RemoteTask.deleted)
    with database.read() as connection:
        return {row[0]: (row[1], row[2], row[3]) for row in connection.execute(query)}


def count_tasks(database: Database, source_id: int) -> int:
    """Return how many live tasks our copy has."""
    query = sa.select(sa.func.count()).where(RemoteTask.source_id == source_id, ~RemoteTask.deleted)
    with database.read() as connection:
        return connection.scalar(query) or 0


def mark_deleted(connection: sa.Connection, source_id: int, ids: Sequence[str]) -> int:
    """Note that the tool has tasks no more; return how many were live."""
    gone = 0
    for part in parts(ids):
        found = connection.execute(
            sa.update(RemoteTask)
            .where(
                RemoteTask.source_id == source_id,
                RemoteTask.remote_id.in_(part),
                ~RemoteTask.deleted,
            )
            .values(deleted=True, dirty=True, annotations=0, held="")
        )
        gone += found.rowcount
        connection.execute(
            sa.delete(RemoteAnnotation).where(
                RemoteAnnotation.source_id == source_id, RemoteAnnotation.task_id.in_(part)
            )
        )
    return gone


def dirty_tasks(connection: sa.Connection, source_id: int) -> list[StoredTask]:
    """Return tasks that differ from what labels were last made from, in order of id."""
    return _where(connection, source_id, RemoteTask.dirty.expression)


def tasks_of_images(
    connection: sa.Connection, source_id: int, image_ids: Sequence[int]
) -> list[StoredTask]:
    """Return the live tasks of some images."""
    found: list[StoredTask] = []
    for start in range(0, len(image_ids), MOST_IDS):
        part = image_ids[start : start + MOST_IDS]
        found += _where(connection, source_id, RemoteTask.image_id.in_(part) & ~RemoteTask.deleted)
    return found


def all_tasks(
    connection: sa.Connection, source_id: int, *, deleted: bool = False
) -> list[StoredTask]:
    """Return every task of our copy, live ones unless asked for all."""
    return _where(connection, source_id, sa.true() if deleted else ~RemoteTask.deleted)


def _where(
    connection: sa.Connection, source_id: int, condition: sa.ColumnElement[bool]
) -> list[StoredTask]:
    query = (
        sa.select(*STORED_COLUMNS)
        .where(RemoteTask.source_id == source_id, condition)
        .order_by(RemoteTask.remote_id)
    )
    return [StoredTask(*row) for row in connection.execute(query)]


def annotations_of(
    connection: sa.Connection, source_id: int, task_ids: Sequence[str]
) -> dict[str, list[AnnotationRow]]:
    """Return the annotations of tasks by task id, in order of id."""
    columns = [RemoteAnnotation.__table__.c[name] for name in ANNOTATION_COLUMNS]
    found: dict[str, list[AnnotationRow]] = {}
    for part in parts(task_ids):
        query = (
            sa.select(*columns)
            .where(RemoteAnnotation.source_id == source_id, RemoteAnnotation.task_id.in_(part))
            .order_by(RemoteAnnotation.remote_id)
        )
        for row in connection.execute(query):
            found.setdefault(row.task_id, []).append(AnnotationRow(*row))
    return found


@dataclass(slots=True)
class TaskNotes:
    """What became of tasks when labels were made from them.

    `images`: image id by task id. `published`: by task id, whether the image's labels are its.
    `held`: why its labels wait, by task id; held tasks stay dirty.
    """

    images: dict[str, int] = field(default_factory=dict)
    published: dict[str, bool] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)


def settle(
    connection: sa.Connection, source_id: int, tasks: Sequence[StoredTask], notes: TaskNotes
) -> None:
    """Record what became of tasks; tombstones of ids that mean another task now are dropped."""
    rows = []
    for task in tasks:
        held = notes.held.get(task.remote_id, "")
        after = {
            "image_id": notes.images.get(task.remote_id, task.image_id),
            "published": notes.published.get(task.remote_id, task.published),
            "dirty": bool(held),
            "held": held,
        }
        if any(getattr(task, name) != value for name, value in after.items()):
            rows.append({"task": task.remote_id, **after})
    if rows:
        connection.execute(
            sa.update(RemoteTask)
            .where(
                RemoteTask.source_id == source_id,
                RemoteTask.remote_id == sa.bindparam("task"),
            )
            .values(
                {name: sa.bindparam(name) for name in ("image_id", "published", "dirty", "held")}
            ),
            rows,
        )
    connection.execute(
        sa.delete(RemoteTask).where(
            RemoteTask.source_id == source_id,
            RemoteTask.deleted,
            ~RemoteTask.dirty,
            RemoteTask.remote_id.contains("@"),
        )
    )


def mark_all_dirty(connection: sa.Connection, source_id: int) -> None:
    """Make every task count as changed, so that the next run makes all labels anew."""
    connection.execute(
        sa.update(RemoteTask).where(RemoteTask.source_id == source_id).values(dirty=True)
    )


def task_statuses(database: Database, source_id: int) -> dict[str, int]:
    """Return how many live tasks stand where."""
    query = (
        sa.select(RemoteTask.status, sa.func.count())
        .where(RemoteTask.source_id == source_id, ~RemoteTask.deleted)
        .group_by(RemoteTask.status)
    )
    with database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def held_tasks(database: Database, source_id: int) -> dict[str, int]:
    """Return why tasks wait, and how many for each reason."""
    query = (
        sa.select(RemoteTask.held, sa.func.count())
        .where(RemoteTask.source_id == source_id, RemoteTask.held != "")
        .group_by(RemoteTask.held)
    )
    with database.read() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def regions_json(regions: Any) -> bytes:
    """Return raw regions as compact JSON; the same regions give the same bytes."""
    return msgspec.json.encode(regions, order="deterministic")


def parse_regions(data: bytes) -> Any:
    """Return raw regions from compact JSON."""
    return json.loads(data)


def count_published(connection: sa.Connection, source_id: int) -> int:
    """Return how many tasks' labels are those of their images."""
    query = sa.select(sa.func.count()).where(
        RemoteTask.source_id == source_id, RemoteTask.published
    )
    return connection.scalar(query) or 0


def unfinished_pushed(connection: sa.Connection, source_id: int, *, most: int) -> list[str]:
    """Return tasks that we made and that have no work yet, the latest first."""
    query = (
        sa.select(RemoteTask.remote_id)
        .where(
            RemoteTask.source_id == source_id,
            ~RemoteTask.deleted,
            RemoteTask.image_key.is_not(None),
            RemoteTask.status.in_(("waiting", "in progress")),
        )
        .order_by(RemoteTask.created_at.desc(), RemoteTask.remote_id)
        .limit(most)
    )
    return list(connection.scalars(query))
