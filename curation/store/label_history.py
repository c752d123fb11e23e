"""Label history: revisions, the labels as of one of them, and what changed between two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from curation.errors import Conflict
from curation.store import shards
from curation.store.bulk import insert_columns
from curation.store.tables import (
    PENDING,
    VISIBLE,
    Label,
    LabelGeometry,
    LabelShard,
    Project,
    Revision,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from curation.store.database import Database

BOXES = "boxes"
MASKS = "masks"


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels as parallel columns, in the order they were added.

    Args:
        id: (N,) row ids.
        image_id: (N,) image ids.
        class_id: (N,) class ids.
        boxes: (N, 4) xywh, pixels.
        area: (N,) px².
        crowd: (N,) crowd regions.
        ignore: (N,) the file's own ignore flag; kept, not used by COCO's rules.
        source_id: (N,) annotation ids of the imported file, -1 where it had none.
        counts: N compressed run-length masks, None where a label has none; absent unless asked.
        polygons: N polygon lists as JSON, only when written.
        exact: N exact shapes as JSON (a rotated rectangle's, an ellipse's), only when written.
    """

    id: NDArray[np.int64]
    image_id: NDArray[np.int64]
    class_id: NDArray[np.int64]
    boxes: NDArray[np.float64]
    area: NDArray[np.float64]
    crowd: NDArray[np.bool_]
    ignore: NDArray[np.bool_]
    source_id: NDArray[np.int64]
    counts: list[bytes | None] | None = None
    polygons: list[bytes | None] | None = None
    exact: list[bytes | None] | None = None

    def __len__(self) -> int:
        return len(self.image_id)


def begin_revision(
    connection: sa.Connection, project_id: int, *, kind: str, author: str, note: str
) -> int:
    """Open the next revision of a project; invisible until it is published.

    Returns:
        Its number.

    Raises:
        Conflict: If another import into the project is still open.
    """
    current = connection.scalar(
        # Imports and syncs of one project come one after another from here on.
        sa.select(Project.revision).where(Project.id == project_id).with_for_update()
    )
    pending = connection.scalar(
        sa.select(Revision.number).where(
            Revision.project_id == project_id, Revision.status == PENDING
        )
    )
    if pending is not None:
        raise Conflict(
            "Another import into this project is not finished.",
            next_step="Wait for it, or cancel it on the Jobs page.",
        )
    number = (current or 0) + 1
    connection.execute(
        sa.insert(Revision).values(
            project_id=project_id, number=number, kind=kind, author=author, note=note
        )
    )
    return number


def publish_revision(
    connection: sa.Connection, project_id: int, number: int, *, changes: dict[str, Any]
) -> None:
    """Make a revision the project's current one: everything in it becomes visible at once."""
    connection.execute(
        sa.update(Revision)
        .where(Revision.project_id == project_id, Revision.number == number)
        .values(status=VISIBLE, changes=changes)
    )
    connection.execute(
        sa.update(Project).where(Project.id == project_id).values(revision=number, status=VISIBLE)
    )


def abandon_revision(connection: sa.Connection, project_id: int, number: int) -> None:
    """Remove an unpublished revision with the labels it added, and restore those it removed."""
    connection.execute(
        sa.delete(Label).where(Label.project_id == project_id, Label.added_in == number)
    )
    connection.execute(
        sa.update(Label)
        .where(Label.project_id == project_id, Label.removed_in == number)
        .values(removed_in=None)
    )
    connection.execute(
        sa.delete(Revision).where(
            Revision.project_id == project_id,
            Revision.number == number,
            Revision.status == PENDING,
        )
    )


def add_labels(
    connection: sa.Connection, project_id: int, *, revision: int, labels: Labels
) -> NDArray[np.int64]:
    """Append labels to an open revision; their `id` column is ignored.

    Returns:
        (N,) the new row ids, in order.
    """
    count = len(labels)
    last = connection.scalar(sa.select(sa.func.max(Label.id))) or 0
    insert_columns(
        connection,
        Label.__table__,
        {
            "project_id": [project_id] * count,
            "image_id": labels.image_id,
            "class_id": labels.class_id,
            "added_in": [revision] * count,
            "x": labels.boxes[:, 0],
            "y": labels.boxes[:, 1],
            "width": labels.boxes[:, 2],
            "height": labels.boxes[:, 3],
            "area": labels.area,
            "crowd": labels.crowd,
            "ignore": labels.ignore,
            "source_id": labels.source_id,
        },
    )
    ids = np.array(
        connection.scalars(
            sa.select(Label.id)
            .where(Label.project_id == project_id, Label.added_in == revision, Label.id > last)
            .order_by(Label.id)
        ).all(),
        dtype=np.int64,
    )
    _add_geometry(connection, ids, labels)
    return ids


