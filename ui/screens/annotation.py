"""Annotation: the tools that a project is connected to, what came from them, what goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from curation.projects.catalog import reevaluates_after_sync, set_reevaluates
from curation.sync.source_states import source_states
from ui.annotation_views import VIEWS
from ui.annotation_views.actions import show_actions
from ui.annotation_views.addresses import COLLECTION, CONNECT, VIEW
from ui.annotation_views.connecting import open_form, show_connecting, show_first_steps
from ui.annotation_views.source_table import choose_source, host_of, tool_title
from ui.connection import database
from ui.empty_states import show_empty
from ui.markdown import plain
from ui.project_choice import current_project

if TYPE_CHECKING:
    from curation.projects.catalog import ProjectCard
    from curation.sync.source_states import SourceState

REEVALUATE = "reevaluate"
CHOICE = "chosen-view"


def show_annotation() -> None:
    """Draw the sources of the chosen project, and below them the one that is picked."""
    card = current_project()
    if card is None:
        show_empty("There is no project yet.", step="Project", command="curation demo")
        return
    if st.query_params.get(CONNECT) is not None:
        st.title("Annotation", anchor=False)
        show_connecting(card)
        return
    states = source_states(database(), card.id)
    if not states:
        st.title("Annotation", anchor=False)
        show_first_steps(card)
        return
    show_head(card)
    show_source(choose_source(states))


def show_head(card: ProjectCard) -> None:
    """Draw the title, the switch of the project and the way to another source."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.title("Annotation", anchor=False, width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            choose_reevaluation(card)
            st.button("Connect a source", icon=":material/add_link:", on_click=open_form)


def choose_reevaluation(card: ProjectCard) -> None:
    """Draw the switch that evaluates again what was evaluated before a sync."""
    key = f"{REEVALUATE}-{card.id}"

    def save() -> None:
        set_reevaluates(database(), card.id, value=st.session_state[key])

    st.toggle(
        "Evaluate again after a sync",
        value=reevaluates_after_sync(database(), card.id),
        key=key,
        on_change=save,
        help="When a sync makes a new label revision, every prediction set that was evaluated on "
        "the one before is evaluated on it too. Otherwise its numbers become stale.",
    )


def show_source(state: SourceState) -> None:
    """Draw the chosen source: how it stands, what can be done, one of its views."""
    source = state.source
    st.subheader(plain(source.name), anchor=False)
    place = " · ".join(
        filter(
            None,
            (
                tool_title(source.kind),
                plain(host_of(source.location)),
                f"project {plain(source.tool_project)}" if source.tool_project else "",
            ),
        )
    )
    st.caption(place)
    show_actions(state)
    VIEWS[choose_view()](state)


def choose_view() -> str:
    """Draw the choice of the view, which stands in the address, and return it."""
    # Whoever comes with a collection wants to send it.
    first = "Push" if COLLECTION in st.query_params else "Runs"
    asked = st.query_params.get(VIEW)
    st.session_state[CHOICE] = asked if asked in VIEWS else first

    def take() -> None:
        st.query_params[VIEW] = st.session_state[CHOICE]

    view = st.segmented_control(
        "View",
        list(VIEWS),
        required=True,
        key=CHOICE,
        on_change=take,
        label_visibility="collapsed",
    )
    return view or first


show_annotation()
