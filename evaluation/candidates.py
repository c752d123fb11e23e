"""Candidate pairs: a prediction and a ground truth of one image and class that overlap enough."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from evaluation import kernels
from evaluation.axes import Axis
from evaluation.errors import MismatchedColumns
from evaluation.keypoints import keypoint_pairs
from evaluation.mask_overlap import mask_pairs
from evaluation.oriented_boxes import oriented_pairs
from evaluation.walking_order import sort_by, walking_order

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from evaluation.instances import Instances

    Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]

IouType = Literal["bbox", "segm", "obb", "keypoints"]

kernel = kernels.kernel("kernel")


@dataclass(frozen=True, slots=True)
class Cells:
    """Both tables image by image, cut into cells: one class of an image, or a whole image.

    `pred_order` (P,) are rows by image, class, descending score and file order; `truth_order`
    (G,) rows by image, class and file order. `shared` is (C, 4): the cells that hold both, as
    where each begins and ends in `pred_order` and in `truth_order`. `rank` (P,) is the place of
    each prediction in its cell, by row.
    """

    pred_order: NDArray[np.int64]
    truth_order: NDArray[np.int64]
    shared: NDArray[np.int64]
    rank: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs that overlap enough; three parallel (E,) arrays.

    `pred` and `truth` are rows. The pairs of a cell are together, its predictions by descending
    score; the pairs of one prediction are in order of preference: best IoU first, of equal IoU
    the ground truth that stands later in the cell (by class where it is a whole image, then by
    place in the file).
    """

    pred: NDArray[np.int64]
    truth: NDArray[np.int64]
    iou: NDArray[np.float64]


def find_candidates(
    truth: Instances,
    predictions: Instances,
    *,
    iou_type: IouType,
    floor: float,
    class_agnostic: bool = False,
    cells: Cells | None = None,
) -> Candidates:
    """Find the pairs of one image and class whose IoU reaches a floor.

    Args:
        truth: Ground truth.
        predictions: Predictions.
        iou_type: What overlaps: boxes, masks, oriented boxes ("obb") or keypoints.
        floor: Smallest IoU of interest, above 0.
        class_agnostic: Pair objects of one image whatever their class.
        cells: Outcome of `cut_into_cells` for exactly these tables, where it is at hand.

    Raises:
        MissingMasks: If masks are to be compared and a table has none.
        MissingCorners: If oriented boxes are and a table has none.
        MissingKeypoints: If keypoints are and a table has none.
        PositionOutOfRange: If an image or class position is negative.

    Example:
        >>> from evaluation import Instances
        >>> truth = Instances.ground_truth([0, 0], [0, 1], [[0, 0, 10, 10], [0, 0, 10, 8]])
        >>> found = Instances.predictions([0], [0], [[0, 0, 10, 8]], score=[0.9])
        >>> find_candidates(truth, found, iou_type="bbox", floor=0.1).iou.tolist()
        [0.8]
        >>> near = find_candidates(truth, found, iou_type="bbox", floor=0.1, class_agnostic=True)
        >>> near.truth.tolist(), near.iou.tolist()
        ([1, 0], [1.0, 0.8])
    """
    if cells is None:
        order = walking_order(predictions, class_agnostic=class_agnostic)
        cells = cut_into_cells(truth, predictions, order, class_agnostic=class_agnostic)
    pred, true, iou = PAIR_FINDERS[iou_type](truth, predictions, cells, floor)
    kernel.prefer(pred, true, iou)
    return Candidates(pred, true, iou)


