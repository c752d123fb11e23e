"""Send a collection to the tool: what it would do is shown first, with the tool's present state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.evaluations.request import DEFAULT_SCORE
from curation.predictions.catalog import list_prediction_sets
from curation.selection.collections import list_collections
from curation.store.jobs import OPEN
from curation.sync.pushing import PushPreview, PushRequest, list_pushes, preview_push, start_push
from ui import screens
from ui.annotation_views.addresses import AUTHOR, COLLECTION
from ui.annotation_views.push_preview import show_preview
from ui.annotation_views.pushes import show_pushes
from ui.connection import database, settings
from ui.failures import shown_failures
from ui.job_progress import watch_job
from ui.markdown import plain
from ui.project_choice import PARAMETER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.selection.collections import CollectionRow
    from curation.sync.source_states import SourceState

KEPT: Final = "_push-preview"
NO_SET: Final = "(none)"


def show(state: SourceState) -> None:
    """Draw the view."""
    collections = list_collections(database(), state.source.project_id)
    pushes = list_pushes(database(), state.source.project_id, source_id=state.source.id)
    if not collections:
        show_no_collection(state)
    elif pushes and pushes[0].job_id is not None and pushes[0].status in OPEN:
        watch_job(pushes[0].job_id)
    else:
        show_form(state, collections)
    if pushes:
        show_pushes(pushes)


def show_no_collection(state: SourceState) -> None:
    """Say what is sent, and how it is made."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.markdown(
            "What is sent is a collection, a frozen list of images. There is none yet.",
            text_alignment="center",
        )
        st.page_link(
            screens.COLLECTIONS,
            label="Make a collection",
            icon=":material/bookmarks:",
            query_params={PARAMETER: state.source.project},
        )


def show_form(state: SourceState, collections: Sequence[CollectionRow]) -> None:
    """Draw what is sent and how, then the preview, then the button that sends."""
    request = read_request(state, collections)
    if request is None:
        st.caption("Choose a collection. Nothing is sent before you have seen a preview.")
        return
    kept: PushPreview | None = st.session_state.get(KEPT)
    preview = kept if kept is not None and kept.request == request else None
    if st.button(
        "Preview" if preview is None else "Preview again",
        type="primary" if preview is None else "secondary",
        icon=":material/visibility:",
        help="Asks the tool what it has. Nothing is sent.",
    ):
        with shown_failures(), st.spinner("Asking the tool"):
            st.session_state[KEPT] = preview_push(database(), settings(), request)
            st.rerun()
    if preview is None:
        return
    show_preview(preview)
    if preview.sent and st.button(
        f"Send {len(preview.sent)}", type="primary", icon=":material/send:"
    ):
        with shown_failures():
            start_push(database(), settings(), request, preview=preview)
            st.session_state.pop(KEPT, None)
            st.rerun()


def read_request(state: SourceState, collections: Sequence[CollectionRow]) -> PushRequest | None:
    """Draw the fields and return what they ask for, None without a collection."""
    first, second, third = st.columns([3, 3, 2], gap="medium")
    with first:
        collection = choose_collection(collections)
        note = st.text_input(
            "Note",
            placeholder="why these images",
            key="push-note",
            help="Shown to the annotator, before what the collection says of each image.",
        )
    with second:
        set_id = choose_set(state.source.project_id)
        priority = st.number_input(
            "Priority",
            min_value=0.0,
            max_value=1.0,
            value=None,
            step=0.1,
            placeholder="leave as it is",
            key="push-priority",
            help="0 to 1; 1 is most urgent.",
        )
    with third:
        floor = choose_floor(disabled=set_id is None)
        st.space("small")
        review = st.toggle(
            "Ask for a review",
            key="push-review",
            help="Finished work of these images is to be looked at again.",
        )
    if collection is None:
        return None
    return PushRequest(
        source_id=state.source.id,
        collection_id=collection.id,
        set_id=set_id,
        score_floor=floor,
        priority=priority,
        note=(note or "").strip(),
        review=review,
        author=AUTHOR,
    )


def choose_set(project_id: int) -> int | None:
    """Draw whose predictions annotators start from and return the set's id, None for nobody's."""
    sets = {row.name: row.id for row in list_prediction_sets(database(), project_id)}
    chosen = st.selectbox(
        "Predictions to start from",
        [NO_SET, *sets],
        key="push-set",
        help="Annotators correct them instead of drawing anew. Without a set the predictions of "
        "existing tasks stay.",
    )
    return sets.get(str(chosen))


def choose_floor(*, disabled: bool) -> float:
    """Draw the lowest score of predictions that go along, and return it."""
    floor = st.number_input(
        "Score ≥",
        min_value=0.0,
        max_value=1.0,
        value=DEFAULT_SCORE,
        step=0.05,
        key="push-floor",
        disabled=disabled,
        help="Predictions below it stay here.",
    )
    return 0.0 if disabled else float(floor or 0.0)


def choose_collection(collections: Sequence[CollectionRow]) -> CollectionRow | None:
    """Draw the choice of the collection, which stands in the address, and return it."""
    by_name = {row.name: row for row in collections}
    asked = st.query_params.get(COLLECTION)
    if asked is not None and asked not in by_name:
        st.warning(f"There is no collection {plain(asked)}.", icon=":material/warning:")
    key = "push-collection"
    if asked in by_name:
        st.session_state[key] = asked

    def take() -> None:
        st.query_params[COLLECTION] = st.session_state[key]

    name = st.selectbox(
        "Collection",
        list(by_name),
        index=None,
        placeholder="Choose a collection",
        key=key,
        on_change=take,
        persist_state="session",
    )
    return by_name.get(name or "")
