"""Run-length masks and polygons: everything that is checked before native code sees them.

pycocotools loops for ever on the IoU of masks whose run totals differ from their size, and crashes
on NaN or huge coordinates and on sizes it cannot allocate. Nothing reaches it from here unchecked.

A mask is COCO's compressed text: runs of zeros and ones by turns, in column order, each run from
the fourth on as its difference to the run before the last, in groups of five bits (`rleToString`
of the COCO API).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from pycocotools import mask as coco_mask

from evaluation.errors import MalformedMask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

MAX_PIXELS: Final = 1 << 28
MAX_OUTLINE: Final = 1 << 24  # points that COCO's rasteriser may allocate, five for each pixel
REACH: Final = 10  # a polygon may leave its image by so many image sides
_MAX_COORDINATE: Final = 1 << 24  # five times this still fits COCO's 32-bit integers
_BATCH: Final = 200  # larger batches fall out of the processor's cache
_LONGEST_RUN: Final = 7  # characters of five bits; a run below 2**28 and its sign need six

FAULTS: Final = (
    "",
    "the size is not positive or above 2**28 pixels",
    "the text has a character that no run-length mask has",
    "the text ends within a run",
    "a run is longer than any image",
    "a run is negative",
    "the runs do not add up to height x width",
)
_OK, _SIZE, _CHARACTER, _CUT, _LONG, _NEGATIVE, _TOTAL = range(7)


@dataclass(frozen=True, slots=True)
class RunCheck:
    """What a look at compressed masks found, without decoding a pixel.

    `fault`: (N,) index into FAULTS, 0 for a sound mask. `area`: (N,) pixels set, 0 where faulty.
    """

    fault: NDArray[np.int8]
    area: NDArray[np.int64]

    @property
    def sound(self) -> NDArray[np.bool_]:
        """(N,) which masks may go on to native code."""
        return np.asarray(self.fault == _OK)


def check_runs(counts: Sequence[bytes], sizes: ArrayLike) -> RunCheck:
    """Check compressed masks: characters, signs, and runs that add up to height x width.

    Args:
        counts: N compressed run-length texts.
        sizes: (N, 2) height and width, pixels.

    >>> check_runs([b"03", b"04"], [(1, 3), (1, 3)]).fault.tolist()
    [0, 6]
    """
    size = np.asarray(sizes, dtype=np.int64).reshape(-1, 2)
    pixels = np.where((size > 0).all(axis=1) & (size <= MAX_PIXELS).all(axis=1), size.prod(1), 0)
    fault = np.zeros(len(counts), dtype=np.int8)
    area = np.zeros(len(counts), dtype=np.int64)
    for start in range(0, len(counts), _BATCH):
        part = slice(start, start + _BATCH)
        fault[part], area[part] = _check_batch(counts[part], pixels[part])
    fault[(pixels < 1) | (pixels > MAX_PIXELS)] = _SIZE
    area[fault != _OK] = 0
    return RunCheck(fault, area)


def compress(runs: Sequence[float], size: tuple[int, int]) -> bytes:
    """Return the compressed text of a mask given as a list of runs.

    Args:
        runs: Lengths of the runs of zeros and ones by turns, zeros first.
        size: Height and width, pixels.

    Raises:
        MalformedMask: The runs are not whole, not positive, or do not fill the image.

    >>> compress([0, 3], (1, 3))
    b'03'
    """
    _check_size(size)
    values = np.asarray(runs, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all() or (values != np.floor(values)).any():
        raise MalformedMask("a run is not a whole number")
    if (values < 0).any():
        raise MalformedMask(FAULTS[_NEGATIVE])
    if values.sum() != size[0] * size[1]:
        raise MalformedMask(FAULTS[_TOTAL])
    whole = {"size": list(size), "counts": values.astype(np.int64).tolist()}
    return bytes(coco_mask.frPyObjects(whole, *size)["counts"])


def check_polygons(polygons: Sequence[Sequence[float]]) -> None:
    """Check what of polygons can be checked without knowing their image.

    Args:
        polygons: Parts of one object, each x1, y1, x2, y2, … in pixels.

    Raises:
        MalformedMask: No part, fewer than three points, half a point, or a coordinate that is
            not finite or beyond 2**24.
    """
    _points(polygons)


def rasterise(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> bytes:
    """Return the compressed mask of polygons, by COCO's rule (`frPyObjects`, then `merge`).

    Coordinates go to COCO's rasteriser as they are; what lies outside the image is cut by it.

    Args:
        polygons: Parts of one object, each x1, y1, x2, y2, … in pixels.
        size: Height and width of the image, pixels.

    Raises:
        MalformedMask: See `check_polygons`; also a coordinate more than ten image sides away, or
            an outline too long to rasterise.
    """
    _check_size(size)
    limit = REACH * max(size)
    outline = 0.0
    for points in _points(polygons):
        if np.abs(points).max() > limit:
            raise MalformedMask(f"a coordinate is more than {REACH} image sides away")
        steps = np.abs(points[1:] - points[:-1]).max(axis=1).sum()
        closing = np.abs(points[0] - points[-1]).max()
        outline += 5 * (steps + closing) + len(points)
    if outline > MAX_OUTLINE:
        raise MalformedMask("the outline is too long to draw")
    parts = coco_mask.frPyObjects([list(map(float, part)) for part in polygons], *size)
    return bytes((parts[0] if len(parts) == 1 else coco_mask.merge(parts))["counts"])


def _points(polygons: Sequence[Sequence[float]]) -> list[NDArray[np.float64]]:
    """Return the points of each part, (M, 2) xy pixels, or refuse them as `check_polygons` says."""
    if not polygons:
        raise MalformedMask("it has no polygon")
    parts = []
    for polygon in polygons:
        if len(polygon) < 6:
            raise MalformedMask("a polygon has fewer than three points")
        if len(polygon) % 2:
            raise MalformedMask("a polygon ends with half a point")
        points = np.array(polygon, dtype=np.float64)
        # NaN fails every comparison, so this refuses it too.
        if not np.abs(points).max() <= _MAX_COORDINATE:
            raise MalformedMask("a coordinate is not finite or beyond any image")
        parts.append(points.reshape(-1, 2))
    return parts


def run_lengths(counts: Sequence[bytes]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the run lengths of checked masks, one after the other, and where each begins.

    Args:
        counts: N compressed texts, none empty.

    Returns:
        (R,) run lengths, zeros first in every mask, and (N,) starts.

    >>> [part.tolist() for part in run_lengths([b"03", b"12"])]
    [[0, 3, 1, 2], [0, 2]]
    """
    lengths = np.fromiter(map(len, counts), dtype=np.int64, count=len(counts))
    groups = np.frombuffer(b"".join(counts), dtype=np.uint8).astype(np.int16) - 48
    values, starts, _ = _runs(groups, np.cumsum(lengths) - lengths, lengths)
    return _undone(values, starts)[0], starts


