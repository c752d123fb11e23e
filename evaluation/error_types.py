"""Error types as TIDE defines them: why a prediction is false, and what was plainly missed.

Bolya, Foley, Hays, Hoffman: TIDE: A General Toolbox for Identifying Object Detection Errors,
ECCV 2020; rules and their order are those of its package (tidecv 1.0.1). True positives, false
positives and crowd regions are those of the one matcher.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from evaluation.errors import (
    ClassesNotMatched,
    InvalidThreshold,
    MismatchedColumns,
    PositionOutOfRange,
)
from evaluation.instances import check_positions, mask_length
from evaluation.matching import IOU_THRESHOLDS
from evaluation.nearest_truth import NearestTruth, nearest_truth
from evaluation.operating_point import (
    Outcomes,
    PredictionOutcome,
    TruthOutcome,
    outcomes,
    threshold_position,
)
from evaluation.size_buckets import SIZE_BUCKETS, bucket

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.instances import Instances
    from evaluation.matching import Matches

# Code of what is no error: found, ignored, or below the score.
NO_ERROR = -1
# How many of the types are errors of a prediction; the last one is of a ground truth.
_OF_PREDICTIONS = 5


class ErrorType(IntEnum):
    """Why a false positive is one, or that a ground truth was missed."""

    CLASSIFICATION = 0  # right place, wrong class
    LOCALISATION = 1  # right class, placed badly
    BOTH = 2  # wrong class and placed badly
    DUPLICATE = 3  # right, but a better prediction has found the object already
    BACKGROUND = 4  # nothing there
    MISSED = 5  # ground truth that no prediction found and no error above concerns


# Which types concern a ground truth of the predicted class, the others one of another class.
_OF_SAME_CLASS = np.isin(np.arange(len(ErrorType)), [ErrorType.LOCALISATION, ErrorType.DUPLICATE])


@dataclass(frozen=True, slots=True)
class ErrorCounts:
    """Errors per class and size bucket, and the outcomes that they explain.

    `errors` is (K, 3, 6): class, bucket (small, medium, large), `ErrorType`. A prediction counts
    in the class that it claims and in the bucket of its own area, a missed ground truth in its
    own; so the five types of predictions sum to the false positives. `false_positives` and
    `false_negatives` are (K, 3); false negatives that are not missed are the objects of
    classification and localisation errors.
    """

    errors: NDArray[np.int64]
    false_positives: NDArray[np.int64]
    false_negatives: NDArray[np.int64]

    def total(self) -> dict[str, int]:
        """Add up everything: one number a type, by its name in lower case."""
        sums = self.errors.sum(axis=(0, 1))
        return {kind.name.lower(): int(sums[kind]) for kind in ErrorType}

    def take(self, classes: NDArray[np.int64]) -> ErrorCounts:
        """Give some classes as counts of their own."""
        return ErrorCounts(
            self.errors[classes], self.false_positives[classes], self.false_negatives[classes]
        )

    def minus(self, against: ErrorCounts) -> ErrorCounts:
        """Subtract the counts of a baseline.

        Raises:
            MismatchedColumns: If the baseline has another number of classes.
        """
        if self.errors.shape != against.errors.shape:
            raise MismatchedColumns("errors", self.errors.shape, against.errors.shape)
        return ErrorCounts(
            self.errors - against.errors,
            self.false_positives - against.false_positives,
            self.false_negatives - against.false_negatives,
        )


@dataclass(frozen=True, slots=True)
class ErrorTypes:
    """The error type of every prediction and ground truth at one operating point.

    `prediction` (P,) and `truth` (G,) are codes of `ErrorType`, `NO_ERROR` where nothing is wrong.
    `target` (P,) is the row of the ground truth that an error concerns: the object of another
    class (classification, both), of the same class (localisation, duplicate), −1 for the rest.
    `outcomes` are those of the operating point; `nearest` says what predictions overlap.
    """

    prediction: NDArray[np.int8]
    truth: NDArray[np.int8]
    target: NDArray[np.int64]
    outcomes: Outcomes = field(repr=False)
    nearest: NearestTruth = field(repr=False)
    tables: tuple[Instances, Instances] = field(repr=False)  # ground truth, predictions
    score: float
    foreground: float

    def count(self, *, n_classes: int, images: NDArray[np.bool_] | None = None) -> ErrorCounts:
        """Count the errors per class and size bucket.

        Args:
            n_classes: Length K of the class axis.
            images: Mask over the image axis; only those images count. All when missing.

        Raises:
            PositionOutOfRange: If a table has a class or an image outside its axis.
        """
        n_images = mask_length(images)
        for table in self.tables:
            check_positions(table, n_images=n_images, n_classes=n_classes)
        truth, predictions = self.tables
        shape = (n_classes, len(SIZE_BUCKETS))
        errors = np.zeros((*shape, len(ErrorType)), dtype=np.int64)
        wrong = _in_images(predictions, self.prediction != NO_ERROR, images)
        slot = _slot(predictions, wrong) * len(ErrorType) + self.prediction[wrong]
        errors += np.bincount(slot, minlength=errors.size).reshape(errors.shape)
        missed = _in_images(truth, self.truth == ErrorType.MISSED, images)
        errors[..., ErrorType.MISSED] += _per_slot(truth, missed, shape)
        lost = _in_images(truth, self.outcomes.truth == TruthOutcome.MISSED, images)
        return ErrorCounts(
            errors=errors,
            false_positives=errors[..., :_OF_PREDICTIONS].sum(axis=-1),
            false_negatives=_per_slot(truth, lost, shape),
        )

    def rows(
        self,
        error: ErrorType,
        *,
        class_: int | None = None,
        size: int | None = None,
        images: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.int64]:
        """Give the rows behind a count: predictions, or ground truth for `MISSED`.

        Ascending by image, inside an image in file order.

        Args:
            error: The type.
            class_: Class of the rows; all when missing.
            size: Position in `SIZE_BUCKETS`; all when missing.
            images: Mask over the image axis; all when missing.

        Raises:
            PositionOutOfRange: If an image lies outside the mask.
        """
        if images is not None:
            for table in self.tables:
                check_positions(table, n_images=mask_length(images))
        of_truth = error == ErrorType.MISSED
        table, codes = (
            (self.tables[0], self.truth) if of_truth else (self.tables[1], self.prediction)
        )
        rows = _in_images(table, codes == error, images)
        if class_ is not None:
            rows = rows[table.class_[rows] == class_]
        if size is not None:
            rows = rows[bucket(table.area[rows]) == size]
        return rows[np.argsort(table.image[rows], kind="stable")]


def classify_errors(
    truth: Instances,
    predictions: Instances,
    matches: Matches,
    *,
    score: float,
    foreground: float = 0.5,
    nearest: NearestTruth | None = None,
) -> ErrorTypes:
    """Give every false positive exactly one error type, and find what was missed.

    Of a false positive, with s its largest IoU with a ground truth of its class and o with one of
    another class, the first that holds of: background ≤ s ≤ foreground, localisation;
    o ≥ foreground, classification; s ≥ foreground, duplicate; both at or below background,
    background; else both. A missed ground truth is one that is not found and not the target of a
    classification or localisation error.

    The type of a false positive does not depend on the score threshold: whatever took its object
    had a better score.

    Args:
        truth: Ground truth that was matched.
        predictions: Predictions that were matched.
        matches: Outcome of `match` for exactly these tables.
        score: Predictions with this score or more count.
        foreground: IoU that makes a match, one of `IOU_THRESHOLDS`.
        nearest: Outcome of `nearest_truth` for exactly these tables; its floor is the background
            threshold. Computed with 0.1 when missing; at another score it need not be again.

    Raises:
        InvalidThreshold: If a threshold is out of its range.
        MismatchedColumns: If `matches` belong to other predictions.
        PositionOutOfRange: If `nearest` belongs to other tables.
        MissingMasks: If masks are to be compared and a table has none.
        ClassesNotMatched: If `matches` are class-agnostic.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0, 0], [0, 1], [[0, 0, 10, 10], [30, 0, 10, 10]])
        >>> boxes = [[0, 0, 10, 10], [0, 0, 10, 9], [30, 0, 10, 10], [0, 0, 10, 4], [70, 0, 5, 5]]
        >>> found = Instances.predictions([0] * 5, [0, 0, 0, 0, 1], boxes, score=[0.9] * 5)
        >>> types = classify_errors(truth, found, match(truth, found), score=0.5)
        >>> [ErrorType(code).name for code in types.prediction if code != NO_ERROR]
        ['DUPLICATE', 'CLASSIFICATION', 'LOCALISATION', 'BACKGROUND']
        >>> types.truth.tolist(), types.target.tolist()
        ([-1, -1], [-1, 0, 1, 0, -1])
    """
    if matches.class_agnostic:
        raise ClassesNotMatched
    least = float(IOU_THRESHOLDS[threshold_position(foreground)])
    if nearest is None:
        nearest = nearest_truth(truth, predictions, iou_type=matches.iou_type)
    if nearest.floor >= least:
        raise InvalidThreshold("background", nearest.floor, allowed="less than the foreground")
    _check_nearest(nearest, truth, predictions)
    at = outcomes(truth, predictions, matches, score=score, iou=foreground)
    wrong = at.prediction == PredictionOutcome.FALSE_POSITIVE
    codes = np.where(wrong, np.int8(ErrorType.BACKGROUND), np.int8(NO_ERROR))
    near = np.flatnonzero(wrong[nearest.pred])
    kinds = _kinds(nearest, near, least)
    codes[nearest.pred[near]] = kinds
    target = np.full(len(predictions), -1)
    concerns = np.where(_OF_SAME_CLASS[kinds], nearest.same[near], nearest.other[near])
    target[nearest.pred[near]] = np.where(kinds == ErrorType.BACKGROUND, -1, concerns)
    return ErrorTypes(
        prediction=codes,
        truth=_missed(codes, target, at),
        target=target,
        outcomes=at,
        nearest=nearest,
        tables=(truth, predictions),
        score=float(score),
        foreground=least,
    )


def finds_an_object(codes: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Say which errors would, if mended, find one object: classification and localisation."""
    mended: NDArray[np.bool_] = (codes == ErrorType.CLASSIFICATION) | (
        codes == ErrorType.LOCALISATION
    )
    return mended


