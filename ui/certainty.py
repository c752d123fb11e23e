"""How sure the deltas on a page are: its intervals by number, and how they are written."""

from __future__ import annotations

import re
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
UNCLEAR: Final = "not distinguishable from no change"
NO_INTERVAL: Final = "no interval"
NOT_YET: Final = "no interval yet"


@dataclass(frozen=True)
class Certainty:
    """The intervals of a comparison, as `Intervals.to_dict()` gives them."""

    data: Mapping[str, Any]

    @property
    def level(self) -> float:
        """Level of the intervals, such as 0.95."""
        return float(self.data["resampling"]["level"])

    @property
    def title(self) -> str:
        """What the intervals are called: `95 % interval`."""
        return f"{100 * self.level:g}{numbers.THIN}% interval"

    @property
    def most_q(self) -> float:
        """Largest q of a change that is more than chance, such as 0.05."""
        return round(1 - self.level, 12)

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
    """Return an interval from its plain data, None for none.

    >>> interval({"value": 0.5, "low": None, "high": None, "support": 2, "images": 1}).support
    2
    >>> interval(None), interval({})
    (None, None)
    """
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


def short_reach(key: str, found: Interval | None) -> str:
    """Write what stands under the delta of a card: the two ends without their leading zeros.

    >>> short_reach("AP", Interval(0.02, -0.011, 0.034, 0.01, None, 50, 20))
    '−.011 … +.034'
    >>> short_reach("AP", Interval(0.02, None, None, None, None, 9, 3, "3 images carry it"))
    'no interval'
    >>> short_reach("AP", None)
    'no interval yet'
    """
    if found is None:
        return NOT_YET
    if found.value is None:
        return numbers.NOT_AVAILABLE
    return re.sub(r"(?<=[+\N{MINUS SIGN}])0\.", ".", reach(key, found)) or NO_INTERVAL


def chance(value: float | None) -> str:
    """Write a p or q value.

    >>> chance(0.0004), chance(0.0312), chance(None)
    ('< 0.001', '0.031', 'n/a')
    """
    if value is None or numbers.is_missing(value):
        return numbers.NOT_AVAILABLE
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def probability(name: str, value: float | None) -> str:
    """Write a p or q value with its name.

    >>> probability("p", 0.0312), probability("q", 0.0004)
    ('p = 0.031', 'q < 0.001')
    """
    written = chance(value)
    return f"{name} {written}" if written.startswith("<") else f"{name} = {written}"


def story(key: str, found: Interval | None, certainty: Certainty) -> str:
    """Write all that is known of a delta's certainty, for hover texts.

    >>> resampling = {"level": 0.95, "replicates": 500, "seed": 7}
    >>> certainty = Certainty({"images": 40, "resampling": resampling})
    >>> text = story("AP", Interval(0.01, -0.011, 0.034, 0.3, None, 50, 20), certainty)
    >>> for sentence in text.replace(numbers.THIN, " ").split(". "):
    ...     print(sentence)
    95 % interval −0.011 … +0.034, p = 0.300: not distinguishable from no change
    20 of 40 images carry it
    Paired bootstrap, 500 replicates, seed 7.
    >>> reason = "3 images carry it; at least 20 are needed"
    >>> story("AP", Interval(0.01, None, None, None, None, 9, 3, reason), certainty)
    'No interval: 3 images carry it; at least 20 are needed.'
    """
    if found is None or found.value is None:
        return ""
    if found.low is None:
        return f"No interval: {found.reason}." if found.reason else ""
    resampling = certainty.data["resampling"]
    text = f"{certainty.title} {reach(key, found)}, {probability('p', found.p)}"
    if found.q is not None:
        text += f", {probability('q', found.q)} over the classes"
    if certainty.finding(key, found) == "unclear":
        text += f": {UNCLEAR}"
    images = numbers.counted(int(certainty.data["images"]), "image")
    return (
        f"{text}. {numbers.count(found.images)} of {images} carry it. Paired bootstrap, "
        f"{numbers.count(resampling['replicates'])} replicates, seed {resampling['seed']}."
    )


def meanings(certainty: Certainty) -> dict[str, str]:
    """Return what interval, p, q and support mean, by their names."""
    resampling = certainty.data["resampling"]
    replicates = numbers.count(resampling["replicates"])
    share, rest = (f"{100 * part:g}{numbers.THIN}%" for part in (certainty.level, certainty.most_q))
    return {
        certainty.title: (
            "Where the difference lies for other images like these. The images are drawn anew "
            f"{replicates} times, with replacement and alike for both sets; between its ends lie "
            f"{share} of the differences."
        ),
        "p": "How easily chance alone makes a difference this far from zero; small is sure.",
        "q": (
            "p adjusted over all classes (Benjamini–Hochberg). Of the classes with q ≤ "
            f"{certainty.most_q:g} about {rest} are false alarms."
        ),
        "n": (
            "Labels behind a number. One that fewer than "
            f"{resampling['min_images']} images carry gets no interval."
        ),
    }
