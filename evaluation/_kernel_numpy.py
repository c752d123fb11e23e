"""The matcher's inner loops, vectorised in NumPy: what serves where nothing could be compiled.

Plain arrays in, plain arrays out: no tables, no settings, no Python objects. The compiled twin is
`_kernel.pyx`; both have the same functions and give the same bits.

A *cell* is one class of an image: predictions and ground truth of different cells never meet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# Pairs looked at together: bounds the memory of one block to some tens of megabytes.
_PAIR_BLOCK = 1 << 18


def meet(  # noqa: PLR0913, PLR0917 - a kernel takes flat columns
    pred_order: NDArray[np.int64],
    pred_start: NDArray[np.int64],
    pred_class: NDArray[np.int64] | None,
    truth_order: NDArray[np.int64],
    truth_start: NDArray[np.int64],
    truth_class: NDArray[np.int64] | None,
    first_image: int,
    last_image: int,
    rank: NDArray[np.int32],
    cells: NDArray[np.int64],
) -> int:
    """Rank the predictions of some images and list the cells that hold ground truth too.

    Args:
        pred_order: (P,) rows by image, class and descending score.
        pred_start: (n_images + 1,) where each image begins in `pred_order`.
        pred_class: (P,) classes by row; without them an image is one cell.
        truth_order: (G,) rows by image and class.
        truth_start: (n_images + 1,) where each image begins in `truth_order`.
        truth_class: (G,) classes by row.
        first_image: The first image.
        last_image: The image to stop before.
        rank: (P,) is filled by row: place of a prediction in its cell.
        cells: (C, 4) is filled: where a cell begins and ends in `pred_order`, `truth_order`.

    Returns:
        Number of cells written.
    """
    first, stop = pred_start[first_image], pred_start[last_image]
    pred = _runs(pred_order[first:stop], pred_start[first_image : last_image + 1], pred_class)
    run_image, run_class, low, high = pred
    rank[pred_order[first:stop]] = spread(np.zeros_like(low), high - low)
    t_first, t_stop = truth_start[first_image], truth_start[last_image]
    t_image, t_class, t_low, t_high = _runs(
        truth_order[t_first:t_stop], truth_start[first_image : last_image + 1], truth_class
    )
    n_classes = 1 + max(run_class.max(initial=0), t_class.max(initial=0))
    _, ours, theirs = np.intersect1d(
        run_image * n_classes + run_class,
        t_image * n_classes + t_class,
        assume_unique=True,
        return_indices=True,
    )
    n = len(ours)
    cells[:n, 0], cells[:n, 1] = low[ours] + first, high[ours] + first
    cells[:n, 2], cells[:n, 3] = t_low[theirs] + t_first, t_high[theirs] + t_first
    return n


def _runs(
    order: NDArray[np.int64], start: NDArray[np.int64], class_: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Cut an order into cells: image and class of each, where it begins and ends."""
    image = np.repeat(np.arange(len(start) - 1), np.diff(start))
    along = np.zeros(len(order), dtype=np.int64) if class_ is None else class_[order]
    changes = (np.diff(image) != 0) | (np.diff(along) != 0)
    low = np.flatnonzero(np.concatenate([[len(order) > 0], changes])[: len(order)])
    return image[low], along[low], low, np.append(low[1:], len(order))[: len(low)]


def box_pairs(  # noqa: PLR0913, PLR0917 - a kernel takes flat columns
    boxes: NDArray[np.float64],
    truth_boxes: NDArray[np.float64],
    crowd: NDArray[np.uint8],
    pred_order: NDArray[np.int64],
    truth_order: NDArray[np.int64],
    cells: NDArray[np.int64],
    floor: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Find the pairs of boxes of one cell whose IoU reaches a floor.

    IoU = intersection / union; against a crowd region intersection / area of the prediction, in
    the order of operations of pycocotools' `bbIou`.

    Args:
        boxes: (P, 4) predictions, xywh pixels.
        truth_boxes: (G, 4) ground truth, xywh pixels.
        crowd: (G,) whether a ground truth is a crowd region.
        pred_order: (P,) rows.
        truth_order: (G,) rows.
        cells: (C, 4) as `meet` lists them.
        floor: Smallest IoU of interest, above 0.

    Returns:
        Three parallel arrays, cell by cell and prediction by prediction: row of the prediction,
        row of the ground truth, IoU.
    """
    preds, truths, ious = [], [], []
    for pred, truth in pair_blocks(cells):
        row, truth_row = pred_order[pred], truth_order[truth]
        iou = _iou(boxes[row].T, truth_boxes[truth_row].T, crowd[truth_row] != 0)
        kept = np.flatnonzero(iou >= floor)
        preds.append(row[kept])
        truths.append(truth_row[kept])
        ious.append(iou[kept])
    if not preds:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    return np.concatenate(preds), np.concatenate(truths), np.concatenate(ious)


def _iou(
    box: NDArray[np.float64], truth: NDArray[np.float64], crowd: NDArray[np.bool_]
) -> NDArray[np.float64]:
    dx, dy, dw, dh = box
    gx, gy, gw, gh = truth
    # Absurdly large finite boxes overflow; their IoU is then no number and no match.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        width = np.minimum(dw + dx, gw + gx) - np.maximum(dx, gx)
        height = np.minimum(dh + dy, gh + gy) - np.maximum(dy, gy)
        shared = width * height
        area = dw * dh
        iou: NDArray[np.float64] = shared / np.where(crowd, area, area + gw * gh - shared)
    iou[(width <= 0) | (height <= 0)] = 0.0
    return iou


def pair_blocks(
    cells: NDArray[np.int64],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Enumerate the pairs of predictions and ground truth of cells, block by block.

    Args:
        cells: (C, 4) where each cell begins and ends on either side.

    Yields:
        Two (E,) arrays of positions; the prediction ascends.
    """
    pred_low, pred_high, truth_low, truth_high = cells.T
    n_pred = pred_high - pred_low
    pred = spread(pred_low, n_pred)
    partners = np.repeat(truth_high - truth_low, n_pred)
    first_partner = np.repeat(truth_low, n_pred)
    ends = np.cumsum(partners)
    start = 0
    while start < len(pred):
        done = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, done + _PAIR_BLOCK, side="right")), start + 1)
        yield (
            np.repeat(pred[start:stop], partners[start:stop]),
            spread(first_partner[start:stop], partners[start:stop]),
        )
        start = stop


