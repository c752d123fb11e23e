"""Which project the screens show: a choice in the sidebar, by name in the address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.errors import NotFound
from curation.projects.catalog import list_projects
from ui.connection import database
from ui.url_choice import choose, settle, settled

if TYPE_CHECKING:
    from curation.projects.catalog import ProjectCard

PARAMETER: Final = "project"
# What else in the address is about one project only.
OF_ONE_PROJECT: Final = (
    *("set", "against", "split", "classes", "image", "page", "curve", "job"),
    *("collection", "collection-page", "source", "run", "revision"),
)
_CARDS: Final = "_project_cards"


def choose_project() -> None:
    """Draw the choice of the project and remember the cards for the screen of this run."""
    cards = {card.name: card for card in list_projects(database())}
    st.session_state[_CARDS] = cards
    if not cards:
        return
    settle({PARAMETER: settled(PARAMETER, next(iter(cards)), cards)})
    choose("Current project", list(cards), key=PARAMETER, on_change=leave_project)


def leave_project() -> None:
    """Take what was about another project out of the address."""
    for name in OF_ONE_PROJECT:
        st.query_params.pop(name, None)


def project_cards() -> tuple[ProjectCard, ...]:
    """Return the cards of all projects, newest first, as this run has read them."""
    return tuple(st.session_state[_CARDS].values())


def current_project() -> ProjectCard | None:
    """Return the chosen project, None when there is none at all.

    Raises:
        NotFound: If the address names a project that does not exist.
    """
    cards: dict[str, ProjectCard] = st.session_state[_CARDS]
    if not cards:
        return None
    name = st.session_state[PARAMETER]
    if name is None:
        raise NotFound("project", st.query_params.get(PARAMETER), known=tuple(cards))
    return cards[name]


def open_project(name: str, screen: str) -> None:
    """Go to a screen of a project."""
    st.switch_page(screen, query_params={PARAMETER: name})
