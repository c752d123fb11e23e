"""The twin of `_mask_kernel.pyx` for installs without a compiler: same functions, same results.

Texts are read by NumPy a few hundred at a time, polygons go to pycocotools once they are checked.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from evaluation.mask_faults import (
    CHARACTER,
    CUT,
    FAR,
    FEW_POINTS,
    FRACTION,
    HALF_POINT,
    LONG,
    LONG_OUTLINE,
    MAX_COORDINATE,
    MAX_OUTLINE,
    MAX_PIXELS,
    NEGATIVE,
    NO_PART,
    NOT_FINITE,
    OK,
    REACH,
    SIZE,
    TOTAL,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.masks import Masks, Texts
    from evaluation.polygons import Polygons

    Column = NDArray[np.int64]

_BATCH: Final = 200  # larger batches fall out of the processor's cache
_MAX_GROUPS: Final = 7  # groups of five bits in a run; a run below 2**28 and its sign need six
_PLACE_BITS: Final = 29  # of a place in a mask, the last edge included


def count_runs(texts: Texts, runs: Column, fault: NDArray[np.int8], low: int, high: int) -> None:
    """Count the runs of texts low .. high - 1; tell odd characters and texts cut within a run."""
    for start in range(low, high, _BATCH):
        rows = slice(start, min(start + _BATCH, high))
        groups, owner = _groups(texts, rows)
        n = rows.stop - rows.start
        runs[rows] = np.bincount(owner[groups < 32], minlength=n)
        strange = np.bincount(owner[(groups < 0) | (groups > 63)], minlength=n) > 0
        lengths = texts.lengths[rows]
        last = np.zeros(n, dtype=np.int16)
        last[lengths > 0] = groups[np.cumsum(lengths)[lengths > 0] - 1]
        fault[rows] = np.select(
            [lengths == 0, strange, (last & 32) != 0], [TOTAL, CHARACTER, CUT], OK
        )


def decode_texts(texts: Texts, masks: Masks, fault: NDArray[np.int8], low: int, high: int) -> None:
    """Decode texts low .. high - 1 into masks whose rooms were counted by `count_runs`.

    A faulty text becomes an empty mask.
    """
    pixels = _pixels(masks.sizes)
    fault[low:high][pixels[low:high] == 0] = SIZE
    for start in range(low, high, _BATCH):
        rows = np.arange(start, min(start + _BATCH, high))
        sound = rows[fault[rows] == OK]
        if not len(sound):
            continue
        runs, run_starts, too_long = _runs(texts, sound)
        edges = _running_totals(runs, run_starts)
        stops = np.append(run_starts[1:], len(runs))
        reasons = [
            too_long | np.logical_or.reduceat(np.abs(runs) > MAX_PIXELS, run_starts),
            np.logical_or.reduceat(runs < 0, run_starts),
            edges[stops - 1] != pixels[sound],
        ]
        fault[sound] = np.select(reasons, [LONG, NEGATIVE, TOTAL], OK)
        for row, first, stop in zip(sound, run_starts, stops, strict=True):
            if fault[row] == OK:
                masks.edges[masks.starts[row] :][: stop - first] = edges[first:stop]
    _finish(masks, fault, pixels, low, high)


def encode_texts(masks: Masks, characters: NDArray[np.uint8], lengths: Column) -> None:
    """Write the texts of masks one after the other: `rleToString` of the COCO API."""
    at = 0
    for row in range(len(masks)):
        runs = masks.runs(row)
        values = runs.copy()
        values[3:] -= runs[1:-2]
        text = bytearray()
        for value in values.tolist():
            rest = value
            while True:
                group, rest = rest & 31, rest >> 5
                more = rest != (-1 if group & 16 else 0)
                text.append((group | 32 if more else group) + 48)
                if not more:
                    break
        lengths[row] = len(text)
        characters[at : at + len(text)] = np.frombuffer(text, dtype=np.uint8)
        at += len(text)


def decode_runs(
    values: NDArray[np.float64], masks: Masks, fault: NDArray[np.int8], low: int, high: int
) -> None:
    """Turn plain runs into masks; the rooms of the masks are also those of their values."""
    pixels = _pixels(masks.sizes)
    for row in range(low, high):
        start, length = int(masks.starts[row]), int(masks.lengths[row])
        runs = values[start : start + length]
        fault[row] = _fault_of_runs(runs, int(pixels[row]))
        if fault[row] == OK:
            masks.edges[start : start + length] = np.cumsum(runs)
    _finish(masks, fault, pixels, low, high)


def measure_polygons(
    polygons: Polygons,
    sizes: NDArray[np.int32],
    room: Column,
    fault: NDArray[np.int8],
    low: int,
    high: int,
) -> None:
    """Check objects low .. high - 1 and count the edges that each can have at most."""
    pixels = _pixels(sizes)
    for row in range(low, high):
        parts = _parts(polygons, row)
        fault[row] = _fault_of_polygons(parts, sizes[row]) if pixels[row] else SIZE
        room[row] = 1 if fault[row] else 1 + sum(_crossings(part, sizes[row]) + 2 for part in parts)


def rasterise(
    polygons: Polygons, masks: Masks, fault: NDArray[np.int8], low: int, high: int
) -> None:
    """Rasterise objects low .. high - 1 into masks with the room of `measure_polygons`.

    A faulty object becomes an empty mask.
    """
    from pycocotools import mask as coco_mask  # noqa: PLC0415 - boxes do without it

    from evaluation.masks import Masks  # noqa: PLC0415 - that module chooses this one

    for row in range(low, high):
        if fault[row] != OK:
            continue
        size = masks.sizes[row].tolist()
        parts = coco_mask.frPyObjects([part.tolist() for part in _parts(polygons, row)], *size)
        whole = parts[0] if len(parts) == 1 else coco_mask.merge(parts)
        edges = Masks.from_texts([whole["counts"]], [size]).edges
        masks.edges[masks.starts[row] :][: len(edges)] = edges
        masks.lengths[row] = len(edges)
    _finish(masks, fault, _pixels(masks.sizes), low, high)


def near_pairs(  # noqa: PLR0913, PLR0917 - the signature of the compiled twin
    predictions: Masks,
    truth: Masks,
    crowd: NDArray[np.uint8],
    pred_order: Column,
    truth_order: Column,
    shared: Column,
    floor: float,
    found: tuple[Column, Column] | None,
) -> int:
    """Find the pairs of a cell whose areas and extents allow an IoU of `floor`.

    With `found` None the pairs are only counted; else it is two arrays that take their rows.
    """
    at = 0
    for first, last, truth_first, truth_last in shared.tolist():
        n_truth = truth_last - truth_first
        rows = np.repeat(pred_order[first:last], n_truth)
        others = np.tile(truth_order[truth_first:truth_last], last - first)
        near = _may_reach(predictions, truth, crowd, rows, others, floor)
        total = int(np.count_nonzero(near))
        if found is not None:
            found[0][at : at + total] = rows[near]
            found[1][at : at + total] = others[near]
        at += total
    return at


def overlaps(  # noqa: PLR0913, PLR0917 - the signature of the compiled twin
    predictions: Masks,
    truth: Masks,
    pairs: tuple[Column, Column],
    crowd: NDArray[np.uint8],
    iou: NDArray[np.float64],
    low: int,
    high: int,
) -> None:
    """Measure the IoU of pairs low .. high - 1, by the arithmetic of `rleIou` of the COCO API."""
    for start in range(low, high, _BATCH):
        block = slice(start, min(start + _BATCH, high))
        rows, others = pairs[0][block], pairs[1][block]
        common = _common_pixels(predictions, truth, rows, others)
        area, truth_area = predictions.areas[rows], truth.areas[others]
        union = np.where(crowd[others] != 0, area, area + truth_area - common)
        same = (predictions.sizes[rows] == truth.sizes[others]).all(axis=1)
        iou[block] = np.where(same, common / np.maximum(union, 1), -1.0)


def _pixels(sizes: NDArray[np.int32]) -> Column:
    """Give height x width, 0 for sizes that no mask may have."""
    size = sizes.astype(np.int64)
    allowed = ((size > 0) & (size <= MAX_PIXELS)).all(axis=1)
    pixels: Column = np.where(allowed, size[:, 0] * size[:, 1], 0)
    return np.where(pixels <= MAX_PIXELS, pixels, 0)


def _groups(texts: Texts, rows: slice | Column) -> tuple[NDArray[np.int16], Column]:
    """Give the groups of five bits of some texts, one after the other, and whose they are."""
    starts, lengths = texts.starts[rows], texts.lengths[rows]
    owner = np.repeat(np.arange(len(starts)), lengths)
    before = np.cumsum(lengths) - lengths
    places = np.arange(len(owner)) - before[owner] + starts[owner]
    return texts.characters[places].astype(np.int16) - 48, owner


def _runs(texts: Texts, rows: Column) -> tuple[Column, Column, NDArray[np.bool_]]:
    """Read texts whose characters are sound and whose last group ends a run.

    Returns:
        Run lengths, where each mask's begin, and which masks have a run of too many groups.
    """
    groups, _ = _groups(texts, rows)
    stops = np.flatnonzero(groups < 32) + 1
    begins = np.concatenate([[0], stops[:-1]])
    widths = stops - begins
    places = np.arange(len(groups)) - np.repeat(begins, widths)
    bits = (groups & 31).astype(np.int64) << 5 * np.minimum(places, _MAX_GROUPS)
    values = np.add.reduceat(bits, begins)
    signed = (groups[stops - 1] & 16) != 0
    values -= np.where(signed, np.int64(1) << 5 * np.minimum(widths, _MAX_GROUPS + 1), 0)
    lengths = texts.lengths[rows]
    starts = np.searchsorted(begins, np.cumsum(lengths) - lengths)
    too_long = np.logical_or.reduceat(widths > _MAX_GROUPS, starts)
    return _undone(values, starts), starts, too_long


def _undone(values: Column, starts: Column) -> Column:
    """Undo the differences: run lengths."""
    lengths = np.diff(np.append(starts, len(values)))
    place = np.arange(len(values)) - np.repeat(starts, lengths)
    runs = values.copy()
    for first in (1, 2):  # runs 1, 3, 5 … and 2, 4, 6 … are chains of differences; run 0 is plain
        chain = np.flatnonzero((place >= first) & (place % 2 == first % 2))
        heads = np.flatnonzero(place[chain] == first)
        runs[chain] = _running_totals(values[chain], heads)
    return runs


def _running_totals(values: Column, starts: Column) -> Column:
    """Sum up values from each start on."""
    sums = np.cumsum(values)
    before = np.concatenate([[0], sums])[starts]
    lengths = np.diff(np.append(starts, len(values)))
    totals: Column = sums - np.repeat(before, lengths)
    return totals


def _finish(masks: Masks, fault: NDArray[np.int8], pixels: Column, low: int, high: int) -> None:
    """Empty the faulty masks; measure areas and extents of all."""
    for row in range(low, high):
        start = masks.starts[row]
        if fault[row] != OK:
            masks.edges[start] = pixels[row]
            masks.lengths[row] = 1
        spans = (int(masks.lengths[row]) // 2) * 2
        edges = masks.edges[start : start + spans].astype(np.int64).reshape(-1, 2)
        edges = edges[edges[:, 1] > edges[:, 0]]
        masks.areas[row] = (edges[:, 1] - edges[:, 0]).sum()
        masks.extents[row] = _extent(edges, int(masks.sizes[row, 0])) if len(edges) else 0


def _extent(spans: Column, height: int) -> tuple[int, int, int, int]:
    """Give x0, y0, x1, y1 around spans of set pixels."""
    top = spans[:, 0] % height
    bottom = top + spans[:, 1] - spans[:, 0]
    left, right = int(spans[0, 0]) // height, (int(spans[-1, 1]) - 1) // height + 1
    if (bottom > height).any():
        return left, 0, right, height
    return left, int(top.min()), right, int(bottom.max())


def _fault_of_runs(runs: NDArray[np.float64], pixels: int) -> int:
    """Say what is wrong with plain runs: what the first bad run shows, else the total."""
    if not pixels:
        return SIZE
    total = 0
    for run in runs.tolist():
        fault = _fault_of_run(run)
        total += 0 if fault else int(run)
        if fault or total > pixels:
            return fault or TOTAL
    return OK if total == pixels else TOTAL


def _fault_of_run(run: float) -> int:
    if not np.isfinite(run):
        return FRACTION
    if abs(run) > MAX_PIXELS:
        return LONG
    if run != int(run):
        return FRACTION
    return NEGATIVE if run < 0 else OK


def _parts(polygons: Polygons, row: int) -> list[NDArray[np.float64]]:
    """Give the coordinates of each part of an object."""
    first, last = polygons.object_starts[row : row + 2].tolist()
    bounds = polygons.part_starts[first : last + 1].tolist()
    return [polygons.coordinates[low:high] for low, high in pairwise(bounds)]


def _fault_of_polygons(parts: list[NDArray[np.float64]], size: NDArray[np.int32]) -> int:
    """Say what is wrong with the parts of one object: the least of all faults."""
    if not parts:
        return NO_PART
    faults = [_fault_of_part(part, REACH * int(size.max())) for part in parts]
    fault = min((fault for fault in faults if fault != OK), default=OK)
    if fault != OK:
        return fault
    outline = 0.0
    for part in parts:
        points = part.reshape(-1, 2)
        steps = np.abs(points - np.roll(points, 1, axis=0)).max(axis=1)
        # Summed in order, as the compiled kernel does.
        outline = float(np.cumsum(np.concatenate([[outline], 5 * steps + 1]))[-1])
    return LONG_OUTLINE if outline > MAX_OUTLINE else OK


def _fault_of_part(part: NDArray[np.float64], reach: int) -> int:
    if len(part) < 6:
        return FEW_POINTS
    if len(part) % 2:
        return HALF_POINT
    # NaN fails every comparison, so this refuses it too.
    furthest = np.abs(part).max()
    if not furthest <= MAX_COORDINATE:
        return NOT_FINITE
    return FAR if furthest > reach else OK


def _crossings(part: NDArray[np.float64], size: NDArray[np.int32]) -> int:
    """Count how often an outline can cross a column's centre inside the image, or more."""
    x = (5 * part[::2] + 0.5).astype(np.int64)
    before = np.roll(x, 1)
    low, high = np.minimum(x, before), np.minimum(np.maximum(x, before), 5 * int(size[1]) + 5)
    columns = (np.maximum([low, high], 0) + 2) // 5
    return int(np.maximum(columns[1] - columns[0], 0).sum())


