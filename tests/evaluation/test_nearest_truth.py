from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.errors import InvalidThreshold, MissingMasks
from evaluation.instances import Instances
from evaluation.masks import Masks
from evaluation.nearest_truth import nearest_truth
from evaluation.overlap import box_iou
from tests.evaluation.random_tables import Scene, random_scene


def nearest_by_hand(scene: Scene, row: int, *, same: bool, floor: float) -> tuple[float, int]:
    """IoU and row of the best ground truth, (0, −1) without; of equal IoU the later one."""
    truth, predictions = scene.truth, scene.predictions
    best = (0.0, -1)
    for candidate in range(len(truth)):
        wanted = (truth.class_[candidate] == predictions.class_[row]) == same
        here = truth.image[candidate] == predictions.image[row]
        if wanted and here and not truth.crowd[candidate]:
            pair = predictions.boxes[[row]], truth.boxes[[candidate]]
            overlap = float(box_iou(*pair, np.array([False]))[0])
            if overlap >= floor:
                best = max(best, (overlap, candidate))
    return best


@settings(derandomize=True, deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), floor=st.sampled_from([0.1, 0.3, 0.5]))
def test_nearest_truth__is_the_largest_overlap(seed: int, floor: float) -> None:
    scene = random_scene(seed)
    nearest = nearest_truth(scene.truth, scene.predictions, floor=floor)
    place = {row: at for at, row in enumerate(nearest.pred.tolist())}
    for row in range(len(scene.predictions)):
        by_hand = [nearest_by_hand(scene, row, same=same, floor=floor) for same in (True, False)]
        if row not in place:
            assert by_hand == [(0.0, -1), (0.0, -1)]
            continue
        at = place[row]
        assert (nearest.same_iou[at], nearest.same[at]) == by_hand[0]
        assert (nearest.other_iou[at], nearest.other[at]) == by_hand[1]


def test_nearest_truth__of_equal_overlaps_is_the_later_one() -> None:
    truth = Instances.ground_truth([0, 0], [0, 0], [[0, 0, 10, 10]] * 2)
    predictions = Instances.predictions([0], [0], [[0, 0, 10, 5]], score=[1])
    assert nearest_truth(truth, predictions).same.tolist() == [1]


def test_nearest_truth__crowd_regions_are_no_candidates() -> None:
    truth = Instances.ground_truth([0, 0], [0, 0], [[0, 0, 10, 10]] * 2, crowd=[0, 1])
    predictions = Instances.predictions([0], [0], [[0, 0, 10, 5]], score=[1])
    assert nearest_truth(truth, predictions).same.tolist() == [0]


def test_nearest_truth__of_masks() -> None:
    # Two rows of four pixels; the boxes are equal, the masks share two pixels of four.
    masks = Masks.from_runs([[0, 3, 5]], [(4, 2)]), Masks.from_runs([[1, 3, 4]], [(4, 2)])
    truth = Instances.ground_truth([0], [0], [[0, 0, 2, 4]], masks=masks[0])
    predictions = Instances.predictions([0], [1], [[0, 0, 2, 4]], score=[1], masks=masks[1])
    assert nearest_truth(truth, predictions, iou_type="segm").other_iou.tolist() == [0.5]
    with pytest.raises(MissingMasks):
        nearest_truth(
            truth, Instances.predictions([0], [1], [[0, 0, 2, 4]], score=[1]), iou_type="segm"
        )


@pytest.mark.parametrize("floor", [0.0, 1.0, float("nan")])
def test_nearest_truth__floor_out_of_range(floor: float) -> None:
    scene = random_scene(0)
    with pytest.raises(InvalidThreshold, match="floor"):
        nearest_truth(scene.truth, scene.predictions, floor=floor)


def test_nearest_truth__of_nothing() -> None:
    nothing = Instances.predictions([], [], [], score=[])
    assert nearest_truth(Instances.ground_truth([], [], []), nothing).pred.tolist() == []
    assert nearest_truth(random_scene(0).truth, nothing).same.tolist() == []
