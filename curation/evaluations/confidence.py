"""Precision, recall and F1 against the score threshold, and where F1 is best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from curation.evaluations.comparison import open_scope
from curation.evaluations.evaluated_sets import Recent
from curation.evaluations.row_choice import class_positions, sides_of, slice_key
from evaluation.averages import AVERAGES
from evaluation.confidence_curves import (
    ConfidenceCurves,
    Curve,
    confidence_curves,
    shared_scores,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from curation.evaluations.comparison import Scope
    from curation.evaluations.evaluated_sets import EvaluatedSet
    from curation.evaluations.request import EvaluationRequest
    from curation.store.database import Database
    from evaluation.best_thresholds import BestThreshold

STEPS: Final = 100
"""The score control moves in hundredths."""


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """One class or average of one side: the best threshold, and F1 there and now.

    Args:
        best: The threshold with the largest F1, None where no threshold finds anything.
        step: The best threshold as the score control can be set: rounded down, so that no
            prediction at the threshold is lost; None where it cannot.
        step_f1: F1 at that step.
        now_f1: F1 at the request's score threshold.
    """

    best: BestThreshold | None
    step: float | None
    step_f1: float | None
    now_f1: float | None


@dataclass(frozen=True, slots=True)
class ConfidenceSide:
    """One side's curves and best thresholds, by name of the average or class."""

    averages: dict[str, Curve]
    classes: dict[str, Curve]
    average_rows: dict[str, ThresholdRow]
    class_rows: dict[str, ThresholdRow]


@dataclass(frozen=True, slots=True)
class ConfidenceView:
    """The curves of both sides, at the same score thresholds."""

    set: ConfidenceSide
    against: ConfidenceSide | None


_curves = Recent[ConfidenceCurves](8)
_scores = Recent["NDArray[np.float64]"](8)


def confidence(database: Database, request: EvaluationRequest) -> ConfidenceView:
    """Return the confidence curves of a request.

    Raises:
        NotFound: If a set, split or class does not exist.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    scope = open_scope(database, request)
    sides = sides_of(scope)
    curves = [_curves_of(scope, side, request) for side in sides]
    key = (tuple((side.store, side.evaluation_id) for side in sides), request.iou)
    scores = _scores.get((*key, *slice_key(scope)), lambda: shared_scores(*curves))
    names = [scope.set.truth.class_names[row] for row in class_positions(scope).tolist()]
    found = [_side(each, scores, names, now=request.score) for each in curves]
    return ConfidenceView(found[0], found[1] if len(found) > 1 else None)


def settable_step(score: float) -> float | None:
    """Return the highest setting of the score control that keeps a score, None outside 0 … 1.

    Example:
        >>> settable_step(0.4271), settable_step(0.29), settable_step(7.5)
        (0.42, 0.29, None)
    """
    if not 0 <= score <= 1:
        return None
    step = math.floor(score * STEPS + 1e-9)
    while step / STEPS > score:
        step -= 1
    return step / STEPS


def _curves_of(scope: Scope, side: EvaluatedSet, request: EvaluationRequest) -> ConfidenceCurves:
    def make() -> ConfidenceCurves:
        curves = confidence_curves(
            side.truth.instances,
            side.predictions,
            side.matches,
            n_classes=len(side.truth.class_names),
            iou=request.iou,
            images=None if scope.images.all() else scope.images,
        )
        return curves if scope.classes is None else curves.take(list(scope.classes))

    return _curves.get((side.store, side.evaluation_id, request.iou, *slice_key(scope)), make)


def _side(
    curves: ConfidenceCurves, scores: NDArray[np.float64], names: Sequence[str], *, now: float
) -> ConfidenceSide:
    best = curves.best()
    averages, classes = curves.averages_at(scores), curves.classes_at(scores)
    peaks = [best.averages[name] for name in AVERAGES] + list(best.classes)
    steps = [None if peak is None else settable_step(peak.score) for peak in peaks]
    # All thresholds of interest at once: now, then the step of each average and class.
    asked = np.array([now, *(now if step is None else step for step in steps)])
    mean_at, class_at = curves.averages_at(asked), curves.classes_at(asked).f1

    def row(place: int, f1: NDArray[np.float64]) -> ThresholdRow:
        step = steps[place]
        there = None if step is None else _plain(f1[place + 1])
        return ThresholdRow(peaks[place], step, there, _plain(f1[0]))

    return ConfidenceSide(
        averages=averages,
        classes={
            name: Curve(scores, *(rate[:, place] for rate in classes))
            for place, name in enumerate(names)
        },
        average_rows={name: row(place, mean_at[name].f1) for place, name in enumerate(AVERAGES)},
        class_rows={
            name: row(len(AVERAGES) + place, class_at[:, place]) for place, name in enumerate(names)
        },
    )


def _plain(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)
