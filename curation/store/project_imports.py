"""Writes of a project import: open invisible, fill in slices, publish at once, or take back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from curation.errors import Conflict, NotFound
from curation.store.images import add_images
from curation.store.label_history import abandon_revision, begin_revision, publish_revision
from curation.store.slices import delete_in_slices
from curation.store.tables import (
    PENDING,
    VISIBLE,
    Class,
    Dataset,
    Image,
    Label,
    Project,
    Revision,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from curation.store.database import Database


@dataclass(frozen=True, slots=True)
class DatasetHeader:
    """What is known of a dataset before its images are read."""

    project: str
    description: str
    name: str
    format: str
    root: str | None
    source: str
    sha256: str
    author: str
    job_id: str


@dataclass(frozen=True, slots=True)
class OpenImport:
    """Ids of an import that nobody sees yet."""

    project_id: int
    dataset_id: int
    revision: int
    class_ids: tuple[int, ...]


def open_import(
    connection: sa.Connection,
    header: DatasetHeader,
    *,
    classes: Sequence[tuple[str, str]],
    images: Sequence[dict[str, object]],
) -> OpenImport:
    """Create everything but labels, invisible.

    Args:
        connection: A writing connection.
        header: The dataset.
        classes: Source id and name of each class of the file; names are unique.
        images: Columns of each image, in evaluation order.

    Raises:
        Conflict: If another import into the project is open, or was published since this one
            was checked and has the same file or images.
    """
    try:
        return _open(connection, header, classes=classes, images=images)
    except IntegrityError as error:
        raise Conflict(
            "Another import into this project began at the same time.",
            next_step="Wait for it, then start this one again.",
        ) from error


def _open(
    connection: sa.Connection,
    header: DatasetHeader,
    *,
    classes: Sequence[tuple[str, str]],
    images: Sequence[dict[str, object]],
) -> OpenImport:
    project_id = _project(connection, header)
    # Only one revision of a project is open at a time: from here on no other import comes between.
    revision = begin_revision(
        connection, project_id, kind="import", author=header.author, note=header.source
    )
    _refuse_repeated(connection, project_id, header, images)
    dataset_id = connection.execute(
        sa.insert(Dataset)
        .values(
            project_id=project_id,
            name=_free_name(connection, project_id, header.name),
            format=header.format,
            root=header.root,
            source=header.source,
            sha256=header.sha256,
            job_id=header.job_id,
            added_in=revision,
        )
        .returning(Dataset.id)
    ).scalar_one()
    class_ids = _classes(connection, project_id, revision, classes)
    if images:
        names = [name for name in images[0] if name != "source_id"]
        add_images(
            connection,
            project_id,
            dataset_id,
            source_ids=[str(image["source_id"]) for image in images],
            columns={
                **{name: [image[name] for image in images] for name in names},
                "added_in": [revision] * len(images),
            },
        )
    return OpenImport(project_id, dataset_id, revision, class_ids)


def _refuse_repeated(
    connection: sa.Connection,
    project_id: int,
    header: DatasetHeader,
    images: Sequence[dict[str, object]],
) -> None:
    """Refuse what another import brought in after this one was checked."""
    visible = sa.and_(Dataset.project_id == project_id, Dataset.status == VISIBLE)
    earlier = connection.scalar(
        sa.select(Dataset.name).where(visible, Dataset.sha256 == header.sha256)
    )
    if earlier is not None:
        raise Conflict(
            f"{header.source} was imported into {header.project!r} meanwhile, as {earlier!r}.",
            next_step="Nothing needs to be done.",
        )
    known = set(connection.scalars(sa.select(Image.file_name).join(Dataset).where(visible)))
    taken = sum(1 for image in images if image["file_name"] in known)
    if taken:
        raise Conflict(
            f"{taken} images of {header.source} came into the project meanwhile.",
            next_step="Start the import again; it leaves them out.",
        )


def _project(connection: sa.Connection, header: DatasetHeader) -> int:
    found = connection.scalar(sa.select(Project.id).where(Project.name == header.project))
    if found is not None:
        return found
    return int(
        connection.execute(
            sa.insert(Project)
            .values(name=header.project, description=header.description)
            .returning(Project.id)
        ).scalar_one()
    )


def _free_name(connection: sa.Connection, project_id: int, wanted: str) -> str:
    taken = set(connection.scalars(sa.select(Dataset.name).where(Dataset.project_id == project_id)))
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} ({number})"
    return name


def _classes(
    connection: sa.Connection,
    project_id: int,
    revision: int,
    classes: Sequence[tuple[str, str]],
) -> tuple[int, ...]:
    """Return the id of every class of the file, adding those the project does not have."""
    known: dict[str, int] = {
        row.name: row.id
        for row in connection.execute(
            sa.select(Class.name, Class.id).where(Class.project_id == project_id)
        )
    }
    position = connection.scalar(
        sa.select(sa.func.max(Class.position)).where(Class.project_id == project_id)
    )
    place = -1 if position is None else position
    for source_id, name in classes:
        if name in known:
            continue
        place += 1
        known[name] = connection.execute(
            sa.insert(Class)
            .values(
                project_id=project_id,
                name=name,
                source_id=source_id,
                position=place,
                added_in=revision,
            )
            .returning(Class.id)
        ).scalar_one()
    return tuple(known[name] for _, name in classes)


def existing_names(database: Database, project: str) -> frozenset[str]:
    """Return the file names of all visible images of a project, none when it is new."""
    with database.read() as connection:
        return frozenset(
            connection.scalars(
                sa.select(Image.file_name)
                .join(Dataset)
                .join(Project, Project.id == Image.project_id)
                .where(Project.name == project, Dataset.status == VISIBLE)
            )
        )


def imported_as(database: Database, project: str, sha256: str) -> str | None:
    """Return the name of the dataset that was made from the same file, if any."""
    with database.read() as connection:
        return connection.scalar(
            sa.select(Dataset.name)
            .join(Project, Project.id == Dataset.project_id)
            .where(Project.name == project, Dataset.sha256 == sha256, Dataset.status == VISIBLE)
        )


def dataset_image_ids(connection: sa.Connection, dataset_id: int) -> NDArray[np.int64]:
    """Return (images,) the ids of a dataset's images, in the order they were added."""
    ids = connection.scalars(
        sa.select(Image.id).where(Image.dataset_id == dataset_id).order_by(Image.id)
    )
    return np.array(ids.all(), dtype=np.int64)


