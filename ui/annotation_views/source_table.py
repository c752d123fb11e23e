"""The sources of a project, one dense row each; the chosen one stands in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from curation.errors import NotFound
from curation.sync.source_states import DRY_RUN
from curation.sync.tools.registry import TOOLS
from ui import change_counts, numbers, tables
from ui.annotation_views.addresses import RUN, SOURCE
from ui.url_choice import settle, settled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.store.sync_runs import SyncRunRow
    from curation.sync.source_states import SourceState

BY_HAND: Final = "by hand"
COLUMNS: Final = {
    "Source": st.column_config.TextColumn(pinned=True, width=130),
    "Tool": st.column_config.TextColumn(width=110),
    "Status": st.column_config.TextColumn(width=115),
    "Last run": tables.WHEN,
    "Labels": st.column_config.TextColumn(
        help=f"Of the last run; in brackets what a dry run would. {change_counts.MEANING}",
        width=105,
    ),
    "Revision": st.column_config.TextColumn(
        help="The label revision that the last run made; none when nothing differed.", width=70
    ),
    "Next run": st.column_config.TextColumn(help="By its schedule, in UTC.", width=135),
    "Took": st.column_config.TextColumn(width=80),
    "What to do": st.column_config.TextColumn(width=420),
}


def choose_source(states: Sequence[SourceState]) -> SourceState:
    """Draw the sources and return the chosen one.

    Raises:
        NotFound: If the address names a source that the project does not have.
    """
    names = [state.source.name for state in states]
    chosen = settled(SOURCE, names[0], names)
    settle({SOURCE: chosen})
    key = f"sources-{states[0].source.project_id}-{len(states)}"

    def pick() -> None:
        rows = st.session_state[key].selection.rows
        if rows and names[rows[0]] != st.query_params.get(SOURCE):
            st.query_params[SOURCE] = names[rows[0]]
            st.query_params.pop(RUN, None)

    st.dataframe(
        pd.DataFrame([source_row(state) for state in states]),
        hide_index=True,
        column_config=COLUMNS,
        key=key,
        on_select=pick,
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [names.index(chosen)] if chosen else []}},
        height="content" if len(states) < 7 else 250,
        placeholder="never",
        alt="Sources of the project",
    )
    if chosen is None:
        raise NotFound("source", st.query_params.get(SOURCE), known=tuple(names))
    return states[names.index(chosen)]


def source_row(state: SourceState) -> dict[str, Any]:
    """Return a source as a table row."""
    source, run = state.source, state.run
    due = source.due if source.enabled else None
    return {
        "Source": source.name,
        "Tool": tool_title(source.kind),
        "Status": state.standing,
        "Last run": None if run is None else run.started,
        "Labels": "" if run is None else labels_of(run),
        "Revision": "" if run is None or run.revision is None else str(run.revision),
        "Next run": BY_HAND if due is None else f"{due:%Y-%m-%d %H:%M}",
        "Took": "" if run is None or run.seconds is None else numbers.duration(run.seconds),
        "What to do": state.text,
    }


def labels_of(run: SyncRunRow) -> str:
    """Write what a run changed, or would have changed."""
    changes = str(change_counts.label_changes(run.counts))
    return f"({changes})" if run.kind == DRY_RUN else changes


def tool_title(kind: str) -> str:
    """Return how a kind of tool is called, short."""
    return TOOLS[kind].title.split(" (")[0] if kind in TOOLS else kind


def host_of(location: str) -> str:
    """Return a location without its scheme, which would make it a link in Markdown.

    >>> host_of("https://labels.example.com/base")
    'labels.example.com/base'
    """
    return location.removeprefix("https://").removeprefix("http://")
