"""The line that says how sure the deltas are: known, being found out, or a button that does it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.errors import Conflict
from curation.evaluations.comparison_job import comparison_state, start_comparison
from curation.evaluations.request import DEFAULT_IOU, DEFAULT_SCORE
from curation.evaluations.significance import at_any_operating_point
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
    """Draw the line, and return the intervals of a comparison as far as they are known.

    It has one height in all its states, so that no number moves when the intervals arrive. Those
    at the default operating point are made without asking; they hold for AP and AR wherever the
    sliders stand. The others wait for a click, so that a slider leaves no trail of jobs.
    """
    state = comparison_state(database(), request)
    if state.intervals is not None:
        certainty = Certainty(state.intervals)
        show_legend(certainty)
        return certainty
    usual = replace(request, score=DEFAULT_SCORE, iou=DEFAULT_IOU)
    base = state if request == usual else comparison_state(database(), usual)
    jobs = [state.job, base.job]
    # A class alone is mostly a step on the way to its images.
    if base.intervals is None and jobs == [None, None] and not request.classes:
        job_id = start_comparison(database(), settings(), usual)
        jobs.append(get_job(database(), job_id))
    under_way = next((job for job in jobs if job is not None and job.is_open), None)
    if under_way is not None:
        watch(under_way.id)
    else:
        show_offer(request, state.job, partly=base.intervals is not None)
    return None if base.intervals is None else Certainty(at_any_operating_point(base.intervals))


def show_legend(certainty: Certainty) -> None:
    """Draw how the intervals were made, and what they mean."""
    replicates = numbers.count(certainty.data["resampling"]["replicates"])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"{certainty.title}s by paired bootstrap, {replicates} replicates. Grey: {UNCLEAR}.",
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


def show_offer(request: EvaluationRequest, job: JobRow | None, *, partly: bool) -> None:
    """Draw why there are no intervals, and the button that makes them."""

    def start() -> None:
        with shown_failures():
            start_comparison(database(), settings(), request)

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(missing_text(job, partly=partly), width="content")
        st.button(
            "How sure are they?" if job is None else "Try again",
            key="make-intervals",
            icon=":material/query_stats:",
            type="tertiary",
            on_click=start,
            help="Draws the images anew a thousand times; takes seconds.",
        )


def missing_text(job: JobRow | None, *, partly: bool) -> str:
    """Return why a comparison has no intervals, or only those of AP and AR.

    >>> missing_text(None, partly=True)
    'No intervals at these thresholds yet, but of AP and AR.'
    """
    which = "No intervals at these thresholds" if partly else "No intervals"
    rest = ", but of AP and AR" if partly else ""
    if job is None:
        return f"{which} yet{rest}."
    if job.status == FAILED:
        reason = plain(job.error or job.message)
        return f":material/warning: {which}{rest}: the job failed. {reason}"
    return f"{which}{rest}: the job was cancelled."
