"""Class maps: by memory, name, id; and the trap of files that count from one."""

from __future__ import annotations

from curation.predictions.class_maps import as_map, fingerprint, suggest
from curation.store.images import ClassEntry

FROM_ZERO = (ClassEntry(1, "WBC", "0", 0), ClassEntry(2, "RBC", "1", 1))
COCO_IDS = (ClassEntry(1, "person", "1", 0), ClassEntry(2, "dog", "18", 1))


def hows(rows) -> dict[str, tuple[str | None, str]]:
    return {row.key: (row.suggestion, row.how) for row in rows}


def test_suggest__by_name_before_id() -> None:
    classes = (ClassEntry(1, "0", "1", 0), ClassEntry(2, "cat", "0", 1))
    assert hows(suggest({"0": 3, "Cat ": 1}, classes)) == {
        "0": ("0", "name"),
        "Cat ": ("cat", "name"),
    }


def test_suggest__by_id() -> None:
    assert hows(suggest({"18": 5, "1": 2, "3": 1}, COCO_IDS)) == {
        "1": ("person", "id"),
        "3": (None, "none"),
        "18": ("dog", "id"),
    }


def test_suggest__counted_from_one_where_the_project_counts_from_zero() -> None:
    assert hows(suggest({"1": 5, "2": 9}, FROM_ZERO)) == {
        "1": ("WBC", "shifted id"),
        "2": ("RBC", "shifted id"),
    }


def test_suggest__ids_that_all_exist_are_taken_as_they_are() -> None:
    assert hows(suggest({"1": 5}, FROM_ZERO)) == {"1": ("RBC", "id")}
    assert hows(suggest({"1": 5}, FROM_ZERO, counts_from_one=True)) == {"1": ("WBC", "shifted id")}


def test_suggest__a_zero_in_the_file_means_it_counts_from_zero() -> None:
    assert hows(suggest({"0": 1, "1": 1, "2": 1}, FROM_ZERO)) == {
        "0": ("WBC", "id"),
        "1": ("RBC", "id"),
        "2": (None, "none"),
    }


def test_suggest__what_was_remembered_wins_while_its_class_exists() -> None:
    rows = suggest({"1": 1, "18": 1}, COCO_IDS, remembered={"1": "dog", "18": "gone"})
    assert hows(rows) == {"1": ("dog", "remembered"), "18": ("dog", "id")}
    assert as_map(rows) == {"1": "dog", "18": "dog"}


def test_suggest__a_remembered_reject_stays_one() -> None:
    rows = suggest({"1": 1}, COCO_IDS, remembered={"1": None})
    assert hows(rows) == {"1": (None, "remembered")}


def test_fingerprint__does_not_depend_on_order() -> None:
    assert fingerprint(["1", "2"]) == fingerprint(["2", "1"]) != fingerprint(["1", "2", "3"])
