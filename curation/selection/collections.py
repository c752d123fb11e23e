"""Collections: frozen, named lists of images or labels, and what they can be made from."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from curation.errors import EmptyCollection, InvalidSetting, NotFound
from curation.store.collection_images import CollectionImage, CollectionLabel, images_of
from curation.store.collections import (
    IMAGES,
    LABELS,
    CollectionDraft,
    CollectionRow,
    Item,
    Kind,
    add_collection,
    delete_collection,
    find_collection,
    get_collection,
    list_collections,
)
from curation.store.images import read_images
from curation.store.label_history import labels_as_of
from curation.store.projects import project_revision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from curation.store.database import Database
    from curation.store.images import ImageTable

__all__ = [
    "IMAGES",
    "LABELS",
    "CollectionImage",
    "CollectionLabel",
    "CollectionRequest",
    "CollectionRow",
    "Item",
    "Kind",
    "Members",
    "all_images",
    "create_collection",
    "delete_collection",
    "find_collection",
    "get_collection",
    "images_of",
    "list_collections",
    "origin_in_words",
    "split_images",
    "unlabelled_images",
]

MOST_LETTERS: Final = 200
LOCAL_USER: Final = "local user"


@dataclass(frozen=True, slots=True)
class Members:
    """What a collection will hold, and what that was chosen from.

    Args:
        kind: Images or labels.
        items: The items in their order; what comes twice is put together when they are written.
        revision: Label revision that they were chosen on.
        origin: What they were chosen from, as JSON values; `from` names the kind of it.
    """

    kind: Kind
    items: tuple[Item, ...]
    revision: int
    origin: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CollectionRequest:
    """How a new collection is called."""

    project_id: int
    name: str
    description: str = ""
    author: str = LOCAL_USER


def create_collection(
    database: Database, request: CollectionRequest, members: Members
) -> CollectionRow:
    """Make a collection; nothing about it changes afterwards.

    Args:
        database: The store.
        request: Project and name.
        members: What it holds; of an image or label that comes twice the first place counts, with
            the notes of all.

    Raises:
        InvalidSetting: If the name is empty or too long.
        EmptyCollection: If there are no members.
        NameTaken: If the project has a collection of this name.
        Conflict: If a member is not of the project.
    """
    name = checked_name(request.name)
    if not members.items:
        raise EmptyCollection(name, "nothing was chosen")
    draft = CollectionDraft(
        project_id=request.project_id,
        name=name,
        kind=members.kind,
        items=tuple(_each_once(members.items)),
        origin=dict(members.origin),
        revision=members.revision,
        author=request.author,
        description=_storable(request.description.strip()),
    )
    return get_collection(database, add_collection(database, draft))


def checked_name(name: str) -> str:
    """Return a name without the spaces around it.

    Raises:
        InvalidSetting: If nothing is left, if it is too long, or if it holds line breaks or other
            control characters.
    """
    given = name.strip()
    # Control characters cannot be told apart on a screen, nor typed on a command line.
    hidden = any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in given)
    if not given or len(given) > MOST_LETTERS or hidden:
        allowed = f"1 to {MOST_LETTERS} letters on one line"
        raise InvalidSetting("The collection's name", name, allowed=allowed)
    return given


def _each_once(items: Iterable[Item]) -> list[Item]:
    """Put items that come twice together, and the labels of an image beside each other."""
    notes: dict[int, dict[int | None, list[str]]] = {}
    for item in items:
        of_image = notes.setdefault(item.image_id, {})
        of_image.setdefault(item.label_id, []).append(_storable(item.note))
    return [
        Item(image_id, label_id, "; ".join(dict.fromkeys(filter(None, own))))
        for image_id, of_image in notes.items()
        for label_id, own in of_image.items()
    ]


def _storable(text: str) -> str:
    """Return a text without what PostgreSQL refuses: null characters and halves of pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def all_images(database: Database, project_id: int, *, note: str = "") -> Members:
    """Choose every image of a project."""
    images = _images(database, project_id)
    return _members(database, project_id, images.id.tolist(), {"from": "project"}, note)


def split_images(database: Database, project_id: int, split: str, *, note: str = "") -> Members:
    """Choose the images of a split.

    Raises:
        NotFound: If no image of the project is in it.
    """
    images = _images(database, project_id)
    chosen = images.id[images.split_names == split] if split else images.id[:0]
    if not len(chosen):
        known = tuple(sorted(set(filter(None, images.split))))
        raise NotFound("split", split, known=known)
    origin = {"from": "split", "split": split}
    return _members(database, project_id, chosen.tolist(), origin, note)


def unlabelled_images(database: Database, project_id: int, *, note: str = "") -> Members:
    """Choose the images that nobody has labelled yet; looked at and empty counts as labelled."""
    images = _images(database, project_id)
    labels = labels_as_of(database, project_id, project_revision(database, project_id))
    empty = ~np.isin(images.id, labels.image_id)
    chosen: NDArray[np.int64] = images.id[empty & ~images.labelled]
    return _members(database, project_id, chosen.tolist(), {"from": "unlabelled"}, note)


def _images(database: Database, project_id: int) -> ImageTable:
    with database.read() as connection:
        return read_images(connection, project_id)


def _members(
    database: Database, project_id: int, ids: Sequence[int], origin: dict[str, Any], note: str
) -> Members:
    items = tuple(Item(image_id, note=note) for image_id in ids)
    return Members(IMAGES, items, project_revision(database, project_id), origin)


def origin_in_words(origin: Mapping[str, Any]) -> str:
    """Say what a collection was chosen from; plain text with names from outside in it.

    >>> origin_in_words({"from": "split", "split": "test"})
    'split test'
    >>> origin_in_words({"from": "file", "file": "picks.csv", "skipped": 2})
    'file picks.csv, 2 left out'
    """
    say = _WORDS.get(str(origin.get("from")))
    return "unknown" if say is None else say(origin)


def _left_out(origin: Mapping[str, Any]) -> str:
    return f", {origin['skipped']} left out" if origin.get("skipped") else ""


def _evaluation(origin: Mapping[str, Any]) -> str:
    """Say which view of Model Evaluation it was; what stands at its default is left out."""
    sets = f"{origin['set']} against {origin['against']}" if origin["against"] else origin["set"]
    parts = [
        f"Model Evaluation of {sets}",
        origin["shows"],
        f"{origin['size']} objects" if origin["size"] else "",
        f"split {origin['split']}" if origin["split"] else "",
        ", ".join(origin["classes"]),
        f"score ≥ {origin['score']:.2f}",
        f"IoU ≥ {origin['iou']:.2f}",
    ]
    return " · ".join(part for part in parts if part)


_WORDS: Final = {
    "names": lambda origin: f"names on the command line{_left_out(origin)}",
    "file": lambda origin: f"file {origin['file']}{_left_out(origin)}",
    "split": lambda origin: f"split {origin['split']}",
    "unlabelled": lambda origin: "images without labels",
    "project": lambda origin: "all images of the project",
    "evaluation": _evaluation,
}
