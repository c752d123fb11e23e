"""Keypoints: object keypoint similarity (OKS), tables of poses, COCO's ten numbers.

The formula and its order of operations are those of `COCOeval.computeOks` in pycocotools 2.0.11,
so that every similarity has the same bits. OKS takes the place of IoU; matching and accumulation
are the same as for boxes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evaluation._kernel_numpy import pair_blocks
from evaluation.errors import MismatchedColumns, MissingKeypoints, NotFinite
from evaluation.instances import IGNORED_AREA, Instances

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from evaluation.candidates import Cells

    Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]

# COCO's person: how far annotators disagree about each of 17 points, as a share of the scale.
COCO_SIGMAS: NDArray[np.float64] = (
    np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]) / 100.0 / 10.0
)

# Pairs measured together: bounds the memory of their points to some tens of megabytes.
_BLOCK = 1 << 14


@dataclass(frozen=True, slots=True, eq=False)
class Keypoints:
    """The keypoints of N objects, K each, in the same order in all of them.

    `points` (N, K, 2) are x y pixels; `labelled` (N, K) says which were annotated (COCO's v > 0);
    `area` (N,) px² is what distances are measured by; `sigmas` (K,) are read of the ground truth.
    """

    points: NDArray[np.float64]
    labelled: NDArray[np.bool_]
    area: NDArray[np.float64]
    sigmas: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.points)

    def take(self, rows: NDArray[np.int64]) -> Keypoints:
        """Give the keypoints of some rows, in that order."""
        return Keypoints(self.points[rows], self.labelled[rows], self.area[rows], self.sigmas)


def keypoint_ground_truth(  # noqa: PLR0913 - one parameter a column, keyword-only but three
    image: ArrayLike,
    class_: ArrayLike,
    points: ArrayLike,
    *,
    boxes: ArrayLike,
    area: ArrayLike | None = None,
    crowd: ArrayLike | None = None,
    id: ArrayLike | None = None,  # noqa: A002 - the column's name
    sigmas: ArrayLike | None = None,
) -> Instances:
    """Build a table of ground truth with keypoints from checked columns.

    An object without a labelled point is ignored: nobody has to find it, and a prediction on it
    is neither right nor wrong. Its column `area` says so (`IGNORED_AREA`).

    Args:
        image: (N,) positions on the image axis.
        class_: (N,) positions on the class axis.
        points: (N, K, 3) x, y in pixels, v: 0 not labelled, 1 hidden, 2 visible.
        boxes: (N, 4) xywh, pixels.
        area: (N,) px², of the object's outline in COCO; width × height of the box when missing.
        crowd: (N,) whether a row is a crowd region; none when missing.
        id: (N,) annotation ids of the source file; 1, 2, 3 … when missing.
        sigmas: (K,) spread of each point; COCO's for a person when missing.

    Raises:
        MismatchedColumns: If a column has another length or shape than `image`, or there are not
            as many sigmas as points.
        NotFinite: If a point, a box, an area or a sigma is NaN or infinite.
        PositionOutOfRange: If an image or class position is negative.

    Example:
        >>> nose = [[[5, 5, 2], [0, 0, 0]]]
        >>> truth = keypoint_ground_truth(
        ...     [0], [0], nose, boxes=[[0, 0, 10, 10]], sigmas=[0.025, 0.1]
        ... )
        >>> truth.keypoints.labelled.tolist()
        [[True, False]]
    """
    table = Instances.ground_truth(image, class_, boxes, area=area, crowd=crowd, id=id)
    triplets = _checked_points(points, len(table), (3,))
    spread = COCO_SIGMAS if sigmas is None else np.asarray(sigmas, dtype=np.float64)
    if spread.shape != triplets.shape[1:2]:
        raise MismatchedColumns("sigmas", triplets.shape[1:2], spread.shape)
    if not np.isfinite(spread).all():
        raise NotFinite("sigmas", int(np.count_nonzero(~np.isfinite(spread))))
    labelled = triplets[..., 2] > 0
    keypoints = Keypoints(np.ascontiguousarray(triplets[..., :2]), labelled, table.area, spread)
    counted = np.where(labelled.any(axis=1), table.area, IGNORED_AREA)
    return replace(table, area=counted, keypoints=keypoints)


def keypoint_predictions(  # noqa: PLR0913 - one parameter a column, keyword-only but three
    image: ArrayLike,
    class_: ArrayLike,
    points: ArrayLike,
    *,
    score: ArrayLike,
    boxes: ArrayLike | None = None,
    area: ArrayLike | None = None,
    id: ArrayLike | None = None,  # noqa: A002 - the column's name
) -> Instances:
    """Build a table of predictions with keypoints from checked columns.

    Args:
        image: (N,) positions on the image axis.
        class_: (N,) positions on the class axis.
        points: (N, K, 2) x, y in pixels, or (N, K, 3) as in COCO; the third is not read.
        score: (N,) confidences, any finite scale.
        boxes: (N, 4) xywh, pixels; around all points when missing, as in `COCO.loadRes`.
        area: (N,) px²; width × height of the box when missing.
        id: (N,) ordinals in the file; 0, 1, 2 … when missing.

    Raises:
        MismatchedColumns: If a column has another length or shape than `image`.
        NotFinite: If a point, a box, an area or a score is NaN or infinite.
        PositionOutOfRange: If an image or class position is negative.

    Example:
        >>> keypoint_predictions([0], [0], [[[1, 2], [4, 6]]], score=[0.9]).boxes.tolist()
        [[1.0, 2.0, 3.0, 4.0]]
    """
    n = len(np.atleast_1d(np.asarray(image)))
    places = np.ascontiguousarray(_checked_points(points, n, (2, 3))[..., :2])
    if boxes is None:
        low = places.min(axis=1, initial=np.inf)
        boxes = np.concatenate([low, places.max(axis=1, initial=-np.inf) - low], axis=1)
    table = Instances.predictions(image, class_, boxes, score=score, area=area, id=id)
    labelled = np.ones(places.shape[:2], dtype=np.bool_)
    sigmas = np.full(places.shape[1], np.nan)  # those of the ground truth count
    return replace(table, keypoints=Keypoints(places, labelled, table.area, sigmas))


def keypoint_similarity(
    predictions: Keypoints,
    truth: Keypoints,
    boxes: NDArray[np.float64],
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> NDArray[np.float64]:
    """Measure the similarity of chosen pairs.

    OKS = mean over the labelled points of exp(−d² / (2 · area · (2σ)²)), d the distance of the
    predicted point. Where nothing is labelled, d is how far a predicted point lies outside the
    box of the ground truth, grown to three times its sides, and all points count.

    Args:
        predictions: Keypoints of the predictions.
        truth: Keypoints of the ground truth.
        boxes: Boxes of the ground truth, xywh pixels, one a row of `truth`.
        pairs: Two (E,) index arrays, into `predictions` and `truth`.

    Returns:
        (E,) OKS, 0 … 1.

    Raises:
        MismatchedColumns: If the two have different numbers of points.

    Example:
        >>> truth = keypoint_ground_truth(
        ...     [0], [0], [[[5, 5, 2]]], boxes=[[0, 0, 10, 10]], sigmas=[0.1]
        ... )
        >>> found = keypoint_predictions([0], [0], [[[5, 7]]], score=[0.9])
        >>> only = np.array([0])
        >>> oks = keypoint_similarity(found.keypoints, truth.keypoints, truth.boxes, (only, only))
        >>> np.isclose(oks, np.exp(-(2**2) / (2 * 100 * (2 * 0.1) ** 2))).tolist()
        [True]
    """
    n_points = truth.points.shape[1]
    if predictions.points.shape[1] != n_points and len(predictions) and len(truth):
        raise MismatchedColumns("keypoints", (n_points, 2), predictions.points.shape[1:])
    similarity = np.empty(len(pairs[0]))
    variances = (truth.sigmas * 2) ** 2
    for rows, columns in _alike(truth.labelled, pairs[1]):
        pred, true = pairs[0][rows], pairs[1][rows]
        if columns.shape[1]:
            spread = variances[columns]
            there = true[:, None], columns
            away = predictions.points[pred[:, None], columns] - truth.points[there]
        else:
            spread = variances
            away = _outside(predictions.points[pred], boxes[true])
        area = truth.area[true, None]
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            squared = away[..., 0] ** 2 + away[..., 1] ** 2
            # The order of operations is pycocotools'.
            error = np.ascontiguousarray(squared) / spread / (area + np.spacing(1)) / 2
            similarity[rows] = np.sum(np.exp(-error), axis=1) / error.shape[1]
    return similarity


def keypoint_pairs(truth: Instances, predictions: Instances, cells: Cells, floor: float) -> Pairs:
    """Find the pairs of one cell whose keypoints reach a floor of similarity.

    Args:
        truth: Ground truth with keypoints.
        predictions: Predictions with keypoints.
        cells: Where both tables meet.
        floor: Smallest OKS of interest, above 0.

    Returns:
        Row of the prediction, row of the ground truth, OKS; three parallel (E,) arrays, the pairs
        of one prediction together.

    Raises:
        MissingKeypoints: If a table has no keypoints.
        MismatchedColumns: If the two tables have different numbers of points.
    """
    own = required_keypoints(predictions, "predictions")
    other = required_keypoints(truth, "ground truth")
    found: list[Pairs] = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))]
    for pred, true in pair_blocks(cells.shared):
        rows = cells.pred_order[pred], cells.truth_order[true]
        similarity = keypoint_similarity(own, other, truth.boxes, rows)
        kept = np.flatnonzero(similarity >= floor)
        found.append((rows[0][kept], rows[1][kept], similarity[kept]))
    preds, truths, similarities = (np.concatenate(column) for column in zip(*found, strict=True))
    return preds, truths, similarities


def required_keypoints(table: Instances, name: str) -> Keypoints:
    """Give the keypoints of a table.

    Raises:
        MissingKeypoints: If it has none.
        MismatchedColumns: If it has others than its rows.
    """
    if table.keypoints is None:
        raise MissingKeypoints(name)
    if len(table.keypoints) != len(table):
        raise MismatchedColumns("keypoints", (len(table),), (len(table.keypoints),))
    return table.keypoints


def _alike(
    labelled: NDArray[np.bool_], truth: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Group pairs by how many points count: their places, and (n, count) which points."""
    counts = labelled.sum(axis=1)[truth]
    for count in np.unique(counts).tolist():
        alike = np.flatnonzero(counts == count)
        for low in range(0, len(alike), _BLOCK):
            rows = alike[low : low + _BLOCK]
            columns = np.nonzero(labelled[truth[rows]])[1].reshape(len(rows), count)
            yield rows, columns


def _outside(points: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure how far points (n, K, 2) lie outside boxes (n, 4) of three times their sides."""
    corner, side = boxes[:, None, :2], boxes[:, None, 2:]
    below, above = (corner - side) - points, points - (corner + side * 2)
    away: NDArray[np.float64] = np.maximum(0.0, below) + np.maximum(0.0, above)
    return away


def _checked_points(points: ArrayLike, n: int, depths: tuple[int, ...]) -> NDArray[np.float64]:
    array = np.ascontiguousarray(points, dtype=np.float64)
    if array.ndim != 3 or len(array) != n or array.shape[2] not in depths or not array.shape[1]:
        depth = " or ".join(map(str, depths))
        raise MismatchedColumns("points", f"({n}, K, {depth})", array.shape)
    finite = np.isfinite(array).all(axis=(1, 2))
    if not finite.all():
        raise NotFinite("points", int(np.count_nonzero(~finite)))
    return array
