from __future__ import annotations

import numpy as np
import pytest

from evaluation.candidates import box_pairs, cut_into_cells, find_candidates
from evaluation.errors import MismatchedColumns, MissingMasks
from evaluation.instances import Instances
from evaluation.overlap import box_iou
from evaluation.walking_order import walking_order

pytestmark = pytest.mark.usefixtures("matching_kernels")


def random_tables(seed: int, n: int = 60) -> tuple[Instances, Instances]:
    rng = np.random.default_rng(seed)
    truth = Instances.ground_truth(
        rng.integers(0, 5, n),
        rng.integers(0, 3, n),
        rng.integers(1, 20, (n, 4)),
        crowd=rng.random(n) < 0.2,
    )
    found = Instances.predictions(
        rng.integers(0, 6, 2 * n),
        rng.integers(0, 4, 2 * n),
        rng.integers(1, 20, (2 * n, 4)),
        score=rng.integers(0, 9, 2 * n) / 9,
    )
    return truth, found


def test_find_candidates__one_cell_enough_overlap_best_first_then_later_first() -> None:
    truth = Instances.ground_truth(
        [0, 0, 3], [0, 0, 0], [[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 4]]
    )
    found = Instances.predictions([0, 3], [0, 0], [[0, 0, 10, 8], [0, 0, 10, 10]], score=[1, 1])
    near = find_candidates(truth, found, iou_type="bbox", floor=0.5)
    assert near.pred.tolist() == [0, 0]
    assert near.truth.tolist() == [1, 0]
    assert near.iou.tolist() == [0.8, 0.8]


@pytest.mark.parametrize("class_agnostic", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_find_candidates__every_pair_of_an_image(seed: int, class_agnostic: bool) -> None:
    truth, found = random_tables(seed)
    near = find_candidates(truth, found, iou_type="bbox", floor=0.1, class_agnostic=class_agnostic)
    row, other = (side.ravel() for side in np.indices((len(found), len(truth))))
    meet = found.image[row] == truth.image[other]
    meet &= class_agnostic | (found.class_[row] == truth.class_[other])
    iou = box_iou(found.boxes[row], truth.boxes[other], truth.crowd[other])
    wanted = np.flatnonzero(meet & (iou >= 0.1))
    assert set(zip(near.pred, near.truth, near.iou, strict=True)) == set(
        zip(row[wanted], other[wanted], iou[wanted], strict=True)
    )
    assert len(near.pred) == len(wanted)


def test_find_candidates__of_a_cell_the_best_score_first() -> None:
    truth, found = random_tables(4)
    near = find_candidates(truth, found, iou_type="bbox", floor=0.1)
    cell = found.image[near.pred] * 10 + found.class_[near.pred]
    same = np.diff(cell) == 0
    assert (np.diff(found.score[near.pred])[same] <= 0).all()
    assert len(np.unique(cell)) == 1 + np.count_nonzero(~same)


def test_cut_into_cells__ranks_and_what_is_shared() -> None:
    truth = Instances.ground_truth([1, 0], [2, 1], np.ones((2, 4)))
    found = Instances.predictions([0, 1, 0], [1, 0, 1], np.ones((3, 4)), score=[0.1, 0.2, 0.3])
    cells = cut_into_cells(truth, found, walking_order(found))
    assert cells.rank.tolist() == [1, 0, 0]
    assert cells.pred_order.tolist() == [2, 0, 1]
    assert cells.truth_order.tolist() == [1, 0]
    assert cells.shared.tolist() == [[0, 2, 0, 1]]


def test_cut_into_cells__nothing_on_either_side() -> None:
    nothing = Instances.predictions([], [], [], score=[])
    cells = cut_into_cells(Instances.ground_truth([], [], []), nothing, walking_order(nothing))
    assert cells.shared.shape == (0, 4)


def test_cut_into_cells__many_rows_in_threads() -> None:
    rng = np.random.default_rng(1)
    image, class_ = rng.integers(0, 300, 90_000), rng.integers(0, 4, 90_000)
    found = Instances.predictions(image, class_, np.ones((90_000, 4)), score=rng.random(90_000))
    truth = Instances.ground_truth(image[:50], class_[:50], np.ones((50, 4)))
    cells = cut_into_cells(truth, found, walking_order(found))
    expected = np.empty(90_000, dtype=np.int64)
    order = np.lexsort((-found.score, class_, image))
    first = np.flatnonzero(np.diff(image[order] * 4 + class_[order], prepend=-1))
    expected[order] = np.arange(90_000) - np.repeat(first, np.diff(first, append=90_000))
    assert np.array_equal(cells.rank, expected)
    assert np.array_equal(cells.pred_order, order)


def test_cut_into_cells__an_order_of_another_table() -> None:
    truth, found = random_tables(5)
    with pytest.raises(MismatchedColumns, match="order"):
        cut_into_cells(truth, found, np.arange(3))


def test_box_pairs__cells_of_other_tables() -> None:
    truth, found = random_tables(6)
    cells = cut_into_cells(truth, found, walking_order(found))
    with pytest.raises(MismatchedColumns, match=r"cells\.pred_order"):
        box_pairs(found.boxes[:5], truth.boxes, truth.crowd, cells, 0.5)
    with pytest.raises(MismatchedColumns, match=r"cells\.truth_order"):
        box_pairs(found.boxes, truth.boxes[:5], truth.crowd, cells, 0.5)


def test_find_candidates__masks_are_needed_for_masks() -> None:
    truth = Instances.ground_truth([0, 0, 3], [0, 0, 0], np.ones((3, 4)))
    found = Instances.predictions([0, 3], [0, 0], np.ones((2, 4)), score=[1, 1])
    with pytest.raises(MissingMasks, match="predictions have no masks"):
        find_candidates(truth, found, iou_type="segm", floor=0.5)
