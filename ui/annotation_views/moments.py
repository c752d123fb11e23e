"""Times of a tool's own clock, as text."""

from __future__ import annotations


def moment(time: str | None) -> str:
    """Write a tool's time to the minute.

    >>> moment("2026-11-29T08:12:15.755290Z"), moment(None)
    ('2026-11-29 08:12', '')
    """
    return "" if time is None else time[:16].replace("T", " ")
