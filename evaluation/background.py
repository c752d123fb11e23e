"""Predictions on background images, and classes that only the predictions have.

Both are false positives that AP hardly shows: a class without ground truth is in no mean, and a
prediction on an image without objects weighs no more than any other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from evaluation.instances import check_positions, mask_length
from evaluation.operating_point import check_score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.instances import Instances


@dataclass(frozen=True, slots=True)
class Hits:
    """Predictions and the images they are on, all and per class.

    `rows` (n,) are rows of the predictions, ascending by image, inside an image in file order.
    `predictions` and `images` (K,) count them, and the images that they are on, per class.
    `n_images` counts images with a prediction of any class.
    """

    rows: NDArray[np.int64]
    predictions: NDArray[np.int64]
    images: NDArray[np.int64]
    n_images: int

    @property
    def n_predictions(self) -> int:
        """Number of predictions of all classes."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class BackgroundPredictions:
    """Predictions on images that have no ground truth.

    `images` (n,) are the background images, as positions. `at_score` are the predictions that
    count at the score threshold, `any_score` all of them.
    """

    images: NDArray[np.int64]
    at_score: Hits
    any_score: Hits
    score: float

    @property
    def share_of_images(self) -> float | None:
        """Share of background images with a prediction at the score; None without such images."""
        return self.at_score.n_images / len(self.images) if len(self.images) else None


@dataclass(frozen=True, slots=True)
class PredictedOnlyClass:
    """A class that has predictions but no ground truth in scope.

    `class_` is its position on the class axis. `rows` are the predictions that count at the score,
    `rows_of_any_score` all of them, both ascending by image.
    """

    class_: int
    rows: NDArray[np.int64] = field(repr=False)
    rows_of_any_score: NDArray[np.int64] = field(repr=False)

    @property
    def at_score(self) -> int:
        """Number of predictions at the score."""
        return len(self.rows)

    @property
    def any_score(self) -> int:
        """Number of predictions of any score."""
        return len(self.rows_of_any_score)


def background_predictions(
    truth: Instances,
    predictions: Instances,
    *,
    images: NDArray[np.bool_],
    score: float,
    n_classes: int,
) -> BackgroundPredictions:
    """Find what is predicted on images without any ground truth.

    A crowd region is ground truth: an image that has one is no background.

    Args:
        truth: Ground truth of all classes.
        predictions: Predictions on the same image and class axes.
        images: Mask over the image axis: the labelled images that count. An image that nobody
            has labelled must not be among them, it is not known to be background.
        score: Predictions with this score or more count.
        n_classes: Length K of the class axis.

    Raises:
        InvalidThreshold: If `score` is not finite.
        PositionOutOfRange: If a table has a class or an image outside its axis.

    Example:
        >>> from evaluation import Instances
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> boxes = [[0, 0, 10, 10], [5, 5, 3, 3], [5, 5, 3, 3]]
        >>> found = Instances.predictions([0, 1, 2], [0, 0, 1], boxes, score=[0.9, 0.8, 0.1])
        >>> result = background_predictions(
        ...     truth, found, images=np.array([True] * 4), score=0.5, n_classes=2
        ... )
        >>> result.images.tolist(), result.at_score.rows.tolist(), result.any_score.rows.tolist()
        ([1, 2, 3], [1], [1, 2])
        >>> result.any_score.predictions.tolist(), round(result.share_of_images, 3)
        ([1, 1], 0.333)
    """
    check_score(score)
    for table in (truth, predictions):
        check_positions(table, n_images=mask_length(images), n_classes=n_classes)
    empty = images.copy()
    empty[truth.image] = False
    rows = _by_image(predictions, np.flatnonzero(empty[predictions.image]))
    kept = rows[predictions.score[rows] >= score]
    return BackgroundPredictions(
        images=np.flatnonzero(empty),
        at_score=_hits(predictions, kept, n_classes),
        any_score=_hits(predictions, rows, n_classes),
        score=float(score),
    )


def predicted_only_classes(
    truth: Instances,
    predictions: Instances,
    *,
    score: float,
    n_classes: int,
    images: NDArray[np.bool_] | None = None,
) -> tuple[PredictedOnlyClass, ...]:
    """List the classes that have predictions but no ground truth in scope, most predicted first.

    A crowd region is ground truth.

    Args:
        truth: Ground truth.
        predictions: Predictions on the same image and class axes.
        score: Predictions with this score or more count; classes below it are listed too.
        n_classes: Length K of the class axis.
        images: Mask over the image axis; only those images count. All when missing.

    Raises:
        InvalidThreshold: If `score` is not finite.
        PositionOutOfRange: If a table has a class outside the axis, or an image outside `images`.

    Example:
        >>> from evaluation import Instances
        >>> truth = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
        >>> found = Instances.predictions([0, 0], [1, 1], [[0, 0, 10, 10]] * 2, score=[0.9, 0.2])
        >>> only = predicted_only_classes(truth, found, score=0.5, n_classes=2)
        >>> [(one.class_, one.at_score, one.any_score) for one in only]
        [(1, 1, 2)]
    """
    check_score(score)
    n_images = mask_length(images)
    for table in (truth, predictions):
        check_positions(table, n_images=n_images, n_classes=n_classes)
    labelled = np.zeros(n_classes, dtype=np.bool_)
    here = truth.class_ if images is None else truth.class_[images[truth.image]]
    labelled[here] = True
    strange = ~labelled[predictions.class_]
    if images is not None:
        strange &= images[predictions.image]
    rows = _by_image(predictions, np.flatnonzero(strange))
    class_, kept = predictions.class_[rows], predictions.score[rows] >= score
    found = [
        PredictedOnlyClass(one, rows[kept & (class_ == one)], rows[class_ == one])
        for one in np.unique(class_).tolist()
    ]
    return tuple(sorted(found, key=lambda one: (-one.at_score, -one.any_score, one.class_)))


def _hits(predictions: Instances, rows: NDArray[np.int64], n_classes: int) -> Hits:
    class_, image = predictions.class_[rows], predictions.image[rows]
    pairs = np.unique(image * n_classes + class_)
    return Hits(
        rows=rows,
        predictions=np.bincount(class_, minlength=n_classes),
        images=np.bincount(pairs % n_classes if n_classes else pairs, minlength=n_classes),
        n_images=len(np.unique(image)),
    )


def _by_image(table: Instances, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    ordered: NDArray[np.int64] = rows[np.argsort(table.image[rows], kind="stable")]
    return ordered
