"""Cards of one number: value, difference with sign and colour of its direction, definition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import streamlit as st

from evaluation.comparison import verdict
from ui import definitions, numbers
from ui.certainty import short_reach, story
from ui.frames import COUNTS, difference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evaluation.comparison import Finding
    from evaluation.significance import Interval
    from ui.certainty import Certainty
    from ui.definitions import Context

Number = float | None


def write_value(key: str, value: Number) -> str:
    """Write a metric or a count."""
    if key in COUNTS:
        return numbers.count(None if value is None else int(value))
    return numbers.metric(value)


def write_delta(key: str, value: Number) -> str:
    """Write the difference of a metric or a count."""
    if key in COUNTS:
        return numbers.count_delta(None if value is None else int(value))
    return numbers.delta(value)


def news(key: str, change: Number, sure: Sure | None) -> Finding | None:
    """Return what a delta says; with an interval that reaches over zero nobody can tell."""
    told = None if sure is None else sure.certainty.finding(key, sure.interval)
    return told if told is not None else verdict(key, change)


ARROWS: Final[dict[Any, Literal["up", "down"]]] = {"better": "up", "worse": "down"}
COLORS: Final[dict[Any, Literal["green", "red"]]] = {"better": "green", "worse": "red"}


def support_of(row: Mapping[str, Any]) -> int | None:
    """Return how many labels stand behind a row of numbers: those found and those missed.

    >>> support_of({"tp": 3, "fn": 1}), support_of({"support": 7, "tp": 3}), support_of({})
    (4, 7, None)
    """
    if "support" in row:
        return int(row["support"])
    return int(row["tp"] + row["fn"]) if "tp" in row and "fn" in row else None


@dataclass(frozen=True, slots=True)
class Sure:
    """The interval of one delta, and where it comes from."""

    certainty: Certainty
    interval: Interval | None


def metric_card(
    key: str,
    ours: Mapping[str, Any],
    theirs: Mapping[str, Any] | None,
    context: Context,
    sure: Sure | None = None,
) -> None:
    """Draw one card: up says better and down says worse, whatever the sign; grey is unclear.

    Args:
        key: Key of the metric, the same in `ours`, `theirs` and the definitions.
        ours: Numbers of the prediction set.
        theirs: Numbers of the baseline, None without comparison.
        context: What the numbers were computed on.
        sure: The interval of the delta, None while there are none.
    """
    change = difference(ours.get(key), theirs.get(key)) if theirs else None
    text = definitions.explain(key, context, labels=support_of(ours))
    if theirs:
        baseline = numbers.exact(theirs.get(key))
        text += f"\n\nset {numbers.exact(ours.get(key))} · baseline {baseline}"
    if theirs and sure is not None:
        text += f"\n\n{story(key, sure.interval, sure.certainty)}".rstrip()
    if not theirs:
        st.metric(
            definitions.label(key),
            write_value(key, ours.get(key)),
            help=text,
            border=True,
            height="stretch",
        )
        return
    told = news(key, change, sure)
    with st.container(border=True, gap=None, height="stretch"):
        st.metric(
            definitions.label(key),
            write_value(key, ours.get(key)),
            write_delta(key, change),
            delta_color=COLORS.get(told, "gray"),
            delta_arrow=ARROWS.get(told, "off"),
            help=text,
        )
        # Also while there is none: no card may grow when the intervals arrive.
        st.caption(short_reach(key, sure.interval if sure else None))
