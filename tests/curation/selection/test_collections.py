"""Collections as they are made: names, duplicates, splits, images without labels, origins."""

from __future__ import annotations

from typing import Any

import pytest

from curation.errors import EmptyCollection, InvalidSetting, NotFound
from curation.selection.collections import (
    CollectionRequest,
    Item,
    Members,
    all_images,
    create_collection,
    images_of,
    origin_in_words,
    split_images,
    unlabelled_images,
)
from curation.store.database import Database
from curation.store.images import UNLABELLED, note_states
from tests.curation.conftest import COCO


def ids(members: Members) -> list[int]:
    return [item.image_id for item in members.items]


def test_duplicates__collapse_and_keep_every_note(database: Database, import_coco: Any) -> None:
    project_id = import_coco()["project_id"]
    items = (Item(2, note="dark"), Item(1), Item(2, note="blurred"), Item(2, note="dark"))
    row = create_collection(
        database, CollectionRequest(project_id, "  picks "), Members("images", items, 1)
    )
    assert (row.name, row.size) == ("picks", 2)
    found = [(image.image_id, image.note) for image in images_of(database, row.id)]
    assert found == [(2, "dark; blurred"), (1, "")]


def test_labels__of_an_image_are_brought_together(database: Database, import_coco: Any) -> None:
    project_id = import_coco()["project_id"]
    items = (Item(1, 2), Item(2, 3), Item(1, 1), Item(1, 2))
    row = create_collection(
        database, CollectionRequest(project_id, "l"), Members("labels", items, 1)
    )
    assert (row.size, row.images) == (3, 2)
    found = [[label.label_id for label in image.labels] for image in images_of(database, row.id)]
    assert found == [[2, 1], [3]]


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\0b", "x" * 201])
def test_names__that_cannot_be_shown_are_refused(database: Database, name: str) -> None:
    with pytest.raises(InvalidSetting, match="1 to 200 letters on one line"):
        create_collection(database, CollectionRequest(1, name), Members("images", (Item(1),), 1))


def test_nothing__is_no_collection(database: Database) -> None:
    with pytest.raises(EmptyCollection, match="'x' would be empty"):
        create_collection(database, CollectionRequest(1, "x"), Members("images", (), 1))


def test_notes__lose_what_a_database_refuses(database: Database, import_coco: Any) -> None:
    project_id = import_coco()["project_id"]
    members = Members("images", (Item(1, note="a\0b\ud800c"),), 1)
    row = create_collection(database, CollectionRequest(project_id, "x"), members)
    assert images_of(database, row.id)[0].note == "ab?c"


def test_split__takes_its_images_and_no_others(database: Database, import_coco: Any) -> None:
    project_id = import_coco(split="test")["project_id"]
    more = {**COCO, "annotations": [], "images": [{**COCO["images"][0], "file_name": "c.png"}]}
    import_coco(more, name="slides", file="more.json", split="val")
    members = split_images(database, project_id, "test", note="why")
    assert members.items == (Item(1, note="why"), Item(2, note="why"))
    assert (members.kind, members.origin) == ("images", {"from": "split", "split": "test"})
    assert ids(all_images(database, project_id)) == [1, 2, 3]
    with pytest.raises(NotFound, match=r"no split 'moon'\. Known: test, val\."):
        split_images(database, project_id, "moon")


def test_unlabelled__leaves_out_background_and_what_has_labels(
    database: Database, import_coco: Any
) -> None:
    images = [{"id": n, "file_name": f"{n}.png", "width": 100, "height": 80} for n in (1, 2, 3, 4)]
    project_id = import_coco({**COCO, "images": images})["project_id"]
    # Images 1 and 2 hold labels, 3 was looked at and is empty; nobody has seen 4.
    with database.write() as connection:
        note_states(connection, project_id, 1, {1: UNLABELLED, 4: UNLABELLED})
    assert ids(unlabelled_images(database, project_id)) == [4]


def test_origin__is_said_in_words() -> None:
    view = {
        "from": "evaluation",
        "set": "v2",
        "against": "v1",
        "shows": "missed by v2",
        "size": "small",
        "split": "val",
        "classes": ["cell", "nucleus"],
        "score": 0.3,
        "iou": 0.5,
    }
    assert origin_in_words(view) == (
        "Model Evaluation of v2 against v1 · missed by v2 · small objects · split val · "
        "cell, nucleus · score ≥ 0.30 · IoU ≥ 0.50"
    )
    bare = view | {"against": None, "shows": "", "size": None, "split": None, "classes": []}
    assert origin_in_words(bare) == "Model Evaluation of v2 · score ≥ 0.30 · IoU ≥ 0.50"
    assert origin_in_words({"from": "project"}) == "all images of the project"
    assert origin_in_words({"from": "unlabelled"}) == "images without labels"
    assert origin_in_words({"from": "names"}) == "names on the command line"
    assert origin_in_words({}) == "unknown"