def spread(first: NDArray[np.int64], length: NDArray[np.int64]) -> NDArray[np.int64]:
    """Write out ranges: `first` 5, 9 with `length` 2, 3 give 5 6 9 10 11."""
    ends = np.cumsum(length)
    total = int(ends[-1]) if len(ends) else 0
    spread_out: NDArray[np.int64] = np.arange(total) + np.repeat(first - (ends - length), length)
    return spread_out


def prefer(pred: NDArray[np.int64], truth: NDArray[np.int64], iou: NDArray[np.float64]) -> None:
    """Sort the pairs of each prediction in place: best IoU first, of equal IoU the later pair.

    Args:
        pred: (E,) predictions; the pairs of one prediction are together.
        truth: (E,) ground truth.
        iou: (E,) their overlap.
    """
    if len(pred) == 0:
        return
    group = np.cumsum(np.r_[False, pred[1:] != pred[:-1]])
    preference = np.lexsort((-np.arange(len(pred)), -iou, group))
    truth[:], iou[:] = truth[preference], iou[preference]


def assign(  # noqa: PLR0913, PLR0917 - a kernel takes flat columns
    pred: NDArray[np.int64],
    truth: NDArray[np.int64],
    iou: NDArray[np.float64],
    least: NDArray[np.float64],
    ignored: NDArray[np.uint8],
    crowd: NDArray[np.uint8],
    taken: NDArray[np.uint16],
    matched: NDArray[np.uint16],
) -> None:
    """Give ground truth to predictions greedily, for all thresholds and area ranges in one pass.

    Each prediction in turn takes, of what is still free, the first of its candidates that is
    counted, else the first that is ignored. A crowd region is never used up. What is free at one
    threshold and area range is a bit, so one pass over the pairs decides all combinations.

    Turn r of every group of pairs that shares ground truth is taken at once.

    Args:
        pred: (E,) prediction of a pair; those of one cell are together, best score first.
        truth: (E,) ground truth of a pair, in order of preference inside each prediction.
        iou: (E,) overlap of a pair.
        least: (T,) smallest overlap that counts, ascending.
        ignored: (G, A) whether a ground truth is ignored in an area range.
        crowd: (G,) whether a ground truth is a crowd region.
        taken: (G, A) is filled: bit t is set where a ground truth is used up at threshold t.
        matched: (E, A) is filled: bit t is set where the pair is matched at threshold t.
    """
    if len(pred) == 0:
        return
    reach = ((1 << np.searchsorted(least, iou, side="right")) - 1).astype(np.uint16)
    none = np.uint16(0)
    first = np.flatnonzero(np.r_[True, pred[1:] != pred[:-1]])
    choices = np.diff(np.r_[first, len(pred)])
    for turn in _turns(_shared_groups(truth, first), choices):
        column = np.arange(int(choices[turn].max()))
        real = column < choices[turn, None]
        pair = np.where(real, first[turn, None] + column, first[turn, None])
        there = truth[pair]
        able = np.where(real, reach[pair], none)[..., None] & ~taken[there]
        # Counted first, then ignored; what an earlier choice decided is not offered to a later one.
        second = ignored[there] != 0
        offered = np.concatenate(
            [np.where(second, none, able), np.where(second, able, none)], axis=1
        )
        decided = np.bitwise_or.accumulate(offered, axis=1)
        offered[:, 1:] &= ~decided[:, :-1]
        gets = (offered[:, : len(column)] | offered[:, len(column) :])[real]
        matched[pair[real]] = gets
        used = there[real]
        taken[used] |= np.where(crowd[used, None] != 0, none, gets)


def _shared_groups(truth: NDArray[np.int64], first: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number predictions so that two with one ground truth, and all between, have one number."""
    place = np.arange(len(truth))
    last = np.zeros(int(truth.max()) + 1, dtype=np.int64)
    np.maximum.at(last, truth, place)
    reaches = np.maximum.accumulate(last[truth])
    end = np.r_[first[1:], len(truth)] - 1
    closed = reaches[end] == end
    return np.cumsum(np.r_[False, closed[:-1]])


def _turns(cell: NDArray[np.int64], choices: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Group rows by their place inside their cell: all first ones, all second ones, and so on.

    Each group is split where the number of choices doubles, so that padding them to one width
    wastes less than half.
    """
    start = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]])
    place = np.arange(len(cell)) - np.repeat(start, np.diff(np.r_[start, len(cell)]))
    width = np.ceil(np.log2(choices)).astype(np.int64)
    order = np.lexsort((width, place))
    changes = (np.diff(place[order]) != 0) | (np.diff(width[order]) != 0)
    return np.split(order, np.flatnonzero(changes) + 1)
