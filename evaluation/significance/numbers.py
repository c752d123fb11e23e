"""Every number of an evaluation, for all replicates: the names and rows of its plain data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from evaluation.average_precision import COCO_NUMBERS
from evaluation.results import CLASS_NUMBERS, SIZE_NUMBERS
from evaluation.significance.counts import TALLIES
from evaluation.size_buckets import SIZE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from evaluation.significance.replicates import Replicates

# The parts of `EvaluationResult.to_dict()`. Rows: one, a class, a size bucket, or class × size.
Level = Literal["metrics", "classes", "sizes", "class_sizes", "operating_point"]


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; NaN for 0 / 0, which is n/a."""
    quotient: NDArray[np.float64] = np.full(part.shape, np.nan)
    np.divide(part, whole, out=quotient, where=whole > 0)
    return quotient


# Rates of (…, TP FP FN, B) tallies, in the order in which an evaluation lists them.
RATES: Mapping[str, Callable[[Any, Any, Any], Any]] = {
    "precision": lambda tp, fp, fn: _ratio(tp, tp + fp),
    "recall": lambda tp, fp, fn: _ratio(tp, tp + fn),
    "f1": lambda tp, fp, fn: _ratio(2 * tp, 2 * tp + fp + fn),
    "tp": lambda tp, fp, fn: tp,
    "fp": lambda tp, fp, fn: fp,
    "fn": lambda tp, fp, fn: fn,
}
_COCO = tuple(COCO_NUMBERS)
_SIZE_COCO = ("AP", "AR")

NAMES: Mapping[Level, tuple[str, ...]] = {
    "metrics": _COCO,
    "classes": (*CLASS_NUMBERS, *RATES),
    "sizes": (*_SIZE_COCO, *RATES),
    "class_sizes": (*_SIZE_COCO, *RATES),
    "operating_point": tuple(RATES),
}
# Which axes of (class, size) a level sums tallies over.
_POOLED: Mapping[Level, tuple[int, ...]] = {
    "classes": (1,),
    "sizes": (0,),
    "class_sizes": (),
    "operating_point": (0, 1),
}


def coco_names(level: Level, name: str) -> tuple[str, ...]:
    """Say which of COCO's numbers the rows of a name are, size by size; none for rates.

    Example:
        >>> coco_names("sizes", "AP"), coco_names("classes", "AP50"), coco_names("sizes", "tp")
        (('APs', 'APm', 'APl'), ('AP50',), ())
    """
    if name in RATES:
        return ()
    if level in {"sizes", "class_sizes"}:
        return tuple(SIZE_NUMBERS[size][_SIZE_COCO.index(name)] for size in SIZE_BUCKETS)
    return (name,)


def averages_classes(level: Level, name: str) -> bool:
    """Say whether a number is a mean over classes: COCO's, outside the rows of classes.

    Example:
        >>> averages_classes("metrics", "AP"), averages_classes("sizes", "tp")
        (True, False)
    """
    return level in {"metrics", "sizes"} and name not in RATES


def samples(replicates: Replicates, level: Level, name: str) -> NDArray[np.float64]:
    """Give one number for all rows of a level and all replicates.

    Args:
        replicates: Those of one prediction set.
        level: A key of `NAMES`.
        name: One of its names.

    Returns:
        (rows, B), NaN where a replicate has no such number; class × size goes class by class.
    """
    n_replicates = replicates.coco.shape[-1]
    if name in RATES:
        pooled = replicates.tallies.sum(axis=_POOLED[level], dtype=np.float64)
        tp, fp, fn = (pooled[..., TALLIES.index(tally), :] for tally in TALLIES)
        rate: NDArray[np.float64] = RATES[name](tp, fp, fn)
        return rate.reshape(-1, n_replicates)
    by_class = class_samples(replicates, level, name)
    if averages_classes(level, name):
        return np.stack([class_mean(numbers) for numbers in by_class])
    return by_class.transpose(1, 0, 2).reshape(-1, n_replicates)


def class_samples(replicates: Replicates, level: Level, name: str) -> NDArray[np.float64]:
    """Give COCO's numbers of a name for each class: (numbers, K, B)."""
    rows = [_COCO.index(coco) for coco in coco_names(level, name)]
    chosen: NDArray[np.float64] = replicates.coco[rows]
    return chosen


def class_mean(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average (K, B) over the classes that a replicate drew: (B,), NaN where it drew none."""
    known = ~np.isnan(numbers)
    return _ratio(np.where(known, numbers, 0.0).sum(axis=0), known.sum(axis=0, dtype=np.float64))


def plain(numbers: Mapping[str, Any], level: Level, name: str) -> list[float | None]:
    """Read one number off the plain data of an evaluation or a delta, in the rows of `samples`.

    Args:
        numbers: `EvaluationResult.to_dict()`, or `comparison.delta` of two.
        level: A key of `NAMES`.
        name: One of its names.
    """
    part = numbers[level]
    if level in {"classes", "class_sizes"}:
        return [row[name] for row in part]
    if level == "sizes":
        return [part[size][name] for size in SIZE_BUCKETS]
    return [part[name]]