def decode(runs: NDArray[np.int64], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a mask as (height, width) zeros and ones.

    Args:
        runs: (R,) run lengths of a checked mask, zeros first.
        size: Height and width, pixels.

    >>> decode(np.array([1, 2]), (1, 3)).tolist()
    [[0, 1, 1]]
    """
    values = np.arange(len(runs), dtype=np.uint8) & 1
    height, width = size
    return np.repeat(values, runs).reshape(width, height).T


def bounding_boxes(counts: Sequence[bytes], sizes: ArrayLike) -> NDArray[np.float64]:
    """Return the box around each checked mask: (N, 4) xywh, pixels; zeros for an empty mask."""
    if not len(counts):
        return np.zeros((0, 4))
    boxes = coco_mask.toBbox(_objects(counts, sizes))
    return np.asarray(boxes, dtype=np.float64).reshape(-1, 4)


def _objects(counts: Sequence[bytes], sizes: ArrayLike) -> list[dict[str, object]]:
    heights_widths = np.asarray(sizes).reshape(-1, 2).tolist()
    return [
        {"size": size, "counts": text} for size, text in zip(heights_widths, counts, strict=True)
    ]


def _check_size(size: tuple[int, int]) -> None:
    height, width = size
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise MalformedMask(FAULTS[_SIZE])


def _check_batch(
    counts: Sequence[bytes], pixels: NDArray[np.int64]
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Return the faults and areas of a few masks: (N,) and (N,)."""
    fault = np.zeros(len(counts), dtype=np.int8)
    area = np.zeros(len(counts), dtype=np.int64)
    lengths = np.fromiter(map(len, counts), dtype=np.int64, count=len(counts))
    fault[lengths == 0] = _TOTAL
    filled = np.flatnonzero(lengths)
    if not len(filled):
        return fault, area
    lengths = lengths[filled]
    groups = np.frombuffer(b"".join(counts), dtype=np.uint8).astype(np.int16) - 48
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    odd = np.logical_or.reduceat((groups < 0) | (groups > 63), starts)
    runs, run_starts, too_long = _runs(groups, starts, lengths)
    last_groups = groups[starts + lengths - 1]
    total, ones, negative = _sums(runs, run_starts)
    # The first reason found is told: later ones may only follow from it.
    reasons = [odd, (last_groups & 32) != 0, too_long, negative, total != pixels[filled]]
    fault[filled] = np.select(reasons, [_CHARACTER, _CUT, _LONG, _NEGATIVE, _TOTAL], _OK)
    area[filled] = ones
    return fault, area


def _runs(
    groups: NDArray[np.int16], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Read the groups of five bits: differences, where each mask's begin, and which are absurd."""
    ends = (groups & 32) == 0
    ends[starts + lengths - 1] = True  # a mask that is cut short must not run into the next
    stops = np.flatnonzero(ends) + 1
    begins = np.concatenate([[0], stops[:-1]])
    widths = stops - begins
    places = np.arange(len(groups)) - np.repeat(begins, widths)
    bits = (groups & 31).astype(np.int64) << 5 * np.minimum(places, _LONGEST_RUN)
    values = np.add.reduceat(bits, begins)
    signed = (groups[stops - 1] & 16) != 0
    values -= np.where(signed, np.int64(1) << 5 * np.minimum(widths, _LONGEST_RUN + 1), 0)
    run_starts = np.searchsorted(begins, starts)
    too_long = np.logical_or.reduceat(widths > _LONGEST_RUN, run_starts)
    return values, run_starts, too_long


def _sums(
    values: NDArray[np.int64], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return each mask's total, its set pixels and whether a run is < 0."""
    runs, place = _undone(values, starts)
    ones = np.where(place % 2 == 1, runs, 0)
    return (
        np.add.reduceat(runs, starts),
        np.add.reduceat(ones, starts),
        np.logical_or.reduceat(runs < 0, starts),
    )


def _undone(
    values: NDArray[np.int64], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Undo the differences; return the run lengths and the place of each in its mask."""
    lengths = np.diff(np.concatenate([starts, [len(values)]]))
    place = np.arange(len(values)) - np.repeat(starts, lengths)
    runs = values.copy()
    for first in (1, 2):  # runs 1, 3, 5 … and 2, 4, 6 … are chains of differences; run 0 is plain
        chain = np.flatnonzero((place >= first) & (place % 2 == first % 2))
        sums = np.cumsum(values[chain])
        heads = np.flatnonzero(place[chain] == first)
        before = np.concatenate([[0], sums])[heads]
        repeats = np.diff(np.concatenate([heads, [len(chain)]]))
        runs[chain] = sums - np.repeat(before, repeats)
    return runs, place
