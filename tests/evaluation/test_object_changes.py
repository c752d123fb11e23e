from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.errors import MismatchedColumns, PositionOutOfRange
from evaluation.instances import Instances
from evaluation.matching import match
from evaluation.object_changes import ObjectChanges, Ranking, Side, object_changes
from evaluation.operating_point import PredictionOutcome, TruthOutcome, count, outcomes

if TYPE_CHECKING:
    from tests.evaluation.conftest import Coco

LEFT, MIDDLE, RIGHT = ([x, 0.0, 10.0, 10.0] for x in (0.0, 20.0, 40.0))
N_IMAGES = 5


def side(truth: Instances, predictions: Instances) -> Side:
    matches = match(truth, predictions)
    return Side(predictions, outcomes(truth, predictions, matches, score=0.3, iou=0.5))


def found(*boxes: list[float], image: int = 0, class_: int = 0) -> Instances:
    n = len(boxes)
    return Instances.predictions([image] * n, [class_] * n, boxes, score=[0.9] * n)


def random_case(seed: int) -> tuple[Instances, Side, Side]:
    rng = np.random.default_rng(seed)
    truth = Instances.ground_truth(
        rng.integers(0, N_IMAGES, 25),
        rng.integers(0, 2, 25),
        np.c_[rng.integers(0, 4, (25, 2)) * 15, np.full((25, 2), 20)],
        crowd=rng.random(25) < 0.1,
    )

    def detector() -> Side:
        n = int(rng.integers(0, 60))
        boxes = np.c_[rng.integers(0, 12, (n, 2)) * 5, np.full((n, 2), 20)]
        image, class_ = rng.integers(0, N_IMAGES, n), rng.integers(0, 2, n)
        predictions = Instances.predictions(image, class_, boxes, score=rng.random(n))
        return side(truth, predictions)

    return truth, detector(), detector()


def test_object_changes__one_of_each_kind() -> None:
    truth = Instances.ground_truth([0, 0, 0], [0, 0, 0], [LEFT, MIDDLE, RIGHT])
    old = side(truth, found(LEFT, MIDDLE, [100, 0, 9, 9], [200, 0, 9, 9]))
    new = side(truth, found([0, 0, 10, 8], RIGHT, [100, 0, 9, 8], [300, 0, 9, 9]))
    changes = object_changes(truth, new, old, n_images=1)
    assert changes.gained.tolist() == [2]
    assert changes.lost.tolist() == [1]
    assert changes.kept.tolist() == [0]
    assert changes.newly_wrong.tolist() == [3]
    assert changes.fixed.tolist() == [3]
    assert changes.per_image.tolist() == [[1, 1, 1, 1]]
    assert (changes.iou_before[0], changes.iou_after[0]) == (1.0, 0.8)
    assert np.isnan([changes.iou_before[2], changes.iou_after[1]]).all()
    assert (changes.better_placed.tolist(), changes.worse_placed.tolist()) == ([], [0])
    assert changes.iou_change[0] == pytest.approx(-0.2)
    assert changes.iou_change_per_image.tolist() == pytest.approx([-0.2])


def test_object_changes__a_mistake_of_another_class_or_image_is_another_mistake() -> None:
    truth = Instances.ground_truth([], [], [])
    old = side(truth, found(LEFT))
    for other in (found(LEFT, class_=1), found(LEFT, image=1)):
        changes = object_changes(truth, side(truth, other), old, n_images=2)
        assert (len(changes.newly_wrong), len(changes.fixed)) == (1, 1)


def test_object_changes__of_a_set_and_itself_are_none() -> None:
    truth, new, _ = random_case(3)
    changes = object_changes(truth, new, new, n_images=N_IMAGES)
    assert changes.per_image.tolist() == [[0, 0, 0, 0]] * N_IMAGES
    assert np.array_equal(changes.iou_before, changes.iou_after, equal_nan=True)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_object_changes__sums_are_the_differences_in_counts(seed: int) -> None:
    truth, new, old = random_case(seed)
    changes = object_changes(truth, new, old, n_images=N_IMAGES)
    ours, theirs = (
        count(part.outcomes, truth, part.predictions, n_classes=2).total() for part in (new, old)
    )
    assert len(changes.gained) - len(changes.lost) == ours.tp - theirs.tp
    assert len(changes.newly_wrong) - len(changes.fixed) == ours.fp - theirs.fp
    assert changes.per_image.sum(axis=0).tolist() == [
        len(changes.gained),
        len(changes.lost),
        len(changes.newly_wrong),
        len(changes.fixed),
    ]


