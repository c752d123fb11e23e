"""Confusion matrices of a request, and that every cell opens exactly its pairs."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from curation.errors import InvalidSetting, NotFound
from curation.evaluations.confusion import (
    NO_CLASS,
    OTHER_CLASSES,
    cell_choice,
    confusion,
)
from curation.evaluations.images import image_page
from curation.evaluations.row_choice import SIDES
from evaluation.errors import PositionOutOfRange


def test_confusion__by_hand(database, confused) -> None:
    view = confusion(database, confused)
    assert view.names == ("cell", "nucleus", NO_CLASS)
    # Rows are labels: cell, nucleus, nothing.
    assert view.set.counts.tolist() == [[0, 1, 1], [0, 1, 0], [2, 1, 0]]
    assert view.against is not None
    assert view.against.counts.tolist() == [[1, 0, 1], [0, 0, 1], [1, 0, 0]]


def test_confusion__without_a_baseline(database, confused) -> None:
    assert confusion(database, replace(confused, against_id=None)).against is None


def test_confusion__some_classes_gather_the_others(database, confused) -> None:
    view = confusion(database, replace(confused, classes=("cell",)))
    assert view.names == ("cell", OTHER_CLASSES, NO_CLASS)
    assert view.set.counts.tolist() == [[0, 1, 1], [0, 0, 0], [2, 0, 0]]


@pytest.mark.parametrize("classes", [(), ("cell",), ("nucleus", "cell")])
def test_cells__open_exactly_what_they_count(database, confused, classes) -> None:
    request = replace(confused, classes=classes)
    view = confusion(database, request)
    for side, matrix in zip(SIDES, (view.set, view.against), strict=True):
        assert matrix is not None
        for (row, truth), (column, found) in product(enumerate(view.names), repeat=2):
            page = image_page(database, request, choice=cell_choice(truth, found, side=side))
            assert page.objects == matrix.counts[row, column]


def test_cells__hold_the_label_and_the_prediction(database, confused) -> None:
    page = image_page(database, confused, choice=cell_choice("cell", "nucleus", side="set"))
    assert [row.file_name for row in page.rows] == ["a.png"]
    assert page.chosen is not None
    assert (page.chosen.truth.tolist(), page.chosen.prediction.tolist()) == ([0], [0])


def test_cells__of_the_background_hold_one_side_alone(database, confused) -> None:
    page = image_page(database, confused, choice=cell_choice(NO_CLASS, "nucleus", side="set"))
    assert page.chosen is not None
    assert (page.chosen.truth.tolist(), page.chosen.prediction.tolist()) == ([-1], [3])


def test_cells__that_do_not_exist_are_refused(database, confused) -> None:
    for truth, error in (("moon", NotFound), (OTHER_CLASSES, PositionOutOfRange)):
        with pytest.raises(error):
            image_page(database, confused, choice=cell_choice(truth, "cell", side="set"))
    alone = replace(confused, against_id=None)
    with pytest.raises(InvalidSetting, match="side"):
        image_page(database, alone, choice=cell_choice("cell", "cell", side="against"))
