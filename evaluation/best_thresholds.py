"""The score threshold where F1 is largest, of each class and of each average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.averages import class_rates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.confidence_curves import ConfidenceCurves, Curve

# Running sums of means drift in the last digits; what lies this near the largest is computed anew.
_DRIFT = 1e-9
_BLOCK = 2048


@dataclass(frozen=True, slots=True)
class BestThreshold:
    """The score threshold with the largest F1, and the rates there.

    Of equal F1 it is the highest threshold. `score` is the score of a prediction, at full
    precision: rounded up it would lose that prediction.
    """

    score: float
    precision: float
    recall: float
    f1: float

    def to_dict(self) -> dict[str, float]:
        """Give the four numbers by name."""
        return {
            "score": self.score,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }


@dataclass(frozen=True, slots=True)
class BestThresholds:
    """Best threshold of each class and of each average; None where no threshold finds anything.

    The averages peak at different thresholds: a best threshold without the name of its average
    says nothing.
    """

    classes: tuple[BestThreshold | None, ...]
    averages: dict[str, BestThreshold | None]

    def to_dict(self) -> dict[str, Any]:
        """Give the thresholds as plain data for JSON; `classes` are in class-axis order."""
        return {
            "classes": [_dict(best) for best in self.classes],
            "averages": {name: _dict(best) for name, best in self.averages.items()},
        }


def best_thresholds(curves: ConfidenceCurves) -> BestThresholds:
    """Find the thresholds with the largest F1 among all distinct scores, exactly.

    Only a new true positive can raise an F1: between two of them every F1 and every mean of F1
    falls or stays. So the scores of true positives are all that has to be looked at.

    Args:
        curves: What `confidence_curves` gave.

    Example:
        >>> from evaluation import Instances, match
        >>> from evaluation.confidence_curves import confidence_curves
        >>> truth = Instances.ground_truth([0, 0], [0, 0], [[0, 0, 10, 10], [30, 30, 10, 10]])
        >>> boxes = [[0, 0, 10, 10], [60, 60, 10, 10], [30, 30, 10, 8]]
        >>> found = Instances.predictions([0, 0, 0], [0, 0, 0], boxes, score=[0.9, 0.8, 0.7])
        >>> curves = confidence_curves(truth, found, match(truth, found), n_classes=1)
        >>> best_thresholds(curves).classes[0]
        BestThreshold(score=0.7, precision=0.6666666666666666, recall=1.0, f1=0.8)
    """
    gains = np.flatnonzero(steps_of(curves.tp, curves.class_start))
    return BestThresholds(_best_of_classes(curves, gains), _best_averages(curves, gains))


def steps_of(values: NDArray[Any], class_start: NDArray[np.int64]) -> NDArray[Any]:
    """Undo the running values of each class.

    Args:
        values: (N,) running values, class after class.
        class_start: (K + 1,) where the classes begin.

    Example:
        >>> steps_of(np.array([1, 3, 2, 2]), np.array([0, 2, 2, 4])).tolist()
        [1, 2, 2, 0]
    """
    steps = np.diff(values, prepend=values[:1])
    first = class_start[:-1][np.diff(class_start) > 0]
    steps[first] = values[first]
    return steps


def _best_of_classes(
    curves: ConfidenceCurves, gains: NDArray[np.int64]
) -> tuple[BestThreshold | None, ...]:
    start = np.searchsorted(gains, curves.class_start)
    lengths = np.diff(start)
    support = np.repeat(curves.support, lengths)
    rates = class_rates(curves.tp[gains], curves.kept[gains], support)
    found: list[BestThreshold | None] = [None] * len(lengths)
    for class_ in np.flatnonzero(lengths).tolist():
        at = start[class_] + int(np.argmax(rates.f1[start[class_] : start[class_ + 1]]))
        found[class_] = BestThreshold(
            float(curves.score[gains[at]]),
            float(rates.precision[at]),
            float(rates.recall[at]),
            float(rates.f1[at]),
        )
    return tuple(found)


def _best_averages(
    curves: ConfidenceCurves, gains: NDArray[np.int64]
) -> dict[str, BestThreshold | None]:
    scores = np.unique(curves.score[gains])
    support = np.repeat(curves.support, np.diff(curves.class_start))
    f1 = 2 * curves.tp / np.maximum(curves.kept + support, 1)
    steps = steps_of(f1, curves.class_start)
    # A point counts at every threshold up to the largest one that its score reaches.
    reached = np.searchsorted(scores, curves.score, side="right")

    def running(step: NDArray[Any]) -> NDArray[np.float64]:
        sums: NDArray[Any] = np.bincount(reached, weights=step, minlength=len(scores) + 1)[1:]
        total: NDArray[np.float64] = np.cumsum(sums[::-1])[::-1]
        return total

    tp, kept = (
        running(steps_of(column, curves.class_start)) for column in (curves.tp, curves.kept)
    )
    about = {
        "micro": 2 * tp / np.maximum(kept + curves.support.sum(), 1),
        "macro": running(np.where(support > 0, steps, 0.0)),
        "weighted": running(steps * support),
    }
    return {name: _settle(curves, name, scores, value) for name, value in about.items()}


def _settle(
    curves: ConfidenceCurves, name: str, scores: NDArray[np.float64], about: NDArray[np.float64]
) -> BestThreshold | None:
    """Choose among the thresholds whose running value is about the largest, computed anew."""
    largest = float(about.max(initial=0.0))
    near = scores[about >= largest - _DRIFT * max(1.0, largest)][::-1]
    best: BestThreshold | None = None
    for start in range(0, len(near), _BLOCK):
        found = _first_peak(curves.averages_at(near[start : start + _BLOCK])[name])
        if best is None or found.f1 > best.f1:
            best = found
    return best


def _first_peak(curve: Curve) -> BestThreshold:
    at = int(np.argmax(curve.f1))
    return BestThreshold(
        float(curve.score[at]),
        float(curve.precision[at]),
        float(curve.recall[at]),
        float(curve.f1[at]),
    )


def _dict(best: BestThreshold | None) -> dict[str, float] | None:
    return None if best is None else best.to_dict()
