"""Run-length masks as columns, and the checks that every mask passes on its way in.

A mask is kept as its *edges*: where each of its runs ends, in pixels counted down the columns and
from left to right, zeros and ones by turns, zeros first; the last edge is height x width. COCO
writes the same runs as a compressed text, each from the fourth on as its difference to the run
before the last, in groups of five bits (`rleToString` of the COCO API).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np

from evaluation import kernels
from evaluation.errors import MalformedMask, MismatchedColumns, PositionOutOfRange
from evaluation.mask_faults import FAULTS, MAX_PIXELS, OK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    Runs = Sequence[float] | NDArray[np.generic]

T = TypeVar("T")

kernel = kernels.kernel("mask_kernel")

_CHARACTERS_A_RUN = 7


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Compressed masks as one array of characters.

    `characters` is flat; text i is `lengths[i]` of them from `starts[i]` on.

    Raises:
        PositionOutOfRange: If a text reaches past the characters.
    """

    characters: NDArray[np.uint8]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def __post_init__(self) -> None:
        check_views("texts", self.starts, self.lengths, len(self.characters))

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def joined(cls, texts: Sequence[bytes | None]) -> Self:
        """Join texts; None becomes an empty one.

        Args:
            texts: N compressed masks.

        Example:
            >>> Texts.joined([b"03", None, b"4"]).starts.tolist()
            [0, 2, 2]
        """
        filled = [text or b"" for text in texts]
        lengths = np.fromiter(map(len, filled), dtype=np.int64, count=len(filled))
        characters = np.frombuffer(b"".join(filled), dtype=np.uint8)
        return cls(characters, np.cumsum(lengths) - lengths, lengths)


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """N run-length masks, checked: made by `from_texts` and its like, not by the constructor.

    `edges` is flat; mask i has `lengths[i]` of them from `starts[i]` on (several may share a
    stretch). `sizes` is (N, 2) height and width, pixels. `areas` is (N,) pixels set. `extents` is
    (N, 4) x0, y0, x1, y1 around the set pixels, the far corner exclusive, zeros where none is set.

    Raises:
        MismatchedColumns: If columns differ in length.
        PositionOutOfRange: If a mask reaches past the edges.
    """

    edges: NDArray[np.uint32]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int32]
    sizes: NDArray[np.int32]
    areas: NDArray[np.int64]
    extents: NDArray[np.int32]

    def __post_init__(self) -> None:
        n = len(self.starts)
        for name, shape in (
            ("lengths", (n,)),
            ("sizes", (n, 2)),
            ("areas", (n,)),
            ("extents", (n, 4)),
        ):
            found = getattr(self, name).shape
            if found != shape:
                raise MismatchedColumns(f"masks.{name}", shape, found)
        check_views("masks", self.starts, self.lengths, len(self.edges))

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def from_texts(cls, texts: Texts | Sequence[bytes | None], sizes: ArrayLike) -> Masks:
        """Decode compressed masks.

        Args:
            texts: N compressed masks; None is a mask without a pixel.
            sizes: (N, 2) height and width, pixels.

        Raises:
            MalformedMask: If a text is none of a mask of its size.
            MismatchedColumns: If there are not N sizes.

        Example:
            >>> masks = Masks.from_texts([b"12", None], [(1, 3), (2, 2)])
            >>> masks.areas.tolist(), masks.extents.tolist()
            ([2, 0], [[1, 0, 3, 1], [0, 0, 0, 0]])
        """
        masks, fault = decode_texts(texts, sizes)
        if not isinstance(texts, Texts):
            absent = np.fromiter((text is None for text in texts), np.bool_, count=len(texts))
            fault[absent] = OK
        refuse(fault)
        return masks

    @classmethod
    def from_runs(cls, runs: Sequence[Runs], sizes: ArrayLike) -> Masks:
        """Take masks that are given as lists of runs, as in uncompressed COCO files.

        Args:
            runs: Of N masks the lengths of the runs of zeros and ones by turns, zeros first.
            sizes: (N, 2) height and width, pixels.

        Raises:
            MalformedMask: If runs are not whole, not positive, or do not fill their image.
            MismatchedColumns: If there are not N sizes.

        Example:
            >>> Masks.from_runs([[1, 2]], [(1, 3)]).texts()
            [b'12']
        """
        masks, fault = read_runs(runs, sizes)
        refuse(fault)
        return masks

    @classmethod
    def from_pictures(cls, pictures: Iterable[NDArray[np.generic]]) -> Masks:
        """Take masks that are given pixel by pixel.

        Args:
            pictures: N arrays (height, width), set where they are not zero.

        Raises:
            MalformedMask: If a picture is empty or has more than 2**28 pixels.

        Example:
            >>> Masks.from_pictures([np.array([[0, 1, 1]])]).texts()
            [b'12']
        """
        sizes, runs = [], []
        for picture in pictures:
            sizes.append(picture.shape)
            flat = (picture != 0).ravel(order="F")
            changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
            bounds = np.concatenate([[0], changes, [len(flat)]])
            first = 0 if len(flat) and flat[0] else 1
            runs.append(np.diff(bounds) if first else np.diff(bounds, prepend=0))
        return cls.from_runs(runs, np.array(sizes, dtype=np.int64).reshape(-1, 2))

    @classmethod
    def joined(cls, parts: Sequence[Masks]) -> Masks:
        """Put several columns of masks one after the other.

        Args:
            parts: At least one.
        """
        before = np.cumsum([0, *(len(part.edges) for part in parts)])
        return cls(
            edges=np.concatenate([part.edges for part in parts]),
            starts=np.concatenate(
                [part.starts + start for part, start in zip(parts, before, strict=False)]
            ),
            lengths=np.concatenate([part.lengths for part in parts]),
            sizes=np.concatenate([part.sizes for part in parts]),
            areas=np.concatenate([part.areas for part in parts]),
            extents=np.concatenate([part.extents for part in parts]),
        )

    def take(self, rows: NDArray[np.int64]) -> Masks:
        """Give the masks of `rows`, in that order; their edges are shared, not copied."""
        return Masks(
            edges=self.edges,
            starts=self.starts[rows],
            lengths=self.lengths[rows],
            sizes=self.sizes[rows],
            areas=self.areas[rows],
            extents=self.extents[rows],
        )

    def runs(self, row: int) -> NDArray[np.int64]:
        """Give the lengths of the runs of one mask, zeros first."""
        start = int(self.starts[row])
        edges = self.edges[start : start + int(self.lengths[row])]
        return np.diff(edges, prepend=np.uint32(0)).astype(np.int64)

    def texts(self) -> list[bytes]:
        """Give the masks as COCO's compressed texts."""
        characters = np.empty(_CHARACTERS_A_RUN * int(self.lengths.sum()), dtype=np.uint8)
        lengths = np.empty(len(self), dtype=np.int64)
        kernel.encode_texts(self, characters, lengths)
        stops = np.cumsum(lengths).tolist()
        text = characters[: stops[-1] if stops else 0].tobytes()
        return [text[low:high] for low, high in zip([0, *stops], stops, strict=False)]

    def boxes(self) -> NDArray[np.float64]:
        """Give the boxes around the set pixels: (N, 4) xywh, pixels; zeros where none is set."""
        boxes = self.extents.astype(np.float64)
        boxes[:, 2:] -= boxes[:, :2]
        return boxes


