"""Confusion matrix at one operating point: which class is taken for which, or for nothing.

The diagonal is exactly the true positives of `operating_point.outcomes`. What they leave over, the
false positives and the missed ground truth, is paired across classes by the same matcher: one
image, best score first, IoU at or above the threshold, one to one. What is left then belongs to
the background row (predictions without an object) or column (objects without a prediction).

Pairing looks at all classes, so a cell is the same number whatever is shown beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from evaluation.errors import ClassesNotMatched, MismatchedColumns, PositionOutOfRange
from evaluation.instances import check_positions, mask_length
from evaluation.matching import IOU_THRESHOLDS, counterparts
from evaluation.operating_point import (
    PredictionOutcome,
    TruthOutcome,
    outcomes,
    threshold_position,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from evaluation.candidates import IouType
    from evaluation.instances import Instances
    from evaluation.matching import Matches
    from evaluation.operating_point import Outcomes

# Row or column of no class: nothing there, and (of a matrix of some classes) a class not shown.
BACKGROUND = -1
OTHER = -2

Axis = Literal["truth", "prediction"]
_SUMMED: dict[Axis, int] = {"truth": 1, "prediction": 0}


@dataclass(frozen=True, slots=True)
class CellRows:
    """What one cell counts: parallel (n,) rows of ground truth and predictions, −1 for none."""

    truth: NDArray[np.int64]
    prediction: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """Counts of ground-truth class (row) against predicted class (column).

    `classes` (C,) are class-axis positions, in order of rows and columns. `counts` is
    (C + 1, C + 1) with the background last. A matrix of some classes is (C + 2, C + 2): the last
    but one row and column are all other classes, and what concerns no chosen class is left out.

    `truth`, `prediction`, `row`, `column`, `image` are parallel (E,) arrays, one entry for each
    thing that is counted: rows of both tables (−1 for none), matrix position, image position.
    """

    counts: NDArray[np.int64]
    classes: NDArray[np.int64]
    truth: NDArray[np.int64] = field(repr=False)
    prediction: NDArray[np.int64] = field(repr=False)
    row: NDArray[np.int64] = field(repr=False)
    column: NDArray[np.int64] = field(repr=False)
    image: NDArray[np.int64] = field(repr=False)

    @property
    def has_other(self) -> bool:
        """Whether there is a row and a column of classes that are not shown."""
        return len(self.counts) == len(self.classes) + 2

    def cell(self, truth_class: int, predicted_class: int) -> CellRows:
        """Give the rows that one cell counts, ascending by image, inside an image as in the file.

        Args:
            truth_class: Class-axis position, `BACKGROUND` or `OTHER`.
            predicted_class: Likewise.

        Raises:
            PositionOutOfRange: If the matrix has no such row or column.
        """
        at = self._place(truth_class), self._place(predicted_class)
        here = np.flatnonzero((self.row == at[0]) & (self.column == at[1]))
        here = here[np.lexsort((self.prediction[here], self.truth[here], self.image[here]))]
        return CellRows(self.truth[here], self.prediction[here])

    def normalized(self, axis: Axis) -> NDArray[np.float64]:
        """Divide by the sums of rows or columns.

        Args:
            axis: "truth": each row sums to 1, the diagonal is recall. "prediction": each column
                sums to 1, the diagonal is precision.

        Returns:
            An array shaped as `counts`; NaN where the sum is 0.
        """
        total = self.counts.sum(axis=_SUMMED[axis], keepdims=True)
        share: NDArray[np.float64] = self.counts / np.where(total > 0, total, np.nan)
        return share

    def confusions(self) -> NDArray[np.int64]:
        """List the pairs of classes taken for each other: (n, 3), most frequent first.

        Columns are ground-truth class, predicted class and count; background and other classes
        are not among them.
        """
        n = len(self.classes)
        among = self.counts[:n, :n] * (1 - np.eye(n, dtype=np.int64))
        row, column = np.nonzero(among)
        order = np.argsort(-among[row, column], kind="stable")
        row, column = row[order], column[order]
        return np.stack([self.classes[row], self.classes[column], among[row, column]], axis=1)

    def of_images(self, images: NDArray[np.bool_]) -> ConfusionMatrix:
        """Count some images only.

        Args:
            images: Mask over the image axis.

        Raises:
            MismatchedColumns: If it is no mask.
            PositionOutOfRange: If an image lies outside the mask.
        """
        mask_length(images)
        if len(self.image) and int(self.image.max()) >= len(images):
            raise PositionOutOfRange("image", length=len(images))
        return self._kept(images[self.image], self.row, self.column, len(self.counts))

    def of_classes(self, classes: Sequence[int] | NDArray[np.int64]) -> ConfusionMatrix:
        """Show some classes; the others are gathered in one row and one column.

        Args:
            classes: Class-axis positions in the wanted order, each once.

        Raises:
            PositionOutOfRange: If the matrix has no such class.
        """
        chosen = np.asarray(classes, dtype=np.int64)
        n = len(chosen)
        place = np.full(len(self.counts), n)
        place[[self._place(class_) for class_ in chosen.tolist()]] = np.arange(n)
        place[-1] = n + 1
        row, column = place[self.row], place[self.column]
        shown = replace(self, classes=chosen)
        return shown._kept((row < n) | (column < n), row, column, n + 2)  # noqa: SLF001 - own class

    def minus(self, against: ConfusionMatrix) -> NDArray[np.int64]:
        """Subtract the counts of a baseline.

        Raises:
            MismatchedColumns: If the baseline shows other classes.
        """
        if not np.array_equal(self.classes, against.classes) or self.has_other != against.has_other:
            raise MismatchedColumns("classes", self.classes.tolist(), against.classes.tolist())
        return self.counts - against.counts

    def _place(self, class_: int) -> int:
        if class_ == BACKGROUND:
            return len(self.counts) - 1
        if class_ == OTHER and self.has_other:
            return len(self.classes)
        found = np.flatnonzero(self.classes == class_)
        if len(found) == 0:
            raise PositionOutOfRange("classes", length=len(self.classes))
        return int(found[0])

    def _kept(
        self,
        kept: NDArray[np.bool_],
        row: NDArray[np.int64],
        column: NDArray[np.int64],
        length: int,
    ) -> ConfusionMatrix:
        entries = np.flatnonzero(kept)
        row, column = row[entries], column[entries]
        return ConfusionMatrix(
            counts=_tabulate(row, column, length),
            classes=self.classes,
            truth=self.truth[entries],
            prediction=self.prediction[entries],
            row=row,
            column=column,
            image=self.image[entries],
        )


def confusion_matrix(
    truth: Instances,
    predictions: Instances,
    matches: Matches,
    *,
    score: float,
    iou: float,
    n_classes: int,
) -> ConfusionMatrix:
    """Count which class is taken for which at one operating point.

    Row sums are the ground truth of each class, column sums its kept predictions. Crowd regions
    are in no row, predictions that are ignored in no column.

    Args:
        truth: Ground truth that was matched.
        predictions: Predictions that were matched.
        matches: Outcome of `match` for exactly these tables.
        score: Predictions with this score or more count.
        iou: Overlap that makes a match, one of `IOU_THRESHOLDS`; an equal one is enough.
        n_classes: Length K of the class axis.

    Raises:
        InvalidThreshold: If `iou` is none of the ten thresholds or `score` is not finite.
        MismatchedColumns: If `matches` belong to other predictions.
        PositionOutOfRange: If a table has a class outside the axis.
        ClassesNotMatched: If `matches` are class-agnostic.

    Example:
        >>> from evaluation import Instances, match
        >>> truth = Instances.ground_truth([0, 0], [0, 1], [[0, 0, 10, 10], [30, 0, 10, 10]])
        >>> boxes = [[0, 0, 10, 9], [30, 0, 10, 9], [90, 90, 5, 5]]
        >>> found = Instances.predictions([0, 0, 0], [0, 0, 1], boxes, score=[0.9, 0.8, 0.7])
        >>> matrix = confusion_matrix(
        ...     truth, found, match(truth, found), score=0.5, iou=0.5, n_classes=2
        ... )
        >>> matrix.counts.tolist()
        [[1, 0, 0], [1, 0, 0], [0, 1, 0]]
        >>> rows = matrix.cell(1, 0)
        >>> rows.truth.tolist(), rows.prediction.tolist()
        ([1], [1])
    """
    if matches.class_agnostic:
        raise ClassesNotMatched
    for table in (truth, predictions):
        check_positions(table, n_classes=n_classes)
    at = outcomes(truth, predictions, matches, score=score, iou=iou)
    found = np.flatnonzero(at.truth == TruthOutcome.FOUND)
    least = float(IOU_THRESHOLDS[threshold_position(iou)])
    missed, wrong, pairs = _across_classes(
        truth, predictions, at, iou=least, iou_type=matches.iou_type
    )
    nothing = np.full(len(missed), -1), np.full(len(wrong), -1)
    true = np.concatenate([found, pairs[0], missed, nothing[1]])
    pred = np.concatenate([at.matched_prediction[found], pairs[1], nothing[0], wrong])
    row = _class_or_background(truth, true, n_classes)
    column = _class_or_background(predictions, pred, n_classes)
    image = np.empty(len(true), dtype=np.int64)
    image[true >= 0] = truth.image[true[true >= 0]]
    image[true < 0] = predictions.image[wrong]
    return ConfusionMatrix(
        counts=_tabulate(row, column, n_classes + 1),
        classes=np.arange(n_classes),
        truth=true,
        prediction=pred,
        row=row,
        column=column,
        image=image,
    )


def _across_classes(
    truth: Instances, predictions: Instances, at: Outcomes, *, iou: float, iou_type: IouType
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pair what is left over: rows still missed, rows still wrong, paired rows of both."""
    missed = np.flatnonzero(at.truth == TruthOutcome.MISSED)
    wrong = np.flatnonzero(at.prediction == PredictionOutcome.FALSE_POSITIVE)
    # Where nothing is missed nothing can be confused: most images need no look.
    with_missed = np.zeros(_n_images(truth, predictions), dtype=np.bool_)
    with_missed[truth.image[missed]] = True
    near = wrong[with_missed[predictions.image[wrong]]]
    true, pred, _ = counterparts(
        _of_one_class(truth.take(missed)),
        _of_one_class(predictions.take(near)),
        iou=iou,
        iou_type=iou_type,
    )
    true, pred = missed[true], near[pred]
    # A free object of its own class is one the matcher refused (strict, annotation id 0).
    confused = truth.class_[true] != predictions.class_[pred]
    true, pred = true[confused], pred[confused]
    still_missed, still_wrong = (
        at.truth == TruthOutcome.MISSED,
        at.prediction == PredictionOutcome.FALSE_POSITIVE,
    )
    still_missed[true], still_wrong[pred] = False, False
    return np.flatnonzero(still_missed), np.flatnonzero(still_wrong), (true, pred)


def _of_one_class(table: Instances) -> Instances:
    return replace(table, class_=np.zeros(len(table), dtype=np.int64))


def _n_images(*tables: Instances) -> int:
    return 1 + max((int(table.image.max()) for table in tables if len(table)), default=-1)


def _class_or_background(
    table: Instances, rows: NDArray[np.int64], n_classes: int
) -> NDArray[np.int64]:
    class_ = np.append(table.class_, n_classes)
    return class_[rows]


def _tabulate(row: NDArray[np.int64], column: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    return np.bincount(row * length + column, minlength=length**2).reshape(length, length)
