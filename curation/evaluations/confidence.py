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


@dataclass(frozen=True, slots=True)
class _Peaks:
    """Curves with what no score threshold of the request changes: averages first, then classes.

    `peaks`, `steps` and `step_f1` run along the averages, then the classes.
    """

    curves: ConfidenceCurves
    averages: dict[str, Curve]
    classes: dict[str, Curve]
    peaks: list[BestThreshold | None]
    steps: list[float | None]
    step_f1: list[float | None]


_curves = Recent[ConfidenceCurves](8)
_peaks = Recent[tuple[_Peaks, ...]](6)


def confidence(database: Database, request: EvaluationRequest) -> ConfidenceView:
    """Return the confidence curves of a request.

    Raises:
        NotFound: If a set, split or class does not exist.
        Conflict: If a set is not evaluated on the current revision yet.
    """
    scope = open_scope(database, request)
    sides = sides_of(scope)
    names = [scope.set.truth.class_names[row] for row in class_positions(scope).tolist()]

    def make() -> tuple[_Peaks, ...]:
        curves = [_curves_of(scope, side, request) for side in sides]
        scores = shared_scores(*curves)
        return tuple(_peaks_of(each, scores, names) for each in curves)

    ids = tuple((side.store, side.evaluation_id) for side in sides)
    found = _peaks.get((ids, request.iou, *slice_key(scope)), make)
    shown = [_side(each, names, now=request.score) for each in found]
    return ConfidenceView(shown[0], shown[1] if len(shown) > 1 else None)


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


def _peaks_of(
    curves: ConfidenceCurves, scores: NDArray[np.float64], names: Sequence[str]
) -> _Peaks:
    best, rates = curves.best(), curves.classes_at(scores)
    peaks = [*(best.averages[name] for name in AVERAGES), *best.classes]
    steps = [None if peak is None else settable_step(peak.score) for peak in peaks]
    # One threshold a row, and only the row's own number of it.
    f1 = _f1_at(curves, np.array([0.0 if step is None else step for step in steps]))
    own = [None if step is None else _plain(f1[at, at]) for at, step in enumerate(steps)]
    return _Peaks(
        curves=curves,
        averages=curves.averages_at(scores),
        classes={
            name: Curve(scores, *(rate[:, place] for rate in rates))
            for place, name in enumerate(names)
        },
        peaks=peaks,
        steps=steps,
        step_f1=own,
    )


def _side(found: _Peaks, names: Sequence[str], *, now: float) -> ConfidenceSide:
    now_f1 = _f1_at(found.curves, np.array([now]))[0]
    rows = [
        ThresholdRow(peak, step, step_f1, _plain(f1))
        for peak, step, step_f1, f1 in zip(
            found.peaks, found.steps, found.step_f1, now_f1, strict=True
        )
    ]
    return ConfidenceSide(
        averages=found.averages,
        classes=found.classes,
        average_rows=dict(zip(AVERAGES, rows[: len(AVERAGES)], strict=True)),
        class_rows=dict(zip(names, rows[len(AVERAGES) :], strict=True)),
    )


def _f1_at(curves: ConfidenceCurves, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return F1 at some thresholds: (S, averages then classes)."""
    means = curves.averages_at(scores)
    columns = [means[name].f1[:, None] for name in AVERAGES]
    return np.concatenate([*columns, curves.classes_at(scores).f1], axis=1)


def _plain(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)
