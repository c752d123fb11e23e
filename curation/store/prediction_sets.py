"""Prediction sets as people see them: names, metadata, counts, baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from curation.errors import NotFound
from curation.store.tables import VISIBLE, Baseline, PredictionSet

if TYPE_CHECKING:
    from datetime import datetime

    from curation.store.database import Database

PALETTE: Final = (
    "#2f6fb2",
    "#c2571a",
    "#6a51a3",
    "#1b8a7a",
    "#a63d6f",
    "#7a6a12",
    "#3d4f9f",
    "#8a5a2b",
)
"""Colours of prediction sets, given in turn and kept for good."""


@dataclass(frozen=True, slots=True)
class PredictionSetRow:
    """One prediction set with its metadata and counts."""

    id: int
    project_id: int
    name: str
    model: str
    version: str
    framework: str
    parent: str | None
    created: datetime
    task: str
    predictions: int
    images: int
    covered_splits: tuple[str, ...] | None
    image_revision: int
    color: str
    sha256: str
    source: str
    format: str
    status: str
    rejected: int
    warnings: int
    report_id: int | None
    notes: str
    training_split: str | None
    config: dict[str, Any]
    class_map: dict[str, str | None]

    @property
    def iou_types(self) -> tuple[str, ...]:
        """The kinds of overlap this set can be evaluated by."""
        return ("bbox", "segm") if self.task == "masks" else ("bbox",)


_Parent = aliased(PredictionSet)


def _query() -> sa.Select[Any]:
    return (
        sa.select(PredictionSet.__table__, _Parent.name.label("parent"))
        .join(_Parent, _Parent.id == PredictionSet.parent_id, isouter=True)
        .where(PredictionSet.status == VISIBLE)
        .order_by(PredictionSet.created.desc(), PredictionSet.id.desc())
    )


def _row(row: Any) -> PredictionSetRow:
    covered = row.covered_splits
    return PredictionSetRow(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        model=row.model,
        version=row.version,
        framework=row.framework,
        parent=row.parent,
        created=row.created,
        task=row.task,
        predictions=row.counts.get("predictions", 0),
        images=row.counts.get("images", 0),
        covered_splits=tuple(covered) if covered is not None else None,
        image_revision=row.image_revision,
        color=row.color,
        sha256=row.sha256,
        source=row.source,
        format=row.format,
        status=row.status,
        rejected=row.counts.get("rejected", 0),
        warnings=row.counts.get("warnings", 0),
        report_id=row.report_id,
        notes=row.notes,
        training_split=row.training_split,
        config=row.config,
        class_map=row.class_map,
    )


def list_prediction_sets(database: Database, project_id: int) -> tuple[PredictionSetRow, ...]:
    """Return the ready prediction sets of a project, newest first."""
    with database.read() as connection:
        rows = connection.execute(_query().where(PredictionSet.project_id == project_id)).all()
    return tuple(_row(row) for row in rows)


def get_prediction_set(database: Database, set_id: int) -> PredictionSetRow:
    """Return one ready prediction set.

    Raises:
        NotFound: If there is none with this id.
    """
    with database.read() as connection:
        row = connection.execute(_query().where(PredictionSet.id == set_id)).first()
    if row is None:
        raise NotFound("prediction set", set_id)
    return _row(row)


def require_own_set(database: Database, project_id: int, set_id: int) -> PredictionSetRow:
    """Return a ready prediction set of a project; another project's does not exist for it.

    Raises:
        NotFound: If the project has no such set.
    """
    row = get_prediction_set(database, set_id)
    if row.project_id != project_id:
        raise NotFound("prediction set", set_id)
    return row


def find_prediction_set(database: Database, project_id: int, name: str) -> PredictionSetRow:
    """Return a ready prediction set by its name.

    Raises:
        NotFound: If the project has none of this name.
    """
    rows = list_prediction_sets(database, project_id)
    for row in rows:
        if row.name == name:
            return row
    raise NotFound("prediction set", name, known=tuple(row.name for row in rows))


def next_color(connection: sa.Connection, project_id: int) -> str:
    """Return the colour of a project's next prediction set."""
    count = connection.scalar(
        sa.select(sa.func.count())
        .select_from(PredictionSet)
        .where(PredictionSet.project_id == project_id)
    )
    return PALETTE[(count or 0) % len(PALETTE)]


def baseline_of(database: Database, project_id: int) -> int | None:
    """Return the id of the set that a project compares against, None if none was chosen."""
    with database.read() as connection:
        return connection.scalar(
            sa.select(Baseline.set_id).where(Baseline.project_id == project_id)
        )


def set_baseline(database: Database, project_id: int, set_id: int | None) -> None:
    """Choose the set that a project compares against, or none.

    Raises:
        NotFound: If the set is not one of this project.
    """
    if set_id is not None and get_prediction_set(database, set_id).project_id != project_id:
        raise NotFound("prediction set", set_id)
    with database.write() as connection:
        connection.execute(sa.delete(Baseline).where(Baseline.project_id == project_id))
        if set_id is not None:
            connection.execute(sa.insert(Baseline).values(project_id=project_id, set_id=set_id))
