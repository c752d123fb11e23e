"""The intervals of a comparison: there, being made, or a button that makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from curation.evaluations.comparison_job import comparison_state, start_comparison
from curation.evaluations.request import DEFAULT_IOU, DEFAULT_SCORE
from ui.certainty import Certainty
from ui.connection import database, settings
from ui.job_progress import show_end, watch_job

if TYPE_CHECKING:
    from curation.evaluations.request import EvaluationRequest


def read_certainty(request: EvaluationRequest) -> Certainty | None:
    """Return the intervals of a comparison; without them draw their progress or how to get them.

    At the default operating point they are made without asking, so that moving a slider does not
    leave a trail of jobs.
    """
    state = comparison_state(database(), request)
    if state.intervals is not None:
        return Certainty(state.intervals)
    if state.job is not None and state.job.is_open:
        watch_job(state.job.id)
        return None
    if state.job is not None:
        show_end(state.job)
    elif (request.score, request.iou) == (DEFAULT_SCORE, DEFAULT_IOU):
        watch_job(start_comparison(database(), settings(), request))
        return None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("These deltas have no interval yet.", width="content")
        if st.button("How sure are they?", icon=":material/query_stats:", type="tertiary"):
            start_comparison(database(), settings(), request)
            st.rerun()
    return None
