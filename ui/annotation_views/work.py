"""Where the work of the tool's annotators stands, task by task, and why labels wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pandas as pd
import streamlit as st

from curation.store.remote_tasks import held_tasks, task_statuses
from curation.store.task_pages import task_page
from curation.sync.annotation_tool import ACCEPTED, IN_PROGRESS, SKIPPED, SUBMITTED, WAITING
from ui import numbers, tables
from ui.annotation_views.addresses import STATUS
from ui.annotation_views.moments import moment
from ui.annotation_views.pushed_work import show_pushed
from ui.connection import database

if TYPE_CHECKING:
    from curation.store.task_pages import TaskLine
    from curation.sync.source_states import SourceState

MEANINGS: Final = {
    WAITING: "Nobody has worked on it yet.",
    IN_PROGRESS: "Somebody has begun and not submitted.",
    SUBMITTED: "An annotator has submitted work.",
    ACCEPTED: "A reviewer has accepted the work, or it is marked as ground truth.",
    SKIPPED: "An annotator has skipped it.",
}
ALL: Final = "all"
PAGE: Final = "task-page"
PAGE_SIZE: Final = 50
COLUMNS: Final = {
    "Task": st.column_config.TextColumn(help="The tool's number of it.", width=90),
    "Image": st.column_config.TextColumn(width=220),
    "Status": st.column_config.TextColumn(width=95),
    "By": st.column_config.TextColumn(width=120),
    "Since": st.column_config.TextColumn(help="The tool's time, UTC.", width=135),
    "Annotations": st.column_config.NumberColumn(help="Skipped ones too.", width=90),
    "Used": st.column_config.TextColumn(
        help="Whether the image's labels in the project are this task's.", width=60
    ),
    "Waits because": st.column_config.TextColumn(width=260),
}


def show(state: SourceState) -> None:
    """Draw the view."""
    source_id = state.source.id
    statuses = task_statuses(database(), source_id)
    if not statuses:
        st.info("No task is known yet. The first run reads them.", icon=":material/info:")
        show_pushed(state)
        return
    total = sum(statuses.values())
    with st.grid(len(MEANINGS) + 1, min_column_width=104):
        st.metric("Tasks", numbers.count(total), border=True, help="Tasks that the tool has.")
        for status, meaning in MEANINGS.items():
            figure = numbers.count(statuses.get(status, 0))
            st.metric(status.capitalize(), figure, border=True, help=meaning)
    show_held(source_id)
    show_pushed(state)
    show_tasks(source_id, statuses)


def show_held(source_id: int) -> None:
    """Draw why labels of tasks wait."""
    held = held_tasks(database(), source_id)
    if not held:
        return
    st.markdown(f"**{numbers.counted(sum(held.values()), 'task')}: labels wait**")
    ordered = sorted(held.items(), key=lambda entry: -entry[1])
    frame = pd.DataFrame([{"Why": why, "Tasks": count} for why, count in ordered])
    st.dataframe(
        tables.written(frame),
        hide_index=True,
        column_config={"Tasks": st.column_config.NumberColumn(width=80)},
        key="held",
        width=460,
        height="content",
        alt="Why labels of tasks wait",
    )


def show_tasks(source_id: int, statuses: dict[str, int]) -> None:
    """Draw the tasks of one status, or all, page by page."""
    offered = [ALL, *(status for status in MEANINGS if statuses.get(status))]

    def to_first_page() -> None:
        st.session_state[PAGE] = 1

    status = st.segmented_control(
        "Tasks",
        offered,
        default=ALL,
        required=True,
        key=STATUS,
        bind="query-params",
        on_change=to_first_page,
    )
    wanted = None if status in (None, ALL) else status
    count = sum(statuses.values()) if wanted is None else statuses.get(wanted, 0)
    pages = max(1, -(-count // PAGE_SIZE))
    number = min(int(st.session_state.get(PAGE) or 1), pages)
    lines = task_page(
        database(), source_id, status=wanted, first=(number - 1) * PAGE_SIZE, most=PAGE_SIZE
    )
    st.dataframe(
        pd.DataFrame([task_row(line) for line in lines]),
        hide_index=True,
        column_config=COLUMNS,
        key="tasks",
        height="content" if len(lines) < 13 else 430,
        alt="Tasks of the tool",
    )
    if pages > 1:
        st.pagination(pages, key=PAGE, bind="query-params", width=300)


def task_row(line: TaskLine) -> dict[str, str | int]:
    """Return a task as a table row."""
    return {
        "Task": line.remote_id,
        "Image": line.image,
        "Status": line.status,
        "By": line.status_by or "",
        "Since": moment(line.status_at),
        "Annotations": line.annotations,
        "Used": "yes" if line.published else "no",
        "Waits because": line.held,
    }
