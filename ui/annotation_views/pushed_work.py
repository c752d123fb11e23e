"""What became of pushed images: how far sending is, and where the work on them stands since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from curation.sync.pushed_status import count_statuses, pushed_images
from curation.sync.pushing import list_pushes
from ui import numbers
from ui.annotation_views.moments import moment
from ui.annotation_views.pushes import STATES, states_in_words
from ui.connection import database

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curation.store.pushes import PushRow
    from curation.sync.pushed_status import PushedImage
    from curation.sync.source_states import SourceState

COLUMNS: Final = {
    "Image": st.column_config.TextColumn(width=220),
    "Sent": st.column_config.TextColumn(width=110),
    "Task": st.column_config.TextColumn(help="The tool's number of it.", width=80),
    "Status": st.column_config.TextColumn(
        help="As of the last sync. A review waits until somebody has worked on the task since.",
        width=110,
    ),
    "By": st.column_config.TextColumn(width=120),
    "Since": st.column_config.TextColumn(help="The tool's time, UTC.", width=135),
    "Problem": st.column_config.TextColumn(width=280),
}


def show_pushed(state: SourceState) -> None:
    """Draw the images of one push; nothing where there is none."""
    pushes = {
        row.id: row
        for row in list_pushes(database(), state.source.project_id, source_id=state.source.id)
    }
    if not pushes:
        return
    chosen = st.selectbox(
        "Sent from here",
        list(pushes),
        format_func=lambda push_id: push_in_words(pushes[push_id]),
        key=f"pushed-{state.source.id}",
        width=460,
    )
    images = pushed_images(database(), int(chosen))
    statuses = statuses_in_words(count_statuses(images))
    sent = states_in_words(pushes[int(chosen)].states)
    st.caption(f"{sent} · {statuses}" if statuses else sent)
    st.dataframe(
        pd.DataFrame([pushed_row(image) for image in images]),
        hide_index=True,
        column_config=COLUMNS,
        key="pushed-images",
        height="content" if len(images) < 9 else 310,
        alt="Images of the push",
    )


def push_in_words(row: PushRow) -> str:
    """Name a push."""
    return f"{row.collection}, {row.created:%Y-%m-%d %H:%M}, by {row.author}"


def statuses_in_words(counts: Mapping[str, int]) -> str:
    """Say where the work on pushed images stands.

    >>> statuses_in_words({"waiting": 3, "submitted": 1})
    'work since: 3 waiting, 1 submitted'
    """
    listed = ", ".join(f"{numbers.count(count)} {status}" for status, count in counts.items())
    return f"work since: {listed}" if listed else ""


def pushed_row(image: PushedImage) -> dict[str, Any]:
    """Return an image of a push as a table row."""
    return {
        "Image": image.file_name,
        "Sent": STATES.get(image.state, image.state),
        "Task": image.task_id or "",
        "Status": image.status or "",
        "By": image.by or "",
        "Since": moment(image.at),
        "Problem": image.error,
    }
