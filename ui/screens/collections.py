"""Collections: the frozen lists of a project, and the images of the one that is picked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.errors import NotFound
from curation.selection.collection_files import collection_csv
from curation.selection.collections import (
    delete_collection,
    images_of,
    list_collections,
    origin_in_words,
)
from ui import collection_frames, numbers, screens, tables
from ui.collection_saving import COLLECTION
from ui.components.images import Canvas, image_grid, image_viewer
from ui.connection import database
from ui.empty_states import show_empty
from ui.markdown import plain
from ui.project_choice import PARAMETER, current_project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.projects.catalog import ProjectCard
    from curation.selection.collections import CollectionImage, CollectionRow
    from ui.components.images import Move

TABLE: Final = "collection-table"
PAGE: Final = "collection-page"
IMAGE: Final = "image"
PAGE_SIZE: Final = 60
STEPS: Final[dict[Move, int]] = {"previous": -1, "next": 1}
ICONS: Final[dict[Move, str]] = {"previous": "chevron_left", "next": "chevron_right"}
COMMANDS: Final = (
    "curation collection create PROJECT NAME --split test",
    "curation collection create PROJECT NAME --file names.txt",
)


def show_collections() -> None:
    """Draw the table of collections, and below it the one that is picked."""
    card = current_project()
    if card is None:
        show_empty("There is no project yet.", step="Project", command="curation demo")
        return
    st.title("Collections", anchor=False)
    rows = list_collections(database(), card.id)
    asked = st.query_params.get(COLLECTION)
    if not rows and asked is None:
        show_none(card)
        return
    if rows:
        show_table(rows, asked)
    picked = next((row for row in rows if row.name == asked), None)
    if picked is not None:
        show_collection(card, picked)
    elif asked is not None:
        raise NotFound("collection", asked, known=tuple(row.name for row in rows))
    else:
        st.caption("Pick a row to see its images.")


def show_none(card: ProjectCard) -> None:
    """Say what a collection is and how the first one is made."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.space("small")
        st.markdown(
            f"{plain(card.name)} has no collection yet: a frozen list of images or labels, to look "
            "at or to send to annotation.",
            text_alignment="center",
        )
        st.page_link(
            screens.MODEL_EVALUATION,
            label="Save what Model Evaluation shows",
            icon=":material/bookmark_add:",
            query_params={PARAMETER: card.name, "entry": "Images"},
        )
        st.caption("or in a terminal", width="content")
        st.code("\n".join(COMMANDS), language="bash", width="content")
        st.space("small")


def show_table(rows: Sequence[CollectionRow], asked: str | None) -> None:
    """Draw the collections, newest first; the picked one stands in the address."""
    names = [row.name for row in rows]

    def pick() -> None:
        chosen = st.session_state[TABLE].selection.rows
        leave_place()
        if chosen:
            st.query_params[COLLECTION] = names[chosen[0]]
        else:
            st.query_params.pop(COLLECTION, None)

    picked = [names.index(asked)] if asked in names else []
    st.dataframe(
        tables.written(collection_frames.collection_table(rows)),
        hide_index=True,
        column_config=collection_frames.COLUMNS,
        key=TABLE,
        on_select=pick,
        selection_mode="single-row",
        selection_default={"selection": {"rows": picked}},
        height="content" if len(rows) < 9 else 310,
        alt="Collections",
    )


def leave_place() -> None:
    """Go to the first page of another collection; for callbacks."""
    st.session_state[PAGE] = 1
    for name in (PAGE, IMAGE):
        st.query_params.pop(name, None)


