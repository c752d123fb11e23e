from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.errors import MismatchedColumns, PositionOutOfRange
from evaluation.image_scores import IMAGE_NUMBERS, ImageScores, image_deltas, image_scores
from evaluation.instances import Instances
from evaluation.matching import match
from evaluation.operating_point import Outcomes, count, outcomes

SQUARE = [0.0, 0.0, 10.0, 10.0]
EIGHT_TENTHS = [0.0, 0.0, 10.0, 8.0]
FAR = [500.0, 500.0, 9.0, 9.0]


def at_point(truth: Instances, predictions: Instances) -> Outcomes:
    return outcomes(truth, predictions, match(truth, predictions), score=0.5, iou=0.5)


def scored(truth: Instances, predictions: Instances, n_images: int) -> ImageScores:
    return image_scores(at_point(truth, predictions), truth, predictions, n_images=n_images)


def test_image_scores__by_hand() -> None:
    truth = Instances.ground_truth([0, 0, 1], [0, 1, 0], [SQUARE, FAR, SQUARE])
    found = Instances.predictions(
        [0, 0, 1, 1], [0, 0, 0, 0], [EIGHT_TENTHS, FAR, SQUARE, FAR], score=[0.9, 0.8, 0.9, 0.1]
    )
    scores = scored(truth, found, n_images=3)
    assert scores.of_image(0) == {
        "tp": 1, "fp": 1, "fn": 1, "ignored": 0,
        "precision": 0.5, "recall": 0.5, "f1": 0.5, "mean_iou": 0.8,
    }  # fmt: skip
    assert scores.of_image(1)["f1"] == 1.0


def test_image_scores__neither_ground_truth_nor_predictions_is_not_available() -> None:
    nothing = Instances.predictions([], [], [], score=[])
    scores = scored(Instances.ground_truth([1], [0], [SQUARE]), nothing, n_images=2)
    assert scores.of_image(0) == {
        "tp": 0, "fp": 0, "fn": 0, "ignored": 0,
        "precision": None, "recall": None, "f1": None, "mean_iou": None,
    }  # fmt: skip
    assert (scores.f1[1], scores.recall[1]) == (0.0, 0.0)


def test_image_scores__a_prediction_on_a_background_image_has_f1_zero() -> None:
    found = Instances.predictions([0], [0], [SQUARE], score=[0.9])
    scores = scored(Instances.ground_truth([], [], []), found, n_images=1)
    assert (scores.fp[0], scores.precision[0], scores.f1[0]) == (1, 0.0, 0.0)
    assert np.isnan(scores.recall[0])


def test_image_scores__ignored_ones_are_counted_apart() -> None:
    truth = Instances.ground_truth([0], [0], [SQUARE], crowd=[1])
    found = Instances.predictions([0, 0], [0, 0], [SQUARE, EIGHT_TENTHS], score=[0.9, 0.8])
    scores = scored(truth, found, n_images=1)
    assert (scores.ignored[0], scores.fp[0], scores.fn[0]) == (2, 0, 0)
    assert np.isnan(scores.f1[0])


def test_rank__worst_first_ties_by_image_not_available_last() -> None:
    truth = Instances.ground_truth([0, 1, 3, 4], [0] * 4, [SQUARE] * 4)
    found = Instances.predictions([1, 4, 4], [0] * 3, [SQUARE, SQUARE, FAR], score=[0.9] * 3)
    scores = scored(truth, found, n_images=5)
    assert scores.rank().tolist() == [0, 3, 4, 1, 2]
    assert scores.rank(descending=True).tolist() == [1, 4, 0, 3, 2]
    assert scores.rank("fn", descending=True).tolist() == [0, 3, 1, 2, 4]


def test_rank__chosen_images_only() -> None:
    truth = Instances.ground_truth([0, 1], [0, 0], [SQUARE, SQUARE])
    found = Instances.predictions([0], [0], [SQUARE], score=[0.9])
    images = np.array([False, True])
    scores = image_scores(at_point(truth, found), truth, found, n_images=2, images=images)
    assert scores.rank().tolist() == [1]
    assert (scores.tp.tolist(), scores.fn.tolist()) == ([0, 0], [0, 1])


