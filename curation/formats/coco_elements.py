"""Elements that COCO annotation files and COCO result files share: ids, boxes, faults by row."""

from __future__ import annotations

from collections.abc import Callable  # noqa: TC003 -- dataclasses look at it
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from curation.errors import UnreadableFile
from curation.formats.problems import (
    BOX_MALFORMED,
    BOX_WITHOUT_EXTENT,
    COORDINATE_NOT_FINITE,
    ID_MALFORMED,
    MASK_MALFORMED,
    RECORD_MALFORMED,
    SCORE_MISSING,
    SCORE_NOT_NUMBER,
    ProblemKind,
    ProblemLog,
)
from evaluation.errors import MalformedJson
from evaluation.json_windows import BadElement, JsonText, open_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

# `image_id` and `category_id` are whole numbers, sometimes written 1.0, or text (file stems).
Id = int | float | str

UNKNOWN: Final = -1
MALFORMED: Final = -2


class RunLengths(msgspec.Struct, gc=False):
    """A run-length mask: compressed (text) or not (list of runs); size is height, width."""

    size: tuple[int, int]
    counts: str | list[float]


Segmentation = RunLengths | list[list[float]]


def id_text(value: Any) -> str | None:
    """Return an id as text, or nothing if it is neither a whole number nor text.

    >>> [id_text(value) for value in (0, 7.0, "img1", 1.5, True, None)]
    ['0', '7', 'img1', None, None, None]
    """
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return str(value)


@dataclass(slots=True)
class Places:
    """Places of ids in a list, found again by the ids' own values, so that 1 and "1" are one."""

    names: list[str] = field(default_factory=list)
    _by_text: dict[str, int] = field(default_factory=dict)
    _by_value: dict[Id, int] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Sequence[str]) -> Places:
        """Return the places of known ids."""
        return cls(list(names), {name: place for place, name in enumerate(names)})

    def find(self, values: Sequence[Id], *, grow: bool = False) -> NDArray[np.int64]:
        """Return the place of each id: (N,); -1 for an unknown, -2 for a malformed one.

        Args:
            values: Ids as their file has them.
            grow: Give unknown ids a place instead.
        """
        for value in dict.fromkeys(values):
            if value not in self._by_value:
                self._by_value[value] = self._place(value, grow=grow)
        return np.fromiter(
            map(self._by_value.__getitem__, values), dtype=np.int64, count=len(values)
        )

    def _place(self, value: Id, *, grow: bool) -> int:
        text = id_text(value)
        if text is None:
            return MALFORMED
        if grow and text not in self._by_text:
            self._by_text[text] = len(self.names)
            self.names.append(text)
        return self._by_text.get(text, UNKNOWN)


@dataclass(slots=True)
class RowChecks:
    """Checks on neighbouring records; a record is rejected once, for the first reason found.

    `causes`: kind and reason by the row of each rejected record.
    """

    log: ProblemLog
    file: str
    record: str
    index: NDArray[np.int64]
    good: NDArray[np.bool_] = field(init=False)
    causes: dict[int, tuple[ProblemKind, Callable[[int], str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.good = np.ones(len(self.index), dtype=np.bool_)

    def reject(
        self, rows: NDArray[np.bool_], kind: ProblemKind, reason: Callable[[int], str]
    ) -> None:
        """Reject the good ones among some rows; `reason` gets a row's place in the chunk."""
        self.warn(rows, kind, reason)
        self.causes.update(dict.fromkeys(np.flatnonzero(rows & self.good).tolist(), (kind, reason)))
        self.good &= ~rows

    def warn(
        self, rows: NDArray[np.bool_], kind: ProblemKind, reason: Callable[[int], str]
    ) -> None:
        """Warn of the good ones among some rows."""
        hit = np.flatnonzero(rows & self.good)
        if len(hit):
            row_of = dict(zip(self.index[hit].tolist(), hit.tolist(), strict=True))
            self.log.add_each(
                kind,
                row_of,
                file=self.file,
                record=self.record,
                reason=lambda place: reason(row_of[place]),
            )


def checked_boxes(
    rows: Sequence[list[float] | None], checks: RowChecks
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the boxes of records, NaN where absent, and which are absent: (N, 4) xywh and (N,).

    Records whose box is not four finite numbers are rejected.
    """
    lengths = np.fromiter((len(row) if row else 0 for row in rows), np.int64, count=len(rows))
    whole = lengths == 4
    absent = lengths == 0
    boxes = np.full((len(rows), 4), np.nan)
    numbers = chain.from_iterable(row for row in rows if row and len(row) == 4)
    boxes[whole] = np.fromiter(numbers, dtype=np.float64, count=4 * int(whole.sum())).reshape(-1, 4)
    checks.reject(~whole & ~absent, BOX_MALFORMED, lambda row: f"bbox has {lengths[row]} numbers")
    endless = whole & ~np.isfinite(boxes).all(axis=1)
    checks.reject(endless, COORDINATE_NOT_FINITE, lambda row: f"bbox is {boxes[row].tolist()}")
    return boxes, absent


def warn_of_flat_boxes(
    boxes: NDArray[np.float64], absent: NDArray[np.bool_], checks: RowChecks
) -> None:
    """Warn of the accepted records that gave a box without width or height, or a negative one."""
    flat = ~absent & (boxes[:, 2:] <= 0).any(axis=1)
    checks.warn(flat, BOX_WITHOUT_EXTENT, lambda row: f"bbox is {boxes[row].tolist()}")


@contextmanager
def open_coco(path: Path) -> Iterator[JsonText]:
    """Open a JSON file for reading; what cannot be parsed is an unreadable file.

    Raises:
        UnreadableFile: The file cannot be opened or is not JSON.
    """
    try:
        with open_json(path) as text:
            yield text
    except MalformedJson as error:
        raise UnreadableFile(str(path), error.reason) from error
    except OSError as error:
        raise UnreadableFile(str(path), error.strerror or str(error)) from error


@dataclass(frozen=True, slots=True)
class Fault:
    """How the decoded value of one key can be wrong, and what kind of problem that is."""

    kind: ProblemKind
    name: str
    found_in: Callable[[object], bool]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


BAD_BOX: Final = Fault(
    BOX_MALFORMED,
    "bbox",
    lambda value: (
        value is not None and not (isinstance(value, list) and all(map(_is_number, value)))
    ),
)
NO_SCORE: Final = Fault(SCORE_MISSING, "score", lambda value: value is None)
BAD_SCORE: Final = Fault(SCORE_NOT_NUMBER, "score", lambda value: not _is_number(value))


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """How to name what is wrong with an element that could not be decoded."""

    file: str
    record: str
    ids: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    def log(self, bad: Sequence[BadElement], log: ProblemLog) -> None:
        """Log each element under the kind of its first fault."""
        for element in bad:
            kind, reason = self.find(element)
            log.add(kind, file=self.file, record=self.record.format(element.index), reason=reason)

    def find(self, element: BadElement) -> tuple[ProblemKind, str]:
        """Return the kind of an element's first fault, and the reason in words."""
        value = element.value
        if not isinstance(value, dict):
            return RECORD_MALFORMED, element.reason
        for name in self.ids:
            if id_text(value.get(name)) is None:
                return ID_MALFORMED, f"{name} is {_shown(value.get(name))}"
        for fault in self.faults:
            if fault.found_in(value.get(fault.name)):
                return fault.kind, f"{fault.name} is {_shown(value.get(fault.name))}"
        kind = MASK_MALFORMED if ".segmentation" in element.reason else RECORD_MALFORMED
        return kind, element.reason


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]
