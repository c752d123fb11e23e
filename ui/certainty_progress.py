"""The line that says how sure the deltas are: known, being found out, or a button that does it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.errors import Conflict
from curation.evaluations.comparison_job import comparison_state, start_comparison
from curation.evaluations.request import DEFAULT_IOU, DEFAULT_SCORE
from curation.job_engine.jobs import FAILED, cancel_job, get_job
from ui import numbers
from ui.certainty import UNCLEAR, Certainty, meanings
from ui.connection import database, settings
from ui.failures import shown_failures
from ui.job_progress import SECONDS
from ui.markdown import plain

if TYPE_CHECKING:
    from curation.evaluations.request import EvaluationRequest
    from curation.job_engine.jobs import JobRow

BAR_PIXELS: Final = 160
DOCUMENTATION: Final = "docs/metrics/intervals.md"


def read_certainty(request: EvaluationRequest) -> Certainty | None:
    """Draw the line, and return the intervals of a comparison where they are known.

    It has one height in all its states, so that no number moves when the intervals arrive.
    """
    state = comparison_state(database(), request)
    if state.intervals is not None:
        certainty = Certainty(state.intervals)
        show_legend(certainty)
        return certainty
    job = state.job
    if job is None and starts_itself(request):
        job = get_job(database(), start_comparison(database(), settings(), request))
    if job is not None and job.is_open:
        watch(job.id)
    else:
        show_offer(request, job)
    return None


def starts_itself(request: EvaluationRequest) -> bool:
    """Whether the intervals are made without asking.

    Moving a slider or opening one class after the other must not leave a trail of jobs.
    """
    return (request.score, request.iou) == (DEFAULT_SCORE, DEFAULT_IOU) and not request.classes


def show_legend(certainty: Certainty) -> None:
    """Draw how the intervals were made, and what they mean."""
    resampling = certainty.data["resampling"]
    images = numbers.counted(int(certainty.data["images"]), "image")
    replicates = numbers.count(resampling["replicates"])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"Deltas with their {certainty.title}: paired bootstrap over {images}, "
            f"{replicates} replicates. Grey is {UNCLEAR}.",
            width="content",
        )
        with st.popover("How to read them", type="tertiary", icon=":material/help:"):
            for name, meaning in meanings(certainty).items():
                st.markdown(f"**{name}** · {meaning}")
            st.caption(f"More in the documentation, page Intervals ({DOCUMENTATION}).")


def watch(job_id: str) -> None:
    """Show how far the job is, beside the numbers; run the screen again once it has ended."""

    @st.fragment(run_every=SECONDS)
    def look() -> None:
        with shown_failures():
            job = get_job(database(), job_id)
            if not job.is_open:
                st.rerun(scope="app")
            show_progress(job)

    look()


def show_progress(job: JobRow) -> None:
    """Draw the line of an open job."""

    def cancel() -> None:
        with suppress(Conflict):  # it has ended meanwhile: the next run shows how
            cancel_job(database(), job.id)

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"How sure are these deltas? {progress_text(job)}", width="content")
        st.progress(min(job.done / job.total, 1.0) if job.total else 0.0, width=BAR_PIXELS)
        st.button(
            "Cancel",
            key=f"cancel-{job.id}",
            type="tertiary",
            icon=":material/stop_circle:",
            on_click=cancel,
            disabled=job.status == "cancelling",
        )


def progress_text(job: JobRow) -> str:
    """Return how far an open job is."""
    if job.status == "cancelling":
        return "Stopping …"
    if not job.total:
        return "Waiting for a worker …"
    if job.total == 1:  # of slices; replicates are counted from the first block on
        return "Resampling images …"
    return f"{numbers.count(job.done)} of {numbers.count(job.total)} replicates"


def show_offer(request: EvaluationRequest, job: JobRow | None) -> None:
    """Draw why there are no intervals, and the button that makes them."""

    def start() -> None:
        with shown_failures():
            start_comparison(database(), settings(), request)

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(missing_text(job), width="content")
        st.button(
            "How sure are they?" if job is None else "Try again",
            key="make-intervals",
            icon=":material/query_stats:",
            type="tertiary",
            on_click=start,
            help="Draws the images anew a thousand times; takes seconds.",
        )


def missing_text(job: JobRow | None) -> str:
    """Return why a comparison has no intervals."""
    if job is None:
        return "These deltas have no intervals yet."
    if job.status == FAILED:
        return f":material/warning: No intervals, the job failed: {plain(job.error or job.message)}"
    return "No intervals: the job was cancelled."
