"""Projects: one card each, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui import numbers, screens
from ui.components.thumbnails import thumbnail_strip
from ui.empty_states import show_empty
from ui.import_links import import_button
from ui.markdown import plain
from ui.project_choice import open_project, project_cards

if TYPE_CHECKING:
    from curation.projects.catalog import ProjectCard


def show_projects() -> None:
    """Draw the cards of all projects."""
    cards = project_cards()
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.title("Projects", anchor=False)
        if cards:
            import_button("Project")
    if not cards:
        show_empty(
            "There is no project yet. Import one from COCO or YOLO files, or build the demo.",
            step="Project",
            command="curation demo",
        )
        return
    with st.grid(min_column_width=330, gap="medium"):
        for card in cards:
            show_card(card)


def show_card(card: ProjectCard) -> None:
    """Draw one project: pictures, counts, latest prediction sets and the last headline number."""
    with st.container(border=True, height="stretch", gap="small"):
        thumbnail_strip(card.id, card.cover_images, key=f"cover-{card.id}")
        st.subheader(plain(card.name), anchor=False)
        if card.description:
            st.caption(plain(card.description))
        st.markdown(counts_line(card))
        st.caption(sets_line(card))
        st.space("stretch")
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Open",
                key=f"open-{card.id}",
                type="primary",
                on_click=open_project,
                args=(card.name, screens.PROJECT),
            )
            st.button(
                "Model Evaluation",
                key=f"evaluate-{card.id}",
                on_click=open_project,
                args=(card.name, screens.MODEL_EVALUATION),
            )


def counts_line(card: ProjectCard) -> str:
    """Return the counts of a project as one line."""
    parts = (
        numbers.counted(card.images, "image"),
        numbers.counted(card.labels, "label"),
        numbers.counted(card.classes, "class", "classes"),
        f"revision {card.revision}",
    )
    return " · ".join(parts)


def sets_line(card: ProjectCard) -> str:
    """Return the latest prediction sets and the last headline number as one line."""
    if not card.prediction_sets:
        return "no prediction set yet"
    names = ", ".join(plain(name) for name in card.latest_sets)
    line = f"{numbers.counted(card.prediction_sets, 'prediction set')}: {names}"
    if card.headline is None:
        return f"{line} · not evaluated yet"
    kind = {"bbox": "boxes", "segm": "masks"}.get(card.headline.iou_type, card.headline.iou_type)
    return f"{line} · **{card.headline.metric} {numbers.metric(card.headline.value)}** ({kind})"


show_projects()
