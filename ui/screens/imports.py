"""Imports: a project or a prediction set, looked at before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from curation.job_engine.jobs import DONE, get_job
from ui import screens
from ui.connection import database
from ui.empty_states import show_empty
from ui.import_links import KINDS, PARAMETER
from ui.import_report import show_report_of
from ui.import_steps.drafts import JOB, leave_job, show_steps
from ui.import_steps.predictions import show_prediction_import
from ui.import_steps.projects import show_project_import
from ui.job_progress import resume, show_end, watch_job
from ui.markdown import plain
from ui.project_choice import current_project, open_project, project_cards

if TYPE_CHECKING:
    from curation.job_engine.jobs import JobRow


def show_imports() -> None:
    """Draw the import that is under way, or the choice of a new one."""
    st.title("Imports", anchor=False)
    job_id = st.query_params.get(JOB)
    if job_id is not None:
        show_started(job_id)
        return
    kind = st.segmented_control(
        "What",
        KINDS,
        default="Predictions" if project_cards() else "Project",
        required=True,
        key=PARAMETER,
        bind="query-params",
    )
    if kind == "Project":
        show_project_import()
        return
    card = current_project()
    if card is None:
        show_empty("Predictions need a project: import one first.", step="Project")
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
            show_next_steps(job)
        else:
            st.button("Try again", icon=":material/replay:", on_click=resume, args=(job_id,))
        st.button("Another import", on_click=leave_job)


def show_next_steps(job: JobRow) -> None:
    """Draw the ways on from a finished import, into its own project."""
    project_id = job.project_id or job.result.get("project_id")
    name = next((card.name for card in project_cards() if card.id == project_id), None)
    if name is None:
        return
    for label, screen in (
        ("Open the project", screens.PROJECT),
        ("Model Evaluation", screens.MODEL_EVALUATION),
    ):
        st.button(label, type="primary", on_click=open_project, args=(name, screen))


show_imports()
