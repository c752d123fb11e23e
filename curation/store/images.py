"""Images, classes and datasets of a project: write once, read as columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import sqlalchemy as sa

from curation.store.bulk import insert_columns
from curation.store.tables import VISIBLE, Class, Dataset, Image, ImageState, Project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

T = TypeVar("T")

LABELLED: Final = "labelled"
UNLABELLED: Final = "unlabelled"
REMOVED: Final = "removed"


@dataclass(frozen=True, slots=True)
class ImageTable:
    """Images as parallel columns, in evaluation order: by dataset, then by source id.

    Args:
        id: (N,) image ids, ascending.
        dataset_id: (N,) dataset ids.
        source_id: N ids in the imported file.
        file_name: N paths relative to the dataset's root.
        width: (N,) pixels.
        height: (N,) pixels.
        split: N split names, None without.
        labelled: (N,) False for images nobody has looked at.
        sha256: N content hashes, None without pixels.
        added_in: (N,) revisions that brought them.
    """

    id: NDArray[np.int64]
    dataset_id: NDArray[np.int64]
    source_id: list[str]
    file_name: list[str]
    width: NDArray[np.int64]
    height: NDArray[np.int64]
    split: list[str | None]
    labelled: NDArray[np.bool_]
    sha256: list[str | None]
    added_in: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.id)

    @property
    def split_names(self) -> NDArray[np.str_]:
        """(N,) split names, empty text without."""
        return np.array([split or "" for split in self.split], dtype=np.str_)

    def take(self, keep: NDArray[np.bool_]) -> ImageTable:
        """Return some of the images, in their order."""
        rows = np.flatnonzero(keep)

        def chosen(column: list[T]) -> list[T]:
            return [column[row] for row in rows]

        return ImageTable(
            id=self.id[rows],
            dataset_id=self.dataset_id[rows],
            source_id=chosen(self.source_id),
            file_name=chosen(self.file_name),
            width=self.width[rows],
            height=self.height[rows],
            split=chosen(self.split),
            labelled=self.labelled[rows],
            sha256=chosen(self.sha256),
            added_in=self.added_in[rows],
        )

    def positions(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions of image ids in this table, −1 for those that it does not have."""
        return places(self.id, ids)


