"""Axes: positions that are checked before a kernel counts on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation import kernels
from evaluation.errors import MismatchedColumns, PositionOutOfRange

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.instances import Instances

kernel = kernels.kernel("order_kernel")

# An axis is as long as its data set, but a few objects of a vast one must not cost its length.
_SPARSE = 16
_SHORT = 1 << 16


@dataclass(frozen=True, slots=True)
class Axis:
    """Where the rows of tables are on one axis, checked: 0 … length − 1.

    `positions` has one (N,) array a table; `ascending` says whether the first ascends.
    """

    positions: tuple[NDArray[np.int64], ...]
    length: int
    ascending: bool

    @classmethod
    def of_images(cls, *tables: Instances) -> Axis:
        """Check the image axis of some tables."""
        return _checked("image", [table.image for table in tables], tables)

    @classmethod
    def of_classes(cls, *tables: Instances) -> Axis:
        """Check the class axis of some tables."""
        return _checked("class_", [table.class_ for table in tables], tables)


def _checked(
    column: str, positions: list[NDArray[np.int64]], tables: tuple[Instances, ...]
) -> Axis:
    """Check positions; renumber them, in the same order, where the axis is vast and empty.

    Raises:
        MismatchedColumns: If a table has other columns of another length.
        PositionOutOfRange: If a position is negative.
    """
    for table in tables:
        check_lengths(table)
    contiguous = tuple(np.ascontiguousarray(each, dtype=np.int64) for each in positions)
    spans = [kernel.span(each) for each in contiguous]
    if min(low for low, _, _ in spans) < 0:
        raise PositionOutOfRange(column)
    length = 1 + max(high for _, high, _ in spans)
    ascending = bool(spans[0][2])
    if length <= _SPARSE * sum(map(len, contiguous)) + _SHORT:
        return Axis(contiguous, length, ascending)
    known, renumbered = np.unique(np.concatenate(contiguous), return_inverse=True)
    cuts = np.cumsum([len(each) for each in contiguous])[:-1]
    return Axis(tuple(np.split(renumbered, cuts)), len(known), ascending)


def check_lengths(table: Instances) -> None:
    """Refuse a table with columns of different lengths, before native code walks them.

    Raises:
        MismatchedColumns: If a column is longer or shorter than `image`.
    """
    n = len(table)
    for column in ("class_", "area", "score", "crowd", "id"):
        shape = getattr(table, column).shape
        if shape != (n,):
            raise MismatchedColumns(column, (n,), shape)
    if table.boxes.shape != (n, 4):
        raise MismatchedColumns("boxes", (n, 4), table.boxes.shape)
