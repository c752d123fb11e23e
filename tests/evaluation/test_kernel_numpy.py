from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation import _kernel_numpy as kernel


def test_rank_in_cells__best_score_first_ties_in_file_order() -> None:
    cell = np.array([7, 2, 7, 7, 2])
    order, rank = kernel.rank_in_cells(cell, np.array([0.5, 0.1, 0.9, 0.5, 0.1]))
    assert order.tolist() == [1, 4, 2, 0, 3]
    assert rank.tolist() == [1, 0, 0, 2, 1]


def test_rank_in_cells__nothing() -> None:
    order, rank = kernel.rank_in_cells(np.empty(0, dtype=np.int64), np.empty(0))
    assert (len(order), len(rank)) == (0, 0)


def test_spread__ranges_written_out() -> None:
    assert kernel.spread(np.array([5, 1, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert kernel.spread(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)).tolist() == []


@pytest.mark.parametrize("block", [1, 3, 1000])
def test_pair_blocks__all_pairs_of_a_cell_once_whatever_the_block(
    monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(kernel, "_PAIR_BLOCK", block)
    pred_cell, truth_cell = np.array([1, 4, 4, 6]), np.array([0, 4, 4, 6, 9])
    pairs = [
        pair
        for pred, truth in kernel.pair_blocks(pred_cell, truth_cell)
        for pair in zip(pred.tolist(), truth.tolist(), strict=True)
    ]
    assert pairs == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 3)]


def assign_one_by_one(
    pred: NDArray[np.int64],
    truth: NDArray[np.int64],
    reach: NDArray[np.uint16],
    ignored: NDArray[np.bool_],
    crowd: NDArray[np.bool_],
) -> NDArray[np.uint16]:
    """The same greedy rule, one threshold, range and prediction at a time."""
    matched = np.zeros((len(pred), ignored.shape[1]), dtype=np.uint16)
    for bit in range(10):
        for area in range(ignored.shape[1]):
            gone: set[int] = set()
            for prediction in dict.fromkeys(pred.tolist()):
                pairs = np.flatnonzero((pred == prediction) & ((reach >> bit & 1) == 1))
                counted_first = sorted(pairs, key=lambda pair: bool(ignored[truth[pair], area]))
                free = [pair for pair in counted_first if truth[pair] not in gone]
                if not free:
                    continue
                matched[free[0], area] |= np.uint16(1 << bit)
                if not crowd[truth[free[0]]]:
                    gone.add(int(truth[free[0]]))
    return matched


@pytest.mark.parametrize("seed", range(6))
def test_assign__as_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n_cells, per_cell = 4, 5
    crowd = rng.random(n_cells * per_cell) < 0.2
    ignored = (rng.random((n_cells * per_cell, 4)) < 0.4) | crowd[:, None]
    pred_cell = np.sort(rng.integers(0, n_cells, 24))
    chosen = [rng.permutation(per_cell)[: rng.integers(1, per_cell + 1)] for _ in pred_cell]
    pred = np.repeat(np.arange(24), [len(choices) for choices in chosen])
    truth = np.concatenate(
        [cell * per_cell + choices for cell, choices in zip(pred_cell, chosen, strict=True)]
    )
    reach = (2 ** rng.integers(1, 11, len(pred)) - 1).astype(np.uint16)
    ours = kernel.assign(pred, truth, reach, pred_cell[pred], ignored, crowd)
    assert np.array_equal(ours, assign_one_by_one(pred, truth, reach, ignored, crowd))
