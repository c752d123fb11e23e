"""False positives that two prediction sets have in common.

Neither side is ground truth here, so neither may choose first: the pair with the largest overlap
is taken first, one to one. Swapping the sides then swaps the result and nothing else, and a set
has all mistakes in common with itself.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from evaluation.candidates import find_candidates
from evaluation.mask_overlap import required_masks
from evaluation.oriented_boxes import Quadrilaterals, required_corners
from evaluation.overlap import box_iou

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from evaluation.candidates import IouType
    from evaluation.instances import Instances

    Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]

# Two false positives of one image and class are the same mistake from this overlap on.
SAME_MISTAKE_IOU = 0.5
# Sides above this share of the largest number in a table survive rounding, whatever their place.
_THIN = 1e-6
# The area of boxes with larger sides may be no number.
_HUGE = 1e150


def same_mistakes(first: Instances, second: Instances, *, iou_type: IouType = "bbox") -> Pairs:
    """Pair objects of two tables: same image and class, IoU of 0.5 or more, one to one.

    Boxes without an area overlap nothing, not even themselves; they are paired with an equal one.
    Poses are compared by their boxes: similarity of keypoints takes one side for the truth.

    Args:
        first: False positives of one set.
        second: False positives of the other.
        iou_type: What overlaps, as for `match`.

    Returns:
        Two parallel (E,) arrays: rows of `first`, rows of `second`.

    Raises:
        MissingMasks: If masks are to be compared and a table has none.

    Example:
        >>> from evaluation import Instances
        >>> def found(*boxes):
        ...     return Instances.predictions([0, 0], [0, 0], boxes, score=[0.9, 0.8])
        >>> first, second = found([0, 0, 9, 9], [50, 0, 9, 9]), found([0, 0, 9, 6], [0, 0, 9, 8])
        >>> ours, theirs = same_mistakes(first, second)
        >>> ours.tolist(), theirs.tolist()
        ([0], [1])
    """
    iou_type = _COMPARED_BY.get(iou_type, iou_type)
    found = find_candidates(second, first, iou_type=iou_type, floor=SAME_MISTAKE_IOU)
    # The sum breaks ties the same way from both sides. Pairs that still tie share no object.
    order = np.lexsort((found.pred + found.truth, -found.iou))
    row, other = best_first(found.pred[order], found.truth[order])
    flat, other_flat = _flat_twins(first, second, (row, other), iou_type)
    return np.concatenate([row, flat]), np.concatenate([other, other_flat])


def best_first(row: NDArray[np.int64], other: NDArray[np.int64]) -> Pairs:
    """Take pairs greedily in their order, each object once.

    All pairs that are the first left of both their objects are taken at once; that is the same.

    Args:
        row: (E,) object of one side.
        other: (E,) object of the other side.

    Example:
        >>> taken = best_first(np.array([0, 1, 0, 1]), np.array([5, 5, 6, 7]))
        >>> [side.tolist() for side in taken]
        [[0, 1], [5, 7]]
    """
    taken: list[Pairs] = []
    while len(row):
        wins = _is_first(row) & _is_first(other)
        taken.append((row[wins], other[wins]))
        left = ~np.isin(row, row[wins]) & ~np.isin(other, other[wins])
        row, other = row[left], other[left]
    if not taken:
        return row, other
    return np.concatenate([rows for rows, _ in taken]), np.concatenate([rows for _, rows in taken])


def _is_first(values: NDArray[np.int64]) -> NDArray[np.bool_]:
    first = np.zeros(len(values), dtype=np.bool_)
    first[np.unique(values, return_index=True)[1]] = True
    return first


def _flat_twins(first: Instances, second: Instances, paired: Pairs, iou_type: IouType) -> Pairs:
    """Pair objects left over that overlap nothing, nth with nth of those with an equal box."""
    flat = _OVERLAPS_NOTHING[iou_type]
    ours, theirs = (
        np.setdiff1d(flat(table), rows) for table, rows in zip((first, second), paired, strict=True)
    )
    named = _boxes_by_name(first, ours), _boxes_by_name(second, theirs)
    common = sorted(named[0].keys() & named[1].keys())
    return (
        np.array([named[0][name] for name in common], dtype=np.int64),
        np.array([named[1][name] for name in common], dtype=np.int64),
    )


def _boxes_by_name(table: Instances, rows: NDArray[np.int64]) -> dict[tuple[object, ...], int]:
    """Name rows by image, class, box and their place among the equal ones."""
    seen: Counter[tuple[object, ...]] = Counter()
    named = {}
    columns = table.image[rows], table.class_[rows], table.boxes[rows]
    for row, image, class_, box in zip(rows.tolist(), *(c.tolist() for c in columns), strict=True):
        name = (image, class_, *box)
        named[*name, seen[name]] = row
        seen[name] += 1
    return named


def _flat_boxes(table: Instances) -> NDArray[np.int64]:
    """Find boxes that do not overlap themselves: no area, none after rounding, or no number."""
    width, height = table.boxes[:, 2], table.boxes[:, 3]
    thin = _THIN * float(np.abs(table.boxes).max(initial=1.0))
    odd = (width <= thin) | (height <= thin) | (width > _HUGE) | (height > _HUGE)
    rows = np.flatnonzero(odd)
    boxes = table.boxes[rows]
    itself = box_iou(boxes, boxes, np.zeros(len(rows), dtype=np.bool_))
    return rows[~(itself >= SAME_MISTAKE_IOU)]


def _empty_masks(table: Instances) -> NDArray[np.int64]:
    """Find masks without a pixel."""
    return np.flatnonzero(required_masks(table, "predictions").areas == 0)


def _flat_outlines(table: Instances) -> NDArray[np.int64]:
    """Find oriented boxes that rounding leaves no area to speak of."""
    outlines = Quadrilaterals.of(required_corners(table, "predictions"))
    left, top, right, bottom = outlines.extents.T
    length = np.maximum(right - left, bottom - top)
    largest = np.abs(outlines.extents).max(axis=1, initial=0.0)
    return np.flatnonzero(~(outlines.areas > _THIN * length * largest))


# What tells whether two mistakes are the same, where it is not what matched them.
_COMPARED_BY: Mapping[IouType, IouType] = {"keypoints": "bbox"}

# How objects without any overlap, not even with themselves, are found.
_OVERLAPS_NOTHING: Mapping[IouType, Callable[[Instances], NDArray[np.int64]]] = {
    "bbox": _flat_boxes,
    "segm": _empty_masks,
    "obb": _flat_outlines,
}
