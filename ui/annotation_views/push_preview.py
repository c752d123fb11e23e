"""What a push would do, image by image, beside what the tool has now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from curation.sync.push_items import BLOCKED, CHANGE, CREATE, REOPEN, UNCHANGED
from ui import numbers, tables
from ui.annotation_views.moments import moment
from ui.markdown import plain

if TYPE_CHECKING:
    from curation.sync.push_items import Change, PreviewRow
    from curation.sync.pushing import PushPreview

ACTIONS: Final = {
    CREATE: ("Create", "The tool has no task of the image: one is made."),
    CHANGE: ("Change", "The task is there: what is named is overwritten, work on it stays."),
    REOPEN: ("Reopen", "The work is finished: a review is asked for, the work itself stays."),
    UNCHANGED: ("Unchanged", "The task is as it should be already: nothing is sent."),
    BLOCKED: ("Blocked", "It cannot be sent; the reason is beside it."),
}
FIELDS: Final = {"review_note": "note", "review_state": "review"}
COLUMNS: Final = {
    "Image": st.column_config.TextColumn(width=210, pinned=True),
    "Would": st.column_config.TextColumn(width=85),
    "Task": st.column_config.TextColumn(help="The tool's number of it.", width=70),
    "Now": st.column_config.TextColumn(help="Where its work stands in the tool.", width=95),
    "By": st.column_config.TextColumn(width=120),
    "Since": st.column_config.TextColumn(help="The tool's time, UTC.", width=135),
    "Predictions": st.column_config.NumberColumn(
        help="How many objects the annotator starts from; none: the task's own stay.", width=85
    ),
    "Overwrites": st.column_config.TextColumn(width=260),
    "Problem": st.column_config.TextColumn(width=300),
    "Note": st.column_config.TextColumn(help="What the annotator reads.", width=260),
}


def show_preview(preview: PushPreview) -> None:
    """Draw a preview."""
    counts = preview.counts
    with st.grid(len(ACTIONS), min_column_width=104):
        for action, (title, meaning) in ACTIONS.items():
            figure = numbers.count(counts.get(action, 0))
            st.metric(title, figure, border=True, help=meaning)
    for name, count in preview.left_out.items():
        st.info(
            f"{numbers.counted(count, 'prediction')} of {plain(name)} are left out: no control of "
            "the tool takes that class.",
            icon=":material/info:",
        )
    st.dataframe(
        tables.written(pd.DataFrame([preview_row(row) for row in preview.rows])),
        hide_index=True,
        column_config=COLUMNS,
        key="push-rows",
        height="content" if len(preview.rows) < 13 else 430,
        placeholder="",
        alt="What the push would do",
    )


def preview_row(row: PreviewRow) -> dict[str, Any]:
    """Return what a push would do to one image as a table row."""
    return {
        "Image": row.file_name,
        "Would": ACTIONS[row.action][0].lower(),
        "Task": row.task_id or "",
        "Now": row.status or "no task",
        "By": row.status_by or "",
        "Since": moment(row.status_at),
        "Predictions": row.predictions,
        "Overwrites": "; ".join(map(change_in_words, row.changes)),
        "Problem": "; ".join(row.problems),
        "Note": row.note,
    }


def change_in_words(change: Change) -> str:
    """Write what is overwritten: what it is, and what it becomes.

    >>> from curation.sync.push_items import Change
    >>> change_in_words(Change("priority", None, 0.9))
    'priority: nothing → 0.9'
    """
    name = FIELDS.get(change.what, change.what)
    before = "nothing" if change.before in (None, "") else change.before
    return f"{name}: {before} → {change.after}"
