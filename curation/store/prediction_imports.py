"""Writes of a prediction import: open invisible, fill shard by shard, publish, or take back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from curation.errors import Conflict, NameTaken, NotFound
from curation.store.columns import now
from curation.store.prediction_sets import next_color
from curation.store.slices import delete_in_slices
from curation.store.tables import (
    PENDING,
    VISIBLE,
    ClassMap,
    Prediction,
    PredictionSet,
    PredictionShard,
    Project,
)

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


def open_set(connection: sa.Connection, header: SetHeader, *, again: bool = False) -> int:
    """Create a prediction set that nobody sees yet and return its id.

    Args:
        connection: A writing connection.
        header: The set.
        again: Whether a set of the same bytes may exist.

    Raises:
        NameTaken: If the project has a set of this name.
        Conflict: If the same bytes were imported before, or are being imported.
    """
    # One import of a project opens at a time, so that nothing comes between look and insert.
    connection.execute(
        sa.select(Project.id).where(Project.id == header.project_id).with_for_update()
    )
    rows = connection.execute(
        sa.select(PredictionSet.name, PredictionSet.sha256).where(
            PredictionSet.project_id == header.project_id,
            sa.or_(PredictionSet.name == header.name, PredictionSet.sha256 == header.sha256),
        )
    ).all()
    if any(row.name == header.name for row in rows):
        raise NameTaken("prediction set", header.name)
    if rows and not again:
        raise Conflict(
            f"{header.source} was imported meanwhile, as {rows[0].name!r}.",
            next_step="Use that set, or import again on purpose (--again).",
        )
    values = {name: getattr(header, name) for name in SetHeader.__dataclass_fields__}
    try:
        inserted = connection.execute(
            sa.insert(PredictionSet)
            .values(**values, color=next_color(connection, header.project_id))
            .returning(PredictionSet.id)
        )
    except IntegrityError as error:
        raise NameTaken("prediction set", header.name) from error
    return int(inserted.scalar_one())


def lock_set(connection: sa.Connection, set_id: int) -> None:
    """Let no other process write into a set until the transaction ends.

    Raises:
        NotFound: If the set was taken back.
    """
    found = connection.scalar(
        sa.select(PredictionSet.id).where(PredictionSet.id == set_id).with_for_update()
    )
    if found is None:
        raise NotFound("prediction set", set_id)


def publish_set(connection: sa.Connection, set_id: int) -> None:
    """Make a prediction set visible."""
    done = connection.execute(
        sa.update(PredictionSet).where(PredictionSet.id == set_id).values(status=VISIBLE)
    )
    if done.rowcount == 0:
        raise NotFound("prediction set", set_id)


def take_back_set(database: Database, job_id: str) -> None:
    """Remove whatever an unpublished import wrote, in transactions of a moment each."""
    unpublished = sa.and_(PredictionSet.job_id == job_id, PredictionSet.status == PENDING)
    with database.read() as connection:
        set_ids = connection.scalars(sa.select(PredictionSet.id).where(unpublished)).all()
    for set_id in set_ids:
        delete_in_slices(database, PredictionShard, PredictionShard.set_id == set_id, rows=4)
        delete_in_slices(database, Prediction, Prediction.set_id == set_id)
    with database.write() as connection:
        connection.execute(sa.delete(PredictionSet).where(unpublished))


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
