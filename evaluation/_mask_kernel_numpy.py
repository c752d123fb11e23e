"""The twin of `_mask_kernel.pyx` for installs without a compiler: same functions, same results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from evaluation._mask_edges_numpy import measure, pixels_of, running_totals
from evaluation.mask_faults import (
    CHARACTER,
    CUT,
    FRACTION,
    LONG,
    MAX_PIXELS,
    NEGATIVE,
    OK,
    SIZE,
    TOTAL,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.masks import Masks, Texts

    Column = NDArray[np.int64]


_BATCH: Final = 200  # larger batches fall out of the processor's cache
_MAX_GROUPS: Final = 7  # groups of five bits in a run; a run below 2**28 and its sign need six


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
    pixels = pixels_of(masks.sizes)
    fault[low:high][pixels[low:high] == 0] = SIZE
    for start in range(low, high, _BATCH):
        rows = np.arange(start, min(start + _BATCH, high))
        sound = rows[fault[rows] == OK]
        if not len(sound):
            continue
        runs, run_starts, too_long = _runs(texts, sound)
        edges = running_totals(runs, run_starts)
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
    measure(masks, fault, pixels, low, high)


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
    pixels = pixels_of(masks.sizes)
    for row in range(low, high):
        start, length = int(masks.starts[row]), int(masks.lengths[row])
        runs = values[start : start + length]
        fault[row] = _fault_of_runs(runs, int(pixels[row]))
        if fault[row] == OK:
            masks.edges[start : start + length] = np.cumsum(runs)
    measure(masks, fault, pixels, low, high)


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
        runs[chain] = running_totals(values[chain], heads)
    return runs


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
