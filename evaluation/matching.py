"""The one matcher: greedy, best score first, by COCO's exact rules.

Every number of an evaluation comes from one matching pass. Matching is greedy by score, so a cap
on the number of predictions or a score threshold is a prefix of it and never needs a second pass.

Rules (pycocotools 2.0.11, `COCOeval.evaluateImg`): only one image and class; predictions by
descending score, ties in file order; each takes the free ground truth with the largest IoU that
reaches the threshold (of equal IoU the later one); ignored ground truth (a crowd region, or an
area outside the range) only if no counted one qualifies; a crowd region takes any number of
predictions, at IoU = intersection / area of the prediction.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from evaluation import kernels
from evaluation.axes import Axis, check_lengths
from evaluation.candidates import IouType, cut_into_cells, find_candidates
from evaluation.errors import InvalidThreshold, MismatchedColumns, PositionOutOfRange
from evaluation.walking_order import walking_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from evaluation.candidates import Candidates
    from evaluation.instances import Instances

kernel = kernels.kernel("kernel")

IOU_THRESHOLDS: NDArray[np.float64] = np.linspace(
    0.5, 0.95, int(np.round((0.95 - 0.5) / 0.05)) + 1, endpoint=True
)

# Area in px², both ends inclusive as in COCO: an object of exactly 32² is small and medium.
AREA_RANGES: dict[str, tuple[float, float]] = {
    "all": (0.0, 1e10),
    "small": (0.0, 1024.0),
    "medium": (1024.0, 9216.0),
    "large": (9216.0, 1e10),
}


# A pair's thresholds are the bits of one 16-bit number.
MOST_THRESHOLDS = 16


@dataclass(frozen=True, slots=True)
class Matches:
    """What the matcher found, sparse: most predictions touch nothing and have no pair.

    `order` is (P,): the rows in walking order (class, then score descending, then image, then file
    order). `rank` is (P,): the place of each prediction inside its image and class, best score
    first, ties in file order, uncapped (COCO's cap of 100 keeps ranks below 100).
    `pred`, `truth` and `iou` are parallel (E,) arrays, one row for each pair matched anywhere,
    ascending by prediction. `thresholds` is (E, 4): bit t of column a is set where the pair is
    matched at `iou_thresholds[t]` in area range a of `AREA_RANGES`. `class_agnostic` says that
    all objects were taken for one class.
    """

    order: NDArray[np.int64]
    rank: NDArray[np.int32]
    pred: NDArray[np.int64]
    truth: NDArray[np.int64]
    iou: NDArray[np.float64]
    thresholds: NDArray[np.uint16]
    iou_type: IouType
    strict: bool
    iou_thresholds: NDArray[np.float64] = field(default_factory=IOU_THRESHOLDS.copy)
    class_agnostic: bool = False


def match(
    truth: Instances,
    predictions: Instances,
    *,
    iou_type: IouType = "bbox",
    strict: bool = False,
    iou_thresholds: Sequence[float] | NDArray[np.float64] | None = None,
    class_agnostic: bool = False,
) -> Matches:
    """Match predictions to ground truth at all IoU thresholds and four area ranges.

    Args:
        truth: Ground truth of all images.
        predictions: Predictions on the same image and class axes.
        iou_type: What is compared: boxes, masks, oriented boxes ("obb") or keypoints.
        strict: Repeat pycocotools' treatment of annotation id 0: it takes the id of the matched
            ground truth for "is matched", so the prediction matched to id 0 counts as unmatched.
        iou_thresholds: One to sixteen ascending overlaps in (0, 1]; COCO's ten when missing.
        class_agnostic: Take all objects for one class.

    Raises:
        MissingMasks: If masks are to be compared and a table has none.
        InvalidThreshold: If the IoU thresholds are not as described.
        MismatchedColumns: If a table has columns of different lengths.
        PositionOutOfRange: If an image or class position is negative.

    Example:
        >>> from evaluation import Instances
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> boxes = [[0, 0, 10, 6], [50, 50, 4, 4]]
        >>> found = Instances.predictions([0, 0], [0, 0], boxes, score=[0.9, 0.8])
        >>> matches = match(truth, found)
        >>> matches.pred.tolist(), matches.iou.tolist(), bin(matches.thresholds[0, 0])
        ([0], [0.6], '0b111')
        >>> match(truth, found, iou_thresholds=[0.1, 0.6, 0.7]).thresholds[0, 0]
        np.uint16(3)
    """
    thresholds = _checked_thresholds(iou_thresholds)
    least = np.minimum(thresholds, 1 - 1e-10)  # as pycocotools: an IoU of 1 - ε passes for 1
    images, classes = Axis.of_images(predictions, truth), Axis.of_classes(predictions, truth)
    ignored = ignored_truth(truth)
    order = walking_order(
        predictions, class_agnostic=class_agnostic, images=images, classes=classes
    )
    cells = cut_into_cells(
        truth, predictions, order, class_agnostic=class_agnostic, images=images, classes=classes
    )
    found = find_candidates(
        truth,
        predictions,
        iou_type=iou_type,
        floor=float(least[0]),
        class_agnostic=class_agnostic,
        cells=cells,
    )
    matched = _assign(found, least, ignored, truth)
    if strict:
        unseen = (truth.id[found.truth] == 0)[:, None] & ~ignored[found.truth]
        matched[unseen] = 0
    kept = _matched_anywhere(found, matched, len(truth))
    return Matches(
        order=order,
        rank=cells.rank,
        pred=found.pred[kept],
        truth=found.truth[kept],
        iou=found.iou[kept],
        thresholds=matched[kept],
        iou_type=iou_type,
        strict=strict,
        iou_thresholds=thresholds,
        class_agnostic=class_agnostic,
    )


def counterparts(
    first: Instances, second: Instances, *, iou: float = 0.5, iou_type: IouType = "bbox"
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pair the objects of two tables one to one, at one IoU threshold and any area.

    The matcher with `first` as ground truth; `second` chooses, best score first.

    Args:
        first: Objects to be found again.
        second: Objects that look for a counterpart.
        iou: Smallest overlap that counts, in (0, 1].
        iou_type: Whether boxes or masks are compared.

    Returns:
        Three parallel (E,) arrays: row of `first`, row of `second`, their IoU.
    """
    least = np.array([min(iou, 1 - 1e-10)])
    found = find_candidates(first, second, iou_type=iou_type, floor=float(least[0]))
    matched = _assign(found, least, np.zeros((len(first), 1), dtype=np.bool_), first)
    kept = _matched_anywhere(found, matched, len(first))
    return found.truth[kept], found.pred[kept], found.iou[kept]


def ignored_truth(truth: Instances) -> NDArray[np.bool_]:
    """Say which ground truth is ignored in which area range: (G, 4), order of `AREA_RANGES`."""
    outside = [(truth.area < low) | (truth.area > high) for low, high in AREA_RANGES.values()]
    return np.stack(outside, axis=1) | truth.crowd[:, None]


def excused_predictions(predictions: Instances) -> NDArray[np.bool_]:
    """Say which predictions are ignored where they are unmatched: (P,).

    COCO's rule for the range of all areas (`COCOeval.evaluateImg`, `dtIg`): their own area lies
    outside it.
    """
    low, high = AREA_RANGES["all"]
    return ~((predictions.area >= low) & (predictions.area <= high))


def check_matches(truth: Instances, predictions: Instances, matches: Matches) -> None:
    """Refuse matches that cannot be those of two tables.

    Raises:
        MismatchedColumns: If a column of a table or of the matches has another length.
        PositionOutOfRange: If a pair names a row that is not there.
    """
    check_lengths(truth)
    check_lengths(predictions)
    for name, column in (("rank", matches.rank), ("order", matches.order)):
        if column.shape != (len(predictions),):
            raise MismatchedColumns(f"matches.{name}", (len(predictions),), column.shape)
    n_pairs = len(matches.pred)
    if matches.thresholds.shape != (n_pairs, len(AREA_RANGES)):
        expected = (n_pairs, len(AREA_RANGES))
        raise MismatchedColumns("matches.thresholds", expected, matches.thresholds.shape)
    for name, rows, table in (
        ("pred", matches.pred, predictions),
        ("truth", matches.truth, truth),
    ):
        if rows.shape != (n_pairs,):
            raise MismatchedColumns(f"matches.{name}", (n_pairs,), rows.shape)
        if n_pairs and (int(rows.min()) < 0 or int(rows.max()) >= len(table)):
            raise PositionOutOfRange(f"matches.{name}", length=len(table))


def _checked_thresholds(
    thresholds: Sequence[float] | NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    if thresholds is None:
        return IOU_THRESHOLDS
    values = np.array(thresholds, dtype=np.float64)
    if values.ndim != 1 or not 1 <= len(values) <= MOST_THRESHOLDS:
        raise InvalidThreshold("IoU", float(values.size), allowed="1 to 16 thresholds")
    for value in values.tolist():
        if not 0 < value <= 1:
            raise InvalidThreshold("IoU", value, allowed="numbers above 0, at most 1")
    if not (np.diff(values) > 0).all():
        later = float(values[1:][np.diff(values) <= 0][0])
        raise InvalidThreshold("IoU", later, allowed="ascending thresholds")
    return values


def _assign(
    found: Candidates,
    least: NDArray[np.float64],
    ignored: NDArray[np.bool_],
    truth: Instances,
) -> NDArray[np.uint16]:
    """Decide at which thresholds (bits) and in which area ranges (columns) a pair is matched."""
    matched = np.zeros((len(found.pred), ignored.shape[1]), dtype=np.uint16)
    kernel.assign(
        found.pred,
        found.truth,
        found.iou,
        least,
        np.ascontiguousarray(ignored).view(np.uint8),
        np.ascontiguousarray(truth.crowd, dtype=np.bool_).view(np.uint8),
        np.zeros(ignored.shape, dtype=np.uint16),
        matched,
    )
    return matched


def _matched_anywhere(
    found: Candidates, matched: NDArray[np.uint16], n_truth: int
) -> NDArray[np.int64]:
    """Choose the pairs with a match, ascending by prediction, then by ground truth."""
    anywhere = functools.reduce(np.bitwise_or, matched.T)
    kept = np.flatnonzero(anywhere)
    ascending = np.argsort(found.pred[kept] * max(n_truth, 1) + found.truth[kept])
    chosen: NDArray[np.int64] = kept[ascending]
    return chosen
