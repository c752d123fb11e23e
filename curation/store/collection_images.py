"""The images of a collection with the chosen labels, for screens and pushes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from curation.errors import NotFound
from curation.store.collections import LABELS
from curation.store.images import REMOVED, image_states
from curation.store.tables import Class, Collection, CollectionItem, Dataset, Image, Label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from curation.store.database import Database


@dataclass(frozen=True, slots=True)
class CollectionLabel:
    """A label of a collection; box (x, y, width, height) in pixels."""

    label_id: int
    class_name: str
    box: tuple[float, float, float, float]
    note: str


@dataclass(frozen=True, slots=True)
class CollectionImage:
    """An image of a collection, with the labels that are in the collection too.

    Args:
        image_id: The image.
        file_name: Path relative to the dataset's root.
        dataset: Name of the dataset.
        root: Folder or `s3://` prefix of the pictures, None without pixels.
        width: Pixels.
        height: Pixels.
        sha256: Content hash, None without pixels.
        removed: Whether the image has left the project since.
        note: Why the image is in the collection; empty where its labels are what was chosen.
        labels: The chosen labels, none in a collection of images.
    """

    image_id: int
    file_name: str
    dataset: str
    root: str | None
    width: int
    height: int
    sha256: str | None
    removed: bool
    note: str
    labels: tuple[CollectionLabel, ...] = ()

    @property
    def reason(self) -> str:
        """Why the image is here: its own note, else the different notes of its labels."""
        notes = [self.note, *(label.note for label in self.labels)]
        return "; ".join(dict.fromkeys(note for note in notes if note))


def images_of(
    database: Database, collection_id: int, *, first: int = 0, most: int | None = None
) -> tuple[CollectionImage, ...]:
    """Return the images of a collection in its order, each once, with the chosen labels.

    Args:
        database: The store.
        collection_id: The collection.
        first: How many images to pass over.
        most: How many images to return, None for all.

    Raises:
        NotFound: If there is none with this id.
    """
    place = sa.func.min(CollectionItem.position)
    chosen = (
        sa.select(CollectionItem.image_id, place.label("place"))
        .where(CollectionItem.collection_id == collection_id)
        .group_by(CollectionItem.image_id)
        .order_by(place)
        .offset(first)
        .limit(most)
        .subquery()
    )
    with database.read() as connection:
        header = connection.execute(
            sa.select(Collection.project_id, Collection.kind).where(Collection.id == collection_id)
        ).first()
        if header is None:
            raise NotFound("collection", collection_id)
        items = connection.execute(
            _items(labels=header.kind == LABELS)
            .join(chosen, chosen.c.image_id == CollectionItem.image_id)
            .where(CollectionItem.collection_id == collection_id)
            .order_by(chosen.c.place, CollectionItem.position)
        ).all()
        states = image_states(connection, header.project_id)
    return _together(items, states)


def _items(*, labels: bool) -> sa.Select[Any]:
    columns: list[Any] = [
        CollectionItem.image_id,
        CollectionItem.label_id,
        CollectionItem.note,
        Image.file_name,
        Dataset.name.label("dataset"),
        Dataset.root,
        Image.width,
        Image.height,
        Image.sha256,
    ]
    if labels:
        columns += [
            Class.name.label("class_name"),
            Label.x,
            Label.y,
            Label.width.label("box_width"),
            Label.height.label("box_height"),
        ]
    query = (
        sa.select(*columns)
        .select_from(CollectionItem)
        .join(Image, Image.id == CollectionItem.image_id)
        .join(Dataset, Dataset.id == Image.dataset_id)
    )
    if labels:
        query = query.join(Label, Label.id == CollectionItem.label_id)
        query = query.join(Class, Class.id == Label.class_id)
    return query


def _together(items: Iterable[Any], states: dict[int, str]) -> tuple[CollectionImage, ...]:
    """Return one image for each run of items on it."""
    of_image: dict[int, list[Any]] = {}
    for item in items:
        of_image.setdefault(item.image_id, []).append(item)
    return tuple(_image(own, states) for own in of_image.values())


def _image(items: list[Any], states: dict[int, str]) -> CollectionImage:
    one = items[0]
    return CollectionImage(
        image_id=one.image_id,
        file_name=one.file_name,
        dataset=one.dataset,
        root=one.root,
        width=one.width,
        height=one.height,
        sha256=one.sha256,
        removed=states.get(one.image_id) == REMOVED,
        note=one.note if one.label_id is None else "",
        labels=tuple(
            CollectionLabel(
                item.label_id,
                item.class_name,
                (item.x, item.y, item.box_width, item.box_height),
                item.note,
            )
            for item in items
            if item.label_id is not None
        ),
    )
