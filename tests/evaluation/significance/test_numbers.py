from __future__ import annotations

import numpy as np

from evaluation import evaluate
from evaluation.significance.numbers import NAMES, class_mean, plain, samples
from evaluation.significance.replicates import kernel
from tests.evaluation.significance.resampled_scenes import NAMES as CLASS_NAMES
from tests.evaluation.significance.resampled_scenes import random_scene, weighable, weighed


def test_samples__of_weights_one_are_the_numbers_of_the_evaluation() -> None:
    scene = random_scene(1)
    side = scene.matched()[0]
    ones = np.ones((scene.n_images, 1), dtype=np.int32)
    replicates = weighed(weighable(scene.truth, side, scene.n_images), ones, kernel.LANES)
    expected = evaluate(
        scene.truth, side.predictions, class_names=CLASS_NAMES, matches=side.matches
    ).to_dict()
    for level, names in NAMES.items():
        for name in names:
            values = [np.nan if value is None else value for value in plain(expected, level, name)]
            found = samples(replicates, level, name)[:, 0]
            np.testing.assert_allclose(found, values, rtol=0, atol=1e-14, err_msg=f"{level} {name}")


def test_class_mean__leaves_out_classes_that_a_replicate_did_not_draw() -> None:
    numbers = np.array([[0.2, 0.2, np.nan], [0.6, np.nan, np.nan]])
    assert class_mean(numbers)[:2].tolist() == [0.4, 0.2]
    assert np.isnan(class_mean(numbers)[2])


def test_names__are_those_of_an_evaluation() -> None:
    scene = random_scene(2)
    data = evaluate(scene.truth, scene.sides[0], class_names=CLASS_NAMES).to_dict()
    plain_only = {"name", "size", "support", "predictions", "score", "iou"}
    assert tuple(data["metrics"]) == NAMES["metrics"]
    assert tuple(key for key in data["classes"][0] if key not in plain_only) == NAMES["classes"]
    assert tuple(k for k in data["class_sizes"][0] if k not in plain_only) == NAMES["class_sizes"]
    assert tuple(key for key in data["sizes"]["small"] if key not in plain_only) == NAMES["sizes"]
    point = tuple(key for key in data["operating_point"] if key not in plain_only)
    assert point == NAMES["operating_point"]
