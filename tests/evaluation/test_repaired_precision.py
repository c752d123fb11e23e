from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.instances import Instances
from evaluation.repaired_precision import Repair, Walk, sample_precision
from evaluation.walking_order import walking_order


def walk_of(score: list[float], right: list[bool], positives: int) -> Walk:
    n = len(score)
    found = Instances.predictions([0] * n, [0] * n, np.ones((n, 4)), score=score)
    return Walk.of(found, walking_order(found), np.array(right), np.array([positives]))


def test_sample_precision__of_two_true_positives_and_a_false_one_between() -> None:
    walk = walk_of([0.9, 0.8, 0.7], [True, False, True], 2)
    curve = sample_precision(walk, Repair.of(walk))[0].round(9)
    assert curve[:51].tolist() == [1.0] * 51
    assert curve[51:].tolist() == [round(2 / 3, 9)] * 50


def test_sample_precision__with_a_false_positive_mended() -> None:
    walk = walk_of([0.9, 0.8, 0.7], [True, False, False], 2)
    curve = sample_precision(walk, Repair.of(walk, mended=np.array([1])))[0].round(9)
    assert set(curve.tolist()) == {1.0}


def test_sample_precision__with_ground_truth_dropped() -> None:
    walk = walk_of([0.9], [True], 2)
    assert sample_precision(walk, Repair.of(walk))[0, 51] == 0.0
    dropped = Repair.of(walk, dropped=np.array([1]))
    assert set(sample_precision(walk, dropped)[0].round(9).tolist()) == {1.0}


def test_sample_precision__with_nothing_left_to_find() -> None:
    walk = walk_of([0.9], [False], 1)
    assert set(sample_precision(walk, Repair.of(walk, dropped=np.array([1])))[0].tolist()) == {0.0}


def test_sample_precision__moved_to_another_class() -> None:
    found = Instances.predictions([0, 0, 0], [0, 1, 1], np.ones((3, 4)), score=[0.8, 0.9, 0.7])
    walk = Walk.of(found, walking_order(found), np.array([False, False, True]), np.array([0, 2]))
    repair = Repair.of(
        walk, gone=np.array([True, False, False]), moved=(np.array([0]), np.array([1]))
    )
    curve = sample_precision(walk, repair)[0].round(9)  # wrong, moved here, right
    assert curve.tolist() == [round(2 / 3, 9)] * 101


@settings(derandomize=True, deadline=None, max_examples=50)
@given(seed=st.integers(0, 2**32 - 1))
def test_insertion_places__are_where_a_sort_would_put_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, n_classes = 40, 3
    found = Instances.predictions(
        rng.integers(0, 4, n),
        rng.integers(0, n_classes, n),
        np.ones((n, 4)),
        score=rng.integers(0, 5, n) / 4,
    )
    order = walking_order(found)
    walk = Walk.of(found, order, np.zeros(n, dtype=np.bool_), np.ones(n_classes, dtype=np.int64))
    rows = rng.permutation(n)[:15]
    class_ = (found.class_[rows] + 1) % n_classes
    places = walk.insertion_places(class_, rows)
    keys = [
        (int(k), -float(found.score[r]), int(found.image[r]), int(r))
        for r, k in [*zip(order, found.class_[order], strict=True)]
    ]
    for place, row, wanted in zip(places.tolist(), rows.tolist(), class_.tolist(), strict=True):
        key = (wanted, -float(found.score[row]), int(found.image[row]), row)
        assert place == sum(other < key for other in keys)