def decode_texts(
    texts: Texts | Sequence[bytes | None], sizes: ArrayLike
) -> tuple[Masks, NDArray[np.int8]]:
    """Decode compressed masks and say what is wrong with which.

    Args:
        texts: N compressed masks.
        sizes: (N, 2) height and width, pixels.

    Returns:
        The masks, without a pixel where they are faulty, and (N,) indexes into `FAULTS`.

    Raises:
        MismatchedColumns: If there are not N sizes.

    Example:
        >>> masks, fault = decode_texts([b"03", b"04"], [(1, 3), (1, 3)])
        >>> masks.areas.tolist(), [FAULTS[code] for code in fault]
        ([3, 0], ['', 'the runs do not add up to height x width'])
    """
    read = texts if isinstance(texts, Texts) else Texts.joined(texts)
    n = len(read)
    checked = checked_sizes(sizes, n)
    runs = np.zeros(n, dtype=np.int64)
    fault = np.zeros(n, dtype=np.int8)
    in_blocks(read.lengths, lambda *rows: kernel.count_runs(read, runs, fault, *rows))
    masks = unfilled(runs, checked)
    in_blocks(read.lengths, lambda *rows: kernel.decode_texts(read, masks, fault, *rows))
    return masks, fault


def read_runs(runs: Sequence[Runs], sizes: ArrayLike) -> tuple[Masks, NDArray[np.int8]]:
    """Take masks given as lists of runs and say what is wrong with which.

    Args:
        runs: Of N masks the lengths of the runs of zeros and ones by turns, zeros first.
        sizes: (N, 2) height and width, pixels.

    Returns:
        The masks, without a pixel where they are faulty, and (N,) indexes into `FAULTS`.

    Raises:
        MismatchedColumns: If there are not N sizes.

    Example:
        >>> read_runs([[1, 2], [1, -1]], [(1, 3), (1, 3)])[1].tolist()
        [0, 5]
    """
    # A mask needs room for one edge, even without a run: nothing then adds up to the size.
    filled = [run if len(run) else (0,) for run in runs]
    lengths = np.fromiter(map(len, filled), dtype=np.int64, count=len(filled))
    values = np.concatenate([np.empty(0), *(np.asarray(run, np.float64) for run in filled)])
    masks = unfilled(lengths, checked_sizes(sizes, len(filled)))
    fault = np.zeros(len(filled), dtype=np.int8)
    kernel.decode_runs(values, masks, fault, 0, len(filled))
    return masks, fault


