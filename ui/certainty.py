"""How sure the deltas on a page are: its intervals by number, and how they are written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from evaluation.comparison import finding
from evaluation.significance import Interval
from ui import numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evaluation.comparison import Finding

COUNTS: Final = frozenset({"tp", "fp", "fn"})


@dataclass(frozen=True)
class Certainty:
    """The intervals of a comparison, as `Intervals.to_dict()` gives them."""

    data: Mapping[str, Any]

    @property
    def level(self) -> float:
        """Level of the intervals, such as 0.95."""
        return float(self.data["resampling"]["level"])

    def headline(self, key: str) -> Interval | None:
        """Return the interval of a COCO number or of a number at the operating point."""
        for group in ("metrics", "operating_point"):
            if key in self.data[group]:
                return interval(self.data[group][key])
        return None

    def of_class(self, name: str, key: str) -> Interval | None:
        """Return the interval of a class's number."""
        return interval(self._classes.get(name, {}).get(key))

    def of_size(self, size: str, key: str) -> Interval | None:
        """Return the interval of a size bucket's number."""
        return interval(self.data["sizes"].get(size, {}).get(key))

    def of_class_size(self, name: str, size: str, key: str) -> Interval | None:
        """Return the interval of a class's number in one size bucket."""
        return interval(self._class_sizes.get((name, size), {}).get(key))

    def finding(self, key: str, found: Interval | None) -> Finding | None:
        """Say whether a delta is good news, or "unclear" where chance explains it."""
        return None if found is None else finding(key, found, level=self.level)

    @cached_property
    def _classes(self) -> dict[str, Mapping[str, Any]]:
        return {row["name"]: row for row in self.data["classes"]}

    @cached_property
    def _class_sizes(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        return {(row["name"], row["size"]): row for row in self.data["class_sizes"]}


def interval(row: Mapping[str, Any] | None) -> Interval | None:
    """Return an interval from its plain data, None for none."""
    if not row or "value" not in row:
        return None
    return Interval(**{"q": None, "p": None, **row})


def reach(key: str, found: Interval | None) -> str:
    """Write the two ends of an interval, empty without one.

    >>> reach("AP", Interval(0.02, 0.011, 0.034, 0.01, None, 50, 20))
    '+0.011 … +0.034'
    >>> reach("fp", Interval(3, -4, 9.5, 0.4, None, 50, 20)), reach("AP", None)
    ('−4 … +10', '')
    """
    if found is None or found.low is None or found.high is None:
        return ""
    if key in COUNTS:
        return f"{numbers.count_delta(round(found.low))} … {numbers.count_delta(round(found.high))}"
    return f"{numbers.delta(found.low)} … {numbers.delta(found.high)}"


def chance(value: float | None) -> str:
    """Write a p or q value.

    >>> chance(0.0004), chance(0.0312), chance(None)
    ('< 0.001', '0.031', 'n/a')
    """
    if value is None:
        return numbers.NOT_AVAILABLE
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def story(key: str, found: Interval | None, certainty: Certainty) -> str:
    """Write all that is known of a delta's certainty, for hover texts."""
    if found is None:
        return ""
    if found.low is None:
        return f"No interval: {found.reason}" if found.reason else ""
    resampling = certainty.data["resampling"]
    images = numbers.counted(int(certainty.data["images"]), "image")
    replicates = numbers.count(resampling["replicates"])
    parts = [
        f"{certainty.level:.0%} interval {reach(key, found)}, p = {chance(found.p)}"
        + (f", q = {chance(found.q)} (adjusted over classes)" if found.q is not None else ""),
        f"paired bootstrap over {images}, {replicates} replicates, seed {resampling['seed']}",
    ]
    if certainty.finding(key, found) == "unclear":
        parts.append("the interval reaches over zero: not distinguishable from no change")
    return "; ".join(parts) + "."
