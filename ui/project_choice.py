"""Which project the screens show: a choice in the sidebar, by name in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.projects.catalog import list_projects
from ui.connection import database
from ui.url_choice import choose, settle

if TYPE_CHECKING:
    from curation.projects.catalog import ProjectCard

PARAMETER: Final = "project"
_CARD: Final = "_project_card"


def choose_project() -> None:
    """Draw the choice of the project and remember its card for the screen of this run."""
    cards = {card.name: card for card in list_projects(database())}
    if not cards:
        st.session_state[_CARD] = None
        return
    name = settle(PARAMETER, next(iter(cards)), list(cards))
    choose("Current project", list(cards), key=PARAMETER)
    st.session_state[_CARD] = cards[name]


def current_project() -> ProjectCard | None:
    """Return the chosen project, None when there is none at all."""
    card: ProjectCard | None = st.session_state.get(_CARD)
    return card


def open_project(name: str, screen: str) -> None:
    """Go to a screen of a project."""
    st.switch_page(screen, query_params={PARAMETER: name})
