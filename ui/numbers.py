"""How numbers are written on every screen.

Metrics have three decimals, counts thin separators, a delta its sign and an arrow that says
better or worse (not up or down). What does not exist is `n/a`, never 0 or a blank.
"""

from __future__ import annotations

import math
from typing import Final, Literal

from evaluation.comparison import Verdict, verdict

NOT_AVAILABLE: Final = "n/a"
MINUS: Final = "\N{MINUS SIGN}"
THIN: Final = "\N{NARROW NO-BREAK SPACE}"

ARROWS: Final[dict[Verdict | None, str]] = {"better": "▲", "worse": "▼"}
# "red" is magenta in our theme.
COLORS: Final[dict[Verdict | None, Literal["green", "red"]]] = {"better": "green", "worse": "red"}


def is_missing(value: float | None) -> bool:
    """Tell whether a number does not exist."""
    return value is None or math.isnan(value)


def metric(value: float | None) -> str:
    """Write a metric with three decimals.

    >>> metric(0.4714), metric(0), metric(None)
    ('0.471', '0.000', 'n/a')
    """
    return NOT_AVAILABLE if value is None or is_missing(value) else f"{value:.3f}"


def count(value: int | None) -> str:
    """Write a count with thin separators.

    >>> count(5210).replace(THIN, "_"), count(None)
    ('5_210', 'n/a')
    """
    return NOT_AVAILABLE if value is None else f"{value:,}".replace(",", THIN)


def counted(value: int, noun: str, plural: str | None = None) -> str:
    """Write a count with its noun.

    >>> counted(1, "image"), counted(2, "image"), counted(0, "class", "classes")
    ('1 image', '2 images', '0 classes')
    """
    return f"{count(value)} {noun if value == 1 else plural or noun + 's'}"


def share(part: int, whole: int) -> str:
    """Write a share in whole percent.

    >>> share(1, 3).replace(THIN, " "), share(1, 0)
    ('33 %', 'n/a')
    """
    return f"{100 * part / whole:.0f}{THIN}%" if whole else NOT_AVAILABLE


def delta(value: float | None) -> str:
    """Write the difference of two metrics: sign and three decimals, four where three show nothing.

    >>> delta(0.0231), delta(-0.008), delta(0.0), delta(None)
    ('+0.023', '−0.008', '0.000', 'n/a')
    >>> delta(-0.0003), delta(0.00001)
    ('−0.0003', '+<0.0001')
    """
    if value is None or is_missing(value):
        return NOT_AVAILABLE
    size = abs(value)
    if 0 < size < 0.00005:
        return f"{sign(value)}<0.0001"
    return f"{sign(value)}{size:.4f}" if 0 < size < 0.0005 else f"{sign(value)}{size:.3f}"


def count_delta(value: int | None) -> str:
    """Write the difference of two counts with its sign.

    >>> count_delta(212), count_delta(-5), count_delta(0)
    ('+212', '−5', '0')
    """
    return NOT_AVAILABLE if value is None else f"{sign(value)}{count(abs(value))}"


def sign(value: float) -> str:
    """Return the sign of a difference; zero has none."""
    return "+" if value > 0 else MINUS if value < 0 else ""


def arrow(name: str, difference: float | None) -> str:
    """Return the arrow of better or worse, empty when it is neither.

    >>> arrow("fp", 96), arrow("AP", 0.02), arrow("AP", 0.0)
    ('▼', '▲', '')
    """
    return ARROWS.get(verdict(name, difference), "")


def delta_color(name: str, difference: float | None) -> Literal["green", "red", "gray"]:
    """Return the theme colour of a difference: green better, magenta ("red") worse."""
    return COLORS.get(verdict(name, difference), "gray")


def exact(value: float | None) -> str:
    """Write a number at full precision, for hover texts.

    >>> exact(0.471304981), exact(12), exact(None)
    ('0.471304981', '12', 'n/a')
    """
    return NOT_AVAILABLE if value is None or is_missing(value) else f"{value:.15g}"


def duration(seconds: float | None) -> str:
    """Write how long something took.

    >>> duration(2.44), duration(75), duration(7260), duration(None)
    ('2.4 s', '1 min 15 s', '2 h 1 min', 'n/a')
    """
    if seconds is None or is_missing(seconds):
        return NOT_AVAILABLE
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
