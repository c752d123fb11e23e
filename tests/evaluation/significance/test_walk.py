from __future__ import annotations

import numpy as np

from evaluation import Instances, match
from evaluation.significance.walk import MatchedSet, Scope, walk


def laid_out(*, images: list[bool] | None = None, classes: list[int] | None = None):
    """Class 0: a hit in image 1, then two false positives; class 1: a miss, then a hit."""
    truth = Instances.ground_truth(
        [0, 1, 1], [1, 0, 1], [[0, 0, 40, 40], [0, 0, 20, 20], [0, 0, 10, 10]]
    )
    found = Instances.predictions(
        [0, 1, 0, 1, 0],
        [0, 0, 0, 1, 1],
        [[90, 90, 9, 9], [0, 0, 20, 20], [60, 60, 9, 9], [50, 50, 40, 40], [0, 0, 40, 40]],
        score=[0.3, 0.9, 0.2, 0.8, 0.7],
    )
    scope = Scope.of(
        np.ones(2, np.bool_) if images is None else np.array(images),
        np.arange(2) if classes is None else np.array(classes),
        2,
    )
    return walk(truth, MatchedSet(found, match(truth, found)), scope)


def test_walk__ends_each_class_at_its_last_match() -> None:
    columns = laid_out()
    # Class 0 is one row, its hit; class 1 two, best score first.
    assert columns.row_start.tolist() == [0, 1, 3]
    assert columns.row_image.tolist() == [1, 1, 0]
    assert columns.event_start.tolist() == [0, 1, 2]
    assert columns.event_row.tolist() == [0, 2]
    # Ranges all, small, medium, large are bits 1 2 4 8.
    assert columns.row_ranges.tolist() == [3, 5, 5]
    assert columns.event_counted.tolist() == [3, 5]


def test_walk__leaves_out_images_and_classes_out_of_scope() -> None:
    columns = laid_out(images=[True, False])
    assert (columns.row_start.tolist(), columns.row_image.tolist()) == ([0, 0, 1], [0])
    assert columns.n_images == 1
    swapped = laid_out(classes=[1, 0])
    assert (swapped.row_start.tolist(), swapped.row_image.tolist()) == ([0, 2, 3], [1, 0, 1])


def test_walk__leaves_out_what_is_beyond_cocos_cap() -> None:
    n = 103
    truth = Instances.ground_truth([0] * n, [0] * n, [[30 * i, 0, 20, 20] for i in range(n)])
    found = truth.take(np.arange(n))
    scope = Scope.of(np.ones(1, np.bool_), np.arange(1), 1)
    assert len(walk(truth, MatchedSet(found, match(truth, found)), scope).row_image) == 100
