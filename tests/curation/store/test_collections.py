"""Collections as rows: written once, read image by image, deleted unless they were sent."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from curation.errors import CollectionInUse, Conflict, NameTaken, NotFound
from curation.store.collection_images import images_of
from curation.store.collections import (
    CollectionDraft,
    Item,
    Kind,
    add_collection,
    delete_collection,
    find_collection,
    get_collection,
    list_collections,
)
from curation.store.database import Database
from curation.store.images import REMOVED, note_states
from curation.store.tables import CollectionItem, Push, Source


@pytest.fixture
def project_id(import_coco: Any) -> int:
    """Images 1 (labels 1 and 2) and 2 (label 3)."""
    return int(import_coco()["project_id"])


def draft(project_id: int, name: str, *items: Item, kind: Kind = "images") -> CollectionDraft:
    return CollectionDraft(
        project_id, name, kind, items, {"from": "names"}, revision=1, author="ada", description="d"
    )


def test_collection__is_read_as_it_was_written(database: Database, project_id: int) -> None:
    written = draft(project_id, "picks", Item(2, note="dark"), Item(1))
    row = get_collection(database, add_collection(database, written))
    assert (row.name, row.kind, row.size, row.images) == ("picks", "images", 2, 2)
    assert (row.origin, row.revision, row.author) == ({"from": "names"}, 1, "ada")
    assert row == find_collection(database, project_id, "picks")
    first, second = images_of(database, row.id)
    assert (first.image_id, first.file_name, first.note, first.labels) == (2, "b.png", "dark", ())
    assert (first.width, first.height, first.root, first.removed) == (100, 80, None, False)
    assert (second.image_id, second.note, second.reason) == (1, "", "")


def test_labels__are_together_on_their_image(database: Database, project_id: int) -> None:
    items = (Item(1, 2, "large"), Item(1, 1, "small"), Item(2, 3, "large"))
    row = get_collection(
        database, add_collection(database, draft(project_id, "l", *items, kind="labels"))
    )
    assert (row.size, row.images) == (3, 2)
    first, second = images_of(database, row.id)
    assert [(label.label_id, label.class_name, label.box) for label in first.labels] == [
        (2, "cell", (40, 20, 40, 40)),
        (1, "cell", (0, 0, 10, 10)),
    ]
    assert (first.note, first.reason) == ("", "large; small")
    assert [label.class_name for label in second.labels] == ["nucleus"]


def test_images__come_in_pages(database: Database, project_id: int) -> None:
    items = (Item(2, 3), Item(1, 1), Item(1, 2))
    labels = add_collection(database, draft(project_id, "l", *items, kind="labels"))

    def page(first: int, most: int) -> list[tuple[int, int]]:
        found = images_of(database, labels, first=first, most=most)
        return [(image.image_id, len(image.labels)) for image in found]

    assert (page(0, 1), page(1, 1), page(2, 1)) == ([(2, 1)], [(1, 2)], [])


def test_names__are_unique_in_a_project_only(
    database: Database, project_id: int, import_coco: Any
) -> None:
    add_collection(database, draft(project_id, "picks", Item(1)))
    with pytest.raises(NameTaken, match="A collection named 'picks' exists already"):
        add_collection(database, draft(project_id, "picks", Item(2)))
    other = import_coco(name="other", file="other.json")["project_id"]
    add_collection(database, draft(other, "picks", Item(3)))
    assert [row.size for row in list_collections(database, project_id)] == [1]


def test_items__of_another_project_are_refused_and_nothing_is_left(
    database: Database, project_id: int, import_coco: Any
) -> None:
    other = import_coco(name="other", file="other.json")["project_id"]
    with pytest.raises(Conflict, match="not in the project"):
        add_collection(database, draft(other, "foreign", Item(1)))
    with pytest.raises(Conflict, match="not in the project"):
        add_collection(database, draft(project_id, "odd", Item(2, 1), kind="labels"))
    assert list_collections(database, other) == list_collections(database, project_id) == ()
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(CollectionItem)) == 0


def test_removed_images__stay_in_the_list_and_are_marked(
    database: Database, project_id: int
) -> None:
    picks = add_collection(database, draft(project_id, "picks", Item(1), Item(2)))
    with database.write() as connection:
        note_states(connection, project_id, 1, {2: REMOVED})
    assert [image.removed for image in images_of(database, picks)] == [False, True]


def test_delete__takes_the_items_too(database: Database, project_id: int) -> None:
    picks = add_collection(database, draft(project_id, "picks", Item(1)))
    delete_collection(database, picks)
    with database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(CollectionItem)) == 0
    for read in (get_collection, images_of, delete_collection):
        with pytest.raises(NotFound, match="There is no collection"):
            read(database, picks)


def test_delete__is_refused_once_it_was_sent(database: Database, project_id: int) -> None:
    picks = add_collection(database, draft(project_id, "picks", Item(1)))
    with database.write() as connection:
        source_id = connection.execute(
            sa.insert(Source)
            .values(project_id=project_id, name="ls", kind="label-studio", location="http://l.s")
            .returning(Source.id)
        ).scalar_one()
        connection.execute(
            sa.insert(Push).values(
                source_id=source_id, collection_id=picks, score_floor=0.3, author="ada"
            )
        )
    with pytest.raises(CollectionInUse, match="'picks' was sent to an annotation tool once"):
        delete_collection(database, picks)
    assert len(images_of(database, picks)) == 1


def test_unknown_name__lists_the_known_ones(database: Database, project_id: int) -> None:
    add_collection(database, draft(project_id, "picks", Item(1)))
    with pytest.raises(NotFound, match=r"no collection 'pics'\. Known: picks\."):
        find_collection(database, project_id, "pics")
