"""Sorting by position and by score in NumPy: what serves where nothing could be compiled.

The compiled twin is `_order_kernel.pyx`; both have the same functions and give the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def span(values: NDArray[np.int64]) -> tuple[int, int, bool]:
    """Give the smallest and largest value (0 and −1 of none), and whether they ascend."""
    if len(values) == 0:
        return 0, -1, True
    return int(values.min()), int(values.max()), bool((values[1:] >= values[:-1]).all())


def count_positions(position: NDArray[np.int64], start: NDArray[np.int64]) -> None:
    """Count rows by their position on an axis of n.

    Args:
        position: (P,) positions in 0 … n − 1.
        start: (n + 1,) is filled: where the rows of each position begin once they are sorted.

    Raises:
        IndexError: If a position lies outside the axis.
    """
    if len(position) and not 0 <= position.min() <= position.max() < len(start) - 1:
        raise IndexError
    start[:1] = 0
    np.cumsum(np.bincount(position, minlength=len(start) - 1), out=start[1:])


def sort_by_position(
    position: NDArray[np.int64],
    rows: NDArray[np.int64] | None,
    start: NDArray[np.int64],
    out: NDArray[np.int64],
    column: NDArray[np.float64] | None,
    carried: NDArray[np.float64] | None,
) -> None:
    """Sort rows by their position on an axis of n, stable.

    Args:
        position: (P,) positions in 0 … n − 1.
        rows: (P,) row numbers in the order to keep among equals; file order when missing.
        start: (n + 1,) is filled: where the rows of each position begin in `out`.
        out: (P,) is filled: the row numbers.
        column: (P,) by row, to be carried along; nothing when missing.
        carried: (P,) is filled with it in the order of `out`.
    """
    count_positions(position, start)
    if rows is None:
        out[:] = np.argsort(position, kind="stable")
    else:
        out[:] = rows[np.argsort(position[rows], kind="stable")]
    if column is not None and carried is not None:
        carried[:] = column[out]


def sort_by_score(
    score: NDArray[np.float64],
    start: NDArray[np.int64],
    groups: NDArray[np.int64],
    order: NDArray[np.int64],
) -> None:
    """Sort some groups of an order by descending score in place, stable.

    Args:
        score: (P,) confidences along `order` as it comes.
        start: (n + 1,) where each group begins in `order`.
        groups: Which groups to sort.
        order: (P,) row numbers, group by group.
    """
    for group in groups.tolist():
        here = slice(start[group], start[group + 1])
        order[here] = order[here][np.argsort(-score[here], kind="stable")]
