"""Runs of a mask from upright spans of pixels: what a window or an ellipse covers of an image.

Runs are as COCO has them: lengths of zeros and ones by turns, zeros first, down the columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PIXELS_AT_ONCE: Final = 1 << 22


def runs_of_spans(
    starts: NDArray[np.int64], stops: NDArray[np.int64], size: tuple[int, int]
) -> NDArray[np.int64]:
    """Return the runs of spans that ascend and do not overlap.

    Args:
        starts: (S,) first pixel of each span, counted down the columns.
        stops: (S,) the pixel after its last.
        size: Height and width of the image, pixels.

    Example:
        >>> runs_of_spans(np.array([1, 2]), np.array([2, 3]), (1, 4)).tolist()
        [1, 2, 1]
    """
    edges = np.empty(2 * len(starts) + 2, dtype=np.int64)
    edges[0], edges[-1] = 0, size[0] * size[1]
    edges[1:-1:2], edges[2:-1:2] = starts, stops
    runs = edges[1:] - edges[:-1]
    # Where one span ends at the bottom and the next begins at the top they are one run.
    joints = np.flatnonzero(runs[2:-1:2] == 0) * 2 + 2
    if len(joints):
        apart = np.ones(len(edges), dtype=np.bool_)
        apart[joints] = apart[joints + 1] = False
        edges = edges[apart]
        runs = edges[1:] - edges[:-1]
    return runs if runs[-1] else runs[:-1]


def runs_of_window(
    window: NDArray[np.bool_], corner: tuple[int, int], size: tuple[int, int]
) -> NDArray[np.int64]:
    """Return the runs of an image of which only a window may be set.

    Args:
        window: (h, w) the pixels in the window, which lies in the image.
        corner: Column and row of its upper left pixel.
        size: Height and width of the image, pixels.

    Example:
        >>> runs_of_window(np.array([[True]]), (1, 0), (1, 3)).tolist()
        [1, 1, 1]
    """
    left, top = corner
    step = max(_PIXELS_AT_ONCE // max(window.shape[0], 1), 1)
    starts, stops = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for first in range(0, window.shape[1], step):
        stripe = window[:, first : first + step].T
        framed = np.zeros((stripe.shape[0], stripe.shape[1] + 2), dtype=np.bool_)
        framed[:, 1:-1] = stripe
        # Set pixels come and go by turns within a column.
        columns, rows = np.nonzero(framed[:, 1:] != framed[:, :-1])
        pixels = (left + first + columns) * size[0] + top + rows
        starts.append(pixels[::2])
        stops.append(pixels[1::2])
    return runs_of_spans(np.concatenate(starts), np.concatenate(stops), size)


def runs_of_columns(
    columns: NDArray[np.int64],
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    size: tuple[int, int],
) -> NDArray[np.int64]:
    """Return the runs of the pixels whose centres lie between two heights in their column.

    Args:
        columns: (C,) columns of the image, ascending.
        ends: (C,) y of the upper and of the lower end in each, pixels.
        size: Height and width of the image, pixels.

    Example:
        >>> ends = (np.array([0.5]), np.array([1.4]))
        >>> runs_of_columns(np.array([0]), ends, (2, 2)).tolist()
        [0, 1, 3]
    """
    first = np.maximum(np.ceil(ends[0] - 0.5), 0).astype(np.int64)
    stop = np.minimum(np.floor(ends[1] + 0.5), size[0]).astype(np.int64)
    filled = first < stop
    above = columns * size[0]
    return runs_of_spans((above + first)[filled], (above + stop)[filled], size)
