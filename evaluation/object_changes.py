"""Objects that changed between two prediction sets: gained, lost, newly wrong, fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from evaluation.errors import MismatchedColumns
from evaluation.instances import Instances, check_positions
from evaluation.operating_point import PredictionOutcome, TruthOutcome
from evaluation.same_mistakes import same_mistakes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from evaluation.candidates import IouType
    from evaluation.operating_point import Outcomes

_KINDS = ("gained", "lost", "newly_wrong", "fixed", "kept", "better_placed", "worse_placed")


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
    better_placed: NDArray[np.int64]
    worse_placed: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ObjectChanges:
    """What changed from the baseline to the prediction set, object by object.

    All row arrays ascend by image, inside an image in file order:

    - `gained`, `lost`, `kept`: rows of the ground truth found only by the set, only by the
      baseline, by both;
    - `newly_wrong`: rows of the set's false positives that the baseline does not have;
    - `fixed`: rows of the baseline's false positives that the set does not have;
    - `better_placed`, `worse_placed`: those of `kept` that the set finds at a larger or a smaller
      IoU.

    `iou_before` and `iou_after` (G,) are the overlap at which baseline and set found each ground
    truth, NaN where they missed it. `starts` (n_images + 1, 7) says where the rows of each image
    begin in gained, lost, newly_wrong, fixed, kept, better_placed and worse_placed.
    """

    gained: NDArray[np.int64]
    lost: NDArray[np.int64]
    newly_wrong: NDArray[np.int64]
    fixed: NDArray[np.int64]
    kept: NDArray[np.int64]
    better_placed: NDArray[np.int64]
    worse_placed: NDArray[np.int64]
    iou_before: NDArray[np.float64]
    iou_after: NDArray[np.float64]
    starts: NDArray[np.int64]

    @property
    def per_image(self) -> NDArray[np.int64]:
        """Count (n_images, 4): gained, lost, newly wrong, fixed."""
        return np.diff(self.starts[:, :4], axis=0)

    @property
    def iou_change(self) -> NDArray[np.float64]:
        """Give IoU after − before (G,), NaN for what not both found."""
        return self.iou_after - self.iou_before

    @property
    def iou_change_per_image(self) -> NDArray[np.float64]:
        """Add up the IoU changes of the objects that both found: (n_images,)."""
        return self._sum_kept(self.iou_change)

    def ranked_images(self, by: Ranking = "changes") -> NDArray[np.int64]:
        """Order the images that changed, as positions on the image axis.

        Args:
            by: "changes": most changed objects first. "net_loss": what got worse most (lost and
                newly wrong less gained and fixed) first, what got better last. "placement": the
                largest sum of IoU changes, whatever their sign, first. Images where that is 0 are
                left out, ties are in order of the axis.

        Raises:
            KeyError: If `by` is none of these.
        """
        weight = _RANKINGS[by](self)
        order = np.argsort(-weight, kind="stable")
        ranked: NDArray[np.int64] = order[weight[order] != 0]
        return ranked

    def _sum_kept(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up a value (G,) of the kept objects of each image."""
        starts = self.starts[:, _KINDS.index("kept")]
        sums = np.zeros(len(starts) - 1)
        held = np.flatnonzero(np.diff(starts))
        if len(held):
            sums[held] = np.add.reduceat(values[self.kept], starts[held])
        return sums

    def in_image(self, image: int) -> ImageChanges:
        """Give the rows of one image, by its position on the image axis."""
        low, high = self.starts[image], self.starts[image + 1]
        rows = [
            getattr(self, kind)[low[column] : high[column]] for column, kind in enumerate(_KINDS)
        ]
        return ImageChanges(*rows)


Ranking = Literal["changes", "net_loss", "placement"]
# What images are ranked by, largest first.
_RANKINGS: Mapping[Ranking, Callable[[ObjectChanges], NDArray[np.number]]] = {
    "changes": lambda changes: changes.per_image.sum(axis=1),
    "net_loss": lambda changes: changes.per_image @ np.array([-1, 1, 1, -1]),
    "placement": lambda changes: changes._sum_kept(np.abs(changes.iou_change)),  # noqa: SLF001 - own module,
}


def object_changes(
    truth: Instances,
    set_side: Side,
    against_side: Side,
    *,
    n_images: int,
    iou_type: IouType = "bbox",
) -> ObjectChanges:
    """Compare two prediction sets object by object, on the same ground truth.

    Two false positives are one mistake if `same_mistakes` pairs them: same image and class, IoU of
    0.5 or more, largest overlap first, one to one. Hence gained − lost is the difference in true
    positives, newly wrong − fixed the difference in false positives, and swapping the sides swaps
    gained with lost, newly wrong with fixed, and better with worse placed.

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
    iou_before, iou_after = _found_at(against_side.outcomes), _found_at(set_side.outcomes)
    chosen = {
        "gained": (np.flatnonzero(after & ~before), truth.image),
        "lost": (np.flatnonzero(before & ~after), truth.image),
        "newly_wrong": (newly_wrong, set_side.predictions.image),
        "fixed": (fixed, against_side.predictions.image),
        "kept": (np.flatnonzero(before & after), truth.image),
        "better_placed": (np.flatnonzero(iou_after > iou_before), truth.image),
        "worse_placed": (np.flatnonzero(iou_after < iou_before), truth.image),
    }
    rows, starts = {}, np.zeros((n_images + 1, len(_KINDS)), dtype=np.int64)
    for column, kind in enumerate(_KINDS):
        rows[kind], starts[:, column] = _by_image(*chosen[kind], n_images)
    return ObjectChanges(**rows, iou_before=iou_before, iou_after=iou_after, starts=starts)


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
    our_pair, their_pair = same_mistakes(
        _outlines(set_side.predictions, ours),
        _outlines(against_side.predictions, theirs),
        iou_type=iou_type,
    )
    return np.delete(ours, our_pair), np.delete(theirs, their_pair)


def _outlines(table: Instances, rows: NDArray[np.int64]) -> Instances:
    """Take what tells whether mistakes are the same; scores and areas do not."""
    blank = np.zeros(len(rows))
    return Instances(
        image=table.image[rows],
        class_=table.class_[rows],
        boxes=table.boxes[rows],
        area=blank,
        score=blank,
        crowd=np.zeros(len(rows), dtype=np.bool_),
        id=rows,
        masks=None if table.masks is None else table.masks.take(rows),
        corners=None if table.corners is None else table.corners[rows],
        keypoints=None if table.keypoints is None else table.keypoints.take(rows),
    )


def _by_image(
    rows: NDArray[np.int64], image: NDArray[np.int64], n_images: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sort rows by image, and say where each image begins among them: (n_images + 1,)."""
    images = image[rows]
    start = np.concatenate([[0], np.cumsum(np.bincount(images, minlength=n_images))])
    # Most files hold their rows image by image: then there is nothing to sort.
    if (images[1:] < images[:-1]).any():
        rows = rows[np.argsort(images, kind="stable")]
    return rows, start


def _found_at(outcomes: Outcomes) -> NDArray[np.float64]:
    """Give the overlap at which each ground truth was found, NaN where it was not."""
    overlap = np.full(len(outcomes.truth), np.nan)
    found = np.flatnonzero(outcomes.matched_prediction >= 0)
    overlap[found] = outcomes.iou[outcomes.matched_prediction[found]]
    return overlap
