"""Scores of images as sort orders: F1, mean IoU and how they changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from curation.evaluations.comparison import compare_sets
from curation.evaluations.evaluated_sets import evaluated_set
from curation.evaluations.images import SORTS, image_page
from curation.evaluations.request import EvaluationRequest
from evaluation.image_scores import image_scores


@pytest.fixture
def request_of_both(two_sets) -> EvaluationRequest:
    project_id, first, second = two_sets
    return EvaluationRequest(project_id, second, first)


def names(page) -> list[str]:
    return [row.file_name for row in page.rows]


def test_scores__by_hand(database, request_of_both) -> None:
    a, b = image_page(database, request_of_both, sort="name").rows
    # Image a: one found, one missed, one wrong; image b: its nucleus is found.
    assert a.f1 == pytest.approx(1 / 2)
    assert a.mean_iou == 1.0
    assert (b.f1, b.against_f1, b.against_mean_iou) == (1.0, 0.0, None)


def test_scores__are_those_of_the_evaluator(database, confused) -> None:
    result = compare_sets(database, confused).set.result
    side = evaluated_set(database, confused.set_id, "bbox")
    scores = image_scores(
        result.outcomes, side.truth.instances, side.predictions, n_images=len(side.truth.images)
    )
    for place, row in enumerate(image_page(database, confused, sort="name").rows):
        expected = scores.of_image(place)
        assert (row.f1, row.mean_iou) == (expected["f1"], expected["mean_iou"])


def test_sorts__by_score_and_by_change(database, request_of_both) -> None:
    orders = {sort: names(image_page(database, request_of_both, sort=sort)) for sort in SORTS}
    assert orders["f1"] == ["a.png", "b.png"]
    assert orders["f1_gain"] == ["b.png", "a.png"]  # 0 → 1 before ⅔ → ½
    assert orders["f1_loss"] == ["a.png", "b.png"]
    assert all(sorted(order) == ["a.png", "b.png"] for order in orders.values())


def test_sorts__what_does_not_exist_comes_last(database, request_of_both) -> None:
    high = replace(request_of_both, score=0.75)  # image b has nothing found: no mean IoU
    assert names(image_page(database, high, sort="mean_iou")) == ["a.png", "b.png"]


def test_sorts__moved_boxes_first(database, two_sets, import_predictions) -> None:
    project_id, _, second = two_sets
    moved = [
        {"image_id": 1, "category_id": 7, "bbox": [40, 20, 40, 40], "score": 0.8},
        {"image_id": 2, "category_id": 9, "bbox": [5, 5, 20, 15], "score": 0.7},
    ]
    set_id = import_predictions(project_id, "moved", moved)["set_id"]
    request = EvaluationRequest(project_id, set_id, second)
    page = image_page(database, request, sort="placement")
    assert names(page) == ["b.png", "a.png"]
    assert page.rows[0].mean_iou == pytest.approx(0.75)


def test_sizes__restrict_scores_too(database, request_of_both) -> None:
    page = image_page(database, request_of_both, sort="name", size="medium")
    assert [(row.tp, row.fn, row.f1) for row in page.rows] == [(1, 0, 1.0), (0, 0, None)]
