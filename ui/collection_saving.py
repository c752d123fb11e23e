"""From what Model Evaluation shows to a collection: the button and its dialog."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.errors import CurationError
from curation.selection.collections import (
    LABELS,
    MOST_LETTERS,
    CollectionRequest,
    create_collection,
    list_collections,
)
from curation.selection.evaluated_members import shown_images, shown_labels
from ui import failures, numbers, screens
from ui.collection_frames import holds
from ui.drill_down import IMAGE, PAGE
from ui.markdown import plain
from ui.project_choice import PARAMETER

if TYPE_CHECKING:
    from curation.selection.collections import CollectionRow, Members
    from curation.selection.evaluated_members import ShownImages
    from curation.store.database import Database

COLLECTION: Final = "collection"
NAME: Final = "collection-name"
KIND: Final = "collection-kind"
DESCRIPTION: Final = "collection-description"
SAVED: Final = "_saved_collection"
REFUSED: Final = "_refused_collection"
# Of the view's address: where somebody stood in the list says nothing about the list.
NOT_THE_LIST: Final = (IMAGE, PAGE)


def save_button(database: Database, shown: ShownImages) -> None:
    """Draw the button that saves the whole list, not only the page of it that is drawn."""

    def forget() -> None:
        for key in (SAVED, REFUSED, NAME, KIND, DESCRIPTION):
            st.session_state.pop(key, None)

    pressed = st.button(
        "Save as collection",
        key="save-collection",
        type="tertiary",
        icon=":material/bookmark_add:",
        help="A frozen, named list of what is shown here, on all pages.",
        on_click=forget,
    )
    if pressed:
        st.dialog("Save as collection")(show_saving)(database, shown)


def show_saving(database: Database, shown: ShownImages) -> None:
    """Draw what will be saved and how it is called; afterwards the way to it."""
    saved: CollectionRow | None = st.session_state.get(SAVED)
    if saved is not None:
        show_saved(saved)
        return
    found = (shown_labels(database, shown), shown_images(database, shown))
    kinds = {counted(members): members for members in found if members.items}

    def save() -> None:
        name, kind, description = (st.session_state[key] for key in (NAME, KIND, DESCRIPTION))
        request = CollectionRequest(shown.request.project_id, name, description)
        try:
            st.session_state[SAVED] = create_collection(database, request, at_address(kinds[kind]))
        except CurationError as error:
            st.session_state[REFUSED] = error

    refused: CurationError | None = st.session_state.pop(REFUSED, None)
    if refused is not None:
        failures.show(refused)
    with st.form("save-collection-form", border=False):
        st.segmented_control(
            "Holds",
            list(kinds),
            default=next(iter(kinds)),
            required=True,
            key=KIND,
            help="Labels are the objects themselves; images come with a note on what is to be "
            "seen on them. Either can be sent to annotation.",
        )
        name = suggested_name(database, shown)
        st.text_input("Name", name, max_chars=MOST_LETTERS, key=NAME)
        st.text_input("Description", key=DESCRIPTION, placeholder="optional")
        st.form_submit_button("Save", type="primary", key="save-collection-now", on_click=save)


def counted(members: Members) -> str:
    """Return how many members there are, in words."""
    count = len({item.label_id or item.image_id for item in members.items})
    return numbers.counted(count, "label" if members.kind == LABELS else "image")


def at_address(members: Members) -> Members:
    """Note the address of the view with the members, for the way back to it."""
    address = {
        name: st.query_params.get_all(name) for name in st.query_params if name not in NOT_THE_LIST
    }
    return replace(members, origin={**members.origin, "address": address})


def suggested_name(database: Database, shown: ShownImages) -> str:
    """Return what the list is called, with a number where that name is taken."""
    taken = {row.name for row in list_collections(database, shown.request.project_id)}
    name = (shown.words or "images of Model Evaluation")[: MOST_LETTERS - 5]
    candidates = (name, *(f"{name} {number}" for number in range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if candidate not in taken)


def show_saved(row: CollectionRow) -> None:
    """Say what was saved, and lead to it."""
    st.success(f"**{plain(row.name)}** holds {holds(row)}.", icon=":material/bookmark_added:")
    address = {PARAMETER: st.query_params.get(PARAMETER, ""), COLLECTION: row.name}
    st.page_link(
        screens.COLLECTIONS,
        label="Open the collection",
        icon=":material/bookmarks:",
        query_params=address,
    )
