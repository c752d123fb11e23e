"""What the NumPy twins of the mask kernels share, as `_mask_edges.pxd` for the compiled ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evaluation.mask_faults import MAX_PIXELS, OK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.masks import Masks

    Column = NDArray[np.int64]


def pixels_of(sizes: NDArray[np.int32]) -> Column:
    """Give height x width, 0 for sizes that no mask may have."""
    size = sizes.astype(np.int64)
    allowed = ((size > 0) & (size <= MAX_PIXELS)).all(axis=1)
    pixels: Column = np.where(allowed, size[:, 0] * size[:, 1], 0)
    return np.where(pixels <= MAX_PIXELS, pixels, 0)


def running_totals(values: Column, starts: Column) -> Column:
    """Sum up values from each start on."""
    sums = np.cumsum(values)
    before = np.concatenate([[0], sums])[starts]
    lengths = np.diff(np.append(starts, len(values)))
    totals: Column = sums - np.repeat(before, lengths)
    return totals


def measure(masks: Masks, fault: NDArray[np.int8], pixels: Column, low: int, high: int) -> None:
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
