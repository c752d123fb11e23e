"""Ids of images and classes, and their places on an axis.

Ids are whole numbers of 64 bits in nearly every file: an array. Where a file has others (texts,
larger numbers), all its ids are a list of Python numbers and texts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Id: TypeAlias = int | str
Ids: TypeAlias = NDArray[np.int64] | list[Id | None]  # None: neither a whole number nor text

UNKNOWN: Final = -1
# Ids within such a span are looked up in a table: 16 MiB at most, and untouched where no id is.
_TABLE: Final = 1 << 22


def ids_of(values: Sequence[Any]) -> Ids:
    """Read ids as they come from JSON or from NumPy.

    >>> ids_of([7, 9]).tolist(), ids_of([7.0, "img1", None, True, 1.5])
    ([7, 9], [7, 'img1', None, None, None])
    """
    if set(map(type, values)) <= {int}:
        try:
            return np.array(values, dtype=np.int64)
        except OverflowError:
            return list(values)
    ids = [_id(value) for value in values]
    numbers = all(type(id_) is int and -(1 << 63) <= id_ < 1 << 63 for id_ in ids)
    return np.array(ids, dtype=np.int64) if numbers else ids


def joined(parts: Iterable[Ids]) -> Ids:
    """Put ids side by side.

    >>> joined([np.array([1]), ["a"]])
    [1, 'a']
    """
    all_parts = list(parts)
    if all(isinstance(part, np.ndarray) for part in all_parts):
        return np.concatenate([np.empty(0, np.int64), *all_parts])
    return [id_ for part in all_parts for id_ in _listed(part)]


def malformed(ids: Ids) -> NDArray[np.int64]:
    """Give the rows of values that are no ids.

    >>> malformed([1, None]).tolist()
    [1]
    """
    if isinstance(ids, np.ndarray):
        return np.empty(0, np.int64)
    return np.array([row for row, id_ in enumerate(ids) if id_ is None], dtype=np.int64)


def has_texts(ids: Ids) -> bool:
    """Say whether an id is a text.

    >>> has_texts([1, "img1"]), has_texts(np.array([1]))
    (True, False)
    """
    return not isinstance(ids, np.ndarray) and any(isinstance(id_, str) for id_ in ids)


@dataclass(frozen=True, slots=True, eq=False)
class IdAxis:
    """Ids in ascending order, numbers before texts: (N,) int64, or objects if they are not that."""

    ids: NDArray[Any]
    _table: NDArray[np.int32] | None = None
    _places: dict[Id, int] = field(default_factory=dict)

    @classmethod
    def of(cls, ids: Ids) -> IdAxis:
        """Make the axis of ids that may repeat.

        >>> IdAxis.of(ids_of([9, 3, 9])).ids.tolist()
        [3, 9]
        """
        if isinstance(ids, np.ndarray):
            ascending = np.unique(ids)
            return cls(ascending, _tabled(ascending))
        numbers = {id_ for id_ in ids if isinstance(id_, int)}
        known = [*sorted(numbers), *sorted({id_ for id_ in ids if isinstance(id_, str)})]
        column = np.empty(len(known), dtype=object)
        column[:] = known
        return cls(column)

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, ids: Ids) -> NDArray[np.int64]:
        """Give the place of each id, -1 for one that is not on the axis.

        A number and the text that spells it are one id, unless the axis has both.

        >>> IdAxis.of(ids_of([9, 3])).find(["9", 3, 4, "x"]).tolist()
        [1, 0, -1, -1]
        """
        if isinstance(ids, np.ndarray) and self.ids.dtype == np.int64:
            return self._find_numbers(ids)
        if not self._places:
            self._places.update((id_, place) for place, id_ in enumerate(self.ids.tolist()))
        places: dict[Id | None, int] = {}
        values = _listed(ids)
        for id_ in dict.fromkeys(values):
            places[id_] = UNKNOWN if id_ is None else self._place(id_)
        return np.fromiter(map(places.__getitem__, values), dtype=np.int64, count=len(values))

    def _find_numbers(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        if not len(self.ids) or not len(ids):
            return np.full(len(ids), UNKNOWN, dtype=np.int64)
        low, high = int(self.ids[0]), int(self.ids[-1])
        if self._table is not None and low <= int(ids.min()) and int(ids.max()) <= high:
            # The table holds places from 1 on, 0 for none.
            return np.subtract(self._table.take(ids - low), 1, dtype=np.int64)
        places = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[places] == ids, places, UNKNOWN)

    def _place(self, id_: Id) -> int:
        found = self._places.get(id_, UNKNOWN)
        if found != UNKNOWN:
            return found
        return self._places.get(_other_spelling(id_), UNKNOWN)


def _id(value: Any) -> Id | None:
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return int(value)
    return None


def _other_spelling(id_: Id) -> Id:
    """Give a number's text, and the number of a text that spells one as JSON would."""
    if not isinstance(id_, str):
        return str(id_)
    digits = id_.removeprefix("-")
    plain = digits.isascii() and digits.isdecimal() and len(digits) < 40
    return int(id_) if plain and str(int(id_)) == id_ else id_


def _listed(ids: Ids) -> list[Id | None]:
    return ids.tolist() if isinstance(ids, np.ndarray) else ids


def _tabled(ids: NDArray[np.int64]) -> NDArray[np.int32] | None:
    """Make a table from id to place, counted from 1, unless ids are too far apart for one."""
    if not len(ids):
        return None
    span = int(ids[-1]) - int(ids[0]) + 1
    if span > max(_TABLE, 8 * len(ids)):
        return None
    table = np.zeros(span, dtype=np.int32)
    table[ids - ids[0]] = np.arange(1, len(ids) + 1)
    return table
