"""Live labels and marks of images with where they came from; what a sync adds and removes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from curation.store.bulk import insert_columns
from curation.store.label_history import Labels, add_labels
from curation.store.remote_tasks import MOST_IDS
from curation.store.tables import Class, Label, LabelGeometry, LabelOrigin, Mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Origin:
    """The region of a tool that a label or mark came from."""

    source_id: int
    task_id: str
    annotation_id: str
    region_key: str


@dataclass(frozen=True, slots=True)
class LabelContent:
    """Everything that makes two labels of an image the same one.

    `box`: (x, y, width, height), pixels. `polygons`, `exact`: JSON. `counts`: run-length mask.
    """

    class_name: str
    box: tuple[float, float, float, float]
    area: float
    crowd: bool
    ignore: bool
    polygons: bytes | None
    counts: bytes | None
    exact: bytes | None


@dataclass(frozen=True, slots=True)
class MarkContent:
    """Everything that makes two marks of an image the same one; `x`, `y`: pixels."""

    kind: str
    field: str
    value: str
    x: float | None
    y: float | None


@dataclass(frozen=True, slots=True)
class LiveLabel:
    """A label of the present revision."""

    id: int
    image_id: int
    content: LabelContent
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class LiveMark:
    """A mark of the present revision."""

    id: int
    image_id: int
    content: MarkContent
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class NewLabel:
    """A label to add; `region` is the tool's own record as JSON."""

    image_id: int
    content: LabelContent
    origin: Origin
    region: bytes


@dataclass(frozen=True, slots=True)
class NewMark:
    """A mark to add; `region` is the tool's own record as JSON."""

    image_id: int
    content: MarkContent
    origin: Origin
    region: bytes


def live_labels(
    connection: sa.Connection, project_id: int, image_ids: Sequence[int]
) -> Iterator[LiveLabel]:
    """Yield the live labels of some images, in order of id within each part of the images."""
    query = (
        sa.select(
            Label.id,
            Label.image_id,
            Class.name,
            Label.x,
            Label.y,
            Label.width,
            Label.height,
            Label.area,
            Label.crowd,
            Label.ignore,
            LabelGeometry.polygons,
            LabelGeometry.counts,
            LabelGeometry.exact,
            LabelOrigin.source_id,
            LabelOrigin.task_id,
            LabelOrigin.annotation_id,
            LabelOrigin.region_key,
        )
        .join(Class, Class.id == Label.class_id)
        .outerjoin(LabelGeometry, LabelGeometry.label_id == Label.id)
        .outerjoin(LabelOrigin, LabelOrigin.label_id == Label.id)
        .where(Label.project_id == project_id, Label.removed_in.is_(None))
        .order_by(Label.id)
    )
    for part in _parts(image_ids):
        for row in connection.execute(query.where(Label.image_id.in_(part))):
            values: tuple[Any, ...] = tuple(row)
            content = LabelContent(values[2], values[3:7], *values[7:13])
            yield LiveLabel(values[0], values[1], content, _origin(values[13:]))


def live_marks(
    connection: sa.Connection, project_id: int, image_ids: Sequence[int]
) -> Iterator[LiveMark]:
    """Yield the live marks of some images, in order of id within each part of the images."""
    table = Mark.__table__.c
    query = (
        sa.select(
            *(table[name] for name in ("id", "image_id", "kind", "field", "value", "x", "y")),
            *(table[name] for name in ("source_id", "task_id", "annotation_id", "region_key")),
        )
        .where(Mark.project_id == project_id, Mark.removed_in.is_(None))
        .order_by(Mark.id)
    )
    for part in _parts(image_ids):
        for row in connection.execute(query.where(Mark.image_id.in_(part))):
            yield LiveMark(row[0], row[1], MarkContent(*row[2:7]), _origin(row[7:11]))


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS))


def _origin(columns: Sequence[Any]) -> Origin | None:
    return None if columns[0] is None else Origin(*columns)