def _kinds(nearest: NearestTruth, near: NDArray[np.int64], foreground: float) -> NDArray[np.int8]:
    """Classify false positives that overlap something, by the rules in their order."""
    same, other = nearest.same_iou[near], nearest.other_iou[near]
    rules = (
        ((same >= nearest.floor) & (same <= foreground), ErrorType.LOCALISATION),
        (other >= foreground, ErrorType.CLASSIFICATION),
        (same >= foreground, ErrorType.DUPLICATE),
        (np.maximum(same, other) <= nearest.floor, ErrorType.BACKGROUND),
    )
    kinds = np.select(
        [holds for holds, _ in rules], [int(kind) for _, kind in rules], int(ErrorType.BOTH)
    )
    return kinds.astype(np.int8)


def _missed(codes: NDArray[np.int8], target: NDArray[np.int64], at: Outcomes) -> NDArray[np.int8]:
    concerned = np.zeros(len(at.truth), dtype=np.bool_)
    concerned[target[finds_an_object(codes)]] = True
    missed = (at.truth == TruthOutcome.MISSED) & ~concerned
    return np.where(missed, np.int8(ErrorType.MISSED), np.int8(NO_ERROR))


def _check_nearest(nearest: NearestTruth, truth: Instances, predictions: Instances) -> None:
    axes = (
        ("nearest.pred", nearest.pred, len(predictions)),
        ("nearest.same", nearest.same, len(truth)),
        ("nearest.other", nearest.other, len(truth)),
    )
    for column, rows, length in axes:
        if len(rows) and int(rows.max()) >= length:
            raise PositionOutOfRange(column, length=length)


def _in_images(
    table: Instances, chosen: NDArray[np.bool_], images: NDArray[np.bool_] | None
) -> NDArray[np.int64]:
    rows = np.flatnonzero(chosen)
    return rows if images is None else rows[images[table.image[rows]]]


def _slot(table: Instances, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return table.class_[rows] * len(SIZE_BUCKETS) + bucket(table.area[rows])


def _per_slot(
    table: Instances, rows: NDArray[np.int64], shape: tuple[int, int]
) -> NDArray[np.int64]:
    return np.bincount(_slot(table, rows), minlength=shape[0] * shape[1]).reshape(shape)
