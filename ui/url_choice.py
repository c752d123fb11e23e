"""Choices that always stand in the address, also when they are the first ones.

`bind="query-params"` leaves defaults out. That is right for fixed defaults; but which project or
prediction set is the newest changes with the next import, and a shared address must not change
with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def settle(key: str, default: str, options: Sequence[str]) -> str:
    """Return a choice's value: from the address, else the last one of this visit, else default."""
    asked = st.query_params.get(key)
    last = st.session_state.get(key)
    known = [value for value in (asked or last, default) if value in options]
    value = str(known[0]) if known else default
    if asked != value:
        st.query_params[key] = value
    st.session_state[key] = value
    return value


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
