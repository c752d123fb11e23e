"""Columns that the compiled JSON scanner fills, and which of them a kind of record needs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SHORTEST_RECORD: Final = 8  # bytes of {"id":1}

# The members that the scanner knows, as bits of `seen`.
MEMBERS: Final[dict[str, int]] = {
    "id": 1,
    "image_id": 2,
    "category_id": 4,
    "bbox": 8,
    "score": 16,
    "area": 32,
    "iscrowd": 64,
    "segmentation": 128,
    "name": 256,
    "width": 512,
    "height": 1024,
    "file_name": 2048,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """Which members a record has: those to read, those it must have, and one it must have of.

    A record has at least `shortest` bytes, and `mark` in them: counting marks tells how many
    records there can be.
    """

    wanted: tuple[str, ...]
    required: tuple[str, ...]
    one_of: tuple[str, ...] = ()
    shortest: int = _SHORTEST_RECORD

    @property
    def mark(self) -> bytes:
        """Three bytes of a key that every record has, and few others: "image_id" or "id"."""
        return b"e_i" if "image_id" in self.required else b'"id'

    @property
    def bits(self) -> tuple[int, int, int]:
        """The three sets as the scanner's bits."""
        wanted, required, one_of = (
            sum(MEMBERS[name] for name in names)
            for names in (self.wanted, self.required, self.one_of)
        )
        return wanted, required, one_of


@dataclass(slots=True)
class ScannedColumns:
    """Columns of N records; those of members that were not wanted are empty.

    `boxes` (4N,), `size` (2N,): width and height of an image, height and width of a mask.
    `text`: names or run-length texts, N slices of it by `text_start` (-1: none) and `text_length`.
    `points`: x, y by turns of Q polygon parts, one after the other, of `part_length` numbers each;
    the next `n_parts` belong to each record. `seen`: bits of the members that a record has.
    """

    id: NDArray[np.int64]
    image_id: NDArray[np.int64]
    category_id: NDArray[np.int64]
    boxes: NDArray[np.float64]
    score: NDArray[np.float64]
    area: NDArray[np.float64]
    crowd: NDArray[np.uint8]
    seen: NDArray[np.uint32]
    size: NDArray[np.int64]
    text_start: NDArray[np.int64]
    text_length: NDArray[np.int64]
    n_parts: NDArray[np.int64]
    part_length: NDArray[np.int64]
    text: NDArray[np.uint8]
    points: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.seen)

    def has(self, member: str) -> NDArray[np.bool_]:
        """(N,) which records have a member."""
        found: NDArray[np.bool_] = (self.seen & np.uint32(MEMBERS[member])) != 0
        return found


# column -> values a row, type, members of which any makes it needed
_ROWS: Final[dict[str, tuple[int, type[np.generic], frozenset[str]]]] = {
    "id": (1, np.int64, frozenset({"id"})),
    "image_id": (1, np.int64, frozenset({"image_id"})),
    "category_id": (1, np.int64, frozenset({"category_id"})),
    "boxes": (4, np.float64, frozenset({"bbox"})),
    "score": (1, np.float64, frozenset({"score"})),
    "area": (1, np.float64, frozenset({"area"})),
    "crowd": (1, np.uint8, frozenset({"iscrowd"})),
    "seen": (1, np.uint32, frozenset({"id", "image_id"})),
    "size": (2, np.int64, frozenset({"segmentation", "width", "height"})),
    "text_start": (1, np.int64, frozenset({"segmentation", "name", "file_name"})),
    "text_length": (1, np.int64, frozenset({"segmentation", "name", "file_name"})),
    "n_parts": (1, np.int64, frozenset({"segmentation"})),
}
ROOMS: Final = ("seen", "text", "points", "part_length")
_HUGE_PAGE: Final = 1 << 21
_SHORTEST_PART: Final = 13  # bytes of [0,0,0,0,0,0]


@dataclass(frozen=True, slots=True)
class Part:
    """Where a window's rows, points and parts are, and the place after the list if it ended."""

    rows: slice
    points: slice
    parts: slice
    end: int | None


def allocated(room: int, shape: Shape) -> ScannedColumns:
    """Allocate columns for the most records that some bytes can hold.

    Most of it is never touched, and only what is touched becomes memory.

    Args:
        room: Number of bytes.
        shape: What the records are.

    Raises:
        MemoryError: If the system does not lend out what may never be touched.

    Example:
        >>> columns = allocated(80, Shape(wanted=("id", "name"), required=("id",)))
        >>> len(columns.id), len(columns.text), len(columns.score)
        (11, 80, 0)
    """
    wanted = set(shape.wanted)
    rows = room // shape.shortest + 1
    masks = "segmentation" in wanted
    texts = masks or wanted & {"name", "file_name"}
    columns = {
        name: np.empty(width * rows if wanted & members else 0, dtype)
        for name, (width, dtype, members) in _ROWS.items()
    }
    parts = room // _SHORTEST_PART + 1 if masks else 0
    return ScannedColumns(
        **columns,
        part_length=np.empty(parts, np.int64),
        text=np.empty(room if texts else 0, np.uint8),
        points=np.empty(room // 2 + 1 if masks else 0),
    )


def joined(columns: ScannedColumns, parts: list[Part]) -> ScannedColumns:
    """Close the gaps between windows; texts may keep theirs, they are found by their places.

    Args:
        columns: What was allocated, filled here and there.
        parts: Where, in order; at least one.

    Example:
        >>> columns = allocated(80, Shape(wanted=("id",), required=("id",)))
        >>> columns.id[:] = range(11)
        >>> nothing = slice(0, 0)
        >>> rows = (slice(0, 2), slice(5, 6))
        >>> joined(columns, [Part(part, nothing, nothing, None) for part in rows]).id.tolist()
        [0, 1, 5]
    """
    rows = [part.rows for part in parts]
    found = {
        name: _closed(getattr(columns, name), rows, width) for name, (width, _, _) in _ROWS.items()
    }
    found["points"] = _closed(columns.points, [part.points for part in parts])
    found["part_length"] = _closed(columns.part_length, [part.parts for part in parts])
    return replace(columns, **found)


def _closed(column: NDArray[Any], pieces: list[slice], width: int = 1) -> NDArray[Any]:
    """Put pieces of a column side by side; without gaps they stay where they are.

    A short column moves: where it is, it holds a page of the system that is larger than itself.
    """
    if not len(column):
        return column
    if all(one.stop == following.start for one, following in itertools.pairwise(pieces)):
        whole = column[width * pieces[0].start : width * pieces[-1].stop]
        return whole.copy() if whole.nbytes < _HUGE_PAGE else whole
    return np.concatenate([column[width * piece.start : width * piece.stop] for piece in pieces])
