"""Names of images and labels: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

from typing import Any

import pytest

from curation.errors import NamesRejected
from curation.selection.collections import Item
from curation.selection.named_members import Entry, NamedMembers, resolve_entries
from curation.store.database import Database
from tests.curation.conftest import COCO

FILES = ("day/a.png", "night/a.png", "night/=b.png", "2")


@pytest.fixture
def project_id(import_coco: Any) -> int:
    """Four images, ids 1 to 4; the name of the last one looks like the id of the second."""
    images = [
        {"id": n, "file_name": name, "width": 100, "height": 80}
        for n, name in enumerate(FILES, start=1)
    ]
    return int(import_coco({**COCO, "images": images})["project_id"])


def resolve(
    database: Database, project_id: int, *entries: Entry, skip_unknown: bool = False
) -> NamedMembers:
    return resolve_entries(
        database,
        project_id,
        entries,
        where="picks.csv",
        origin={"from": "file", "file": "picks.csv"},
        skip_unknown=skip_unknown,
    )


@pytest.mark.parametrize(
    ("entry", "image_id"),
    [
        (Entry("line 1", image="day/a.png"), 1),
        (Entry("line 1", image="./day/a.png"), 1),
        (Entry("line 1", image=r"night\a.png"), 2),
        (Entry("line 1", image="=b.png"), 3),
        (Entry("line 1", image="'=b.png"), 3),
        (Entry("line 1", image="1"), 1),
        (Entry("line 1", file_name="2"), 4),
        (Entry("line 1", image="1", file_name="day/a.png"), 1),
    ],
)
def test_images__by_name_end_of_name_or_id(
    database: Database, project_id: int, entry: Entry, image_id: int
) -> None:
    found = resolve(database, project_id, entry)
    assert found.members.items == (Item(image_id),)
    assert found.members.origin == {"from": "file", "file": "picks.csv"}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (Entry("line 7", image="c.png"), "line 7: there is no image 'c.png'"),
        (Entry("line 7", image="99"), "line 7: there is no image '99'"),
        (
            Entry("line 7", image="a.png"),
            "line 7: 'a.png' fits 2 images (ids 1, 2): give the id",
        ),
        (Entry("line 7", image="2"), "line 7: '2' fits 2 images (ids 2, 4): give the id"),
        (Entry("line 7", note="why"), "line 7: names no image"),
        (
            Entry("line 7", image="1", file_name="night/a.png"),
            "line 7: '1' is not the image 'night/a.png'",
        ),
        (Entry("line 7", label="77"), "line 7: there is no label '77' in label revision 1"),
        (Entry("line 7", label="x"), "line 7: there is no label 'x' in label revision 1"),
        (Entry("line 7", image="2", file_name="=b.png", label="1"), "fits 2 images"),
        (Entry("line 7", file_name="2", label="1"), "line 7: label 1 is on another image"),
        (Entry("line 7", image="9" * 40), "there is no image"),
    ],
)
def test_problems__are_said_with_their_place(
    database: Database, project_id: int, entry: Entry, problem: str
) -> None:
    with pytest.raises(NamesRejected) as rejected:
        resolve(database, project_id, entry)
    assert problem in rejected.value.problems[0]


def test_problems__are_collected_or_left_out(database: Database, project_id: int) -> None:
    entries = (Entry("line 1", image="x"), Entry("line 2", image="1"), Entry("line 3", image="y"))
    with pytest.raises(NamesRejected, match=r"2 of 3 entries of picks\.csv.*line 1.*line 3"):
        resolve(database, project_id, *entries)
    found = resolve(database, project_id, *entries, skip_unknown=True)
    assert found.members.items == (Item(1),)
    assert len(found.problems) == found.members.origin["skipped"] == 2


def test_labels__of_the_current_revision_with_or_without_their_image(
    database: Database, project_id: int
) -> None:
    found = resolve(
        database, project_id, Entry("1", label="3", note="why"), Entry("2", image="1", label="2")
    )
    assert found.members.kind == "labels"
    assert found.members.items == (Item(2, 3, "why"), Item(1, 2))
    with pytest.raises(NamesRejected, match="names no label, and other entries do"):
        resolve(database, project_id, Entry("1", label="3"), Entry("2", image="1"))
