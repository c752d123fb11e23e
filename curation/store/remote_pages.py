"""Pages of a tool's tasks, written into our copy; the same page twice changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from curation.store.bulk import insert_columns
from curation.store.remote_tasks import (
    ANNOTATION_COLUMNS,
    STORED_COLUMNS,
    TASK_COLUMNS,
    StoredTask,
    parts,
)
from curation.store.tables import RemoteAnnotation, RemoteTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from curation.store.remote_tasks import AnnotationRow, TaskRow


@dataclass(slots=True)
class PageCounts:
    """What a page changed in our copy."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    replaced: int = 0
    annotations: int = 0


def write_page(
    connection: sa.Connection,
    source_id: int,
    tasks: Sequence[TaskRow],
    annotations: Sequence[AnnotationRow],
) -> PageCounts:
    """Bring tasks with all their annotations into our copy; safe to repeat.

    A task that differs replaces ours with its whole set of annotations. Another task under an id
    that is known (tools give ids again) leaves the old one as a tombstone.
    """
    counts = PageCounts()
    ids = [task.remote_id for task in tasks]
    known = {row.remote_id: row for row in _tasks(connection, source_id, ids)}
    seen: list[TaskRow] = []
    inserted: list[TaskRow] = []
    changed: list[TaskRow] = []
    for task in tasks:
        before = known.get(task.remote_id)
        fate = _fate(before, task)
        setattr(counts, fate, getattr(counts, fate) + 1)
        if fate == "unchanged":
            seen.append(task)
        elif before is not None and before.identity == task.identity:
            changed.append(task)
        else:
            if before is not None:
                _bury(connection, source_id, before)
            inserted.append(task)
    _note_states(connection, source_id, seen)
    _insert(connection, source_id, inserted)
    _update(connection, source_id, changed)
    fresh = {task.remote_id for task in (*inserted, *changed)}
    rows = [row for row in annotations if row.task_id in fresh]
    _replace_annotations(connection, source_id, fresh, rows)
    counts.annotations = len(rows)
    return counts


def _fate(before: StoredTask | None, task: TaskRow) -> str:
    if before is None or before.deleted:
        return "added"
    if before.sha256 == task.sha256:
        return "unchanged"
    return "changed" if before.identity == task.identity else "replaced"


def _tasks(connection: sa.Connection, source_id: int, ids: Sequence[str]) -> Iterable[StoredTask]:
    for part in parts(ids):
        query = sa.select(*STORED_COLUMNS).where(
            RemoteTask.source_id == source_id, RemoteTask.remote_id.in_(part)
        )
        yield from (StoredTask(*row) for row in connection.execute(query))


_STATE_COLUMNS = ("updated_at", "status_by", "status_at", "fields")
"""What may change without any label changing."""


def _note_states(connection: sa.Connection, source_id: int, tasks: Sequence[TaskRow]) -> None:
    _set(connection, source_id, tasks, _STATE_COLUMNS)


def _update(connection: sa.Connection, source_id: int, tasks: Sequence[TaskRow]) -> None:
    columns = [name for name in TASK_COLUMNS if name != "remote_id"]
    _set(connection, source_id, tasks, columns, dirty=True, deleted=False, held="")


def _set(
    connection: sa.Connection,
    source_id: int,
    tasks: Sequence[TaskRow],
    columns: Sequence[str],
    **same: Any,
) -> None:
    if not tasks:
        return
    rows = [
        {"of": task.remote_id, **{f"new_{name}": getattr(task, name) for name in columns}}
        for task in tasks
    ]
    values = {
        name: sa.bindparam(f"new_{name}", type_=RemoteTask.__table__.c[name].type)
        for name in columns
    }
    connection.execute(
        sa.update(RemoteTask)
        .where(RemoteTask.source_id == source_id, RemoteTask.remote_id == sa.bindparam("of"))
        .values(**values, **same),
        rows,
    )


def _insert(connection: sa.Connection, source_id: int, tasks: Sequence[TaskRow]) -> None:
    if not tasks:
        return
    columns = {"source_id": source_id, "dirty": True, "deleted": False, "held": ""}
    rows = [columns | {name: getattr(task, name) for name in TASK_COLUMNS} for task in tasks]
    connection.execute(sa.insert(RemoteTask), rows)


def _bury(connection: sa.Connection, source_id: int, task: StoredTask) -> None:
    """Keep a task whose id now means another one, as deleted, until its labels are taken out."""
    name = f"{task.remote_id}@{task.created_at}@{task.sha256[:12]}"
    connection.execute(
        sa.delete(RemoteTask).where(RemoteTask.source_id == source_id, RemoteTask.remote_id == name)
    )
    connection.execute(
        sa.update(RemoteTask)
        .where(RemoteTask.source_id == source_id, RemoteTask.remote_id == task.remote_id)
        .values(remote_id=name, deleted=True, dirty=True, annotations=0)
    )


def _replace_annotations(
    connection: sa.Connection, source_id: int, task_ids: set[str], rows: Sequence[AnnotationRow]
) -> None:
    """Replace the annotations of some tasks; one that came from another task leaves it changed."""
    own = RemoteAnnotation.source_id == source_id
    for part in parts(sorted(task_ids)):
        connection.execute(
            sa.delete(RemoteAnnotation).where(own, RemoteAnnotation.task_id.in_(part))
        )
    for part in parts([row.remote_id for row in rows]):
        moved = own & RemoteAnnotation.remote_id.in_(part)
        robbed = sa.select(RemoteAnnotation.task_id).where(moved)
        connection.execute(
            sa.update(RemoteTask)
            .where(RemoteTask.source_id == source_id, RemoteTask.remote_id.in_(robbed))
            .values(dirty=True)
        )
        connection.execute(sa.delete(RemoteAnnotation).where(moved))
    columns: dict[str, Any] = {
        name: [getattr(row, name) for row in rows] for name in ANNOTATION_COLUMNS
    }
    insert_columns(
        connection, RemoteAnnotation.__table__, {"source_id": [source_id] * len(rows), **columns}
    )
