"""Comparison of two evaluations: deltas that know n/a and which direction is better."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from evaluation.average_precision import COCO_NUMBERS
from evaluation.results import EvaluationResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evaluation.significance import Interval, Intervals

# What more of a number means: +1 better, −1 worse, 0 neither.
DIRECTION: Mapping[str, int] = {
    **dict.fromkeys(COCO_NUMBERS, +1),
    "AR": +1,
    "precision": +1,
    "recall": +1,
    "f1": +1,
    "tp": +1,
    "fp": -1,
    "fn": -1,
    "support": 0,
    "predictions": 0,
    "score": 0,
    "iou": 0,
}

Verdict = Literal["better", "worse", "equal"]
# With an interval there is a fourth answer: it reaches over zero, so nobody can tell.
Finding = Verdict | Literal["unclear"]
_LABELS = ("name", "size")


def verdict(metric: str, difference: float | None) -> Verdict | None:
    """Say whether a difference of a number is good news.

    Args:
        metric: A key of `DIRECTION`.
        difference: Set − against, None for n/a.

    Returns:
        "equal" also for numbers that are neither good nor bad; None for n/a.

    Raises:
        KeyError: If `metric` is no key of `DIRECTION`.

    Example:
        >>> verdict("AP", 0.02), verdict("fp", 3), verdict("support", 3), verdict("AP", None)
        ('better', 'worse', 'equal', None)
    """
    direction = DIRECTION[metric]
    if difference is None:
        return None
    if difference * direction == 0:
        return "equal"
    return "better" if difference * direction > 0 else "worse"


def finding(metric: str, interval: Interval, *, level: float) -> Finding | None:
    """Say whether a difference is good news, where its interval lets one say so.

    Where the interval carries an adjusted p value (`q`, over classes), that decides.

    Args:
        metric: A key of `DIRECTION`.
        interval: The difference with its interval.
        level: Level of the interval, such as 0.95.

    Returns:
        The `verdict` of a difference that is told apart from zero, "unclear" for any other; None
        for n/a.

    Raises:
        KeyError: If `metric` is no key of `DIRECTION`.
    """
    plain = verdict(metric, interval.value)
    if plain is None or plain == "equal":
        return plain
    sure = interval.excludes_zero if interval.q is None else interval.q <= 1 - level
    return plain if sure else "unclear"


def delta(
    set_result: EvaluationResult | Mapping[str, Any],
    against_result: EvaluationResult | Mapping[str, Any],
) -> dict[str, Any]:
    """Subtract the baseline's numbers from the prediction set's, number by number.

    Classes are matched by name. A number that either side does not have gives None, so a class of
    one side only has a row of None; it is also listed under `only_in_set` or `only_in_against`.

    Args:
        set_result: The prediction set, as a result or its `to_dict()`.
        against_result: The baseline, likewise.

    Returns:
        The shape of `EvaluationResult.to_dict()` with differences for numbers.

    Example:
        >>> rest = {"sizes": {}, "class_sizes": [], "operating_point": {"tp": 3}}
        >>> old = {"metrics": {"AP": 0.25, "APl": None}, "classes": [{"name": "a"}], **rest}
        >>> new = {"metrics": {"AP": 0.5, "APl": 0.7}, "classes": [{"name": "b"}], **rest}
        >>> difference = delta(new, old)
        >>> difference["metrics"], difference["only_in_set"], difference["operating_point"]
        ({'AP': 0.25, 'APl': None}, ['b'], {'tp': 0})
    """
    ours, theirs = _numbers(set_result), _numbers(against_result)
    our_classes, their_classes = _keyed(ours["classes"]), _keyed(theirs["classes"])
    return {
        "metrics": _difference(ours["metrics"], theirs["metrics"]),
        "classes": _differences(our_classes, their_classes),
        "sizes": {
            size: _difference(row, theirs["sizes"][size]) for size, row in ours["sizes"].items()
        },
        "class_sizes": _differences(_keyed(ours["class_sizes"]), _keyed(theirs["class_sizes"])),
        "operating_point": _difference(ours["operating_point"], theirs["operating_point"]),
        "averages": {
            name: _difference(row, theirs.get("averages", {}).get(name, {}))
            for name, row in ours.get("averages", {}).items()
        },
        "only_in_set": _names_missing(our_classes, their_classes),
        "only_in_against": _names_missing(their_classes, our_classes),
    }


def with_intervals(
    difference: Mapping[str, Any], intervals: Intervals | Mapping[str, Any] | None
) -> dict[str, Any]:
    """Put intervals beside plain differences, as data for JSON.

    Args:
        difference: What `delta` gave for two results.
        intervals: What `significance.bootstrap_delta` gave for the two, as it is or its
            `to_dict()`; None without.

    Returns:
        "delta", the differences with one more entry for each of COCO's numbers: its value, low,
        high, p and support; and "intervals": the same for operating point, classes, sizes and
        classes × sizes, with q, the p value adjusted over classes. "intervals" is None without.

    Example:
        >>> row = {"value": 0.1, "low": 0.02, "high": 0.2, "p": 0.01, "support": 9, "images": 5}
        >>> with_intervals({"metrics": {"AP": 0.1}}, {"metrics": {"AP": row}, "classes": []})
        ... # doctest: +NORMALIZE_WHITESPACE
        {'delta': {'metrics': {'AP': 0.1},
                   'AP': {'value': 0.1, 'low': 0.02, 'high': 0.2, 'p': 0.01, 'support': 9}},
         'intervals': {'classes': []}}
    """
    if intervals is None:
        return {"delta": dict(difference), "intervals": None}
    numbers = dict(intervals) if isinstance(intervals, Mapping) else intervals.to_dict()
    headline = {
        name: {key: value for key, value in row.items() if key in _INTERVAL_KEYS}
        for name, row in numbers.pop("metrics").items()
    }
    return {"delta": {**difference, **headline}, "intervals": numbers}


_INTERVAL_KEYS = ("value", "low", "high", "p", "support", "reason")

Row = dict[str, Any]
Key = tuple[object, ...]


def _numbers(result: EvaluationResult | Mapping[str, Any]) -> Mapping[str, Any]:
    return result.to_dict() if isinstance(result, EvaluationResult) else result


def _keyed(rows: Sequence[Row]) -> dict[Key, Row]:
    """Key rows by their labels; a name that a file gives to two classes stays two rows."""
    seen: Counter[Key] = Counter()
    keyed = {}
    for row in rows:
        labels = tuple(row.get(label) for label in _LABELS)
        keyed[*labels, seen[labels]] = row
        seen[labels] += 1
    return keyed


def _names_missing(rows: Mapping[Key, Row], there: Mapping[Key, Row]) -> list[str]:
    return [row["name"] for key, row in rows.items() if key not in there]


def _differences(ours: Mapping[Key, Row], theirs: Mapping[Key, Row]) -> list[Row]:
    return [_difference(ours.get(key, {}), theirs.get(key, {})) for key in {**ours, **theirs}]


def _difference(ours: Row, theirs: Row) -> Row:
    row: Row = {}
    for name in {**ours, **theirs}:
        our, their = ours.get(name), theirs.get(name)
        if name in _LABELS:
            row[name] = their if our is None else our
        else:
            row[name] = None if our is None or their is None else our - their
    return row
