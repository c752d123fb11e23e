"""Jobs: what is running with its progress, and what has run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from curation.job_engine.jobs import list_jobs
from ui import tables
from ui.connection import database
from ui.empty_states import show_empty
from ui.import_report import show_report_of
from ui.job_progress import resume, watch_job
from ui.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.job_engine.jobs import JobRow

SHOWN = 50
TABLE = "finished-jobs"


def show_jobs() -> None:
    """Draw the open jobs with progress, the ended ones below."""
    st.title("Jobs", anchor=False)
    jobs = list_jobs(database(), limit=SHOWN)
    if not jobs:
        show_empty("Nothing has run yet: imports and evaluations show here.", step="Project")
        return
    open_jobs = [job for job in jobs if job.is_open]
    for job in open_jobs:
        watch_job(job.id)
    if not open_jobs:
        st.caption("Nothing is running.")
    show_ended([job for job in jobs if not job.is_open])


def show_ended(jobs: Sequence[JobRow]) -> None:
    """Draw the ended jobs; the picked one with its report and the button that tries again."""
    if not jobs:
        return
    st.subheader("Ended", anchor=False)
    event = st.dataframe(
        pd.DataFrame([tables.job(job) for job in jobs]),
        hide_index=True,
        column_config=tables.JOB_COLUMNS,
        key=TABLE,
        on_select="rerun",
        selection_mode="single-row",
        alt="Ended jobs",
    )
    picked = event.selection.rows
    if not picked:
        st.caption("Pick a row to see its report.")
        return
    job = jobs[picked[0]]
    st.markdown(f"**{plain(job.title)}** · {job.status}")
    if job.error:
        st.warning(plain(job.error), icon=":material/warning:")
    if job.status in ("failed", "cancelled"):
        st.button("Try again", icon=":material/replay:", on_click=resume, args=(job.id,))
    if not show_report_of(job):
        st.caption("This job keeps no report.")


show_jobs()
