"""Progress of one durable job, drawn anew each second until it ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.job_engine.jobs import DONE, cancel_job, get_job, reopen_job
from ui import numbers
from ui.connection import database, settings
from ui.failures import shown_failures
from ui.markdown import plain

if TYPE_CHECKING:
    from curation.job_engine.jobs import JobRow

SECONDS: Final = 1.0


def watch_job(job_id: str) -> None:
    """Show the job's progress; run the whole screen again once it has ended."""

    @st.fragment(run_every=SECONDS)
    def watch() -> None:
        with shown_failures():
            job = get_job(database(), job_id)
            if not job.is_open:
                st.rerun(scope="app")
            show_progress(job)

    job = get_job(database(), job_id)
    if job.is_open:
        watch()
    else:
        show_end(job)


def show_progress(job: JobRow) -> None:
    """Draw title, bar, rate and time left of an open job, and the button that stops it."""

    def cancel() -> None:
        cancel_job(database(), job.id)

    with st.container(border=True):
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
        ):
            st.markdown(f"**{plain(job.title)}** · {job.status}", width="content")
            st.button(
                "Cancel",
                key=f"cancel-{job.id}",
                icon=":material/stop_circle:",
                on_click=cancel,
                disabled=job.status == "cancelling",
            )
        share = min(job.done / job.total, 1.0) if job.total else 0.0
        st.progress(share, text=progress_text(job, datetime.now(UTC)))


def progress_text(job: JobRow, at: datetime) -> str:
    """Return how far a job is, how fast it goes and how long it will take.

    Args:
        job: An open job.
        at: The present, with a time zone.
    """
    if not job.total:
        return plain(job.message) or "waiting for a worker"
    text = f"{numbers.count(job.done)} of {numbers.count(job.total)}"
    created = job.created if job.created.tzinfo else job.created.replace(tzinfo=UTC)
    seconds = (at - created).total_seconds()
    if job.done and seconds > 0:
        rate = job.done / seconds
        left = timedelta(seconds=round((job.total - job.done) / rate))
        text += f" · {rate:.1f}/s · about {left} left"
    return f"{text} · {plain(job.message)}" if job.message else text


def show_end(job: JobRow) -> None:
    """Draw how a job ended."""
    if job.status == DONE:
        st.success(f"**{plain(job.title)}** is done.", icon=":material/check:")
    else:
        text = plain(job.error or job.message)
        st.warning(f"**{plain(job.title)}**: {job.status}. {text}", icon=":material/warning:")


def resume(job_id: str) -> None:
    """Hand a failed or cancelled job to the workers once more."""
    from curation.job_engine.engine import enqueue  # noqa: PLC0415  # loads the job engine

    reopen_job(database(), job_id)
    enqueue(database(), settings(), job_id)