def places(known: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where ids stand in an ascending list of ids, −1 for those that are not in it.

    >>> places(np.array([3, 5, 8]), np.array([8, 4, 3])).tolist()
    [2, -1, 0]
    """
    if not len(known):
        return np.full(len(ids), -1)
    place = np.searchsorted(known, ids)
    place[place == len(known)] = 0
    found: NDArray[np.int64] = np.where(known[place] == ids, place, -1)
    return found


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """One class of the ontology."""

    id: int
    name: str
    source_id: str
    position: int


def read_images(
    connection: sa.Connection,
    project_id: int,
    *,
    dataset_id: int | None = None,
    revision: int | None = None,
    removed: bool = False,
) -> ImageTable:
    """Return images of a project, as of now or of a revision; or all of one dataset.

    Args:
        connection: Any connection of the store.
        project_id: The project.
        dataset_id: Only those of this dataset, published or not.
        revision: A label revision; the present one when missing.
        removed: Whether to return images that were removed as well.
    """
    query = sa.select(
        Image.id,
        Image.dataset_id,
        Image.source_id,
        Image.file_name,
        Image.width,
        Image.height,
        Image.split,
        Image.labelled,
        Image.sha256,
        Image.added_in,
    ).where(Image.project_id == project_id)
    if dataset_id is None:
        query = query.join(Dataset, Dataset.id == Image.dataset_id)
        query = query.where(Dataset.status == VISIBLE)
    else:
        query = query.where(Image.dataset_id == dataset_id)
    if revision is not None:
        query = query.where(Image.added_in <= revision)
    rows = connection.execute(query.order_by(Image.id)).all()
    columns = list(zip(*rows, strict=True)) if rows else [()] * 10
    images = ImageTable(
        id=np.array(columns[0], np.int64),
        dataset_id=np.array(columns[1], np.int64),
        source_id=list(columns[2]),
        file_name=list(columns[3]),
        width=np.array(columns[4], np.int64),
        height=np.array(columns[5], np.int64),
        split=list(columns[6]),
        labelled=np.array(columns[7], np.bool_),
        sha256=list(columns[8]),
        added_in=np.array(columns[9], np.int64),
    )
    states = image_states(connection, project_id, revision=revision)
    return _in_their_states(images, states, removed=removed) if states else images


def image_states(
    connection: sa.Connection, project_id: int, *, revision: int | None = None
) -> dict[int, str]:
    """Return the state of every image that ever changed it, as of now or of a revision."""
    query = sa.select(ImageState.image_id, ImageState.state).where(
        ImageState.project_id == project_id
    )
    if revision is not None:
        query = query.where(ImageState.revision <= revision)
    # The newest row of an image comes last and stays.
    rows = connection.execute(query.order_by(ImageState.revision))
    return {row.image_id: row.state for row in rows}


def removed_images(connection: sa.Connection, project_id: int, revision: int) -> set[int]:
    """Return the images that are not in the project any more as of a revision."""
    states = image_states(connection, project_id, revision=revision)
    return {image_id for image_id, state in states.items() if state == REMOVED}


def note_states(
    connection: sa.Connection, project_id: int, revision: int, states: Mapping[int, str]
) -> None:
    """Record what images are from an open revision on."""
    insert_columns(
        connection,
        ImageState.__table__,
        {
            "image_id": list(states),
            "revision": [revision] * len(states),
            "project_id": [project_id] * len(states),
            "state": list(states.values()),
        },
    )


def _in_their_states(images: ImageTable, states: dict[int, str], *, removed: bool) -> ImageTable:
    words = [states.get(image_id) for image_id in images.id.tolist()]
    labelled = [
        bool(own) if word is None else word == LABELLED
        for own, word in zip(images.labelled, words, strict=True)
    ]
    images = replace(images, labelled=np.array(labelled, np.bool_))
    return images.take(np.array([removed or word != REMOVED for word in words], np.bool_))


def read_classes(
    connection: sa.Connection, project_id: int, *, revision: int | None = None
) -> tuple[ClassEntry, ...]:
    """Return the classes of a project in class-axis order, as of now or of a revision."""
    rows = connection.execute(
        sa.select(Class.id, Class.name, Class.source_id, Class.position)
        .join(Project, Project.id == Class.project_id)
        .where(
            Class.project_id == project_id,
            Class.added_in <= (Project.revision if revision is None else revision),
        )
        .order_by(Class.position)
    )
    return tuple(ClassEntry(*row) for row in rows)


def add_images(
    connection: sa.Connection,
    project_id: int,
    dataset_id: int,
    *,
    source_ids: Sequence[str],
    columns: dict[str, Sequence[object]],
) -> NDArray[np.int64]:
    """Insert images in order and return their ids.

    Args:
        connection: A writing connection.
        project_id: The project.
        dataset_id: The dataset they belong to.
        source_ids: N ids in the imported file.
        columns: The other columns by name, N values each.
    """
    count = len(source_ids)
    insert_columns(
        connection,
        Image.__table__,
        {
            "project_id": [project_id] * count,
            "dataset_id": [dataset_id] * count,
            "source_id": source_ids,
            **columns,
        },
    )
    ids = connection.scalars(
        sa.select(Image.id).where(Image.dataset_id == dataset_id).order_by(Image.id)
    )
    return np.array(ids.all()[-count:] if count else [], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class PictureAddress:
    """Where the pixels of one image are."""

    root: str
    file_name: str
    sha256: str


def picture_address(
    connection: sa.Connection, project_id: int, image_id: int
) -> PictureAddress | None:
    """Return where an image's pixels are, None for an image without pixels or of another project.

    Args:
        connection: Any connection of the store.
        project_id: The project that the caller may read.
        image_id: The image.
    """
    row = connection.execute(
        sa.select(Dataset.root, Image.file_name, Image.sha256)
        .join(Dataset, Dataset.id == Image.dataset_id)
        .where(Image.id == image_id, Image.project_id == project_id, Dataset.status == VISIBLE)
    ).first()
    if row is None or row.root is None or row.sha256 is None:
        return None
    return PictureAddress(row.root, row.file_name, row.sha256)
