"""Error types of a request, and that every count opens exactly its rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from curation.errors import InvalidSetting, NotFound
from curation.evaluations.background import (
    background,
    background_choice,
    predicted_only_choice,
)
from curation.evaluations.error_types import (
    ALL_NAMES,
    ANY,
    ERROR_NAMES,
    error_choice,
    error_types,
)
from curation.evaluations.images import image_page
from curation.evaluations.request import EvaluationRequest
from curation.evaluations.row_choice import SIDES, RowChoice
from tests.curation.conftest import COCO


def test_error_types__by_hand(database, confused) -> None:
    view = error_types(database, confused)
    assert view.set.total.counts == {
        "classification": 1,
        "localisation": 1,
        "both": 0,
        "duplicate": 1,
        "background": 1,
        "missed": 0,  # both cells are objects of other errors
        "false_positive": 4,
        "false_negative": 2,
    }
    assert view.against is not None
    assert view.against.total.counts["background"] == 1
    assert view.against.total.counts["missed"] == 2


def test_error_types__gains_are_those_of_the_iou_threshold(database, confused) -> None:
    view = error_types(database, confused)
    # Cells are not found at all, the nucleus is found second: AP50 is 0 and one half.
    assert view.set.average_precision == pytest.approx(0.25)
    assert view.set.total.gains["false_negative"] is not None
    assert set(view.set.total.gains) == set(ALL_NAMES)
    assert set(view.set.sizes["small"].gains) == set(ERROR_NAMES)
    assert error_types(database, replace(confused, score=0.95)).set.total.gains == (
        view.set.total.gains
    )


def test_error_types__classes_and_sizes_add_up(database, confused) -> None:
    side = error_types(database, confused).set
    for parts in (side.classes, side.sizes):
        for error in ALL_NAMES:
            assert sum(row.counts[error] for row in parts.values()) == side.total.counts[error]


@pytest.mark.parametrize("classes", [(), ("nucleus",)])
def test_error_counts__open_exactly_their_rows(database, confused, classes) -> None:
    request = replace(confused, classes=classes)
    view = error_types(database, request)
    for side, numbers in zip(SIDES, (view.set, view.against), strict=True):
        assert numbers is not None
        rows = {(ANY, ANY): numbers.total}
        rows |= {(name, ANY): row for name, row in numbers.classes.items()}
        rows |= {(ANY, size): row for size, row in numbers.sizes.items()}
        for ((name, size), row), error in product(rows.items(), ALL_NAMES):
            choice = error_choice(error, side=side, class_name=name, size=size)
            assert image_page(database, request, choice=choice).objects == row.counts[error]


def test_error_rows__come_with_the_label_that_they_concern(database, confused) -> None:
    for error, truth, prediction in (
        ("classification", 0, 0),
        ("localisation", 1, 1),
        ("duplicate", 2, 3),
        ("background", -1, 4),
    ):
        page = image_page(database, confused, choice=error_choice(error, side="set"))
        assert page.chosen is not None
        assert page.chosen.truth.tolist() == [truth]
        assert page.chosen.prediction.tolist() == [prediction]


def test_error_rows__that_do_not_exist_are_refused(database, confused) -> None:
    for choice, error in (
        (error_choice("typo", side="set"), InvalidSetting),
        (error_choice("both", side="set", size="huge"), InvalidSetting),
        (error_choice("both", side="set", class_name="moon"), NotFound),
        (RowChoice("error", "set", ("both",)), InvalidSetting),
        (RowChoice("weather", "set"), InvalidSetting),
    ):
        with pytest.raises(error):
            image_page(database, confused, choice=choice)


def test_background__images_without_labels_are_a_number_of_their_own(
    database, import_coco, import_predictions
) -> None:
    bare = {**COCO, "annotations": COCO["annotations"][:2]}  # image 2 holds nothing now
    project_id = import_coco(bare, missing_label="background")["project_id"]
    found = [
        {"image_id": 2, "category_id": 7, "bbox": [60, 40, 20, 20], "score": 0.6},
        {"image_id": 2, "category_id": 9, "bbox": [5, 5, 20, 20], "score": 0.2},
        {"image_id": 1, "category_id": 9, "bbox": [5, 5, 20, 20], "score": 0.5},
    ]
    set_id = import_predictions(project_id, "bare", found)["set_id"]
    request = EvaluationRequest(project_id, set_id)
    view = background(database, request)
    assert (view.images, view.set.predictions, view.set.images_hit) == (1, 1, 1)
    only = [(one.name, one.at_score, one.any_score) for one in view.set.predicted_only]
    assert only == [("nucleus", 1, 2)]
    opened = [
        image_page(database, request, choice=choice)
        for choice in (
            background_choice(side="set"),
            predicted_only_choice(side="set"),
            predicted_only_choice("nucleus", side="set"),
            predicted_only_choice("cell", side="set"),
        )
    ]
    assert [page.objects for page in opened] == [1, 1, 1, 0]
    assert [row.file_name for row in opened[0].rows] == ["b.png"]
