"""The order in which COCO walks predictions: class by class, best score first.

One order serves matching and accumulation: cut by image it is the order in which predictions
choose ground truth, and along a class it is the order of the precision–recall curve.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from evaluation import kernels
from evaluation.axes import Axis

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.instances import Instances

kernel = kernels.kernel("order_kernel")


def walking_order(
    predictions: Instances,
    *,
    class_agnostic: bool = False,
    images: Axis | None = None,
    classes: Axis | None = None,
) -> NDArray[np.int64]:
    """Sort predictions by class, then score descending, then image, then file order.

    Args:
        predictions: The table to walk.
        class_agnostic: Take all for one class; of equal score and image the lower class is first,
            as in pycocotools without `useCats`.
        images: The checked image axis, where it is at hand; predictions are its first table.
        classes: The checked class axis, likewise.

    Returns:
        (P,) row numbers.

    Raises:
        PositionOutOfRange: If an image or class position is negative.
        MismatchedColumns: If the table has columns of different lengths.

    Example:
        >>> from evaluation import Instances
        >>> found = Instances.predictions(
        ...     [1, 0, 0], [0, 0, 0], np.ones((3, 4)), score=[0.5, 0.5, 0.9]
        ... )
        >>> walking_order(found).tolist()
        [2, 1, 0]
    """
    images = Axis.of_images(predictions) if images is None else images
    classes = Axis.of_classes(predictions) if classes is None else classes
    score = np.ascontiguousarray(predictions.score, dtype=np.float64)
    along = np.empty_like(score)
    (image, *_), (class_, *_) = images.positions, classes.positions
    if class_agnostic:
        order, _ = sort_by(image, images.length, sort_by(class_, classes.length)[0])
        start, along = np.array([0, len(order)]), score[order]
    else:
        by_image = None if images.ascending else sort_by(image, images.length)[0]
        order, start = sort_by(class_, classes.length, by_image, carry=(score, along))
    kernels.in_threads(
        [
            partial(kernel.sort_by_score, along, start, groups, order)
            for groups in kernels.shares(np.diff(start))
        ]
    )
    return order


def sort_by(
    position: NDArray[np.int64],
    length: int,
    rows: NDArray[np.int64] | None = None,
    *,
    carry: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sort rows by their position on an axis, stable.

    Args:
        position: (N,) checked positions.
        length: Length of the axis.
        rows: (N,) the order to keep among equals; file order when missing.
        carry: (N,) a column to read and (N,) where to write it in the new order.

    Returns:
        (N,) row numbers and (length + 1,) where the rows of each position begin among them.

    Example:
        >>> order, start = sort_by(np.array([1, 0, 1]), 3)
        >>> order.tolist(), start.tolist()
        ([1, 0, 2], [0, 1, 3, 3])
    """
    order, start = np.empty(len(position), dtype=np.int64), np.zeros(length + 1, dtype=np.int64)
    column, carried = carry or (None, None)
    kernel.sort_by_position(position, rows, start, order, column, carried)
    return order, start
