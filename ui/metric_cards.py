"""Cards of one number: value, difference with sign and colour of its direction, definition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from evaluation.comparison import verdict
from ui import definitions, numbers
from ui.frames import COUNTS, difference

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

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


def arrow_of(key: str, change: Number) -> Literal["up", "down", "off"]:
    """Return the arrow of a card: up says better and down says worse, whatever the sign."""
    word = verdict(key, change)
    return "up" if word == "better" else "down" if word == "worse" else "off"


def support_of(row: Mapping[str, Any]) -> int | None:
    """Return how many labels stand behind a row of numbers: those found and those missed.

    >>> support_of({"tp": 3, "fn": 1}), support_of({"support": 7, "tp": 3}), support_of({})
    (4, 7, None)
    """
    if "support" in row:
        return int(row["support"])
    return int(row["tp"] + row["fn"]) if "tp" in row and "fn" in row else None


def metric_card(
    key: str, ours: Mapping[str, Any], theirs: Mapping[str, Any] | None, context: Context
) -> None:
    """Draw one card.

    Args:
        key: Key of the metric, the same in `ours`, `theirs` and the definitions.
        ours: Numbers of the prediction set.
        theirs: Numbers of the baseline, None without comparison.
        context: What the numbers were computed on.
    """
    change = difference(ours.get(key), theirs.get(key)) if theirs else None
    text = definitions.explain(key, context, labels=support_of(ours))
    if theirs:
        baseline = numbers.exact(theirs.get(key))
        text += f"\n\nset {numbers.exact(ours.get(key))} · baseline {baseline}"
    st.metric(
        definitions.label(key),
        write_value(key, ours.get(key)),
        write_delta(key, change) if theirs else None,
        delta_color=numbers.delta_color(key, change),
        delta_arrow=arrow_of(key, change),
        help=text,
        border=True,
        height="stretch",
    )
