"""What was pushed so far, and what became of each image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from ui import numbers, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.store.pushes import PushRow

STATES: Final = {
    "done": "sent",
    "pending": "waiting",
    "sending": "on their way",
    "conflict": "changed in the tool meanwhile",
    "failed": "failed",
}
COLUMNS: Final = {
    "Push": st.column_config.NumberColumn(width=60),
    "When": tables.WHEN,
    "Images": st.column_config.TextColumn(
        help="A task that changed in the tool after the preview is left alone.", width=240
    ),
    "Priority": st.column_config.TextColumn(width=75),
    "Review": st.column_config.TextColumn(width=70),
}


def show_pushes(pushes: Sequence[PushRow]) -> None:
    """Draw the pushes of a source, newest first."""
    st.markdown("**Pushes so far**")
    st.dataframe(
        pd.DataFrame([push_row(row) for row in pushes]),
        hide_index=True,
        column_config=COLUMNS,
        key="pushes",
        height="content" if len(pushes) < 9 else 310,
        alt="Pushes to the source",
    )


def push_row(row: PushRow) -> dict[str, Any]:
    """Return a push as a table row."""
    return {
        "Push": row.id,
        "When": row.created,
        "Collection": row.collection,
        "Images": states_in_words(row.states),
        "Predictions": predictions_in_words(row),
        "Priority": "" if row.priority is None else f"{row.priority:g}",
        "Review": "yes" if row.review else "no",
        "Note": row.note,
        "By": row.author,
        "Ended": row.status,
        "Error": row.error,
    }


def states_in_words(states: dict[str, int]) -> str:
    """Say what became of the images of a push.

    >>> states_in_words({"done": 12, "conflict": 1})
    '12 sent, 1 changed in the tool meanwhile'
    """
    return ", ".join(
        f"{numbers.count(count)} {STATES.get(state, state)}" for state, count in states.items()
    )


def predictions_in_words(row: PushRow) -> str:
    """Say whose predictions went along."""
    if row.prediction_set is None:
        return "none"
    return f"{row.prediction_set}, score ≥ {row.score_floor:g}"