def images_from_tasks(
    connection: sa.Connection, source_id: int, task_ids: Sequence[str]
) -> set[int]:
    """Return images that have live labels or marks of some tasks."""
    found: set[int] = set()
    for start in range(0, len(task_ids), MOST_IDS):
        part = task_ids[start : start + MOST_IDS]
        labels = (
            sa.select(Label.image_id)
            .join(LabelOrigin, LabelOrigin.label_id == Label.id)
            .where(
                LabelOrigin.source_id == source_id,
                LabelOrigin.task_id.in_(part),
                Label.removed_in.is_(None),
            )
        )
        marks = sa.select(Mark.image_id).where(
            Mark.source_id == source_id, Mark.task_id.in_(part), Mark.removed_in.is_(None)
        )
        found.update(connection.scalars(sa.union(labels, marks)))
    return found


def add_synced_labels(
    connection: sa.Connection,
    project_id: int,
    revision: int,
    labels: Sequence[NewLabel],
    class_ids: Mapping[str, int],
) -> None:
    """Add labels to an open revision, each with its origin and raw region."""
    if not labels:
        return
    contents = [label.content for label in labels]
    ids = add_labels(
        connection,
        project_id,
        revision=revision,
        labels=Labels(
            id=np.zeros(len(labels), np.int64),
            image_id=np.array([label.image_id for label in labels], np.int64),
            class_id=np.array([class_ids[c.class_name] for c in contents], np.int64),
            boxes=np.array([c.box for c in contents], np.float64),
            area=np.array([c.area for c in contents], np.float64),
            crowd=np.array([c.crowd for c in contents], np.bool_),
            ignore=np.array([c.ignore for c in contents], np.bool_),
            source_id=np.full(len(labels), -1, np.int64),
            counts=[c.counts for c in contents],
            polygons=[c.polygons for c in contents],
            exact=[c.exact for c in contents],
        ),
    )
    note_origins(
        connection,
        [
            (label_id, label.origin, label.region)
            for label_id, label in zip(ids.tolist(), labels, strict=True)
        ],
    )


def note_origins(connection: sa.Connection, origins: Sequence[tuple[int, Origin, bytes]]) -> None:
    """Record where labels came from; a label that had an origin gets the new one."""
    for start in range(0, len(origins), MOST_IDS):
        part = [label_id for label_id, _, _ in origins[start : start + MOST_IDS]]
        connection.execute(sa.delete(LabelOrigin).where(LabelOrigin.label_id.in_(part)))
    insert_columns(
        connection,
        LabelOrigin.__table__,
        {
            "label_id": [label_id for label_id, _, _ in origins],
            **_origin_columns([origin for _, origin, _ in origins]),
            "region": [region for _, _, region in origins],
        },
    )


def _origin_columns(origins: Sequence[Origin]) -> dict[str, list[Any]]:
    return {
        name: [getattr(origin, name) for origin in origins]
        for name in ("source_id", "task_id", "annotation_id", "region_key")
    }


def add_synced_marks(
    connection: sa.Connection, project_id: int, revision: int, marks: Sequence[NewMark]
) -> None:
    """Add marks to an open revision."""
    contents = {
        name: [getattr(mark.content, name) for mark in marks]
        for name in ("kind", "field", "value", "x", "y")
    }
    insert_columns(
        connection,
        Mark.__table__,
        {
            "project_id": [project_id] * len(marks),
            "image_id": [mark.image_id for mark in marks],
            "added_in": [revision] * len(marks),
            **contents,
            **_origin_columns([mark.origin for mark in marks]),
            "region": [mark.region for mark in marks],
        },
    )


def _remove_in(
    connection: sa.Connection,
    table: type[Label] | type[Mark],
    ids: Sequence[int],
    *,
    revision: int,
) -> None:
    """Take labels or marks out of an open revision and all later ones; the rows stay."""
    for part in _parts(ids):
        connection.execute(
            sa.update(table)
            .where(table.id.in_(part), table.removed_in.is_(None))
            .values(removed_in=revision)
        )


def remove_labels_in(connection: sa.Connection, ids: Sequence[int], *, revision: int) -> None:
    """Take labels out of an open revision."""
    _remove_in(connection, Label, ids, revision=revision)


def remove_marks_in(connection: sa.Connection, ids: Sequence[int], *, revision: int) -> None:
    """Take marks out of an open revision."""
    _remove_in(connection, Mark, ids, revision=revision)
