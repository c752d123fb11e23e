from __future__ import annotations

import importlib
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation import _kernel_numpy as twin
from evaluation.overlap import box_iou


@pytest.fixture(params=["_kernel", "_kernel_numpy"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    try:
        return importlib.import_module(f"evaluation.{request.param}")
    except ModuleNotFoundError:
        pytest.skip("the install could not compile the kernels")


def test_meet__ranks_all_and_lists_the_cells_with_both_sides(kernel: ModuleType) -> None:
    # Two images; predictions of classes 0 0 2 | 1, ground truth of classes 2 3 | 1 1.
    rank, cells = np.full(4, -1, dtype=np.int32), np.zeros((4, 4), dtype=np.int64)
    pred_order, pred_class = np.array([3, 0, 1, 2]), np.array([0, 2, 1, 0])
    truth_order, truth_class = np.array([0, 2, 1, 3]), np.array([2, 1, 3, 1])
    start = np.array([0, 3, 4]), np.array([0, 2, 4])
    sides = pred_order, start[0], pred_class, truth_order, start[1], truth_class
    n = kernel.meet(*sides, 0, 2, rank, cells)
    assert rank.tolist() == [1, 0, 0, 0]
    assert cells[:n].tolist() == [[2, 3, 0, 1], [3, 4, 2, 4]]


def test_meet__whole_images_and_some_of_them(kernel: ModuleType) -> None:
    rank, cells = np.full(4, -1, dtype=np.int32), np.zeros((4, 4), dtype=np.int64)
    rows = np.arange(4)
    sides = rows, np.array([0, 1, 4]), None, rows, np.array([0, 2, 4]), None
    n = kernel.meet(*sides, 1, 2, rank, cells)
    assert rank.tolist() == [-1, 0, 1, 2]
    assert cells[:n].tolist() == [[1, 4, 2, 4]]


@pytest.mark.parametrize("floor", [5e-324, 0.1, 0.5, 1 - 1e-10])
def test_box_pairs__exactly_those_that_reach_the_floor(kernel: ModuleType, floor: float) -> None:
    rng = np.random.default_rng(11)
    boxes, truth_boxes = (rng.integers(0, 12, (n, 4)).astype(np.float64) for n in (300, 80))
    crowd = rng.random(80) < 0.2
    pred_order, truth_order = rng.permutation(300), rng.permutation(80)
    cells = np.array([[0, 40, 0, 9], [60, 61, 9, 10], [61, 300, 20, 80]])
    pred, truth, iou = kernel.box_pairs(
        boxes, truth_boxes, crowd.view(np.uint8), pred_order, truth_order, cells, floor
    )
    expected = []
    for first, last, low, high in cells.tolist():
        for row in pred_order[first:last].tolist():
            for other in truth_order[low:high].tolist():
                overlap = box_iou(boxes[[row]], truth_boxes[[other]], crowd[[other]])[0]
                if overlap >= floor:
                    expected.append((row, other, overlap))
    assert list(zip(pred.tolist(), truth.tolist(), iou.tolist(), strict=True)) == expected


def test_box_pairs__no_cells(kernel: ModuleType) -> None:
    none, boxes = np.empty(0, dtype=np.int64), np.empty((0, 4))
    cells = np.empty((0, 4), dtype=np.int64)
    found = kernel.box_pairs(boxes, boxes, none.astype(np.uint8), none, none, cells, 0.5)
    assert [len(column) for column in found] == [0, 0, 0]


@pytest.mark.filterwarnings("ignore:overflow")
def test_box_pairs__overflow_and_no_extent_are_no_match(kernel: ModuleType) -> None:
    boxes = np.array([[0, 0, 1e308, 1e308], [0, 0, 0, 0], [0, 0, -5, -5], [0, 0, 1, 1]])
    truth_boxes = np.array([[0, 0, 1e308, 1e308], [0, 0, 0, 0], [0, 0, 1, 1.0]])
    rows, cells = np.arange(4), np.array([[0, 4, 0, 3]])
    for crowd in (0, 1):
        flags = np.full(3, crowd, dtype=np.uint8)
        pred, truth, _ = kernel.box_pairs(boxes, truth_boxes, flags, rows, rows[:3], cells, 0.5)
        pairs = set(zip(pred.tolist(), truth.tolist(), strict=True))
        assert pairs == ({(3, 2)} if crowd == 0 else {(3, 2), (3, 0)})


def test_prefer__best_first_of_equal_ones_the_later(kernel: ModuleType) -> None:
    pred, truth = np.array([5, 5, 5, 2, 2]), np.array([3, 1, 4, 8, 9])
    iou = np.array([0.6, 0.8, 0.8, 0.7, 0.9])
    kernel.prefer(pred, truth, iou)
    assert truth.tolist() == [4, 1, 3, 9, 8]
    assert iou.tolist() == [0.8, 0.8, 0.6, 0.9, 0.7]
    kernel.prefer(pred[:0], truth[:0], iou[:0])


def assign_one_by_one(
    pred: NDArray[np.int64],
    truth: NDArray[np.int64],
    reach: NDArray[np.bool_],
    ignored: NDArray[np.bool_],
    crowd: NDArray[np.bool_],
) -> NDArray[np.uint16]:
    """The same greedy rule, one threshold, range and prediction at a time."""
    matched = np.zeros((len(pred), ignored.shape[1]), dtype=np.uint16)
    for bit in range(reach.shape[1]):
        for area in range(ignored.shape[1]):
            gone: set[int] = set()
            for prediction in dict.fromkeys(pred.tolist()):
                pairs = np.flatnonzero((pred == prediction) & reach[:, bit])
                counted_first = sorted(pairs, key=lambda pair: bool(ignored[truth[pair], area]))
                free = [pair for pair in counted_first if truth[pair] not in gone]
                if not free:
                    continue
                matched[free[0], area] |= np.uint16(1 << bit)
                if not crowd[truth[free[0]]]:
                    gone.add(int(truth[free[0]]))
    return matched


@pytest.mark.parametrize("n_areas", [1, 4])
@pytest.mark.parametrize("n_thresholds", [1, 10, 16])
@pytest.mark.parametrize("seed", range(3))
def test_assign__as_one_by_one(
    kernel: ModuleType, seed: int, n_thresholds: int, n_areas: int
) -> None:
    rng = np.random.default_rng(seed)
    n_cells, per_cell = 4, 5
    crowd = rng.random(n_cells * per_cell) < 0.2
    ignored = (rng.random((n_cells * per_cell, n_areas)) < 0.4) | crowd[:, None]
    cell = np.sort(rng.integers(0, n_cells, 24))
    chosen = [rng.permutation(per_cell)[: rng.integers(1, per_cell + 1)] for _ in cell]
    pred = np.repeat(rng.permutation(24), [len(choices) for choices in chosen])
    truth = np.concatenate(
        [number * per_cell + choices for number, choices in zip(cell, chosen, strict=True)]
    )
    least = np.linspace(0.3, 0.9, n_thresholds)
    iou = rng.choice(least, len(pred)) + rng.choice([0.0, 1e-9], len(pred))
    matched = np.zeros((len(pred), n_areas), dtype=np.uint16)
    taken = np.zeros(ignored.shape, dtype=np.uint16)
    flags = ignored.view(np.uint8), crowd.view(np.uint8)
    kernel.assign(pred, truth, iou, least, *flags, taken, matched)
    expected = assign_one_by_one(pred, truth, iou[:, None] >= least, ignored, crowd)
    assert np.array_equal(matched, expected)


def test_spread__ranges_written_out() -> None:
    assert twin.spread(np.array([5, 1, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert twin.spread(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)).tolist() == []


@pytest.mark.parametrize("block", [1, 3, 1000])
def test_pair_blocks__all_pairs_of_a_cell_once_whatever_the_block(
    monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(twin, "_PAIR_BLOCK", block)
    cells = np.array([[1, 3, 1, 3], [3, 4, 3, 4]])
    pairs = [
        pair
        for pred, truth in twin.pair_blocks(cells)
        for pair in zip(pred.tolist(), truth.tolist(), strict=True)
    ]
    assert pairs == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 3)]
