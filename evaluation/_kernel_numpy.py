"""The matcher's inner loops, vectorised in NumPy.

Plain arrays in, plain arrays out: no tables, no settings, no Python objects. `matching.py` and
`candidates.py` prepare the columns and are the only callers, so a compiled twin of these three
functions can stand in for this module.

A *cell* is one (image, class): predictions and ground truth of different cells never meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Pairs looked at together: bounds the memory of one block to some tens of megabytes.
_PAIR_BLOCK = 1 << 18


def rank_in_cells(
    cell: NDArray[np.int64], score: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Order predictions by cell, best score first, ties in file order.

    Args:
        cell: (P,) cell numbers.
        score: (P,) confidences.

    Returns:
        order: (P,) row numbers in walking order.
        rank: (P,) place of each row inside its cell.
    """
    order = np.lexsort((-score, cell))
    place = np.arange(len(order))
    if len(order) == 0:
        return order, place.astype(np.int32)
    sorted_cell = cell[order]
    first = np.flatnonzero(np.r_[True, sorted_cell[1:] != sorted_cell[:-1]])
    size = np.diff(np.r_[first, len(order)])
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = place - np.repeat(first, size)
    return order, rank


def pair_blocks(
    pred_cell: NDArray[np.int64], truth_cell: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Enumerate the pairs of predictions and ground truth that share a cell, block by block.

    Args:
        pred_cell: (P,) cell numbers, ascending.
        truth_cell: (G,) cell numbers, ascending.

    Yields:
        Two (E,) arrays of positions, into `pred_cell` and `truth_cell`; the prediction ascends.
    """
    cells, first_truth, n_truth = np.unique(truth_cell, return_index=True, return_counts=True)
    low = np.searchsorted(pred_cell, cells, side="left")
    n_pred = np.searchsorted(pred_cell, cells, side="right") - low
    pred = spread(low, n_pred)
    partners, first_partner = np.repeat(n_truth, n_pred), np.repeat(first_truth, n_pred)
    ends = np.cumsum(partners)
    start = 0
    while start < len(pred):
        done = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, done + _PAIR_BLOCK, side="right")), start + 1)
        yield (
            np.repeat(pred[start:stop], partners[start:stop]),
            spread(first_partner[start:stop], partners[start:stop]),
        )
        start = stop


def spread(first: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.int64]:
    """Write out ranges: `first` 5, 9 with `length` 2, 3 give 5 6 9 10 11."""
    ends = np.cumsum(length)
    total = int(ends[-1]) if len(ends) else 0
    spread_out: NDArray[np.int64] = np.arange(total) + np.repeat(first - (ends - length), length)
    return spread_out


def assign(
    pred: NDArray[np.int64],
    truth: NDArray[np.int64],
    reach: NDArray[np.uint16],
    pred_cell: NDArray[np.int64],
    ignored: NDArray[np.bool_],
    crowd: NDArray[np.bool_],
) -> NDArray[np.uint16]:
    """Give ground truth to predictions greedily, for all thresholds and area ranges in one pass.

    Each prediction in turn takes, of what is still free, the first of its candidates that is
    counted, else the first that is ignored. A crowd region is never used up. What is free at one
    threshold and area range is a bit, so one pass over the pairs decides all combinations.

    Turn r of every cell is taken at once: cells do not share ground truth.

    Args:
        pred: (E,) prediction of a pair, ascending in walking order (cell, best score first).
        truth: (E,) ground truth of a pair, in order of preference inside each prediction.
        reach: (E,) bit t is set where the pair's IoU reaches threshold t.
        pred_cell: (E,) cell of a pair.
        ignored: (G, A) whether a ground truth is ignored in an area range.
        crowd: (G,) whether a ground truth is a crowd region.

    Returns:
        (E, A) bit t is set where the pair is matched at threshold t.
    """
    matched = np.zeros((len(pred), ignored.shape[1]), dtype=np.uint16)
    if len(pred) == 0:
        return matched
    every, none = np.uint16(np.bitwise_or.reduce(reach)), np.uint16(0)
    counted_free, ignored_free = (np.where(ignored == kind, every, none) for kind in (False, True))
    first = np.flatnonzero(np.r_[True, pred[1:] != pred[:-1]])
    choices = np.diff(np.r_[first, len(pred)])
    for turn in _turns(pred_cell[first], choices):
        column = np.arange(int(choices[turn].max()))
        real = column < choices[turn, None]
        pair = np.where(real, first[turn, None] + column, first[turn, None])
        there = truth[pair]
        able = np.where(real, reach[pair], none)[..., None]
        # Counted first, then ignored; what an earlier choice decided is not offered to a later one.
        offered = np.concatenate([counted_free[there] & able, ignored_free[there] & able], axis=1)
        decided = np.bitwise_or.accumulate(offered, axis=1)
        offered[:, 1:] &= ~decided[:, :-1]
        taken = (offered[:, : len(column)] | offered[:, len(column) :])[real]
        matched[pair[real]] = taken
        used = there[real]
        left = ~np.where(crowd[used, None], none, taken)
        counted_free[used] &= left
        ignored_free[used] &= left
    return matched


def _turns(cell: NDArray[np.int64], choices: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Group rows by their place inside their cell: all first ones, all second ones, and so on.

    Each group is split where the number of choices doubles, so that padding them to one width
    wastes less than half.
    """
    start = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]])
    place = np.arange(len(cell)) - np.repeat(start, np.diff(np.r_[start, len(cell)]))
    width = np.ceil(np.log2(choices)).astype(np.int64)
    order = np.lexsort((width, place))
    changes = (np.diff(place[order]) != 0) | (np.diff(width[order]) != 0)
    return np.split(order, np.flatnonzero(changes) + 1)
