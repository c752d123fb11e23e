"""Imports: a project or a prediction set, looked at before anything is written."""

from __future__ import annotations

import streamlit as st

from curation.job_engine.jobs import DONE, get_job
from ui import screens
from ui.connection import database
from ui.empty_states import show_empty
from ui.import_report import show_report_of
from ui.import_steps.drafts import JOB, leave_job, show_steps
from ui.import_steps.predictions import show_prediction_import
from ui.import_steps.projects import show_project_import
from ui.job_progress import resume, show_end, watch_job
from ui.markdown import plain
from ui.project_choice import current_project

PREDICTIONS = "Predictions"
PROJECT = "Project"


def show_imports() -> None:
    """Draw the import that is under way, or the choice of a new one."""
    st.title("Imports", anchor=False)
    job_id = st.query_params.get(JOB)
    if job_id is not None:
        show_started(job_id)
        return
    card = current_project()
    kinds = [PREDICTIONS, PROJECT] if card else [PROJECT, PREDICTIONS]
    kind = st.segmented_control(
        "What", kinds, default=kinds[0], required=True, key="import", bind="query-params"
    )
    if kind == PROJECT:
        show_project_import()
    elif card is None:
        show_empty("Predictions need a project: import one first.", button="Import a project")
    else:
        st.caption(f"into the project **{plain(card.name)}**")
        show_prediction_import(card)


def show_started(job_id: str) -> None:
    """Draw progress or report of a confirmed import."""
    job = get_job(database(), job_id)
    if job.is_open:
        show_steps("Progress")
        watch_job(job_id)
        return
    show_steps("Report")
    show_end(job)
    show_report_of(job)
    with st.container(horizontal=True):
        if job.status == DONE:
            if st.button("Model Evaluation", type="primary", icon=":material/compare_arrows:"):
                st.switch_page(screens.MODEL_EVALUATION)
        else:
            st.button("Try again", icon=":material/replay:", on_click=resume, args=(job_id,))
        st.button("Another import", on_click=leave_job)


show_imports()
