"""Writes of a prediction import: open invisible, fill shard by shard, publish, or take back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from curation.errors import NameTaken, NotFound
from curation.store.columns import now
from curation.store.prediction_sets import next_color
from curation.store.tables import PENDING, VISIBLE, ClassMap, PredictionSet

if TYPE_CHECKING:
    from curation.store.database import Database


@dataclass(frozen=True, slots=True)
class SetHeader:
    """Everything known of a prediction set before its predictions are written."""

    project_id: int
    name: str
    source: str
    sha256: str
    format: str
    task: str
    class_map: dict[str, str | None]
    row_floor: float
    job_id: str
    image_revision: int
    covered_splits: list[str] | None = None
    counts: dict[str, int] = field(default_factory=dict)
    report_id: int | None = None
    parent_id: int | None = None
    model: str = ""
    version: str = ""
    framework: str = ""
    notes: str = ""
    training_split: str | None = None
    training_revision: int | None = None
    config: dict[str, Any] = field(default_factory=dict)


def open_set(connection: sa.Connection, header: SetHeader) -> int:
    """Create a prediction set that nobody sees yet and return its id.

    Raises:
        NameTaken: If the project has a set of this name.
    """
    taken = connection.scalar(
        sa.select(PredictionSet.id).where(
            PredictionSet.project_id == header.project_id, PredictionSet.name == header.name
        )
    )
    if taken is not None:
        raise NameTaken("prediction set", header.name)
    values = {name: getattr(header, name) for name in SetHeader.__dataclass_fields__}
    inserted = connection.execute(
        sa.insert(PredictionSet)
        .values(**values, color=next_color(connection, header.project_id))
        .returning(PredictionSet.id)
    )
    return int(inserted.scalar_one())


def publish_set(connection: sa.Connection, set_id: int) -> None:
    """Make a prediction set visible."""
    done = connection.execute(
        sa.update(PredictionSet).where(PredictionSet.id == set_id).values(status=VISIBLE)
    )
    if done.rowcount == 0:
        raise NotFound("prediction set", set_id)


def take_back_set(connection: sa.Connection, job_id: str) -> None:
    """Remove whatever an unpublished import wrote; its shards and rows go with it."""
    connection.execute(
        sa.delete(PredictionSet).where(
            PredictionSet.job_id == job_id, PredictionSet.status == PENDING
        )
    )


def set_of_file(database: Database, project_id: int, sha256: str) -> int | None:
    """Return the ready set that was imported from the same bytes, if any."""
    with database.read() as connection:
        return connection.scalar(
            sa.select(PredictionSet.id)
            .where(
                PredictionSet.project_id == project_id,
                PredictionSet.sha256 == sha256,
                PredictionSet.status == VISIBLE,
            )
            .order_by(PredictionSet.id.desc())
            .limit(1)
        )


def remembered_class_map(
    database: Database, project_id: int, fingerprint: str
) -> dict[str, str | None] | None:
    """Return what the same class ids meant the last time, if there was one."""
    with database.read() as connection:
        found = connection.scalar(
            sa.select(ClassMap.mapping).where(
                ClassMap.project_id == project_id, ClassMap.fingerprint == fingerprint
            )
        )
    return dict(found) if found is not None else None


def remember_class_map(
    connection: sa.Connection,
    project_id: int,
    fingerprint: str,
    mapping: dict[str, str | None],
) -> None:
    """Keep a class map for the next file with the same class ids."""
    connection.execute(
        sa.delete(ClassMap).where(
            ClassMap.project_id == project_id, ClassMap.fingerprint == fingerprint
        )
    )
    connection.execute(
        sa.insert(ClassMap).values(
            project_id=project_id, fingerprint=fingerprint, mapping=mapping, updated=now()
        )
    )