def test_image_scores__of_some_classes() -> None:
    truth = Instances.ground_truth([0, 0], [0, 1], [SQUARE, SQUARE])
    found = Instances.predictions([0, 0], [0, 1], [SQUARE, FAR], score=[0.9, 0.9])
    at = at_point(truth, found)
    one = image_scores(at, truth, found, n_images=1, classes=[1])
    assert one.of_image(0)["f1"] == 0.0
    assert image_scores(at, truth, found, n_images=1, classes=[]).fp.tolist() == [0]


def random_tables(seed: int) -> tuple[Instances, Instances]:
    rng = np.random.default_rng(seed)
    n_truth, n_found = int(rng.integers(1, 40)), int(rng.integers(0, 60))
    truth = Instances.ground_truth(
        rng.integers(0, 6, n_truth),
        rng.integers(0, 3, n_truth),
        np.c_[rng.integers(0, 3, (n_truth, 2)) * 30, np.full((n_truth, 2), 20)],
        crowd=rng.random(n_truth) < 0.15,
    )
    rows = rng.integers(0, n_truth, n_found)
    boxes = truth.boxes[rows] * np.c_[np.ones((n_found, 3)), rng.integers(5, 11, n_found) / 10]
    found = Instances.predictions(
        truth.image[rows], truth.class_[rows], boxes, score=rng.random(n_found)
    )
    return truth, found


@settings(derandomize=True, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_image_scores__are_the_operating_point_of_each_image(seed: int) -> None:
    truth, found = random_tables(seed)
    at = at_point(truth, found)
    scores = image_scores(at, truth, found, n_images=6, classes=[0, 2])
    for image in range(6):
        only = np.arange(6) == image
        counts = count(at, truth, found, n_classes=3, images=only).take(np.array([0, 2]))
        tally, numbers = counts.total(), scores.of_image(image)
        assert [numbers[name] for name in ("tp", "fp", "fn")] == [tally.tp, tally.fp, tally.fn]
        assert [numbers[name] for name in ("precision", "recall", "f1")] == [
            tally.precision,
            tally.recall,
            tally.f1,
        ]


@settings(derandomize=True, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_image_deltas__swapping_flips_every_sign_and_itself_is_zero(seed: int) -> None:
    truth, found = random_tables(seed)
    ours, theirs = scored(truth, found, 6), scored(truth, found.take(np.arange(len(found) // 2)), 6)
    there, back = image_deltas(ours, theirs), image_deltas(theirs, ours)
    same = image_deltas(ours, ours)
    for name in IMAGE_NUMBERS:
        assert np.array_equal(getattr(there, name), -getattr(back, name), equal_nan=True)
        differences = getattr(same, name)
        assert not differences[~np.isnan(differences)].any()


def test_image_deltas__ranked_by_loss_and_only_images_of_both() -> None:
    truth = Instances.ground_truth([0, 1, 2], [0] * 3, [SQUARE] * 3)
    ours = Instances.predictions([0], [0], [SQUARE], score=[0.9])
    theirs = Instances.predictions([1, 2], [0, 0], [SQUARE, SQUARE], score=[0.9, 0.9])
    first = scored(truth, ours, 3)
    images = np.array([True, True, False])
    second = image_scores(at_point(truth, theirs), truth, theirs, n_images=3, images=images)
    difference = image_deltas(first, second)
    assert difference.f1[:2].tolist() == [1.0, -1.0]
    assert np.isnan(difference.f1[2])
    assert difference.rank().tolist() == [1, 0]
    assert difference.rank("fn").tolist() == [0, 1]


def test_refusals() -> None:
    truth, found = random_tables(3)
    at = at_point(truth, found)
    with pytest.raises(PositionOutOfRange):
        image_scores(at, truth, found, n_images=2)
    with pytest.raises(PositionOutOfRange):
        image_scores(at, truth, found, n_images=6, classes=[-1])
    with pytest.raises(MismatchedColumns):
        image_scores(at, found, found, n_images=6)
    with pytest.raises(MismatchedColumns):
        image_scores(at, truth, found, n_images=6, images=np.ones(5, dtype=np.bool_))
    with pytest.raises(MismatchedColumns):
        image_deltas(scored(truth, found, 6), scored(truth, found, 7))
