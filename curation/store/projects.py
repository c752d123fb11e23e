"""Projects as rows: cards, revisions, headline numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from curation.errors import NotFound
from curation.store.images import REMOVED, image_states
from curation.store.tables import (
    VISIBLE,
    Class,
    Dataset,
    Evaluation,
    Image,
    PredictionSet,
    Project,
    Revision,
)

if TYPE_CHECKING:
    from datetime import datetime

    from curation.store.database import Database

COVERS = 4


@dataclass(frozen=True, slots=True)
class CoverImage:
    """A picture shown on a project's card."""

    id: int
    version: str


@dataclass(frozen=True, slots=True)
class Headline:
    """The latest headline number of a project."""

    prediction_set: str
    metric: str
    value: float | None
    iou_type: str


@dataclass(frozen=True, slots=True)
class ProjectCard:
    """What a project's card shows."""

    id: int
    name: str
    description: str
    images: int
    labels: int
    classes: int
    prediction_sets: int
    revision: int
    created: datetime
    cover_images: tuple[CoverImage, ...]
    latest_sets: tuple[str, ...]
    headline: Headline | None


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """One revision of a project's labels."""

    number: int
    created: datetime
    author: str
    kind: str
    note: str
    labels_added: int
    labels_removed: int
    images_changed: int
    labels_changed: int = 0
    images_added: int = 0
    images_removed: int = 0


def list_projects(database: Database) -> tuple[ProjectCard, ...]:
    """Return all visible projects, newest first."""
    with database.read() as connection:
        rows = connection.execute(
            sa.select(Project.__table__)
            .where(Project.status == VISIBLE)
            .order_by(Project.created.desc(), Project.id.desc())
        ).all()
        return tuple(_card(connection, row) for row in rows)


def get_project(database: Database, project_id: int) -> ProjectCard:
    """Return one visible project.

    Raises:
        NotFound: If it does not exist.
    """
    with database.read() as connection:
        project = connection.execute(
            sa.select(Project.__table__).where(Project.id == project_id, Project.status == VISIBLE)
        ).first()
        if project is None:
            raise NotFound("project", project_id)
        return _card(connection, project)


def project_revision(database: Database, project_id: int) -> int:
    """Return the published label revision of a visible project, and read nothing else of it.

    Raises:
        NotFound: If it does not exist.
    """
    with database.read() as connection:
        revision = connection.scalar(
            sa.select(Project.revision).where(Project.id == project_id, Project.status == VISIBLE)
        )
    if revision is None:
        raise NotFound("project", project_id)
    return revision


def read_revision(connection: sa.Connection, project_id: int) -> int:
    """Return the published label revision of a project in the caller's transaction."""
    return connection.scalar(sa.select(Project.revision).where(Project.id == project_id)) or 0


def reevaluates(connection: sa.Connection, project_id: int) -> bool:
    """Tell whether sets in use are evaluated again whenever a sync changes labels."""
    return bool(connection.scalar(sa.select(Project.reevaluates).where(Project.id == project_id)))


def set_reevaluates(database: Database, project_id: int, *, value: bool) -> None:
    """Say whether sets in use are evaluated again whenever a sync changes labels."""
    with database.write() as connection:
        connection.execute(
            sa.update(Project).where(Project.id == project_id).values(reevaluates=value)
        )


def create_project(connection: sa.Connection, name: str) -> int:
    """Make an empty project, visible at once, and return its id."""
    inserted = sa.insert(Project).values(name=name, status=VISIBLE).returning(Project.id)
    return int(connection.execute(inserted).scalar_one())


def find_project(database: Database, name: str) -> ProjectCard:
    """Return a visible project by its name.

    Raises:
        NotFound: If no project has this name.
    """
    cards = list_projects(database)
    for card in cards:
        if card.name == name:
            return card
    raise NotFound("project", name, known=tuple(card.name for card in cards))


def list_revisions(database: Database, project_id: int) -> tuple[RevisionRow, ...]:
    """Return the published revisions of a project, newest first."""
    with database.read() as connection:
        rows = connection.execute(
            sa.select(Revision.__table__)
            .where(Revision.project_id == project_id, Revision.status == VISIBLE)
            .order_by(Revision.number.desc())
        ).all()
    return tuple(_revision_row(row) for row in rows)


def _card(connection: sa.Connection, project: Any) -> ProjectCard:
    sets = connection.scalars(
        sa.select(PredictionSet.name)
        .where(PredictionSet.project_id == project.id, PredictionSet.status == VISIBLE)
        .order_by(PredictionSet.created.desc(), PredictionSet.id.desc())
    ).all()
    states = image_states(connection, project.id)
    removed = [image_id for image_id, state in states.items() if state == REMOVED]
    images = (
        sa.select(Image.id, Image.sha256)
        .join(Dataset)
        .where(Image.project_id == project.id, Dataset.status == VISIBLE)
    )
    covers = connection.execute(
        images.where(Image.sha256.is_not(None)).order_by(Image.id).limit(COVERS)
    )
    classes = sa.select(sa.func.count()).where(
        Class.project_id == project.id, Class.added_in <= project.revision
    )
    return ProjectCard(
        id=project.id,
        name=project.name,
        description=project.description,
        images=(connection.scalar(sa.select(sa.func.count()).select_from(images.subquery())) or 0)
        - len(removed),
        labels=_label_count(connection, project.id),
        classes=connection.scalar(classes) or 0,
        prediction_sets=len(sets),
        revision=project.revision,
        created=project.created,
        cover_images=tuple(CoverImage(row.id, row.sha256[:16]) for row in covers),
        latest_sets=tuple(sets[:3]),
        headline=_headline(connection, project.id),
    )


def _label_count(connection: sa.Connection, project_id: int) -> int:
    """Sum what the published revisions added and removed; no row is counted."""
    changes = connection.scalars(
        sa.select(Revision.changes).where(
            Revision.project_id == project_id, Revision.status == VISIBLE
        )
    )
    return sum(c.get("labels_added", 0) - c.get("labels_removed", 0) for c in changes)


def _headline(connection: sa.Connection, project_id: int) -> Headline | None:
    row = connection.execute(
        sa.select(PredictionSet.name, Evaluation.result, Evaluation.iou_type)
        .join(PredictionSet, PredictionSet.id == Evaluation.prediction_set_id)
        .where(Evaluation.project_id == project_id)
        .order_by(PredictionSet.created.desc(), PredictionSet.id.desc(), Evaluation.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Headline(row.name, "AP", row.result["metrics"]["AP"], row.iou_type)


def _revision_row(row: Any) -> RevisionRow:
    return RevisionRow(
        number=row.number,
        created=row.created,
        author=row.author,
        kind=row.kind,
        note=row.note,
        labels_added=row.changes.get("labels_added", 0),
        labels_removed=row.changes.get("labels_removed", 0),
        images_changed=row.changes.get("images_changed", 0),
        labels_changed=row.changes.get("labels_changed", 0),
        images_added=row.changes.get("images_added", 0),
        images_removed=row.changes.get("images_removed", 0),
    )
