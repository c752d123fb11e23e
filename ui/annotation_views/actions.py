"""What can be done with a source at once: sync, dry run, compare everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.sync.source_states import DRY_RUN, NEEDS_ATTENTION, PULL, READY, SWITCHED_OFF
from curation.sync.syncing import SyncRequest, start_run
from ui import change_counts, numbers
from ui.annotation_views.addresses import AUTHOR, VIEW
from ui.connection import database, settings
from ui.job_progress import watch_job
from ui.markdown import plain

if TYPE_CHECKING:
    from curation.store.sync_runs import SyncRunRow
    from curation.sync.source_states import SourceState

KINDS: Final = {PULL: "sync"}
"""What runs are called on the screen, where the store has another word."""


def show_actions(state: SourceState) -> None:
    """Draw how the source stands, the progress of its run, and the buttons."""
    show_standing(state)
    if state.job_id is not None:
        watch_job(state.job_id)
    idle = state.job_id is None and state.source.enabled
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button("Sync now", type="primary", icon=":material/sync:", disabled=not idle):
            start(state)
        if st.button(
            "Dry run",
            icon=":material/visibility:",
            disabled=not idle,
            help="Pulls and tells what would change; labels stay as they are.",
        ):
            start(state, dry_run=True)
        if st.button(
            "Compare everything",
            icon=":material/rule:",
            disabled=not idle,
            help="Compares every task with our copy: finds deletions, and what moves no time in "
            "the tool. Otherwise done once a day.",
        ):
            start(state, reconcile=True)
        if state.questions:
            st.button(
                f"Answer {numbers.counted(state.questions, 'class', 'classes')}",
                icon=":material/help:",
                on_click=open_classes,
            )
        if state.vanished is not None and idle:
            offer_removals(state, state.vanished)
        if state.job_id is None:
            st.caption(last_run(state.run), width="content")


def show_standing(state: SourceState) -> None:
    """Draw what waits for a person."""
    if state.standing == SWITCHED_OFF:
        st.info("It is switched off: switch it on under Settings.", icon=":material/pause_circle:")
    if not state.text:
        return
    if state.standing == READY:
        st.info(plain(state.text), icon=":material/info:")
    elif state.standing == NEEDS_ATTENTION:
        st.warning(plain(state.text), icon=":material/warning:")


def open_classes() -> None:
    """Go to the questions of the source; for callbacks."""
    st.query_params[VIEW] = "Classes"


def offer_removals(state: SourceState, gone: int) -> None:
    """Draw the way on after a run that found very much gone."""
    count = numbers.count(gone)
    with st.popover("Allow removals and sync", icon=":material/delete_sweep:"):
        st.markdown(
            f"Take the labels of the {count} that are gone away with the next revision? Earlier "
            "revisions keep them."
        )
        if st.button(f"Yes, {count} may go", key="allow-removals", type="primary"):
            start(state, reconcile=True, allow_removals=True)


def start(
    state: SourceState,
    *,
    reconcile: bool = False,
    allow_removals: bool = False,
    dry_run: bool = False,
) -> None:
    """Hand a run to the workers and draw the page anew, now with its progress."""
    request = SyncRequest(state.source.id, AUTHOR, reconcile, allow_removals, dry_run)
    start_run(database(), settings(), request)
    st.rerun()


def last_run(run: SyncRunRow | None) -> str:
    """Say in a line what the newest run did."""
    if run is None:
        return "It has not run yet. A dry run tells what the first sync would change."
    kind = KINDS.get(run.kind, run.kind)
    if run.status != "done":
        return f"Last: {kind}, {run.status}."
    labels, images = (
        change_counts.label_changes(run.counts),
        change_counts.image_changes(run.counts),
    )
    told = f"images {images}, labels {labels}"
    if run.kind == DRY_RUN:
        return f"Last: dry run, would change: {told}. Nothing was changed."
    waiting = run.counts.get("waiting", 0)
    left = f", {numbers.counted(waiting, 'task')} left waiting" if waiting else ""
    if run.revision is None:
        return f"Last: {kind}, nothing changed{left}."
    return f"Last: {kind}, {told}{left}, revision {run.revision}."