def _may_reach(
    predictions: Masks,
    truth: Masks,
    crowd: NDArray[np.uint8],
    rows: Column,
    others: Column,
    floor: float,
) -> NDArray[np.bool_]:
    """Say for which pairs a bound of the intersection allows an IoU of `floor`."""
    extent, truth_extent = predictions.extents[rows], truth.extents[others]
    near_corner = np.maximum(extent[:, :2], truth_extent[:, :2]).astype(np.int64)
    far_corner = np.minimum(extent[:, 2:], truth_extent[:, 2:])
    common = np.maximum(far_corner - near_corner, 0).prod(axis=1)
    area, truth_area = predictions.areas[rows], truth.areas[others]
    bound = np.minimum(np.minimum(area, truth_area), common)
    union = np.where(crowd[others] != 0, area, area + truth_area - bound)
    same = (predictions.sizes[rows] == truth.sizes[others]).all(axis=1)
    return np.asarray(same & (bound > 0) & (bound / np.maximum(union, 1) >= floor))


def _common_pixels(predictions: Masks, truth: Masks, rows: Column, others: Column) -> Column:
    """Count the pixels that the masks of each pair share.

    The set pixels of the ground truth up to a place are a broken line through its edges; the
    share inside a span of the prediction is the difference of two values of it.
    """
    edges, pair = _edges(predictions, rows)
    truth_edges, truth_pair = _edges(truth, others)
    lengths = truth.lengths[others].astype(np.int64)
    first = np.cumsum(lengths) - lengths
    place = np.arange(len(truth_edges)) - first[truth_pair]
    runs = np.diff(truth_edges, prepend=0)
    runs[first] = truth_edges[first]
    set_before = _running_totals(np.where(place % 2 == 1, runs, 0), first)
    # One search for all pairs: the number of the pair goes before the place.
    keys = (truth_pair << _PLACE_BITS) + truth_edges
    at = np.searchsorted(keys, (pair << _PLACE_BITS) + edges, side="left")
    at = np.minimum(at, first[pair] + lengths[pair] - 1)
    inside = place[at] % 2 == 1
    covered = set_before[at] - np.where(inside, np.maximum(truth_edges[at] - edges, 0), 0)
    counts = predictions.lengths[rows].astype(np.int64)
    own_place = np.arange(len(edges)) - (np.cumsum(counts) - counts)[pair]
    used = own_place < (counts // 2 * 2)[pair]
    sign = np.where(own_place % 2 == 1, 1, -1)
    common: Column = np.bincount(
        pair, weights=np.where(used, sign * covered, 0), minlength=len(rows)
    ).astype(np.int64)
    return common


def _edges(masks: Masks, rows: Column) -> tuple[Column, Column]:
    """Give the edges of some masks, one after the other, and whose they are."""
    lengths = masks.lengths[rows].astype(np.int64)
    owner = np.repeat(np.arange(len(rows)), lengths)
    before = np.cumsum(lengths) - lengths
    places = np.arange(len(owner)) - before[owner] + masks.starts[rows][owner]
    return masks.edges[places].astype(np.int64), owner
