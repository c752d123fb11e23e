from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.errors import MissingMasks
from evaluation.instances import Instances
from evaluation.masks import Masks
from evaluation.overlap import box_iou
from evaluation.same_mistakes import best_first, same_mistakes

SEEDS = st.integers(0, 2**32 - 1)


def found(*boxes: list[float]) -> Instances:
    n = len(boxes)
    table = Instances.predictions([0] * n, [0] * n, np.zeros((n, 4)), score=[0.5] * n)
    return replace(table, boxes=np.array(boxes))  # absurd ones too


def random_mistakes(rng: np.random.Generator) -> Instances:
    n = int(rng.integers(0, 25))
    boxes = np.c_[rng.integers(0, 8, (n, 2)), rng.integers(0, 9, (n, 2))]
    return Instances.predictions(
        rng.integers(0, 2, n), rng.integers(0, 2, n), boxes, score=rng.random(n)
    )


def pairs_of(first: Instances, second: Instances) -> list[tuple[int, int]]:
    return sorted(zip(*(rows.tolist() for rows in same_mistakes(first, second)), strict=True))


def pairs_by_hand(first: Instances, second: Instances) -> set[tuple[int, int]]:
    """Take the largest overlap first, one to one; boxes that touch are all that is looked at."""
    overlaps = []
    for row in range(len(first)):
        for other in range(len(second)):
            same = first.image[row] == second.image[other]
            if same and first.class_[row] == second.class_[other]:
                pair = first.boxes[[row]], second.boxes[[other]]
                overlap = float(box_iou(*pair, np.array([False]))[0])
                overlaps.append((-overlap, row + other, row, other))
    taken: set[tuple[int, int]] = set()
    for overlap, _, row, other in sorted(overlaps):
        free = all(row != ours and other != theirs for ours, theirs in taken)
        if free and -overlap >= 0.5:
            taken.add((row, other))
    return taken


def test_same_mistakes__the_largest_overlap_is_taken_first() -> None:
    first = found([0, 0, 10, 10], [0, 0, 10, 7])
    second = found([0, 0, 10, 8])
    assert pairs_of(first, second) == [(1, 0)]


def test_same_mistakes__an_overlap_of_one_half_is_enough() -> None:
    assert pairs_of(found([0, 0, 10, 10]), found([0, 0, 10, 5])) == [(0, 0)]
    assert pairs_of(found([0, 0, 10, 10]), found([0, 0, 10, 4.9])) == []


@pytest.mark.parametrize(
    "box", [[5, 5, 0, 0], [5, 5, 0, 9], [1e9, 0, 1e-12, 3], [0, 0, 1e200, 1e200]]
)
def test_same_mistakes__boxes_that_overlap_nothing_are_paired_with_equal_ones(
    box: list[float],
) -> None:
    first, second = found(box, [0, 0, 9, 9], box), found([50, 0, 9, 9], box)
    assert pairs_of(first, second) == [(0, 1)]
    assert pairs_of(first, first) == [(0, 0), (1, 1), (2, 2)]


def test_same_mistakes__of_masks() -> None:
    masks = Masks.from_runs([[0, 4], [4], [2, 2], [4]], [(2, 2)] * 4)
    table = Instances.predictions([0] * 4, [0] * 4, [[0, 0, 2, 2]] * 4, score=[1] * 4, masks=masks)
    ours, theirs = same_mistakes(table, table, iou_type="segm")
    assert sorted(zip(ours.tolist(), theirs.tolist(), strict=True)) == [(i, i) for i in range(4)]
    with pytest.raises(MissingMasks):
        same_mistakes(table, found([0, 0, 2, 2]), iou_type="segm")


@settings(derandomize=True, deadline=None, max_examples=80)
@given(seed=SEEDS)
def test_same_mistakes__as_by_hand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = random_mistakes(rng), random_mistakes(rng)
    flat = {
        (ours, theirs)
        for ours, theirs in pairs_of(first, second)
        if not first.boxes[ours, 2:].all()
    }
    assert set(pairs_of(first, second)) - flat == pairs_by_hand(first, second)
    for ours, theirs in flat:
        assert first.boxes[ours].tolist() == second.boxes[theirs].tolist()


@settings(derandomize=True, deadline=None, max_examples=60)
@given(seed=SEEDS)
def test_same_mistakes__swapping_the_sides_swaps_the_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = random_mistakes(rng), random_mistakes(rng)
    swapped = [(ours, theirs) for theirs, ours in pairs_of(second, first)]
    assert sorted(swapped) == pairs_of(first, second)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(seed=SEEDS)
def test_same_mistakes__a_table_has_all_in_common_with_itself(seed: int) -> None:
    table = random_mistakes(np.random.default_rng(seed))
    ours, theirs = same_mistakes(table, table)
    assert sorted(ours.tolist()) == sorted(theirs.tolist()) == list(range(len(table)))


@settings(derandomize=True, deadline=None, max_examples=60)
@given(seed=SEEDS)
def test_best_first__as_one_after_another(seed: int) -> None:
    rng = np.random.default_rng(seed)
    row, other = (rng.integers(0, 12, 40) for _ in range(2))
    one_by_one: list[tuple[int, int]] = []
    for pair in zip(row.tolist(), other.tolist(), strict=True):
        if all(pair[0] != ours and pair[1] != theirs for ours, theirs in one_by_one):
            one_by_one.append(pair)
    taken = best_first(row, other)
    assert sorted(zip(*(side.tolist() for side in taken), strict=True)) == sorted(one_by_one)
