"""Cards of numbers that are not metrics of a result: counts of errors, calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

import streamlit as st

from evaluation.comparison import verdict
from ui import numbers
from ui.frames import difference

if TYPE_CHECKING:
    from curation.evaluations.row_choice import SideName
    from ui.evaluation_page import EvaluationPage

ARROWS: Final[dict[str | None, Literal["up", "down"]]] = {"better": "up", "worse": "down"}
SHOWN_SIDES: Final = {"set": "set", "baseline": "against", "change": "change"}
LESS_IS_BETTER: Final = "fp"
NEITHER: Final = "support"
TINTS: Final = {"better": "31, 145, 104", "worse": "196, 64, 141"}


def change_card(
    label: str,
    ours: float | None,
    theirs: float | None,
    *,
    explanation: str,
    direction: str = LESS_IS_BETTER,
    compared: bool,
) -> None:
    """Draw one card: whole numbers are written as counts, others as metrics.

    Args:
        label: Name of the number.
        ours: Number of the prediction set.
        theirs: Number of the baseline.
        explanation: Hover text.
        direction: A metric whose direction of better the number shares.
        compared: Whether there is a baseline.
    """
    change = difference(ours, theirs)
    if compared:
        explanation += f"\n\nset {numbers.exact(ours)} · baseline {numbers.exact(theirs)}"
    st.metric(
        label,
        write(ours),
        write_change(change) if compared else None,
        delta_color=numbers.delta_color(direction, change),
        delta_arrow=ARROWS.get(verdict(direction, change), "off"),  # up says better
        help=explanation,
        border=True,
        height="stretch",
    )


def write(value: int | float | None) -> str:
    """Write a count or a metric; what is below 0 has its sign.

    >>> write(3), write(0.25), write(-0.25), write(None)
    ('3', '0.250', '−0.250', 'n/a')
    """
    if value is None or value >= 0:
        return numbers.count(value) if isinstance(value, int) else numbers.metric(value)
    return f"{numbers.MINUS}{write(-value)}"


def write_change(value: int | float | None) -> str:
    """Write the difference of two counts or of two metrics.

    >>> write_change(3), write_change(0.25)
    ('+3', '+0.250')
    """
    return numbers.count_delta(value) if isinstance(value, int) else numbers.delta(value)


def colored_change(value: float | None, direction: str = LESS_IS_BETTER) -> str:
    """Write a difference as Markdown in the colour of better or worse, with its arrow."""
    arrow, color = numbers.arrow(direction, value), numbers.delta_color(direction, value)
    return f":{color}[{f'{arrow} {write_change(value)}'.strip()}]"


def tinted(value: Any, direction: str = LESS_IS_BETTER) -> str:
    """Return the style of a difference in a table: green for better, magenta for worse.

    >>> tinted(3.0), tinted(0.0)
    ('background-color: rgba(196, 64, 141, 0.16)', '')
    """
    color = TINTS.get(verdict(direction, None if numbers.is_missing(value) else value) or "")
    return f"background-color: rgba({color}, 0.16)" if color else ""


def choose_side(page: EvaluationPage) -> str:
    """Draw the choice whose numbers are shown; return "set", "against" or "change"."""
    if not page.compared:
        return "set"
    chosen = st.segmented_control(
        "Numbers of",
        list(SHOWN_SIDES),
        default="set",
        required=True,
        key="side",
        bind="query-params",
        help="The prediction set, what it is compared against, or set − baseline.",
    )
    return SHOWN_SIDES[chosen or "set"]


def side_of(shown: str) -> SideName:
    """Return whose rows a number opens; a change opens the set's."""
    return "against" if shown == "against" else "set"