def labels_written(connection: sa.Connection, project_id: int, revision: int) -> int:
    """Return how many labels an open revision has; no other process adds any meanwhile.

    Raises:
        NotFound: If the revision was taken back.
    """
    found = connection.scalar(
        sa.select(Revision.number)
        .where(Revision.project_id == project_id, Revision.number == revision)
        .with_for_update()
    )
    if found is None:
        raise NotFound("revision", revision)
    return (
        connection.scalar(
            sa.select(sa.func.count())
            .select_from(Label)
            .where(Label.project_id == project_id, Label.added_in == revision)
        )
        or 0
    )


def note_hashes(
    connection: sa.Connection, image_ids: NDArray[np.int64], hashes: Sequence[str | None]
) -> None:
    """Record the content hash of images whose pixels were read."""
    rows = [
        {"image": image_id, "hash": sha256}
        for image_id, sha256 in zip(image_ids.tolist(), hashes, strict=True)
        if sha256 is not None
    ]
    if rows:
        connection.execute(
            sa.update(Image)
            .where(Image.id == sa.bindparam("image"))
            .values(sha256=sa.bindparam("hash")),
            rows,
        )


def publish_import(connection: sa.Connection, dataset_id: int, changes: dict[str, Any]) -> None:
    """Make a dataset and its revision visible at once; does nothing the second time."""
    row = connection.execute(
        sa.select(Dataset.project_id, Dataset.added_in, Dataset.status).where(
            Dataset.id == dataset_id
        )
    ).first()
    if row is None:
        raise NotFound("dataset", dataset_id)
    if row.status == VISIBLE:
        return
    connection.execute(sa.update(Dataset).where(Dataset.id == dataset_id).values(status=VISIBLE))
    publish_revision(connection, row.project_id, row.added_in, changes=changes)


def take_back_import(database: Database, job_id: str) -> None:
    """Remove whatever an unpublished import wrote, in transactions of a moment each."""
    with database.read() as connection:
        rows = connection.execute(
            sa.select(Dataset.id, Dataset.project_id, Dataset.added_in).where(
                Dataset.job_id == job_id, Dataset.status == PENDING
            )
        ).all()
    for row in rows:
        added = sa.and_(Label.project_id == row.project_id, Label.added_in == row.added_in)
        delete_in_slices(database, Label, added)
        delete_in_slices(database, Image, Image.dataset_id == row.id)
        with database.write() as connection:
            _take_back_rest(connection, row.id, row.project_id, row.added_in)


def _take_back_rest(
    connection: sa.Connection, dataset_id: int, project_id: int, revision: int
) -> None:
    abandon_revision(connection, project_id, revision)
    connection.execute(
        sa.delete(Class).where(Class.project_id == project_id, Class.added_in == revision)
    )
    connection.execute(
        sa.delete(Dataset).where(Dataset.id == dataset_id, Dataset.status == PENDING)
    )
    connection.execute(
        sa.delete(Project).where(Project.id == project_id, Project.status == PENDING)
    )


def refuse_open_import(database: Database, project: str) -> None:
    """Refuse to validate for a project whose earlier import is still open.

    Raises:
        Conflict: If so.
    """
    with database.read() as connection:
        found = connection.scalar(
            sa.select(Revision.number)
            .join(Project, Project.id == Revision.project_id)
            .where(Project.name == project, Revision.status == PENDING)
        )
    if found is not None:
        raise Conflict(
            f"An import into {project!r} is not finished.",
            next_step="Wait for it, or cancel it on the Jobs page ('curation job list').",
        )
