"""Pages of a tool's tasks as people read them: which image, where its work stands, by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from curation.store.tables import Image, RemoteTask

if TYPE_CHECKING:
    from curation.store.database import Database


@dataclass(frozen=True, slots=True)
class TaskLine:
    """One live task.

    Args:
        remote_id: The tool's id.
        image: Name of the image in the project, else as the tool has it.
        status: Where its work stands.
        status_by: Who brought it there.
        status_at: ISO time of that, by the tool's clock.
        annotations: How many it has, cancelled ones too.
        published: Whether the image's labels are its.
        held: Why its labels wait, empty when they do not.
    """

    remote_id: str
    image: str
    status: str
    status_by: str | None
    status_at: str | None
    annotations: int
    published: bool
    held: str


def task_page(
    database: Database, source_id: int, *, status: str | None, first: int, most: int
) -> tuple[TaskLine, ...]:
    """Return some tasks of our copy, in order of id.

    Args:
        database: The store.
        source_id: The source.
        status: Only tasks that stand so; None for all.
        first: How many to leave out.
        most: How many to return.
    """
    query = (
        sa.select(
            RemoteTask.remote_id,
            sa.func.coalesce(Image.file_name, RemoteTask.image),
            RemoteTask.status,
            RemoteTask.status_by,
            RemoteTask.status_at,
            RemoteTask.annotations,
            RemoteTask.published,
            RemoteTask.held,
        )
        .outerjoin(Image, Image.id == RemoteTask.image_id)
        .where(RemoteTask.source_id == source_id, ~RemoteTask.deleted)
        .order_by(sa.func.length(RemoteTask.remote_id), RemoteTask.remote_id)
        .offset(first)
        .limit(most)
    )
    if status is not None:
        query = query.where(RemoteTask.status == status)
    with database.read() as connection:
        return tuple(TaskLine(*row) for row in connection.execute(query))