def in_blocks(load: NDArray[np.integer], work: Callable[[int, int], T]) -> list[T]:
    """Call `work(low, high)` for blocks of rows, side by side, and give what it gave in order.

    Args:
        load: (N,) how much there is to do in each row.
        work: Takes the first row of a block and the one past its last.

    Example:
        >>> in_blocks(np.array([3, 4]), lambda low, high: high - low)
        [2]
    """
    before = np.concatenate([[0], np.cumsum(load, dtype=np.int64)])
    blocks = kernels.blocks(before)
    return kernels.in_threads([partial(work, *block) for block in blocks])


def checked_sizes(sizes: ArrayLike, n: int) -> NDArray[np.int32]:
    """Return N sizes as a column; a side that no mask may have becomes 0.

    Args:
        sizes: (N, 2) height and width, pixels.
        n: N.

    Raises:
        MismatchedColumns: If there are not N sizes.
    """
    size = np.asarray(sizes, dtype=np.int64)
    if size.shape != (n, 2) and (n or size.size):
        raise MismatchedColumns("sizes", (n, 2), size.shape)
    allowed = (size > 0) & (size <= MAX_PIXELS)
    return np.where(allowed, size, 0).astype(np.int32).reshape(-1, 2)


def unfilled(rooms: NDArray[np.int64], sizes: NDArray[np.int32]) -> Masks:
    """Make room for masks that a kernel fills.

    Args:
        rooms: (N,) edges that each mask may have.
        sizes: (N, 2) height and width, pixels.
    """
    rooms = np.maximum(rooms, 1)
    stops = np.cumsum(rooms)
    n = len(rooms)
    return Masks(
        edges=np.empty(int(stops[-1]) if n else 0, dtype=np.uint32),
        starts=stops - rooms,
        lengths=rooms.astype(np.int32),
        sizes=sizes,
        areas=np.zeros(n, dtype=np.int64),
        extents=np.zeros((n, 4), dtype=np.int32),
    )


def refuse(fault: NDArray[np.int8]) -> None:
    """Refuse masks of which one is faulty.

    Raises:
        MalformedMask: The first fault.
    """
    faulty = np.flatnonzero(fault)
    if len(faulty):
        raise MalformedMask(FAULTS[fault[faulty[0]]])


def check_views(
    name: str, starts: NDArray[np.int64], lengths: NDArray[np.integer], room: int
) -> None:
    """Refuse stretches of a flat array that reach past it: native code reads them as they are.

    Raises:
        MismatchedColumns: If there are not as many lengths as starts.
        PositionOutOfRange: If a stretch begins before the array or ends after it.
    """
    if starts.shape != lengths.shape:
        raise MismatchedColumns(f"{name}.lengths", starts.shape, lengths.shape)
    if not len(starts):
        return
    # Each alone first, so that their sum cannot overflow.
    ends = (starts, lengths, starts + lengths)
    if any(int(column.min()) < 0 or int(column.max()) > room for column in ends):
        raise PositionOutOfRange(f"{name}.starts", length=room)
