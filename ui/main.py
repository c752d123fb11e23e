"""The frame of every screen: navigation, the chosen project, running jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from curation.job_engine.jobs import list_jobs
from ui import numbers, screens
from ui.connection import database
from ui.failures import shown_failures
from ui.project_choice import PARAMETER, choose_project, project_cards

STATIC: Final = Path(__file__).with_name("static")
ABOUT: Final = "Curation: which data to label next, and whether the new model is really better."


def main() -> None:
    """Draw the frame and run the chosen screen."""
    # A local picture as the page icon: an icon by name would be fetched from another host.
    st.set_page_config(
        page_title="Curation",
        page_icon=STATIC / "icon.png",
        layout="wide",
        initial_sidebar_state=232,
        menu_items={"About": ABOUT},
    )
    st.logo(STATIC / "logo.png", icon_image=STATIC / "icon.png", size="medium")
    page = st.navigation(
        {
            "": [
                st.Page(screens.PROJECTS, title="Projects", icon=":material/apps:", default=True),
            ],
            "Project": [
                st.Page(screens.PROJECT, title="Overview", icon=":material/home:"),
                st.Page(
                    screens.MODEL_EVALUATION,
                    title="Model Evaluation",
                    icon=":material/compare_arrows:",
                    url_path="model-evaluation",
                ),
                st.Page(
                    screens.COLLECTIONS,
                    title="Collections",
                    icon=":material/bookmarks:",
                    url_path="collections",
                ),
                st.Page(
                    screens.ANNOTATION,
                    title="Annotation",
                    icon=":material/sync:",
                    url_path="annotation",
                ),
            ],
            "Data": [
                st.Page(screens.IMPORTS, title="Imports", icon=":material/upload_file:"),
                st.Page(screens.JOBS, title="Jobs", icon=":material/pending_actions:"),
            ],
        }
    )
    with shown_failures():
        with st.sidebar:
            draw_sidebar()
        page.run()


def draw_sidebar() -> None:
    """Draw the choice of the project, what it stands at, and the mark of the local mode."""
    choose_project()
    name = st.session_state.get(PARAMETER)
    for card in project_cards():
        if card.name == name:
            st.caption(f"revision {card.revision} · {numbers.counted(card.images, 'image')}")
    running = sum(job.is_open for job in list_jobs(database(), limit=20))
    if running:
        label = f"{numbers.counted(running, 'job')} running"
        st.page_link(screens.JOBS, label=label, icon=":material/progress_activity:")
    st.badge(
        "local mode",
        icon=":material/person:",
        color="gray",
        help="One person on this machine: no sign-in, reachable from here only.",
    )


main()
