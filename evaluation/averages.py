"""Averages over classes: precision, recall and F1 as micro, macro and weighted numbers.

Micro pools the counts of all classes. Macro and weighted are means over the classes that have
ground truth of the rates of each: all alike, or weighted by their support. A class that only the
predictions have has no recall to average; its false positives are in micro and it is listed apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.operating_point import OperatingCounts

AVERAGES: Final = ("micro", "macro", "weighted")


@dataclass(frozen=True, slots=True)
class Rates:
    """Precision, recall and F1; None is n/a."""

    precision: float | None
    recall: float | None
    f1: float | None

    def to_dict(self) -> dict[str, float | None]:
        """Give the three numbers by name."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}


@dataclass(frozen=True, slots=True)
class Averages:
    """The three averages, and which rows of the counts they are made of.

    `classes` are those with ground truth: macro and weighted average over them. `unpredicted` are
    those of them without any counted prediction: they have no precision, so the mean of precision
    leaves them out. `predicted_only` have false positives and no ground truth: only micro sees
    them.
    """

    micro: Rates
    macro: Rates
    weighted: Rates
    classes: tuple[int, ...]
    unpredicted: tuple[int, ...]
    predicted_only: tuple[int, ...]

    def to_dict(self) -> dict[str, dict[str, float | None]]:
        """Give the numbers as plain data for JSON, one entry an average."""
        return {
            "micro": self.micro.to_dict(),
            "macro": self.macro.to_dict(),
            "weighted": self.weighted.to_dict(),
        }


class RateArrays(NamedTuple):
    """Precision, recall and F1 as arrays of one shape; NaN is n/a."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]


def averages(counts: OperatingCounts, *, size: int | None = None) -> Averages:
    """Average the rates of the classes at one operating point.

    Macro precision is the mean of precision over the classes that have one (some prediction
    counts) and macro recall and F1 the means over all classes with ground truth; macro F1 is the
    mean of F1, not the F1 of the two other means. Weighted is the same with weights: the support
    of each class. Weighted recall equals micro recall, by arithmetic.

    Args:
        counts: Counts per class and size bucket, of the classes that are to be averaged.
        size: Only this size bucket, a position in `SIZE_BUCKETS`; all together when missing.

    Returns:
        None for what no class has.

    Example:
        Two classes: one of four found and nothing wrong; one of one found, one wrong.

        >>> from evaluation.operating_point import OperatingCounts
        >>> tp, fp, fn = (np.array([[a, 0, 0], [b, 0, 0]]) for a, b in ((1, 1), (0, 1), (3, 0)))
        >>> result = averages(OperatingCounts(tp, fp, fn, tp + fn))
        >>> result.micro.recall, result.macro.recall, result.weighted.recall
        (0.4, 0.625, 0.4)
        >>> [round(rates.f1, 4) for rates in (result.micro, result.macro, result.weighted)]
        [0.5, 0.5333, 0.4533]
    """
    tp, fp, support = (
        column.sum(axis=1) if size is None else column[:, size]
        for column in (counts.tp, counts.fp, counts.support)
    )
    found = average_rates(tp, tp + fp, support)
    has_truth = support > 0
    return Averages(
        micro=_plain(found["micro"]),
        macro=_plain(found["macro"]),
        weighted=_plain(found["weighted"]),
        classes=_rows(has_truth),
        unpredicted=_rows(has_truth & (tp + fp == 0)),
        predicted_only=_rows(~has_truth & (fp > 0)),
    )


def class_rates(
    tp: NDArray[np.int64], kept: NDArray[np.int64], support: NDArray[np.int64]
) -> RateArrays:
    """Divide counts into rates, element by element.

    Args:
        tp: True positives.
        kept: Predictions that count: true and false positives.
        support: Ground truth that counts; broadcast against the others.

    Returns:
        TP / kept, TP / support and 2 TP / (kept + support); NaN for 0 / 0.

    Example:
        >>> class_rates(np.array([1, 0]), np.array([4, 0]), np.array([5, 0])).f1.round(4)
        array([0.2222,    nan])
    """
    tp, kept, support = np.broadcast_arrays(tp, kept, support)
    return RateArrays(_ratio(tp, kept), _ratio(tp, support), _ratio(2 * tp, kept + support))


def average_rates(
    tp: NDArray[np.int64], kept: NDArray[np.int64], support: NDArray[np.int64]
) -> dict[str, RateArrays]:
    """Average over the classes of many operating points at once.

    Args:
        tp: (…, K) true positives.
        kept: (…, K) predictions that count: true and false positives.
        support: (K,) ground truth that counts.

    Returns:
        The rates of each of `AVERAGES`, shaped (…,); NaN where no class has one.

    Example:
        >>> tp, kept = np.array([[1, 1], [0, 0]]), np.array([[1, 2], [0, 0]])
        >>> average_rates(tp, kept, np.array([4, 1]))["macro"].precision
        array([0.75,  nan])
    """
    classes = np.flatnonzero(support)
    weight = support[classes]
    # Taking columns lays the class axis out in one piece, whatever the number of points, so that
    # a sum over it has the same bits for one operating point as for a thousand.
    rates = class_rates(
        np.ascontiguousarray(tp[..., classes]), np.ascontiguousarray(kept[..., classes]), weight
    )
    return {
        "micro": class_rates(tp.sum(axis=-1), kept.sum(axis=-1), np.asarray(support.sum())),
        "macro": RateArrays(*(_mean(rate, np.ones_like(weight)) for rate in rates)),
        "weighted": RateArrays(*(_mean(rate, weight) for rate in rates)),
    }


def _mean(rate: NDArray[np.float64], weight: NDArray[np.int64]) -> NDArray[np.float64]:
    """Average over the last axis, leaving out what is n/a."""
    known = ~np.isnan(rate)
    total = np.where(known, rate * weight, 0.0).sum(axis=-1)
    return _ratio(total, np.where(known, weight, 0).sum(axis=-1))


def _ratio(
    part: NDArray[np.int64] | NDArray[np.float64], whole: NDArray[np.int64]
) -> NDArray[np.float64]:
    rate = np.full(np.shape(part), np.nan)
    np.divide(part, whole, out=rate, where=np.asarray(whole > 0))
    return rate


def _plain(rates: RateArrays) -> Rates:
    numbers = (float(rate) for rate in rates)
    return Rates(*(None if math.isnan(number) else number for number in numbers))


def _rows(chosen: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(np.flatnonzero(chosen).tolist())