@settings(derandomize=True, deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_object_changes__rows_are_what_their_names_say(seed: int) -> None:
    truth, new, old = random_case(seed)
    changes = object_changes(truth, new, old, n_images=N_IMAGES)
    after, before = (part.outcomes.truth == TruthOutcome.FOUND for part in (new, old))
    assert sorted(changes.gained.tolist()) == np.flatnonzero(after & ~before).tolist()
    assert sorted(changes.kept.tolist()) == np.flatnonzero(after & before).tolist()
    wrong = new.outcomes.prediction[changes.newly_wrong]
    assert set(wrong.tolist()) <= {int(PredictionOutcome.FALSE_POSITIVE)}


@settings(derandomize=True, deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_in_image__together_all_images_give_all_rows(seed: int) -> None:
    truth, new, old = random_case(seed)
    changes = object_changes(truth, new, old, n_images=N_IMAGES)
    parts = [changes.in_image(image) for image in range(N_IMAGES)]
    for image, part in enumerate(parts):
        assert set(truth.image[part.gained].tolist()) <= {image}
        assert set(old.predictions.image[part.fixed].tolist()) <= {image}
    for kind in (*("gained", "lost", "newly_wrong", "fixed"), "kept", "better_placed"):
        together = np.concatenate([getattr(part, kind) for part in parts])
        assert together.tolist() == getattr(changes, kind).tolist()


@settings(derandomize=True, deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_object_changes__swapping_the_sides_swaps_every_kind(seed: int) -> None:
    truth, new, old = random_case(seed)

    def changes(first: Side, second: Side) -> ObjectChanges:
        return object_changes(truth, first, second, n_images=N_IMAGES)

    there, back = changes(new, old), changes(old, new)
    assert there.gained.tolist() == back.lost.tolist()
    assert there.newly_wrong.tolist() == back.fixed.tolist()
    assert there.better_placed.tolist() == back.worse_placed.tolist()
    assert there.kept.tolist() == back.kept.tolist()
    assert np.array_equal(there.iou_before, back.iou_after, equal_nan=True)
    assert np.array_equal(there.iou_change, -back.iou_change, equal_nan=True)
    assert there.ranked_images().tolist() == back.ranked_images().tolist()


@settings(derandomize=True, deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_object_changes__of_any_set_and_itself_are_none(seed: int) -> None:
    truth, new, _ = random_case(seed)
    # Boxes without an area overlap nothing, not even themselves.
    flat = new.predictions.boxes * (np.arange(len(new.predictions)) % 3 > 0)[:, None]
    shrunk = side(truth, replace(new.predictions, boxes=flat))
    changes = object_changes(truth, shrunk, shrunk, n_images=N_IMAGES)
    assert not changes.per_image.any()
    assert len(changes.better_placed) == len(changes.worse_placed) == 0
    for by in get_args(Ranking):
        assert changes.ranked_images(by).tolist() == []


@settings(derandomize=True, deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_object_changes__placement_is_that_of_objects_that_both_found(seed: int) -> None:
    truth, new, old = random_case(seed)
    changes = object_changes(truth, new, old, n_images=N_IMAGES)
    better, worse = set(changes.better_placed.tolist()), set(changes.worse_placed.tolist())
    assert better.isdisjoint(worse)
    assert better | worse <= set(changes.kept.tolist())
    change = changes.iou_change
    assert better == set(np.flatnonzero(change > 0).tolist())
    by_hand = [
        sum(change[row] for row in changes.in_image(image).kept.tolist())
        for image in range(N_IMAGES)
    ]
    assert changes.iou_change_per_image.tolist() == pytest.approx(by_hand)


def test_ranked_images__by_changes_and_by_net_loss() -> None:
    truth = Instances.ground_truth([0, 1, 1, 2], [0] * 4, [LEFT, LEFT, RIGHT, LEFT])

    def predicting(images: list[int], boxes: list[list[float]]) -> Side:
        n = len(images)
        return side(truth, Instances.predictions(images, [0] * n, boxes, score=[0.9] * n))

    old = predicting([0, 2], [LEFT, LEFT])
    new = predicting([1, 1, 2], [LEFT, RIGHT, [0.0, 0.0, 10.0, 8.0]])
    changes = object_changes(truth, new, old, n_images=4)
    assert changes.per_image.tolist() == [[0, 1, 0, 0], [2, 0, 0, 0], [0] * 4, [0] * 4]
    assert changes.ranked_images().tolist() == [1, 0]
    assert changes.ranked_images("net_loss").tolist() == [0, 1]
    assert changes.ranked_images("placement").tolist() == [2]


def test_object_changes__outcomes_of_other_tables() -> None:
    truth, new, old = random_case(1)
    with pytest.raises(MismatchedColumns, match=r"outcomes\.truth"):
        object_changes(truth.take(np.arange(3)), new, old, n_images=N_IMAGES)


def test_object_changes__image_outside_the_axis() -> None:
    truth, new, old = random_case(1)
    with pytest.raises(PositionOutOfRange):
        object_changes(truth, new, old, n_images=2)


@pytest.mark.shared_data
def test_object_changes__real_detections_against_themselves(coco: Coco, shared_data: Path) -> None:
    folder = shared_data / "voc2007test"  # three of its boxes have no width or height
    document, results = (
        json.loads((folder / name).read_bytes())
        for name in ("instances_voc2007test.json", "yolov3_zengyian3.json")
    )
    tables = coco.tables(document, results)
    matches = match(tables.truth, tables.predictions)
    at = outcomes(tables.truth, tables.predictions, matches, score=0.0, iou=0.5)
    itself = Side(tables.predictions, at)
    changes = object_changes(tables.truth, itself, itself, n_images=tables.n_images)
    assert not changes.per_image.any()
    assert changes.ranked_images("placement").tolist() == []