def show_collection(card: ProjectCard, row: CollectionRow) -> None:
    """Draw a collection: where it is from, what can be done with it, its images."""
    st.subheader(plain(row.name), anchor=False)
    parts = (
        collection_frames.holds(row),
        f"from {plain(origin_in_words(row.origin))}",
        f"label revision {row.revision}",
    )
    st.caption(" · ".join(parts))
    if row.description:
        st.markdown(plain(row.description))
    show_actions(card, row)
    opened = st.query_params.get(IMAGE, "")
    pages = -(-row.images // PAGE_SIZE)
    number = min(page_number(), pages)
    images = images_of(database(), row.id, first=(number - 1) * PAGE_SIZE, most=PAGE_SIZE)
    if opened.isdecimal():
        show_image(card, images, int(opened))
        return
    if pages > 1:
        st.pagination(pages, key=PAGE, bind="query-params", width=300)

    def open_image(image_id: int) -> None:
        st.query_params[IMAGE] = str(image_id)

    cells = [collection_frames.collection_cell(image) for image in images]
    image_grid(cells, Canvas.of_labels(card.id), key="collection-grid", on_open=open_image)


def page_number() -> int:
    """Return the number of the page, which is known before the pages are drawn."""
    asked = str(st.session_state.get(PAGE) or st.query_params.get(PAGE, ""))
    return max(1, int(asked)) if asked.isdecimal() else 1


def show_actions(card: ProjectCard, row: CollectionRow) -> None:
    """Draw what can be done with a collection."""

    def send() -> None:
        address = {PARAMETER: card.name, COLLECTION: row.name}
        st.switch_page(screens.ANNOTATION, query_params=address)

    def open_view() -> None:
        st.switch_page(screens.MODEL_EVALUATION, query_params=row.origin["address"])

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Send to annotation",
            key="send-collection",
            type="primary",
            icon=":material/send:",
            on_click=send,
        )
        if row.origin.get("address"):
            st.button(
                "Open the view it is from",
                key="open-view",
                type="tertiary",
                icon=":material/compare_arrows:",
                on_click=open_view,
            )
        st.download_button(
            "Download CSV",
            lambda: collection_csv(images_of(database(), row.id)),
            file_name="collection.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            on_click="ignore",
        )
        with st.popover("Delete", icon=":material/delete:", type="tertiary"):
            st.markdown(f"Delete the list **{plain(row.name)}**? Its images and labels stay.")
            if st.button("Delete it", key="delete-collection", type="primary"):
                delete_collection(database(), row.id)
                st.query_params.pop(COLLECTION, None)
                st.rerun()


def show_image(card: ProjectCard, images: Sequence[CollectionImage], image_id: int) -> None:
    """Draw one image of the collection large, with the notes of its labels.

    Raises:
        NotFound: If this page of the collection does not have it.
    """
    ids = [image.image_id for image in images]

    def go(move: Move) -> None:
        place = ids.index(image_id) + STEPS.get(move, 0) if image_id in ids else -1
        if move == "close":
            st.query_params.pop(IMAGE, None)
        elif 0 <= place < len(ids):
            st.query_params[IMAGE] = str(ids[place])

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("All images", icon=":material/grid_view:", on_click=go, args=("close",))
        if image_id not in ids:
            raise NotFound("image on this page of the collection", image_id)
        place = ids.index(image_id)
        image = images[place]
        st.markdown(f"**{plain(image.file_name)}**", width="content")
        position = f"{place + 1} of {numbers.count(len(ids))} on this page"
        st.caption(f"{image.width} × {image.height} pixels · {position}", width="content")
        for move, icon in ICONS.items():
            st.button(
                "",
                key=f"{move}-image",
                icon=f":material/{icon}:",
                help=f"{move.capitalize()} image ({'←' if move == 'previous' else '→'})",
                disabled=not 0 <= place + STEPS[move] < len(ids),
                on_click=go,
                args=(move,),
            )
    if image.note:
        st.markdown(plain(image.note))
    payload = collection_frames.overlay_payload(image)
    image_viewer(payload, Canvas.of_labels(card.id), key="collection-viewer", on_move=go)
    if image.labels:
        frame = collection_frames.label_table(image.labels)
        st.dataframe(frame, hide_index=True, key="collection-labels", alt="Chosen labels")


show_collections()
