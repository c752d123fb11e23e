"""The runs of a source, newest first; the picked one stands in the address with its details."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from curation.errors import NotFound
from curation.store.sync_runs import get_run, list_runs
from ui import change_counts, numbers, tables
from ui.annotation_views.actions import KINDS
from ui.annotation_views.addresses import RUN
from ui.annotation_views.run_details import faults_in_words, show_run
from ui.connection import database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.store.sync_runs import SyncRunRow
    from curation.sync.source_states import SourceState

SHOWN: Final = 200
COLUMNS: Final = {
    "Run": st.column_config.NumberColumn(width=55, pinned=True),
    "Started": tables.WHEN,
    "Kind": st.column_config.TextColumn(
        help="“all” means that every task was compared, also what no time tells.", width=95
    ),
    "Ended": st.column_config.TextColumn(width=80),
    "Images": st.column_config.TextColumn(help=change_counts.MEANING, width=95),
    "Labels": st.column_config.TextColumn(help=change_counts.MEANING, width=105),
    "Waiting": st.column_config.NumberColumn(
        help="Tasks whose labels wait: for an answer, or because they cannot be read.", width=70
    ),
    "Revision": st.column_config.TextColumn(
        help="The label revision that it made; none when nothing differed.", width=70
    ),
    "Took": st.column_config.TextColumn(width=80),
    "By": st.column_config.TextColumn(width=100),
    "Survived": st.column_config.TextColumn(
        help="Faults of the connection after which the tool was asked again.", width=140
    ),
    "Error": st.column_config.TextColumn(width=420),
}


def show(state: SourceState) -> None:
    """Draw the view."""
    runs = list_runs(database(), state.source.id, limit=SHOWN)
    if not runs:
        name = shlex.quote(state.source.name)
        st.info("No run yet. Start with a dry run: it changes nothing.", icon=":material/info:")
        st.code(f"curation sync run {name} --dry-run", language=None, width="content")
        return
    picked = chosen_run(state)
    show_table(runs, picked)
    if len(runs) == SHOWN:
        st.caption(f"The newest {SHOWN}. Older ones: curation sync history, with --limit.")
    if picked is None:
        st.caption("Pick a row to see what a run found, survived and left waiting.")
    else:
        show_run(picked, project=state.source.project)


def chosen_run(state: SourceState) -> SyncRunRow | None:
    """Return the run that the address names.

    Raises:
        NotFound: If the source has no such run.
    """
    asked = st.query_params.get(RUN)
    if asked is None:
        return None
    if not asked.isdecimal() or len(asked) > 18:
        raise NotFound("sync run", asked)
    run = get_run(database(), int(asked))
    if run.source_id != state.source.id:
        raise NotFound(f"run of {state.source.name}", int(asked))
    return run


def show_table(runs: Sequence[SyncRunRow], picked: SyncRunRow | None) -> None:
    """Draw the table of runs."""
    ids = [run.id for run in runs]
    # A new run moves the rows, so the table is another one then.
    key = f"runs-{ids[0]}"

    def pick() -> None:
        rows = st.session_state[key].selection.rows
        if rows:
            st.query_params[RUN] = str(ids[rows[0]])
        else:
            st.query_params.pop(RUN, None)

    rows = [ids.index(picked.id)] if picked is not None and picked.id in ids else []
    st.dataframe(
        pd.DataFrame([run_row(run) for run in runs]),  # a Styler of 200 rows takes 0.1 s
        hide_index=True,
        column_config=COLUMNS,
        key=key,
        on_select=pick,
        selection_mode="single-row",
        selection_default={"selection": {"rows": rows}},
        height="content" if len(runs) < 9 else 310,
        alt="Runs of the source",
    )


def run_row(run: SyncRunRow) -> dict[str, Any]:
    """Return a run as a table row."""
    return {
        "Run": run.id,
        "Started": run.started,
        "Kind": kind_in_words(run),
        "Ended": run.status,
        "Images": str(change_counts.image_changes(run.counts)),
        "Labels": str(change_counts.label_changes(run.counts)),
        "Waiting": run.counts.get("waiting", 0),
        "Revision": "" if run.revision is None else str(run.revision),
        "Took": "" if run.seconds is None else numbers.duration(run.seconds),
        "By": run.author,
        "Survived": faults_in_words(run.faults),
        "Error": run.error,
    }


def kind_in_words(run: SyncRunRow) -> str:
    """Return what kind of run it was."""
    kind = KINDS.get(run.kind, run.kind)
    return f"{kind}, all" if "tasks_compared" in run.counts else kind
