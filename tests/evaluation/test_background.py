from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.background import background_predictions, predicted_only_classes
from evaluation.errors import InvalidThreshold, PositionOutOfRange
from evaluation.instances import Instances
from tests.evaluation.random_tables import N_CLASSES, N_IMAGES, random_scene

PLACE = [0.0, 0.0, 10.0, 10.0]
SEEDS = st.integers(0, 2**32 - 1)
ALL = np.ones(N_IMAGES, dtype=np.bool_)


def found(*rows: tuple[int, int, float]) -> Instances:
    """Image, class and score of predictions."""
    return Instances.predictions(
        [row[0] for row in rows],
        [row[1] for row in rows],
        [PLACE] * len(rows),
        score=[row[2] for row in rows],
    )


def test_background_predictions__at_the_score_and_at_any() -> None:
    truth = Instances.ground_truth([0], [0], [PLACE])
    predictions = found((0, 0, 0.9), (3, 1, 0.9), (1, 0, 0.5), (1, 0, 0.8), (2, 1, 0.1))
    result = background_predictions(
        truth, predictions, images=np.ones(5, dtype=np.bool_), score=0.5, n_classes=2
    )
    assert result.images.tolist() == [1, 2, 3, 4]
    assert result.at_score.rows.tolist() == [2, 3, 1]  # by image; a score equal to it is kept
    assert result.at_score.predictions.tolist() == [2, 1]
    assert result.at_score.images.tolist() == [1, 1]
    assert (result.at_score.n_predictions, result.at_score.n_images) == (3, 2)
    assert result.any_score.rows.tolist() == [2, 3, 4, 1]
    assert (result.any_score.images.tolist(), result.any_score.n_images) == ([1, 2], 3)
    assert result.share_of_images == 0.5


def test_background_predictions__an_image_with_a_crowd_region_is_none() -> None:
    truth = Instances.ground_truth([0], [0], [PLACE], crowd=[True])
    images = np.array([True])
    result = background_predictions(truth, found((0, 1, 1)), images=images, score=0, n_classes=2)
    assert (result.images.tolist(), result.share_of_images) == ([], None)


def test_background_predictions__an_unlabelled_image_is_none() -> None:
    truth = Instances.ground_truth([], [], [])
    images = np.array([False, True])
    result = background_predictions(
        truth, found((0, 0, 1), (1, 0, 1)), images=images, score=0, n_classes=1
    )
    assert result.images.tolist() == [1]
    assert result.at_score.rows.tolist() == [1]


@settings(derandomize=True, deadline=None, max_examples=30)
@given(seed=SEEDS, score=st.sampled_from([0.0, 0.5, 1.1]))
def test_background_predictions__classes_sum_to_the_total(seed: int, score: float) -> None:
    scene = random_scene(seed)
    result = background_predictions(
        scene.truth, scene.predictions, images=ALL, score=score, n_classes=N_CLASSES
    )
    for hits in (result.at_score, result.any_score):
        assert hits.predictions.sum() == hits.n_predictions
        assert hits.images.max() <= hits.n_images <= hits.images.sum()
        assert set(scene.predictions.image[hits.rows].tolist()) <= set(result.images.tolist())
    assert set(result.images.tolist()) == set(range(N_IMAGES)) - set(scene.truth.image.tolist())
    assert (scene.predictions.score[result.at_score.rows] >= score).all()


def test_background_predictions__score_that_is_no_number() -> None:
    scene = random_scene(0)
    with pytest.raises(InvalidThreshold):
        background_predictions(
            scene.truth, scene.predictions, images=ALL, score=float("nan"), n_classes=N_CLASSES
        )


def test_background_predictions__image_outside_the_mask() -> None:
    scene = random_scene(0)
    with pytest.raises(PositionOutOfRange):
        background_predictions(
            scene.truth, scene.predictions, images=ALL[:2], score=0, n_classes=N_CLASSES
        )


def test_predicted_only_classes__most_predicted_first() -> None:
    truth = Instances.ground_truth([0], [0], [PLACE])
    predictions = found((0, 0, 0.9), (0, 1, 0.2), (1, 2, 0.9), (0, 2, 0.8), (0, 2, 0.1))
    only = predicted_only_classes(truth, predictions, score=0.5, n_classes=4)
    assert [(one.class_, one.at_score, one.any_score) for one in only] == [(2, 2, 3), (1, 0, 1)]
    assert only[0].rows.tolist() == [3, 2]
    assert only[0].rows_of_any_score.tolist() == [3, 4, 2]


def test_predicted_only_classes__of_the_images_in_scope() -> None:
    truth = Instances.ground_truth([0, 1], [0, 1], [PLACE, PLACE])
    predictions = found((0, 1, 0.9), (1, 1, 0.9))
    images = np.array([True, False])
    only = predicted_only_classes(truth, predictions, score=0.5, n_classes=2, images=images)
    assert [(one.class_, one.rows.tolist()) for one in only] == [(1, [0])]
    assert predicted_only_classes(truth, predictions, score=0.5, n_classes=2) == ()


def test_predicted_only_classes__a_class_of_crowd_regions_is_none() -> None:
    truth = Instances.ground_truth([0], [0], [PLACE], crowd=[True])
    assert predicted_only_classes(truth, found((0, 0, 1)), score=0, n_classes=1) == ()
