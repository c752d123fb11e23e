"""Model Evaluation: a prediction set, and what is better or worse than in another one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.evaluations.comparison import compare_sets
from curation.evaluations.states import evaluation_state, staleness, start_evaluation
from curation.predictions.catalog import baseline_of, list_prediction_sets
from ui import numbers
from ui.certainty_progress import read_certainty
from ui.connection import database, settings
from ui.empty_states import show_empty
from ui.evaluation_controls import ENTRY, read_request, read_scope
from ui.evaluation_entries import ENTRIES
from ui.evaluation_page import EvaluationPage
from ui.job_progress import watch_job
from ui.markdown import plain
from ui.project_choice import current_project

if TYPE_CHECKING:
    from curation.evaluations.request import EvaluationRequest
    from curation.evaluations.states import Staleness
    from curation.predictions.catalog import PredictionSetRow
    from curation.projects.catalog import ProjectCard


ENTRIES_WIDTH: Final = 128
MOST_NOTES: Final = 3
WITH_INTERVALS: Final = frozenset({"Summary", "Classes", "Size buckets", "Precision–recall"})


def show_model_evaluation() -> None:
    """Draw the controls and the chosen entry."""
    card = current_project()
    if card is None:
        show_empty("There is no project yet.", step="Project", command="curation demo")
        return
    rows = list_prediction_sets(database(), card.id)
    if not rows:
        show_empty(
            f"{plain(card.name)} has no prediction set yet: there is nothing to evaluate.",
            step="Predictions",
            command="curation predictions import PROJECT FILE --name SET",
        )
        return
    request = controls(card, rows)
    missing = missing_evaluations(request, rows)
    if missing:
        show_missing(missing, request)
        return
    page = EvaluationPage(database(), compare_sets(database(), request))
    show_notices(page)
    show_entry(page)


def controls(card: ProjectCard, rows: tuple[PredictionSetRow, ...]) -> EvaluationRequest:
    """Draw the controls; return the request they make."""
    store = database()
    return read_request(
        card.id,
        rows,
        baseline_id=baseline_of(store, card.id),
        scope=read_scope(str(store.url), card.id, card.revision),
    )


def missing_evaluations(
    request: EvaluationRequest, rows: tuple[PredictionSetRow, ...]
) -> dict[int, tuple[str, str | None]]:
    """Return name and running job of every set of the request that is not evaluated yet."""
    names = {row.id: row.name for row in rows}
    missing = {}
    for set_id in filter(None, (request.set_id, request.against_id)):
        state = evaluation_state(database(), set_id, request.iou_type)
        if not state.ready:
            missing[set_id] = (names[set_id], state.job_id)
    return missing


def show_missing(missing: dict[int, tuple[str, str | None]], request: EvaluationRequest) -> None:
    """Show what is not evaluated yet: its progress, or the button that starts it."""
    waiting = {set_id: name for set_id, (name, job_id) in missing.items() if job_id is None}
    for name, job_id in missing.values():
        if job_id is not None:
            st.markdown(f"**{plain(name)}** is being evaluated.")
            watch_job(job_id)
    if not waiting:
        return
    names = " and ".join(f"**{plain(name)}**" for name in waiting.values())
    kind = "masks" if request.iou_type == "segm" else "boxes"
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f"{names} not evaluated by {kind} on this label revision yet.")
        for set_id, name in waiting.items():
            old = staleness(database(), set_id, request.iou_type)
            if old is not None:
                st.caption(f"**{plain(name)}** {stale_in_words(old)}")
        if st.button("Evaluate now", type="primary", icon=":material/play_arrow:"):
            for set_id in waiting:
                start_evaluation(database(), settings(), set_id, request.iou_type)
            st.rerun()


def stale_in_words(old: Staleness) -> str:
    """Say of which revision the numbers are, and what happened since."""
    notes = ", ".join(map(plain, old.notes[:MOST_NOTES]))
    if len(old.notes) > MOST_NOTES:
        notes += f" and {len(old.notes) - MOST_NOTES} more"
    labels = numbers.counted(old.labels_changed, "label")
    return (
        f"has stale numbers: evaluated on revision {old.evaluated}, labels are at revision "
        f"{old.revision} ({notes}; {labels} changed)."
    )


def show_notices(page: EvaluationPage) -> None:
    """Draw what both sets have in common, and every notice on the comparison."""
    view = page.view
    subject = "both on" if page.compared else "on"
    common = "in common" if page.compared else "evaluated"
    images = numbers.counted(view.images, "image")
    st.caption(f"{subject} label revision {view.revision} · {images} {common}")
    for notice in view.notices:
        show = st.warning if notice.level == "warning" else st.info
        show(plain(notice.text), icon=f":material/{notice.level}:")


def show_entry(page: EvaluationPage) -> None:
    """Draw the list of entries on the left and the body of the chosen one, and of no other."""

    def close_image() -> None:
        st.query_params.pop("image", None)

    with st.container(horizontal=True, wrap=False, gap="medium"):
        names, body = st.container(width=ENTRIES_WIDTH), st.container()
    with names:
        entry = st.radio(
            "Entry",
            list(ENTRIES),
            key=ENTRY,
            bind="query-params",
            label_visibility="collapsed",
            on_change=close_image,
        )
    with body:
        if page.compared and entry in WITH_INTERVALS:
            page = replace(page, certainty=read_certainty(page.request))
        ENTRIES[entry](page)


show_model_evaluation()
