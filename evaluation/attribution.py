"""Attribution: how much of a delta is the model, and how much the labels that changed meanwhile.

When the prediction set was evaluated on newer labels than the baseline, their plain difference
mixes two causes. With both sets evaluated on both revisions there are two ways from the baseline
on old labels to the set on new ones: change the model first, or the labels first. Each cause gets
the mean of its two steps (the Shapley value of a game of two), so neither order is preferred and
the parts add up to the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evaluation.comparison import delta

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evaluation.results import EvaluationResult

    Numbers = EvaluationResult | Mapping[str, Any]

_LABELS = ("name", "size")


@dataclass(frozen=True, slots=True)
class DeltaSplit:
    """A difference and its two parts; each has the shape of `comparison.delta`.

    `total` is the prediction set on the new labels minus the baseline on the old ones. `model` is
    what another model changes on the same labels, `labels` what other labels change for the same
    model; model + labels = total, number by number, up to the rounding of doubles. A part is None
    where one of the four evaluations has no such number.
    """

    model: dict[str, Any]
    labels: dict[str, Any]
    total: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Give the three as plain data for JSON."""
        return {"model": self.model, "labels": self.labels, "total": self.total}


def split_delta(
    set_on_old: Numbers, set_on_new: Numbers, against_on_old: Numbers, against_on_new: Numbers
) -> DeltaSplit:
    """Split a difference over two revisions of the labels into model change and label change.

    Args:
        set_on_old: The prediction set on the labels that the baseline was evaluated on, as a
            result or its `to_dict()`.
        set_on_new: The prediction set on the labels that it was evaluated on itself.
        against_on_old: The baseline on its own labels.
        against_on_new: The baseline on the labels of the prediction set.

    Example:
        >>> def numbers(ap):
        ...     rest = {"classes": [], "sizes": {}, "class_sizes": [], "operating_point": {}}
        ...     return {"metrics": {"AP": ap}, **rest}
        >>> split = split_delta(*(numbers(ap) for ap in (0.50, 0.75, 0.25, 0.375)))
        >>> [part["metrics"]["AP"] for part in (split.model, split.labels, split.total)]
        [0.3125, 0.1875, 0.5]
    """
    return DeltaSplit(
        model=_mean(delta(set_on_old, against_on_old), delta(set_on_new, against_on_new)),
        labels=_mean(delta(set_on_new, set_on_old), delta(against_on_new, against_on_old)),
        total=delta(set_on_new, against_on_old),
    )


def _mean(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Average two differences number by number; labels stay, n/a on either side is n/a."""
    return {
        key: _mean_of(first.get(key), second.get(key))
        for key in {**first, **second}
        if not key.startswith("only_in_")  # says which side lacks a class, which is no difference
    }


def _mean_of(first: Any, second: Any) -> Any:
    some = first if second is None else second
    if isinstance(some, Mapping):
        return _mean(first or {}, second or {})
    if isinstance(some, list):
        ours, theirs = _keyed(first or []), _keyed(second or [])
        return [_mean(ours.get(row, {}), theirs.get(row, {})) for row in {**ours, **theirs}]
    if isinstance(some, str):
        return some
    return None if first is None or second is None else (first + second) / 2


def _keyed(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[object, ...], Mapping[str, Any]]:
    """Key rows by their labels; a name that two classes share stays two rows."""
    seen: Counter[tuple[object, ...]] = Counter()
    keyed = {}
    for row in rows:
        labels = tuple(row.get(label) for label in _LABELS)
        keyed[*labels, seen[labels]] = row
        seen[labels] += 1
    return keyed
