"""Collections as rows: written once, listed, deleted as a whole, never changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from curation.errors import CollectionInUse, Conflict, NameTaken, NotFound
from curation.store.bulk import insert_columns
from curation.store.tables import Collection, CollectionItem, Image, Label, Push

if TYPE_CHECKING:
    from datetime import datetime

    from curation.store.database import Database

Kind: TypeAlias = Literal["images", "labels"]
IMAGES: Final = "images"
LABELS: Final = "labels"


@dataclass(frozen=True, slots=True)
class Item:
    """One image, or one label with its image; `note` says why it is in the collection."""

    image_id: int
    label_id: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class CollectionDraft:
    """A collection before it is written.

    Args:
        project_id: The project.
        name: Unique in the project.
        kind: What the items are.
        items: The items in their order, each image or label once.
        origin: What they were chosen from, as JSON values.
        revision: Label revision that they were chosen on.
        author: Who made it.
        description: Free text.
    """

    project_id: int
    name: str
    kind: Kind
    items: tuple[Item, ...]
    origin: dict[str, Any]
    revision: int
    author: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class CollectionRow:
    """One collection; `size` counts its items, `images` the images that they are on."""

    id: int
    project_id: int
    name: str
    kind: Kind
    description: str
    origin: dict[str, Any]
    revision: int
    size: int
    images: int
    author: str
    created: datetime


def add_collection(database: Database, draft: CollectionDraft) -> int:
    """Write a collection; it cannot be changed afterwards.

    Returns:
        Its id.

    Raises:
        NameTaken: If the project has one of this name.
        Conflict: If an item is not of the project.
    """
    with database.write() as connection:
        collection_id = _add_header(connection, draft)
        count = len(draft.items)
        insert_columns(
            connection,
            CollectionItem.__table__,
            {
                "collection_id": [collection_id] * count,
                "position": range(count),
                "image_id": [item.image_id for item in draft.items],
                "label_id": [item.label_id for item in draft.items],
                "note": [item.note for item in draft.items],
            },
        )
        if _own_items(connection, collection_id, draft) != count:
            raise Conflict(
                f"Some of the {draft.kind} of {draft.name!r} are not in the project.",
                next_step="Choose them again.",
            )
    return collection_id


def _add_header(connection: sa.Connection, draft: CollectionDraft) -> int:
    taken = sa.select(Collection.id).where(
        Collection.project_id == draft.project_id, Collection.name == draft.name
    )
    if connection.scalar(taken) is not None:
        raise NameTaken("collection", draft.name)
    try:
        return connection.execute(
            sa.insert(Collection)
            .values(
                project_id=draft.project_id,
                name=draft.name,
                kind=draft.kind,
                description=draft.description,
                origin=draft.origin,
                revision=draft.revision,
                size=len(draft.items),
                author=draft.author,
            )
            .returning(Collection.id)
        ).scalar_one()
    except IntegrityError as error:  # another process took the name after the look
        raise NameTaken("collection", draft.name) from error


def _own_items(connection: sa.Connection, collection_id: int, draft: CollectionDraft) -> int:
    """Count the items that are of the draft's project and, as labels, on their image."""
    query = (
        sa.select(sa.func.count())
        .select_from(CollectionItem)
        .join(Image, Image.id == CollectionItem.image_id)
        .where(
            CollectionItem.collection_id == collection_id,
            Image.project_id == draft.project_id,
        )
    )
    if draft.kind == LABELS:
        query = query.join(
            Label,
            sa.and_(Label.id == CollectionItem.label_id, Label.image_id == CollectionItem.image_id),
        )
    return connection.scalar(query) or 0


def _rows() -> sa.Select[Any]:
    on_images = (
        sa.select(sa.func.count(sa.distinct(CollectionItem.image_id)))
        .where(CollectionItem.collection_id == Collection.id)
        .scalar_subquery()
    )
    # Every image is once in a collection of images: nothing to count.
    images = sa.case((Collection.kind == IMAGES, Collection.size), else_=on_images)
    return sa.select(Collection.__table__, images.label("images"))


def _row(row: Any) -> CollectionRow:
    return CollectionRow(
        id=row.id,
        project_id=row.project_id,
        name=row.name,
        kind=row.kind,
        description=row.description,
        origin=row.origin,
        revision=row.revision,
        size=row.size,
        images=row.images,
        author=row.author,
        created=row.created,
    )


def list_collections(database: Database, project_id: int) -> tuple[CollectionRow, ...]:
    """Return the collections of a project, newest first."""
    query = _rows().where(Collection.project_id == project_id)
    with database.read() as connection:
        rows = connection.execute(
            query.order_by(Collection.created.desc(), Collection.id.desc())
        ).all()
    return tuple(_row(row) for row in rows)


def get_collection(database: Database, collection_id: int) -> CollectionRow:
    """Return one collection.

    Raises:
        NotFound: If there is none with this id.
    """
    with database.read() as connection:
        row = connection.execute(_rows().where(Collection.id == collection_id)).first()
    if row is None:
        raise NotFound("collection", collection_id)
    return _row(row)


def find_collection(database: Database, project_id: int, name: str) -> CollectionRow:
    """Return a collection of a project by its name.

    Raises:
        NotFound: If the project has none of this name.
    """
    with database.read() as connection:
        row = connection.execute(
            _rows().where(Collection.project_id == project_id, Collection.name == name)
        ).first()
    if row is None:
        known = tuple(known.name for known in list_collections(database, project_id))
        raise NotFound("collection", name, known=known)
    return _row(row)


def delete_collection(database: Database, collection_id: int) -> None:
    """Delete a collection; what was sent to a tool stays.

    Raises:
        NotFound: If there is none with this id.
        CollectionInUse: If a push refers to it.
    """
    with database.write() as connection:
        # Locked, so that no push begins between the look and the deletion.
        name = connection.scalar(
            sa.select(Collection.name).where(Collection.id == collection_id).with_for_update()
        )
        if name is None:
            raise NotFound("collection", collection_id)
        pushes = connection.scalar(
            sa.select(sa.func.count()).select_from(Push).where(Push.collection_id == collection_id)
        )
        if pushes:
            raise CollectionInUse(name, pushes=pushes)
        connection.execute(
            sa.delete(CollectionItem).where(CollectionItem.collection_id == collection_id)
        )
        connection.execute(sa.delete(Collection).where(Collection.id == collection_id))
