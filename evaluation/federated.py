"""Federated data sets: on each image only some classes were looked for, some not to the end.

LVIS (Gupta, Dollár, Girshick, "LVIS: A Dataset for Large Vocabulary Instance Segmentation", 2019)
says for each image which classes are verified to be absent and which are not annotated
exhaustively. Rules and arithmetic are those of `lvis` 0.5.3 (`LVISEval`): a filter on the
predictions and one flag a prediction; matching and accumulation are the same as for COCO.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from evaluation.average_precision import Mean, accumulate, summarize
from evaluation.errors import MismatchedColumns, PositionOutOfRange, UnknownChoice
from evaluation.instances import IGNORED_AREA
from evaluation.matching import match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from evaluation.candidates import IouType
    from evaluation.instances import Instances

MOST_OF_AN_IMAGE = 300
FREQUENCIES = {"r": "APr", "c": "APc", "f": "APf"}

FEDERATED_NUMBERS: Mapping[str, Mean] = {
    "AP": Mean("precision", max_detections=MOST_OF_AN_IMAGE),
    "AP50": Mean("precision", max_detections=MOST_OF_AN_IMAGE, iou=0.5),
    "AP75": Mean("precision", max_detections=MOST_OF_AN_IMAGE, iou=0.75),
    "APs": Mean("precision", "small", MOST_OF_AN_IMAGE),
    "APm": Mean("precision", "medium", MOST_OF_AN_IMAGE),
    "APl": Mean("precision", "large", MOST_OF_AN_IMAGE),
    "AR300": Mean("recall", max_detections=MOST_OF_AN_IMAGE),
    "ARs": Mean("recall", "small", MOST_OF_AN_IMAGE),
    "ARm": Mean("recall", "medium", MOST_OF_AN_IMAGE),
    "ARl": Mean("recall", "large", MOST_OF_AN_IMAGE),
}


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """What annotators looked for, as pairs of image and class positions.

    `absent` (V, 2): the class was looked for in the image and is not there (LVIS'
    `neg_category_ids`). `not_exhaustive` (W, 2): some objects of the class may have no label in
    the image (`not_exhaustive_category_ids`).
    """

    absent: NDArray[np.int64]
    not_exhaustive: NDArray[np.int64]

    @classmethod
    def of(cls, absent: ArrayLike, not_exhaustive: ArrayLike) -> Verification:
        """Check both columns.

        Args:
            absent: (V, 2) image and class positions.
            not_exhaustive: (W, 2) image and class positions.

        Raises:
            MismatchedColumns: If a column does not hold pairs.
            PositionOutOfRange: If a position is negative.

        Example:
            >>> Verification.of([[0, 2], [1, 2]], []).not_exhaustive.shape
            (0, 2)
        """
        return cls(_pairs("absent", absent), _pairs("not_exhaustive", not_exhaustive))


def federated_predictions(
    truth: Instances,
    predictions: Instances,
    verification: Verification,
    *,
    most: int = MOST_OF_AN_IMAGE,
) -> Instances:
    """Keep the predictions that can be judged, and excuse those that may be right.

    1. Of each image the `most` best by score stay, over all classes; ties in file order.
    2. A class that is neither labelled on an image nor verified to be absent was not looked for:
       its predictions there are dropped.
    3. Of a class that is not annotated exhaustively on an image an unmatched prediction is
       ignored: its `area` becomes `IGNORED_AREA`. (A matched one counts in the size of its ground
       truth.)

    Args:
        truth: Ground truth of all images.
        predictions: Predictions on the same image and class axes.
        verification: What annotators looked for.
        most: Cap on the predictions of one image.

    Returns:
        A table of its own; `id` still names the rows of the file.

    Example:
        >>> from evaluation import Instances
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 9, 9]])
        >>> boxes = [[50, 50, 9, 9]] * 3
        >>> found = Instances.predictions([0, 0, 0], [0, 1, 2], boxes, score=[0.9] * 3)
        >>> verified = Verification.of([[0, 2]], [[0, 0]])
        >>> kept = federated_predictions(truth, found, verified)
        >>> kept.class_.tolist(), kept.area.tolist()
        ([0, 2], [-1.0, 81.0])
    """
    best = predictions.take(_best_of_each_image(predictions, most))
    n_classes = 1 + max(
        int(column.max(initial=0))
        for column in (best.class_, truth.class_, verification.absent, verification.not_exhaustive)
    )
    labelled = np.unique(truth.image * n_classes + truth.class_)
    looked_for = np.concatenate([labelled, verification.absent @ [n_classes, 1]])
    judged = np.isin(best.image * n_classes + best.class_, looked_for)
    kept = best.take(judged)
    cell = kept.image * n_classes + kept.class_
    excused = np.isin(cell, verification.not_exhaustive @ [n_classes, 1])
    return replace(kept, area=np.where(excused, IGNORED_AREA, kept.area))


def federated_numbers(
    truth: Instances,
    predictions: Instances,
    verification: Verification,
    *,
    frequency: Sequence[str],
    iou_type: IouType = "bbox",
) -> dict[str, float | None]:
    """Compute LVIS' numbers: COCO's by its federated rules, and AP by frequency of the class.

    Args:
        truth: Ground truth of all images.
        predictions: Predictions on the same image and class axes, all of them.
        verification: What annotators looked for.
        frequency: Of each of the K classes "r" (rare), "c" (common) or "f" (frequent), as the
            categories of an LVIS file have it.
        iou_type: What is compared, as for `match`.

    Returns:
        AP, AP50, AP75, APs, APm, APl, AR300, ARs, ARm, ARl, APr, APc, APf; None where nothing can
        be averaged.

    Raises:
        UnknownChoice: If a frequency is none of the three.
        PositionOutOfRange: If a class lies outside its axis.
        MissingMasks: If masks are to be compared and a table has none.

    Example:
        >>> from evaluation import Instances
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 9, 9]])
        >>> boxes = [[0, 0, 9, 9], [50, 50, 9, 9]]
        >>> found = Instances.predictions([0, 0], [0, 0], boxes, score=[0.8, 0.9])
        >>> verified = Verification.of([], [[0, 0]])
        >>> numbers = federated_numbers(truth, found, verified, frequency=["r"])
        >>> round(numbers["APr"], 6), numbers["APf"]  # the better score may be right: no label
        (1.0, None)
    """
    for name in frequency:
        if name not in FREQUENCIES:
            raise UnknownChoice("frequency", name, allowed=tuple(FREQUENCIES))
    kept = federated_predictions(truth, predictions, verification)
    curves = accumulate(
        truth,
        kept,
        match(truth, kept, iou_type=iou_type),
        n_classes=len(frequency),
        max_detections=(MOST_OF_AN_IMAGE,),
    )
    numbers = summarize(curves, FEDERATED_NUMBERS)
    groups = np.array(frequency)
    for group, name in FREQUENCIES.items():
        of_group = curves.take(np.flatnonzero(groups == group))
        numbers[name] = summarize(of_group, {name: FEDERATED_NUMBERS["AP"]})[name]
    return numbers


def _best_of_each_image(predictions: Instances, most: int) -> NDArray[np.int64]:
    """Choose rows, in the order of the file."""
    order = np.lexsort((-predictions.score, predictions.image))  # stable: ties in file order
    image = predictions.image[order]
    first = np.flatnonzero(np.diff(image, prepend=-1))
    place = np.arange(len(order)) - np.repeat(first, np.diff(first, append=len(order)))
    return np.sort(order[place < most])


def _pairs(name: str, values: ArrayLike) -> NDArray[np.int64]:
    array = np.asarray(values, dtype=np.int64)
    if array.size == 0:
        return np.empty((0, 2), dtype=np.int64)
    if array.ndim != 2 or array.shape[1] != 2:
        raise MismatchedColumns(name, "(N, 2)", array.shape)
    if int(array.min()) < 0:
        raise PositionOutOfRange(name)
    return array
