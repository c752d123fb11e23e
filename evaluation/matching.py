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

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation import _kernel_numpy as kernel
from evaluation.candidates import Cells, IouType, find_candidates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.instances import Instances

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


@dataclass(frozen=True, slots=True)
class Matches:
    """What the matcher found, sparse: most predictions touch nothing and have no pair.

    `rank` is (P,): the place of each prediction inside its image and class, best score first,
    ties in file order, uncapped (COCO's cap of 100 keeps ranks below 100).
    `pred`, `truth` and `iou` are parallel (E,) arrays, one row for each pair matched anywhere,
    ascending by prediction. `thresholds` is (E, 4): bit t of column a is set where the pair is
    matched at `IOU_THRESHOLDS[t]` in area range a of `AREA_RANGES`.
    """

    rank: NDArray[np.int32]
    pred: NDArray[np.int64]
    truth: NDArray[np.int64]
    iou: NDArray[np.float64]
    thresholds: NDArray[np.uint16]
    iou_type: IouType
    strict: bool


def match(
    truth: Instances,
    predictions: Instances,
    *,
    iou_type: IouType = "bbox",
    strict: bool = False,
) -> Matches:
    """Match predictions to ground truth at all ten IoU thresholds and four area ranges.

    Args:
        truth: Ground truth of all images.
        predictions: Predictions on the same image and class axes.
        iou_type: Whether boxes or masks are compared.
        strict: Repeat pycocotools' treatment of annotation id 0: it takes the id of the matched
            ground truth for "is matched", so the prediction matched to id 0 counts as unmatched.

    Raises:
        MissingMasks: If masks are to be compared and a table has none.

    Example:
        >>> from evaluation import Instances
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> boxes = [[0, 0, 10, 6], [50, 50, 4, 4]]
        >>> found = Instances.predictions([0, 0], [0, 0], boxes, score=[0.9, 0.8])
        >>> matches = match(truth, found)
        >>> matches.pred.tolist(), matches.iou.tolist(), bin(matches.thresholds[0, 0])
        ([0], [0.6], '0b111')
    """
    ignored = ignored_truth(truth)
    rank, pairs = _match(truth, predictions, IOU_THRESHOLDS, ignored, iou_type)
    pred, true, iou, thresholds = pairs
    if strict:
        unseen = (truth.id[true] == 0)[:, None] & ~ignored[true]
        thresholds = np.where(unseen, np.uint16(0), thresholds)
        kept = thresholds.any(axis=1)
        pred, true, iou, thresholds = pred[kept], true[kept], iou[kept], thresholds[kept]
    return Matches(rank, pred, true, iou, thresholds, iou_type, strict)


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
    nothing = np.zeros((len(first), 1), dtype=np.bool_)
    _, (second_row, first_row, overlap, _) = _match(
        first, second, np.array([iou]), nothing, iou_type
    )
    return first_row, second_row, overlap


def ignored_truth(truth: Instances) -> NDArray[np.bool_]:
    """Say which ground truth is ignored in which area range: (G, 4), order of `AREA_RANGES`."""
    outside = [(truth.area < low) | (truth.area > high) for low, high in AREA_RANGES.values()]
    return np.stack(outside, axis=1) | truth.crowd[:, None]


def _match(
    truth: Instances,
    predictions: Instances,
    thresholds: NDArray[np.float64],
    ignored: NDArray[np.bool_],
    iou_type: IouType,
) -> tuple[
    NDArray[np.int32],
    tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.uint16]],
]:
    """Match at given thresholds and ignore columns: ranks, then the matched pairs."""
    cells, rank = _sort_by_cell(truth, predictions)
    least = np.minimum(thresholds, 1 - 1e-10)  # as pycocotools: an IoU of 1 - ε passes for 1
    found = find_candidates(truth, predictions, cells, iou_type=iou_type, floor=float(least[0]))
    n_reached = np.searchsorted(least, found.iou, side="right")
    bits = kernel.assign(
        found.pred,
        found.truth,
        ((1 << n_reached) - 1).astype(np.uint16),
        cells.pred_cell[found.pred],
        ignored[cells.truth_order],
        truth.crowd[cells.truth_order],
    )
    kept = np.flatnonzero(bits.any(axis=1))
    pred, true = cells.pred_order[found.pred[kept]], cells.truth_order[found.truth[kept]]
    ascending = np.lexsort((true, pred))
    kept = kept[ascending]
    return rank, (pred[ascending], true[ascending], found.iou[kept], bits[kept])


def _sort_by_cell(truth: Instances, predictions: Instances) -> tuple[Cells, NDArray[np.int32]]:
    """Sort both tables by (image, class); predictions inside it by score."""
    n_classes = 1 + max((int(t.class_.max()) for t in (truth, predictions) if len(t)), default=0)
    truth_cell = truth.image * n_classes + truth.class_
    pred_cell = predictions.image * n_classes + predictions.class_
    truth_order = np.argsort(truth_cell, kind="stable")
    pred_order, rank = kernel.rank_in_cells(pred_cell, predictions.score)
    cells = Cells(pred_order, pred_cell[pred_order], truth_order, truth_cell[truth_order])
    return cells, rank
