"""The twin of `_mask_overlap_kernel.pyx` for installs without a compiler: same results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from evaluation._mask_edges_numpy import running_totals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.masks import Masks

    Column = NDArray[np.int64]


_BATCH: Final = 200  # pairs measured at once
_PLACE_BITS: Final = 29  # of a place in a mask, the last edge included


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
    set_before = running_totals(np.where(place % 2 == 1, runs, 0), first)
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
