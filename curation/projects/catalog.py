"""Projects as the screens and the command line list them: cards, classes, splits, revisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from curation.errors import NotFound
from curation.store.images import ClassEntry, ImageTable, read_classes, read_images
from curation.store.label_history import Labels, labels_as_of
from curation.store.prediction_sets import (
    PredictionSetRow,
    baseline_of,
    list_prediction_sets,
    set_baseline,
)
from curation.store.projects import (
    CoverImage,
    Headline,
    ProjectCard,
    RevisionRow,
    create_project,
    find_project,
    get_project,
    list_projects,
    list_revisions,
    reevaluates,
    set_reevaluates,
)
from evaluation.size_buckets import bucket

if TYPE_CHECKING:
    from curation.store.database import Database

__all__ = [
    "ClassRow",
    "CoverImage",
    "Headline",
    "ProjectCard",
    "ProjectHome",
    "RevisionRow",
    "SplitRow",
    "class_names",
    "find_or_create_project",
    "find_project",
    "get_project",
    "list_projects",
    "project_home",
    "reevaluates_after_sync",
    "set_baseline",
    "set_reevaluates",
]


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class with its label counts by size bucket; crowd regions are counted apart."""

    name: str
    source_id: str
    color: str
    labels: int
    images: int
    small: int
    medium: int
    large: int
    crowd: int


@dataclass(frozen=True, slots=True)
class SplitRow:
    """One split with its counts: background images have been looked at and hold nothing."""

    split: str | None
    images: int
    labels: int
    background: int
    unlabelled: int


@dataclass(frozen=True, slots=True)
class ProjectHome:
    """Everything on a project's home screen."""

    card: ProjectCard
    classes: tuple[ClassRow, ...]
    splits: tuple[SplitRow, ...]
    revisions: tuple[RevisionRow, ...]
    prediction_sets: tuple[PredictionSetRow, ...]
    baseline_id: int | None


CLASS_COLORS = (
    "#e8a33d",
    "#5aa9e6",
    "#7fb069",
    "#d96c9f",
    "#9b7ede",
    "#3fb8af",
    "#d1495b",
    "#b5a642",
    "#6c8ead",
    "#c98686",
)


def class_color(position: int) -> str:
    """Return the colour of a class by its place on the class axis."""
    return CLASS_COLORS[position % len(CLASS_COLORS)]


def find_or_create_project(database: Database, name: str, *, create: bool) -> int:
    """Return the id of a project, after making an empty one where that is wished and needed.

    Raises:
        NotFound: If there is none and none is to be made.
    """
    try:
        return find_project(database, name).id
    except NotFound:
        if not create:
            raise
    with database.write() as connection:
        return create_project(connection, name)


def class_names(database: Database, project_id: int) -> tuple[str, ...]:
    """Return the names of a project's classes, in their order."""
    with database.read() as connection:
        return tuple(entry.name for entry in read_classes(connection, project_id))


def reevaluates_after_sync(database: Database, project_id: int) -> bool:
    """Tell whether sets in use are evaluated again whenever a sync changes labels."""
    with database.read() as connection:
        return reevaluates(connection, project_id)


def project_home(database: Database, project_id: int) -> ProjectHome:
    """Return a project's home screen.

    Raises:
        NotFound: If the project does not exist.
    """
    card = get_project(database, project_id)
    with database.read() as connection:
        images = read_images(connection, project_id)
        classes = read_classes(connection, project_id)
    labels = labels_as_of(database, project_id, card.revision)
    return ProjectHome(
        card=card,
        classes=_class_rows(classes, labels),
        splits=_split_rows(images, labels),
        revisions=list_revisions(database, project_id),
        prediction_sets=list_prediction_sets(database, project_id),
        baseline_id=baseline_of(database, project_id),
    )


def _class_rows(classes: tuple[ClassEntry, ...], labels: Labels) -> tuple[ClassRow, ...]:
    sizes = bucket(labels.area)
    rows = []
    for entry in classes:
        own = labels.class_id == entry.id
        objects = own & ~labels.crowd
        small, medium, large = (int((objects & (sizes == size)).sum()) for size in range(3))
        rows.append(
            ClassRow(
                name=entry.name,
                source_id=entry.source_id,
                color=class_color(entry.position),
                labels=int(objects.sum()),
                images=len(np.unique(labels.image_id[own])),
                small=small,
                medium=medium,
                large=large,
                crowd=int((own & labels.crowd).sum()),
            )
        )
    return tuple(rows)


def _split_rows(images: ImageTable, labels: Labels) -> tuple[SplitRow, ...]:
    per_image = np.bincount(images.positions(labels.image_id), minlength=len(images))
    names = np.array([split or "" for split in images.split], dtype=object)
    order = {"train": 0, "val": 1, "test": 2}
    found = sorted(set(names.tolist()), key=lambda name: (order.get(name, 3), name))
    rows = []
    for name in found:
        own = names == name
        empty = own & (per_image == 0)
        rows.append(
            SplitRow(
                split=name or None,
                images=int(own.sum()),
                labels=int(per_image[own].sum()),
                background=int((empty & images.labelled).sum()),
                unlabelled=int((empty & ~images.labelled).sum()),
            )
        )
    return tuple(rows)
