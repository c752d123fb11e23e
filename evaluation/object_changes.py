"""Objects that changed between two prediction sets: gained, lost, newly wrong, fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation.errors import MismatchedColumns
from evaluation.instances import check_positions
from evaluation.matching import counterparts
from evaluation.operating_point import PredictionOutcome, TruthOutcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.candidates import IouType
    from evaluation.instances import Instances
    from evaluation.operating_point import Outcomes

# Two false positives of one image and class are the same mistake from this overlap on.
SAME_MISTAKE_IOU = 0.5

_KINDS = ("gained", "lost", "newly_wrong", "fixed", "kept")


@dataclass(frozen=True, slots=True)
class Side:
    """One prediction set in a comparison: its predictions and what became of them."""

    predictions: Instances
    outcomes: Outcomes


@dataclass(frozen=True, slots=True)
class ImageChanges:
    """The changed objects of one image, rows as in `ObjectChanges`."""

    gained: NDArray[np.int64]
    lost: NDArray[np.int64]
    newly_wrong: NDArray[np.int64]
    fixed: NDArray[np.int64]
    kept: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ObjectChanges:
    """What changed from the baseline to the prediction set, object by object.

    All row arrays ascend by image, inside an image in file order:

    - `gained`, `lost`, `kept`: rows of the ground truth found only by the set, only by the
      baseline, by both;
    - `newly_wrong`: rows of the set's false positives that the baseline does not have;
    - `fixed`: rows of the baseline's false positives that the set does not have.

    `iou_before` and `iou_after` (G,) are the overlap at which baseline and set found each ground
    truth, NaN where they missed it. `starts` (n_images + 1, 5) says where the rows of each image
    begin in gained, lost, newly_wrong, fixed and kept.
    """

    gained: NDArray[np.int64]
    lost: NDArray[np.int64]
    newly_wrong: NDArray[np.int64]
    fixed: NDArray[np.int64]
    kept: NDArray[np.int64]
    iou_before: NDArray[np.float64]
    iou_after: NDArray[np.float64]
    starts: NDArray[np.int64]

    @property
    def per_image(self) -> NDArray[np.int64]:
        """Count (n_images, 4): gained, lost, newly wrong, fixed."""
        return np.diff(self.starts[:, :4], axis=0)

    def in_image(self, image: int) -> ImageChanges:
        """Give the rows of one image, by its position on the image axis."""
        low, high = self.starts[image], self.starts[image + 1]
        rows = [
            getattr(self, kind)[low[column] : high[column]] for column, kind in enumerate(_KINDS)
        ]
        return ImageChanges(*rows)


def object_changes(
    truth: Instances,
    set_side: Side,
    against_side: Side,
    *,
    n_images: int,
    iou_type: IouType = "bbox",
) -> ObjectChanges:
    """Compare two prediction sets object by object, on the same ground truth.

    Two false positives are one mistake if the matcher pairs them: same image and class, IoU of
    0.5 or more, best score of the set first, one to one. Hence gained − lost is the difference in
    true positives, and newly wrong − fixed the difference in false positives.

    Args:
        truth: Ground truth that both sets were matched to.
        set_side: The prediction set.
        against_side: The baseline.
        n_images: Length of the image axis.
        iou_type: Whether boxes or masks tell whether two false positives are the same.

    Raises:
        MismatchedColumns: If the outcomes belong to other tables.
        PositionOutOfRange: If an image lies outside the axis.
        MissingMasks: If masks are to be compared and a table has none.

    Example:
        >>> from evaluation import Instances, match, outcomes
        >>> truth = Instances.ground_truth([0, 0], [0, 0], [[0, 0, 9, 9], [20, 0, 9, 9]])
        >>> def side(*boxes):
        ...     n = len(boxes)
        ...     found = Instances.predictions([0] * n, [0] * n, boxes, score=[0.9] * n)
        ...     return Side(found, outcomes(truth, found, match(truth, found), score=0.5, iou=0.5))
        >>> old, new = side([0, 0, 9, 9]), side([20, 0, 9, 8], [40, 40, 9, 9])
        >>> object_changes(truth, new, old, n_images=1).per_image.tolist()
        [[1, 1, 1, 0]]
    """
    for side in (set_side, against_side):
        _check(truth, side, n_images)
    after, before = (side.outcomes.truth == TruthOutcome.FOUND for side in (set_side, against_side))
    newly_wrong, fixed = _mistakes_of_one_side(set_side, against_side, iou_type)
    images = {
        "gained": (np.flatnonzero(after & ~before), truth.image),
        "lost": (np.flatnonzero(before & ~after), truth.image),
        "newly_wrong": (newly_wrong, set_side.predictions.image),
        "fixed": (fixed, against_side.predictions.image),
        "kept": (np.flatnonzero(before & after), truth.image),
    }
    rows, starts = {}, np.zeros((n_images + 1, len(_KINDS)), dtype=np.int64)
    for column, kind in enumerate(_KINDS):
        changed, image = images[kind]
        rows[kind] = changed[np.argsort(image[changed], kind="stable")]
        starts[1:, column] = np.cumsum(np.bincount(image[changed], minlength=n_images))
    return ObjectChanges(
        **rows,
        iou_before=_found_at(against_side.outcomes),
        iou_after=_found_at(set_side.outcomes),
        starts=starts,
    )


def _check(truth: Instances, side: Side, n_images: int) -> None:
    for column, table, codes in (
        ("outcomes.truth", truth, side.outcomes.truth),
        ("outcomes.prediction", side.predictions, side.outcomes.prediction),
    ):
        if codes.shape != (len(table),):
            raise MismatchedColumns(column, (len(table),), codes.shape)
        check_positions(table, n_images=n_images)


def _mistakes_of_one_side(
    set_side: Side, against_side: Side, iou_type: IouType
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the false positives without a counterpart: rows of the set, rows of the baseline."""
    ours, theirs = (
        np.flatnonzero(side.outcomes.prediction == PredictionOutcome.FALSE_POSITIVE)
        for side in (set_side, against_side)
    )
    their_pair, our_pair, _ = counterparts(
        against_side.predictions.take(theirs),
        set_side.predictions.take(ours),
        iou=SAME_MISTAKE_IOU,
        iou_type=iou_type,
    )
    return np.delete(ours, our_pair), np.delete(theirs, their_pair)


def _found_at(outcomes: Outcomes) -> NDArray[np.float64]:
    """Give the overlap at which each ground truth was found, NaN where it was not."""
    overlap = np.full(len(outcomes.truth), np.nan)
    found = np.flatnonzero(outcomes.matched_prediction >= 0)
    overlap[found] = outcomes.iou[outcomes.matched_prediction[found]]
    return overlap
