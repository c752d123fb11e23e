"""What Model Evaluation shows, as members: the whole list, and why each is in it."""

from __future__ import annotations

from typing import Any

import pytest

from curation.evaluations.confusion import cell_choice
from curation.evaluations.request import EvaluationRequest
from curation.evaluations.row_choice import RowChoice
from curation.selection.collections import (
    CollectionRequest,
    Item,
    create_collection,
    origin_in_words,
)
from curation.selection.evaluated_members import ShownImages, shown_images, shown_labels
from curation.store.database import Database

# Labels: image 1 has cells 1 (100 px²) and 2 (1,600 px²), image 2 has nucleus 3 (400 px²).
# The second set finds 2 and 3 and is wrong once on image 1, the first finds 1 and is wrong once
# on image 2.


@pytest.fixture
def view(two_sets: tuple[int, int, int]) -> EvaluationRequest:
    project_id, first, second = two_sets
    return EvaluationRequest(project_id, second, first)


def notes(database: Database, shown: ShownImages) -> list[tuple[int, str]]:
    return [(item.image_id, item.note) for item in shown_images(database, shown).items]


def test_images__say_how_many_are_missed_and_false(
    database: Database, view: EvaluationRequest
) -> None:
    assert notes(database, ShownImages(view, sort="name")) == [
        (1, "1 miss of cell, 1 false positive of nucleus"),
        (2, ""),
    ]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("tp", [(1, "1 cell found"), (2, "1 nucleus found")]),
        ("fn", [(1, "1 miss of cell")]),
        ("fp", [(1, "1 false positive of nucleus")]),
        ("gained", [(1, "1 cell gained"), (2, "1 nucleus gained")]),
        ("lost", [(1, "1 cell lost")]),
        ("new", [(1, "1 nucleus newly wrong")]),
        ("fixed", [(2, "1 cell fixed")]),
    ],
)
def test_images__of_a_filter_count_its_objects(
    database: Database,
    view: EvaluationRequest,
    outcome: Any,
    expected: list[tuple[int, str]],
) -> None:
    assert notes(database, ShownImages(view, sort="name", outcome=outcome)) == expected


@pytest.mark.parametrize(
    ("outcome", "size", "expected"),
    [
        ("tp", None, [Item(1, 2, "why"), Item(2, 3, "why")]),
        ("tp", "small", [Item(2, 3, "why")]),
        ("fn", None, [Item(1, 1, "why")]),
        ("fn", "large", []),
        ("gained", None, [Item(1, 2, "why"), Item(2, 3, "why")]),
        ("lost", None, [Item(1, 1, "why")]),
        ("fp", None, []),
        ("new", None, []),
        ("fixed", None, []),
        (None, None, []),
    ],
)
def test_labels__are_those_of_the_filter(
    database: Database,
    view: EvaluationRequest,
    outcome: Any,
    size: str | None,
    expected: list[Item],
) -> None:
    shown = ShownImages(view, sort="name", outcome=outcome, size=size, words="why")
    members = shown_labels(database, shown)
    assert (members.kind, list(members.items)) == ("labels", expected)


def test_images__follow_order_classes_and_split_of_the_view(
    database: Database, two_sets: tuple[int, int, int]
) -> None:
    project_id, first, _ = two_sets
    # The first set misses the large cell on image 1, the nucleus on image 2; is wrong on image 2.
    assert notes(database, ShownImages(EvaluationRequest(project_id, first), sort="fp")) == [
        (2, "1 miss of nucleus, 1 false positive of cell"),
        (1, "1 miss of cell"),
    ]
    only = EvaluationRequest(project_id, first, classes=("nucleus",))
    assert notes(database, ShownImages(only, outcome="fn")) == [(2, "1 miss of nucleus")]


def test_chosen_rows__with_a_label_become_labels(
    database: Database, confused: EvaluationRequest
) -> None:
    choice = cell_choice("cell", "nucleus", side="set")
    shown = ShownImages(confused, choice=choice, words="cell {taken} for nucleus")
    assert shown_labels(database, shown).items == (
        Item(1, 1, "cell {taken} for nucleus, score 0.90"),
    )
    assert notes(database, shown) == [(1, "1 × cell {taken} for nucleus")]


def test_chosen_rows__of_predictions_alone_become_images(
    database: Database, confused: EvaluationRequest
) -> None:
    choice = RowChoice("confusion", "set", ("", "cell"))
    shown = ShownImages(confused, choice=choice, words="cell, nothing there")
    assert shown_labels(database, shown).items == ()
    assert notes(database, shown) == [(2, "1 × cell, nothing there")]


def test_chosen_rows__of_the_baseline_have_its_scores(
    database: Database, confused: EvaluationRequest
) -> None:
    choice = cell_choice("cell", "cell", side="against")
    shown = ShownImages(confused, choice=choice, words="found")
    assert shown_labels(database, shown).items == (Item(1, 1, "found, score 0.90"),)


def test_origin__is_the_view(database: Database, view: EvaluationRequest) -> None:
    shown = ShownImages(view, sort="fn", outcome="fn", size="small", words="missed by second")
    members = shown_images(database, shown)
    assert members.revision == 1
    known = {key: members.origin[key] for key in ("set", "against", "sort", "outcome", "size")}
    assert known == {
        "set": "second",
        "against": "first",
        "sort": "fn",
        "outcome": "fn",
        "size": "small",
    }
    row = create_collection(database, CollectionRequest(view.project_id, "misses"), members)
    assert row.origin == members.origin
    assert origin_in_words(row.origin) == (
        "Model Evaluation of second against first · missed by second · small objects · "
        "score ≥ 0.30 · IoU ≥ 0.50"
    )


@pytest.fixture
def confused(two_sets: tuple[int, int, int], import_predictions: Any) -> EvaluationRequest:
    """A set that takes the small cell for a nucleus and sees a cell where nothing is."""
    project_id, first, _ = two_sets
    rows = [
        {"image_id": 1, "category_id": 9, "bbox": [0, 0, 10, 10], "score": 0.9},
        {"image_id": 2, "category_id": 7, "bbox": [60, 40, 20, 20], "score": 0.45},
    ]
    return EvaluationRequest(
        project_id, import_predictions(project_id, "confused", rows)["set_id"], first
    )
