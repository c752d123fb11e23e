"""Choices that always stand in the address, also when they are the first ones.

`bind="query-params"` leaves defaults out. That is right for fixed defaults; but which project or
prediction set is the newest changes with the next import, and a shared address must not change
with it. For the same reason an address that names something that is gone is never answered with
something else: nothing is chosen then, and the screen says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence


def settled(
    key: str, default: str, options: Collection[str], *, known: Collection[str] | None = None
) -> str | None:
    """Return a choice's value: from the address, else the last one of this visit, else default.

    Args:
        key: Key of the choice and its name in the address.
        default: Value of the first visit.
        options: What can be chosen.
        known: What exists, also where it cannot be chosen now; `options` if not given.

    Returns:
        The value, None when the address names what does not exist.
    """
    asked = st.query_params.get(key)
    if asked is not None and asked not in (options if known is None else known):
        return None
    last = st.session_state.get(key)
    return next((str(value) for value in (asked or last, default) if value in options), default)


def settle(choices: Mapping[str, str | None]) -> None:
    """Put settled choices into their widgets and, in one go, into the address.

    One go is one step of the browser's history.
    """
    changed = {
        key: value
        for key, value in choices.items()
        if value is not None and st.query_params.get(key) != value
    }
    if changed:
        st.query_params.update(changed)
    for key, value in choices.items():
        st.session_state[key] = value


def choose(
    label: str,
    options: Sequence[str],
    *,
    key: str,
    on_change: Callable[[], None] | None = None,
) -> None:
    """Draw a settled choice; a new one is written into the address before the next run."""

    def take() -> None:
        st.query_params[key] = st.session_state[key]
        if on_change is not None:
            on_change()

    st.selectbox(label, options, key=key, persist_state="session", on_change=take)


def unknown_in_address(key: str, options: Collection[str]) -> list[str]:
    """Return what the address asks of a bound choice that it does not offer.

    To be called before the widget is drawn, which drops such values from the address.
    """
    return [value for value in st.query_params.get_all(key) if value not in options]