def cut_into_cells(
    truth: Instances,
    predictions: Instances,
    order: NDArray[np.int64],
    *,
    class_agnostic: bool = False,
    images: Axis | None = None,
    classes: Axis | None = None,
) -> Cells:
    """Cut both tables into cells.

    Args:
        truth: Ground truth.
        predictions: Predictions.
        order: Their `walking_order`.
        class_agnostic: Whether a cell is a whole image, as `order` has been made for.
        images: The checked image axis of predictions and ground truth, where it is at hand.
        classes: The checked class axis, likewise.

    Raises:
        MismatchedColumns: If `order` or a column has another length than its table.
        PositionOutOfRange: If an image or class position is negative.
    """
    if order.shape != (len(predictions),):
        raise MismatchedColumns("order", (len(predictions),), order.shape)
    images = Axis.of_images(predictions, truth) if images is None else images
    classes = Axis.of_classes(predictions, truth) if classes is None else classes
    (image, truth_image), (class_, truth_class) = images.positions, classes.positions
    pred_order, pred_start = sort_by(image, images.length, order)
    by_class, _ = sort_by(truth_class, classes.length)
    truth_order, truth_start = sort_by(truth_image, images.length, by_class)
    rank = np.empty(len(predictions), dtype=np.int32)

    def meet(block: tuple[int, int]) -> NDArray[np.int64]:
        first, last = block
        within = min(
            int(pred_start[last] - pred_start[first]), int(truth_start[last] - truth_start[first])
        )
        shared = np.empty((within, 4), dtype=np.int64)
        n = kernel.meet(
            pred_order,
            pred_start,
            None if class_agnostic else class_,
            truth_order,
            truth_start,
            None if class_agnostic else truth_class,
            first,
            last,
            rank,
            shared,
        )
        return shared[:n]

    found = kernels.in_threads([partial(meet, block) for block in kernels.blocks(pred_start)])
    return Cells(pred_order, truth_order, np.concatenate(found), rank)


def box_pairs(
    boxes: NDArray[np.float64],
    truth_boxes: NDArray[np.float64],
    crowd: NDArray[np.bool_],
    cells: Cells,
    floor: float,
) -> Pairs:
    """Find the pairs of one cell whose boxes overlap by a floor or more, cell by cell.

    Args:
        boxes: (P, 4) xywh pixels.
        truth_boxes: (G, 4) xywh pixels.
        crowd: (G,) against which ground truth IoU is intersection / area of the prediction.
        cells: Where both tables meet.
        floor: Smallest IoU of interest, above 0.

    Returns:
        Row of the prediction, row of the ground truth, IoU; three parallel (E,) arrays.

    Raises:
        MismatchedColumns: If the cells are of other tables.
    """
    for name, order, rows in (
        ("cells.pred_order", cells.pred_order, boxes),
        ("cells.truth_order", cells.truth_order, truth_boxes),
    ):
        if len(order) != len(rows):
            raise MismatchedColumns(name, (len(rows),), order.shape)
    columns = (
        np.ascontiguousarray(boxes, dtype=np.float64),
        np.ascontiguousarray(truth_boxes, dtype=np.float64),
        np.ascontiguousarray(crowd, dtype=np.bool_).view(np.uint8),
        cells.pred_order,
        cells.truth_order,
    )
    shared = cells.shared
    load = np.concatenate([[0], np.cumsum(shared[:, 1] - shared[:, 0])])
    found = kernels.in_threads(
        [
            partial(kernel.box_pairs, *columns, shared[low:high], floor)
            for low, high in kernels.blocks(load)
        ]
    )
    pred, true, iou = (np.concatenate(column) for column in zip(*found, strict=True))
    return pred, true, iou


def _box_pairs(truth: Instances, predictions: Instances, cells: Cells, floor: float) -> Pairs:
    """Find pairs of overlapping boxes."""
    return box_pairs(predictions.boxes, truth.boxes, truth.crowd, cells, floor)


# How pairs are found for each kind of overlap: given ground truth, predictions, where they meet
# and a floor; the pairs of one prediction together, both sides in the order of the cells.
PAIR_FINDERS: Mapping[IouType, Callable[[Instances, Instances, Cells, float], Pairs]] = {
    "bbox": _box_pairs,
    "segm": mask_pairs,
    "obb": oriented_pairs,
    "keypoints": keypoint_pairs,
}
