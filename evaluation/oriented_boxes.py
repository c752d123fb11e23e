"""Oriented boxes: convex quadrilaterals, their exact overlap by clipping, and tables of them.

An oriented box is its four corners, (4, 2) x y pixels, in the order of its outline, clockwise or
counter-clockwise: a rotated rectangle, or any convex quadrilateral as annotators of aerial images
draw them. The intersection of two is cut out edge by edge (Sutherland and Hodgman, "Reentrant
polygon clipping", 1974) and measured by the shoelace formula, so that IoU is exact up to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np

from evaluation import kernels
from evaluation.errors import (
    MismatchedColumns,
    MissingCorners,
    NotConvex,
    NotFinite,
    PositionOutOfRange,
)
from evaluation.instances import Instances

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from evaluation.candidates import Cells

    Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]

kernel = kernels.kernel("oriented_kernel")

# Corners are rounded in files: a turn the wrong way by less than this share of the extent is none.
_STRAIGHT = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Quadrilaterals:
    """Convex quadrilaterals, ready to be clipped.

    `corners` (N, 4, 2) x y pixels run counter-clockwise in a plane whose y points up (clockwise
    on screen); `extents` (N, 4) left, top, right, bottom; `areas` (N,) px²; `upright` (N,) is 1
    where sides lie along the axes.
    """

    corners: NDArray[np.float64]
    extents: NDArray[np.float64]
    areas: NDArray[np.float64]
    upright: NDArray[np.uint8]

    @classmethod
    def of(cls, corners: NDArray[np.float64]) -> Self:
        """Turn all outlines the same way round and measure them.

        Args:
            corners: (N, 4, 2) x y pixels, either way round.
        """
        ahead = np.roll(corners, -1, axis=1)
        with np.errstate(over="ignore", invalid="ignore"):  # too large to measure: no number
            turned = _signed_areas(corners) < 0
            extents = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
            sides = extents[:, 2:] - extents[:, :2]
            at_extreme = (corners == extents[:, None, :2]) | (corners == extents[:, None, 2:])
            along = np.logical_xor(*np.moveaxis(corners == ahead, 2, 0))
            upright = at_extreme.all(axis=(1, 2)) & along.all(axis=1)
            areas = np.where(upright, sides[:, 0] * sides[:, 1], np.abs(_signed_areas(corners)))
        one_way = np.where(turned[:, None, None], corners[:, ::-1], corners)
        return cls(np.ascontiguousarray(one_way), extents, areas, upright.astype(np.uint8))


def oriented_ground_truth(
    image: ArrayLike,
    class_: ArrayLike,
    corners: ArrayLike,
    *,
    area: ArrayLike | None = None,
    crowd: ArrayLike | None = None,
    id: ArrayLike | None = None,  # noqa: A002 - the column's name
) -> Instances:
    """Build a table of oriented ground truth from checked columns.

    Args:
        image: (N,) positions on the image axis.
        class_: (N,) positions on the class axis.
        corners: (N, 4, 2) x y pixels in the order of the outline, either way round.
        area: (N,) px²; of the quadrilateral when missing.
        crowd: (N,) whether a row is a crowd region; none when missing.
        id: (N,) annotation ids of the source file; 1, 2, 3 … when missing.

    Returns:
        The table; its `boxes` are the enclosing rectangles.

    Raises:
        MismatchedColumns: If a column has another length or shape than `image`.
        NotFinite: If a corner or an area is NaN or infinite.
        NotConvex: If an outline has a dent or crosses itself.
        PositionOutOfRange: If an image or class position is negative.

    Example:
        >>> diamond = [[0, 5], [5, 0], [10, 5], [5, 10]]
        >>> truth = oriented_ground_truth([0], [0], [diamond])
        >>> truth.area.tolist(), truth.boxes.tolist()
        ([50.0], [[0.0, 0.0, 10.0, 10.0]])
    """
    outlines = _checked_corners(corners, np.shape(image))
    table = Instances.ground_truth(
        image,
        class_,
        enclosing_boxes(outlines),
        area=oriented_areas(outlines) if area is None else area,
        crowd=crowd,
        id=id,
    )
    return replace(table, corners=outlines)


def oriented_predictions(
    image: ArrayLike,
    class_: ArrayLike,
    corners: ArrayLike,
    *,
    score: ArrayLike,
    area: ArrayLike | None = None,
    id: ArrayLike | None = None,  # noqa: A002 - the column's name
) -> Instances:
    """Build a table of oriented predictions from checked columns.

    Args:
        image: (N,) positions on the image axis.
        class_: (N,) positions on the class axis.
        corners: (N, 4, 2) x y pixels in the order of the outline, either way round.
        score: (N,) confidences, any finite scale.
        area: (N,) px²; of the quadrilateral when missing.
        id: (N,) ordinals in the file; 0, 1, 2 … when missing.

    Raises:
        MismatchedColumns: If a column has another length or shape than `image`.
        NotFinite: If a corner, an area or a score is NaN or infinite.
        NotConvex: If an outline has a dent or crosses itself.
        PositionOutOfRange: If an image or class position is negative.

    Example:
        >>> from evaluation import evaluate
        >>> diamond = [[0, 5], [5, 0], [10, 5], [5, 10]]
        >>> truth = oriented_ground_truth([0], [0], [diamond])
        >>> found = oriented_predictions([0], [0], [diamond[::-1]], score=[0.9])
        >>> round(evaluate(truth, found, iou_type="obb").metrics["AP"], 6)
        1.0
    """
    outlines = _checked_corners(corners, np.shape(image))
    table = Instances.predictions(
        image,
        class_,
        enclosing_boxes(outlines),
        score=score,
        area=oriented_areas(outlines) if area is None else area,
        id=id,
    )
    return replace(table, corners=outlines)


def corners_of(boxes: ArrayLike) -> NDArray[np.float64]:
    """Give the corners of rotated rectangles.

    Args:
        boxes: (N, 5) centre x, centre y, width, height in pixels, and the angle in radians by
            which the rectangle is turned from x towards y: clockwise on screen, where y points
            down (the convention of OpenCV and of Ultralytics' `xywhr`).

    Returns:
        (N, 4, 2) x y pixels.

    Raises:
        MismatchedColumns: If there are not five columns.

    Example:
        >>> corners_of([[5, 5, 4, 2, 0]])[0].tolist()
        [[3.0, 4.0], [7.0, 4.0], [7.0, 6.0], [3.0, 6.0]]
        >>> corners_of([[0, 0, 4, 2, np.pi / 2]])[0].round(6).tolist()
        [[1.0, -2.0], [1.0, 2.0], [-1.0, 2.0], [-1.0, -2.0]]
    """
    columns = np.asarray(boxes, dtype=np.float64)
    if columns.size == 0:
        return np.empty((0, 4, 2))
    if columns.ndim != 2 or columns.shape[1] != 5:
        raise MismatchedColumns("boxes", "(N, 5)", columns.shape)
    x, y, width, height, angle = columns[:, None].T
    along = np.array([-0.5, 0.5, 0.5, -0.5]) * width.T
    across = np.array([-0.5, -0.5, 0.5, 0.5]) * height.T
    cos, sin = np.cos(angle.T), np.sin(angle.T)
    return np.stack([x.T + along * cos - across * sin, y.T + along * sin + across * cos], axis=2)


def enclosing_boxes(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the smallest boxes along the axes around outlines.

    Args:
        corners: (N, 4, 2) x y pixels.

    Returns:
        (N, 4) xywh pixels.

    Example:
        >>> enclosing_boxes(np.array([[[0.0, 5], [5, 0], [10, 5], [5, 10]]])).tolist()
        [[0.0, 0.0, 10.0, 10.0]]
    """
    low = corners.min(axis=1)
    return np.concatenate([low, corners.max(axis=1) - low], axis=1)


def oriented_areas(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure quadrilaterals by the shoelace formula.

    Args:
        corners: (N, 4, 2) x y pixels in the order of the outline, either way round.

    Returns:
        (N,) px².

    Example:
        >>> oriented_areas(np.array([[[0.0, 0], [0, 2], [3, 2], [3, 0]]])).tolist()
        [6.0]
    """
    return Quadrilaterals.of(corners).areas


def oriented_pairs(truth: Instances, predictions: Instances, cells: Cells, floor: float) -> Pairs:
    """Find the pairs of one cell whose oriented boxes reach a floor.

    IoU = intersection / union; against a crowd region intersection / area of the prediction. Two
    boxes along the axes are measured by the arithmetic of plain boxes.

    Args:
        truth: Ground truth with corners.
        predictions: Predictions with corners.
        cells: Where both tables meet.
        floor: Smallest IoU of interest, above 0.

    Returns:
        Row of the prediction, row of the ground truth, IoU; three parallel (E,) arrays, the pairs
        of one prediction together.

    Raises:
        MissingCorners: If a table has no corners.
        MismatchedColumns: If the cells are of other tables, or columns differ in length.
        PositionOutOfRange: If the cells name rows that are not there.
    """
    columns = (
        Quadrilaterals.of(required_corners(predictions, "predictions")),
        Quadrilaterals.of(required_corners(truth, "ground truth")),
        np.ascontiguousarray(truth.crowd, dtype=np.bool_).view(np.uint8),
    )
    if truth.crowd.shape != (len(truth),):
        raise MismatchedColumns("crowd", (len(truth),), truth.crowd.shape)
    check_cells(cells, len(predictions), len(truth))
    shared = cells.shared
    load = (shared[:, 1] - shared[:, 0]) * (shared[:, 3] - shared[:, 2])
    found = kernels.in_threads(
        [
            partial(
                kernel.oriented_pairs,
                *columns,
                cells.pred_order,
                cells.truth_order,
                shared[low:high],
                floor,
            )
            for low, high in kernels.blocks(np.concatenate([[0], np.cumsum(load)]))
        ]
    )
    pred, true, iou = (np.concatenate(column) for column in zip(*found, strict=True))
    return pred, true, iou


def required_corners(table: Instances, name: str) -> NDArray[np.float64]:
    """Give the corners of a table.

    Raises:
        MissingCorners: If it has none.
        MismatchedColumns: If it has others than its rows.
    """
    if table.corners is None:
        raise MissingCorners(name)
    if table.corners.shape != (len(table), 4, 2):
        raise MismatchedColumns("corners", (len(table), 4, 2), table.corners.shape)
    return np.ascontiguousarray(table.corners, dtype=np.float64)


def check_cells(cells: Cells, n_predictions: int, n_truth: int) -> None:
    """Refuse cells of other tables: native code reads rows as they name them.

    Raises:
        MismatchedColumns: If an order has another length than its table.
        PositionOutOfRange: If the cells name rows that are not there.
    """
    sides = (
        ("pred_order", cells.pred_order, n_predictions, cells.shared[:, :2]),
        ("truth_order", cells.truth_order, n_truth, cells.shared[:, 2:]),
    )
    for name, order, length, bounds in sides:
        if order.shape != (length,):
            raise MismatchedColumns(f"cells.{name}", (length,), order.shape)
        for rows, room in ((order, length), (bounds, length + 1)):
            if rows.size and (int(rows.min()) < 0 or int(rows.max()) >= room):
                raise PositionOutOfRange(f"cells.{name}", length=room)


def _checked_corners(corners: ArrayLike, rows: tuple[int, ...]) -> NDArray[np.float64]:
    outlines = np.ascontiguousarray(corners, dtype=np.float64)
    if outlines.size == 0 and rows == (0,):
        return np.empty((0, 4, 2))
    if outlines.shape != (*rows, 4, 2):
        raise MismatchedColumns("corners", (*rows, 4, 2), outlines.shape)
    finite = np.isfinite(outlines).all(axis=(1, 2))
    if not finite.all():
        raise NotFinite("corners", int(np.count_nonzero(~finite)))
    dented = ~_convex(outlines)
    if dented.any():
        raise NotConvex(int(np.count_nonzero(dented)))
    return outlines


def _convex(corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say whether all turns go one way: four of them then go round once."""
    edges = np.roll(corners, -1, axis=1) - corners
    then = np.roll(edges, -1, axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        turns = edges[..., 0] * then[..., 1] - edges[..., 1] * then[..., 0]
        straight = _STRAIGHT * np.square(np.ptp(corners, axis=1).max(axis=1))[:, None]
        convex: NDArray[np.bool_] = ~(
            (turns < -straight).any(axis=1) & (turns > straight).any(axis=1)
        )
    return convex


def _signed_areas(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure quadrilaterals, negative where they run the other way round."""
    x, y = (corners - corners[:, :1])[:, 1:].transpose(2, 0, 1)
    twice: NDArray[np.float64] = (x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]) + (
        x[:, 1] * y[:, 2] - x[:, 2] * y[:, 1]
    )
    return twice / 2
