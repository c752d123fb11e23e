"""A score for every image: its counts, precision, recall, F1 and mean IoU, and their ranking.

There is no AP of one image: it would be an average over score thresholds of a curve with a handful
of steps, and a class with one object would weigh as much as one with fifty. F1 at the operating
point pools all objects of the image; the mean IoU of the matches says how well they are outlined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from evaluation.averages import class_rates
from evaluation.errors import MismatchedColumns, PositionOutOfRange
from evaluation.instances import check_positions, mask_length
from evaluation.operating_point import PredictionOutcome, TruthOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from evaluation.instances import Instances
    from evaluation.operating_point import Outcomes

ImageNumber = Literal["tp", "fp", "fn", "ignored", "precision", "recall", "f1", "mean_iou"]
IMAGE_NUMBERS: Final[tuple[ImageNumber, ...]] = (
    "tp", "fp", "fn", "ignored", "precision", "recall", "f1", "mean_iou"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImageScores:
    """Numbers of every image at one operating point; all (I,), in image-axis order.

    `ignored` counts predictions that are neither right nor wrong: on crowd regions, for one. Rates
    and `mean_iou`, the mean overlap of the true positives, are NaN where they do not exist: an
    image with neither ground truth nor predictions has no F1. `chosen` says which images count; the
    numbers of the others are 0 or NaN.
    """

    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    fn: NDArray[np.int64]
    ignored: NDArray[np.int64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    mean_iou: NDArray[np.float64]
    chosen: NDArray[np.bool_]

    def rank(self, by: ImageNumber = "f1", *, descending: bool = False) -> NDArray[np.int64]:
        """Put the chosen images in order of a number, n/a last, ties by ascending image id.

        Args:
            by: The number.
            descending: Whether the largest comes first; the smallest when missing.

        Returns:
            Positions on the image axis.
        """
        return _rank(self._column(by), self.chosen, descending=descending)

    def of_image(self, image: int) -> dict[str, float | int | None]:
        """Give the numbers of one image by name; None is n/a."""
        return {name: _plain(self._column(name)[image]) for name in IMAGE_NUMBERS}

    def _column(self, name: ImageNumber) -> NDArray[Any]:
        column: NDArray[Any] = getattr(self, name)
        return column


@dataclass(frozen=True, slots=True)
class ImageDeltas:
    """Set − baseline of every image's numbers, each (I,); NaN where either is n/a.

    `chosen` are the images that both sides count; all others are NaN.
    """

    tp: NDArray[np.float64]
    fp: NDArray[np.float64]
    fn: NDArray[np.float64]
    ignored: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    mean_iou: NDArray[np.float64]
    chosen: NDArray[np.bool_]

    def rank(self, by: ImageNumber = "f1", *, descending: bool = False) -> NDArray[np.int64]:
        """Put the images of both sides in order of a difference, n/a last, ties by image id.

        Args:
            by: The number.
            descending: Whether the largest gain comes first; the largest loss when missing.

        Returns:
            Positions on the image axis.
        """
        return _rank(getattr(self, by), self.chosen, descending=descending)


def image_scores(
    at: Outcomes,
    truth: Instances,
    predictions: Instances,
    *,
    n_images: int,
    images: NDArray[np.bool_] | None = None,
    classes: Sequence[int] | NDArray[np.int64] | None = None,
) -> ImageScores:
    """Score every image at one operating point.

    Args:
        at: Outcomes of exactly these tables.
        truth: Ground truth.
        predictions: Predictions.
        n_images: Length I of the image axis.
        images: Mask over the image axis; only those images count. All when missing.
        classes: Positions of the classes that count. All when missing.

    Raises:
        MismatchedColumns: If the outcomes belong to other tables, or the mask to another axis.
        PositionOutOfRange: If a table has an image outside the axis, or a class is negative.

    Example:
        >>> from evaluation import Instances, match, outcomes
        >>> truth = Instances.ground_truth([0, 1], [0, 0], [[0, 0, 10, 10], [0, 0, 10, 10]])
        >>> boxes = [[0, 0, 10, 8], [60, 60, 5, 5]]
        >>> found = Instances.predictions([0, 0], [0, 0], boxes, score=[0.9, 0.7])
        >>> at = outcomes(truth, found, match(truth, found), score=0.5, iou=0.5)
        >>> scores = image_scores(at, truth, found, n_images=3)
        >>> scores.rank().tolist(), scores.f1.round(3).tolist()
        ([1, 0, 2], [0.667, 0.0, nan])
        >>> scores.of_image(0)["mean_iou"]
        0.8
    """
    _check(at, truth, predictions, n_images)
    chosen = np.ones(n_images, dtype=np.bool_) if images is None else images
    if mask_length(chosen) != n_images:
        raise MismatchedColumns("images", (n_images,), chosen.shape)
    counted_classes = _class_mask(truth, predictions, classes)

    def rows(table: Instances, marked: NDArray[np.bool_]) -> NDArray[np.int64]:
        found = np.flatnonzero(marked)
        return found[chosen[table.image[found]] & counted_classes[table.class_[found]]]

    def per_image(table: Instances, found: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.bincount(table.image[found], minlength=n_images)

    true = rows(predictions, at.prediction == PredictionOutcome.TRUE_POSITIVE)
    tp = per_image(predictions, true)
    wrong = rows(predictions, at.prediction == PredictionOutcome.FALSE_POSITIVE)
    on_crowd = rows(predictions, at.prediction == PredictionOutcome.IGNORED)
    fp = per_image(predictions, wrong)
    fn = per_image(truth, rows(truth, at.truth == TruthOutcome.MISSED))
    # In ground-truth order, so that the sum has the same bits whatever the predictions' order.
    found = rows(truth, at.truth == TruthOutcome.FOUND)
    overlap = at.iou[at.matched_prediction[found]]
    total = np.bincount(truth.image[found], weights=overlap, minlength=n_images)
    mean_iou = np.full(n_images, np.nan)
    np.divide(total, tp, out=mean_iou, where=tp > 0)
    return ImageScores(
        tp,
        fp,
        fn,
        per_image(predictions, on_crowd),
        *class_rates(tp, tp + fp, tp + fn),
        mean_iou=mean_iou,
        chosen=chosen,
    )


def image_deltas(ours: ImageScores, theirs: ImageScores) -> ImageDeltas:
    """Subtract the baseline's image scores from the prediction set's, image by image.

    Args:
        ours: The prediction set's, at one operating point.
        theirs: The baseline's, on the same image axis and labels.

    Raises:
        MismatchedColumns: If the image axes differ in length.

    Example:
        >>> from evaluation import Instances, match, outcomes
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> def scores(*boxes):
        ...     n = len(boxes)
        ...     found = Instances.predictions([0] * n, [0] * n, boxes, score=[0.9] * n)
        ...     at = outcomes(truth, found, match(truth, found), score=0.5, iou=0.5)
        ...     return image_scores(at, truth, found, n_images=1)
        >>> difference = image_deltas(scores([0, 0, 10, 10]), scores())
        >>> difference.f1.tolist(), difference.precision.tolist()
        ([1.0], [nan])
    """
    if ours.chosen.shape != theirs.chosen.shape:
        raise MismatchedColumns("images", ours.chosen.shape, theirs.chosen.shape)
    both = ours.chosen & theirs.chosen
    return ImageDeltas(
        **{
            name: np.where(both, getattr(ours, name) - getattr(theirs, name), np.nan)
            for name in IMAGE_NUMBERS
        },
        chosen=both,
    )


def _rank(
    values: NDArray[Any], chosen: NDArray[np.bool_], *, descending: bool
) -> NDArray[np.int64]:
    positions = np.flatnonzero(chosen)
    keys = values[positions].astype(np.float64)
    # NaN sorts last either way, and the stable sort keeps ties in axis order.
    order: NDArray[np.int64] = positions[np.argsort(-keys if descending else keys, kind="stable")]
    return order


def _check(at: Outcomes, truth: Instances, predictions: Instances, n_images: int) -> None:
    for name, outcome, table in (
        ("outcomes.truth", at.truth, truth),
        ("outcomes.prediction", at.prediction, predictions),
    ):
        if len(outcome) != len(table):
            raise MismatchedColumns(name, (len(table),), outcome.shape)
        check_positions(table, n_images=n_images)


def _class_mask(
    truth: Instances,
    predictions: Instances,
    classes: Sequence[int] | NDArray[np.int64] | None,
) -> NDArray[np.bool_]:
    """Mark the classes that count, on an axis as long as the tables need."""
    rows = np.asarray([] if classes is None else classes, dtype=np.int64)
    if len(rows) and int(rows.min()) < 0:
        raise PositionOutOfRange("classes")
    longest = max(
        (int(c.max()) for c in (truth.class_, predictions.class_, rows) if len(c)), default=0
    )
    mask = np.full(longest + 1, classes is None)
    mask[rows] = True
    return mask


def _plain(value: Any) -> float | int | None:
    number: float | int = value.item()
    return None if number != number else number  # noqa: PLR0124 - NaN is the one unequal to itself
