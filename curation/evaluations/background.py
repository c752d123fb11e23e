"""Predictions where nothing is: on background images, and of classes that no label has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from curation.evaluations.comparison import open_scope
from curation.evaluations.row_choice import (
    ChosenRows,
    RowChoice,
    SideName,
    class_position,
    evaluated_side,
    sides_of,
)
from evaluation.background import (
    BackgroundPredictions,
    PredictedOnlyClass,
    background_predictions,
    predicted_only_classes,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.evaluations.comparison import Scope
    from curation.evaluations.evaluated_sets import EvaluatedSet
    from curation.evaluations.request import EvaluationRequest
    from curation.store.database import Database

BACKGROUND_IMAGES: Final = "background-images"
PREDICTED_ONLY: Final = "predicted-only"
ANY: Final = ""


@dataclass(frozen=True, slots=True)
class PredictedOnly:
    """A class without labels in scope, and how many predictions claim it."""

    name: str
    at_score: int
    any_score: int


@dataclass(frozen=True, slots=True)
class BackgroundSide:
    """One side's predictions where nothing is.

    Args:
        predictions: At the score threshold, on background images.
        images_hit: Background images with such a prediction.
        predicted_only: Classes without labels, most predicted first.
    """

    predictions: int
    images_hit: int
    predicted_only: tuple[PredictedOnly, ...]

    @property
    def predicted_only_at_score(self) -> int:
        """Predictions at the score threshold of classes without labels."""
        return sum(one.at_score for one in self.predicted_only)


@dataclass(frozen=True, slots=True)
class BackgroundView:
    """Predictions where nothing is; `images` counts the background images in scope."""

    images: int
    set: BackgroundSide
    against: BackgroundSide | None


def background(database: Database, request: EvaluationRequest) -> BackgroundView:
    """Return what both sides predict where nothing is.

    Raises:
        NotFound: If a set, split or class does not exist.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    scope = open_scope(database, request)
    found = [_side(scope, side, request) for side in sides_of(scope)]
    empty = scope.images.copy()
    empty[scope.set.truth.instances.image] = False
    return BackgroundView(int(empty.sum()), found[0], found[1] if len(found) > 1 else None)


def background_choice(*, side: SideName) -> RowChoice:
    """Choose the predictions on background images.

    Example:
        >>> background_choice(side="set").to_text()
        'background-images:set'
    """
    return RowChoice(BACKGROUND_IMAGES, side)


def predicted_only_choice(class_name: str = ANY, *, side: SideName) -> RowChoice:
    """Choose the predictions at the score threshold of a class without labels, or of all such.

    Example:
        >>> predicted_only_choice("moon", side="set").to_text()
        'predicted-only:set:moon'
    """
    return RowChoice(PREDICTED_ONLY, side, (class_name,))


def background_rows(scope: Scope, request: EvaluationRequest, choice: RowChoice) -> ChosenRows:
    """Return the predictions on background images.

    Raises:
        InvalidSetting: If there is no such side.
    """
    side = evaluated_side(scope, choice.side)
    return ChosenRows.of_predictions(scope, choice.side, _on_background(scope, side, request))


def predicted_only_rows(scope: Scope, request: EvaluationRequest, choice: RowChoice) -> ChosenRows:
    """Return the predictions at the score threshold of classes without labels.

    Raises:
        NotFound: If the class does not exist.
        InvalidSetting: If there is no such side.
    """
    side, name = evaluated_side(scope, choice.side), choice.part(0)
    wanted = None if name == ANY else class_position(scope, name)
    rows = [
        only.rows
        for only in _predicted_only(scope, side, request)
        if wanted is None or only.class_ == wanted
    ]
    together = np.concatenate([np.zeros(0, dtype=np.int64), *rows])
    return ChosenRows.of_predictions(scope, choice.side, together)


def _side(scope: Scope, side: EvaluatedSet, request: EvaluationRequest) -> BackgroundSide:
    rows = _on_background(scope, side, request)
    names = side.truth.class_names
    return BackgroundSide(
        predictions=len(rows),
        images_hit=len(np.unique(side.predictions.image[rows])),
        predicted_only=tuple(
            PredictedOnly(names[only.class_], only.at_score, only.any_score)
            for only in _predicted_only(scope, side, request)
        ),
    )


def _on_background(
    scope: Scope, side: EvaluatedSet, request: EvaluationRequest
) -> NDArray[np.int64]:
    found: BackgroundPredictions = background_predictions(
        side.truth.instances,
        side.predictions,
        images=scope.images,
        score=request.score,
        n_classes=len(side.truth.class_names),
    )
    rows = found.at_score.rows
    return rows[scope.class_mask()[side.predictions.class_[rows]]]


def _predicted_only(
    scope: Scope, side: EvaluatedSet, request: EvaluationRequest
) -> list[PredictedOnlyClass]:
    found = predicted_only_classes(
        side.truth.instances,
        side.predictions,
        score=request.score,
        n_classes=len(side.truth.class_names),
        images=scope.images,
    )
    counts = scope.class_mask()
    return [only for only in found if counts[only.class_]]