def _add_geometry(connection: sa.Connection, ids: NDArray[np.int64], labels: Labels) -> None:
    nothing: list[bytes | None] = [None] * len(ids)
    shapes = [
        row
        for row in zip(
            ids.tolist(),
            labels.polygons or nothing,
            labels.counts or nothing,
            labels.exact or nothing,
            strict=True,
        )
        if any(part is not None for part in row[1:])
    ]
    if not shapes:
        return
    names = ("label_id", "polygons", "counts", "exact")
    columns = dict(zip(names, zip(*shapes, strict=True), strict=True))
    insert_columns(connection, LabelGeometry.__table__, columns)


def remove_labels(connection: sa.Connection, ids: Sequence[int], *, revision: int) -> int:
    """Take labels out of an open revision and all later ones; the rows stay.

    Returns:
        How many were live and are now removed.
    """
    removed = connection.execute(
        sa.update(Label)
        .where(Label.id.in_(ids), Label.removed_in.is_(None))
        .values(removed_in=revision)
    )
    return removed.rowcount


def live_in(revision: int) -> sa.ColumnElement[bool]:
    """Return the condition that a label exists in a revision."""
    return sa.and_(
        Label.added_in <= revision,
        sa.or_(Label.removed_in.is_(None), Label.removed_in > revision),
    )


def images_changed(
    connection: sa.Connection, project_id: int, *, since: int, until: int
) -> list[int]:
    """Return ids of images whose labels differ between two revisions, sorted.

    Args:
        connection: Any connection of the store.
        project_id: The project.
        since: The earlier revision.
        until: The later revision.
    """
    added = Label.added_in.between(since + 1, until) & (
        Label.removed_in.is_(None) | (Label.removed_in > until)
    )
    removed = Label.removed_in.between(since + 1, until) & (Label.added_in <= since)
    changed = sa.select(Label.image_id).where(Label.project_id == project_id, added | removed)
    return sorted(connection.scalars(changed.distinct()).all())


def labels_as_of(
    database: Database, project_id: int, revision: int, *, masks: bool = False
) -> Labels:
    """Return the labels of a project as of a published revision, from its cached columns.

    Args:
        database: The store.
        project_id: The project.
        revision: A published revision.
        masks: Whether to load the run-length masks too.
    """
    table = _shard(database, project_id, revision, BOXES)
    names = table.column_names
    columns = shards.joined([table], names)
    counts = None
    if masks:
        counts = shards.binary([_shard(database, project_id, revision, MASKS)], "counts")
    return Labels(
        id=columns["id"],
        image_id=columns["image_id"],
        class_id=columns["class_id"],
        boxes=np.stack([columns[name] for name in ("x", "y", "width", "height")], axis=1),
        area=columns["area"],
        crowd=columns["crowd"],
        ignore=columns["ignore"],
        source_id=columns["source_id"],
        counts=counts,
    )


def _shard(database: Database, project_id: int, revision: int, kind: str) -> Any:
    key = (
        LabelShard.project_id == project_id,
        LabelShard.revision == revision,
        LabelShard.kind == kind,
    )
    with database.read() as connection:
        row = connection.execute(sa.select(LabelShard.data, LabelShard.sha256).where(*key)).first()
        if row is None:
            data, sha256 = _read_rows(connection, project_id, revision, kind)
    if row is not None:
        return shards.unpack(row.data, row.sha256)
    with database.write() as connection:
        taken = connection.scalar(sa.select(LabelShard.sha256).where(*key))
        if taken is None:
            connection.execute(
                sa.insert(LabelShard).values(
                    project_id=project_id, revision=revision, kind=kind, sha256=sha256, data=data
                )
            )
    return shards.unpack(data, sha256)


def _read_rows(
    connection: sa.Connection, project_id: int, revision: int, kind: str
) -> tuple[bytes, str]:
    columns: list[sa.ColumnElement[Any]]
    if kind == MASKS:
        columns = [LabelGeometry.counts.expression]
        source = sa.outerjoin(Label, LabelGeometry, LabelGeometry.label_id == Label.id)
    else:
        columns = [Label.__table__.c[name] for name in _BOX_COLUMNS]
        source = Label.__table__  # type: ignore[assignment]  # a table is a source as a join is
    rows = connection.execute(
        sa.select(*columns)
        .select_from(source)
        .where(Label.project_id == project_id, live_in(revision))
        .order_by(Label.id)
    ).all()
    if kind == MASKS:
        return shards.pack({"counts": [row[0] for row in rows]})
    values = list(zip(*rows, strict=True)) if rows else [()] * len(_BOX_COLUMNS)
    return shards.pack(
        {
            name: np.array(value, dtype=dtype)
            for (name, dtype), value in zip(_BOX_COLUMNS.items(), values, strict=True)
        }
    )


_BOX_COLUMNS = {
    "id": np.int64,
    "image_id": np.int64,
    "class_id": np.int64,
    "x": np.float64,
    "y": np.float64,
    "width": np.float64,
    "height": np.float64,
    "area": np.float64,
    "crowd": np.bool_,
    "ignore": np.bool_,
    "source_id": np.int64,
}
