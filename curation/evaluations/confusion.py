"""Which class is taken for which: the confusion matrices of a request, and their cells' rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from curation.evaluations.comparison import open_scope
from curation.evaluations.evaluated_sets import Recent
from curation.evaluations.row_choice import (
    ChosenRows,
    RowChoice,
    SideName,
    class_position,
    evaluated_side,
    sides_of,
)
from evaluation.confusion import BACKGROUND, OTHER, ConfusionMatrix, confusion_matrix

if TYPE_CHECKING:
    from curation.evaluations.comparison import Scope
    from curation.evaluations.evaluated_sets import EvaluatedSet
    from curation.evaluations.request import EvaluationRequest
    from curation.store.database import Database

CONFUSION: Final = "confusion"
NO_CLASS: Final = ""
OTHER_CLASSES: Final = "*"


@dataclass(frozen=True, slots=True)
class ConfusionView:
    """The confusion matrices of both sides at one operating point.

    Args:
        names: Names of rows and columns: classes, then `OTHER_CLASSES` where the request chose
            some of them, then `NO_CLASS` for the background.
        set: The prediction set's.
        against: The baseline's, None without comparison.
    """

    names: tuple[str, ...]
    set: ConfusionMatrix
    against: ConfusionMatrix | None


_matrices = Recent[ConfusionMatrix](8)


def confusion(database: Database, request: EvaluationRequest) -> ConfusionView:
    """Return the confusion matrices of a request.

    Raises:
        NotFound: If a set, split or class does not exist.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    scope = open_scope(database, request)
    matrices = [_matrix(scope, side, request) for side in sides_of(scope)]
    axis = scope.set.truth.class_names
    names = [axis[class_] for class_ in matrices[0].classes.tolist()]
    names += [OTHER_CLASSES] if matrices[0].has_other else []
    against = matrices[1] if len(matrices) > 1 else None
    return ConfusionView((*names, NO_CLASS), matrices[0], against)


def cell_choice(truth: str, prediction: str, *, side: SideName) -> RowChoice:
    """Choose what one cell counts.

    Args:
        truth: Name of a class, `NO_CLASS` or `OTHER_CLASSES`.
        prediction: Likewise.
        side: The prediction set, or the baseline.

    Example:
        >>> cell_choice("cat", NO_CLASS, side="against").to_text()
        'confusion:against:cat:'
    """
    return RowChoice(CONFUSION, side, (truth, prediction))


def cell_rows(scope: Scope, request: EvaluationRequest, choice: RowChoice) -> ChosenRows:
    """Return the ground truth and predictions that one cell counts.

    Raises:
        NotFound: If a class does not exist.
        InvalidSetting: If there is no such side.
        PositionOutOfRange: If there is no such cell.
    """
    matrix = _matrix(scope, evaluated_side(scope, choice.side), request)
    truth, prediction = (_position(scope, choice.part(place)) for place in (0, 1))
    rows = matrix.cell(truth, prediction)
    image = scope.set.truth.instances.image[rows.truth]
    found = rows.prediction >= 0
    image[found] = evaluated_side(scope, choice.side).predictions.image[rows.prediction[found]]
    return ChosenRows(choice.side, rows.truth, rows.prediction, image)


def _position(scope: Scope, name: str) -> int:
    if name in scope.set.truth.class_names:
        return class_position(scope, name)
    if name == NO_CLASS:
        return BACKGROUND
    return OTHER if name == OTHER_CLASSES else class_position(scope, name)


def _matrix(scope: Scope, side: EvaluatedSet, request: EvaluationRequest) -> ConfusionMatrix:
    matrix = _matrices.get(
        (side.store, side.evaluation_id, request.score, request.iou),
        lambda: confusion_matrix(
            side.truth.instances,
            side.predictions,
            side.matches,
            score=request.score,
            iou=request.iou,
            n_classes=len(side.truth.class_names),
        ),
    )
    if not scope.images.all():
        matrix = matrix.of_images(scope.images)
    return matrix if scope.classes is None else matrix.of_classes(scope.classes)
