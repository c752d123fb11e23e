"""From a number to its rows: callbacks that open the Images entry on what was counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from ui.evaluation_controls import CLASSES, ENTRY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.evaluations.row_choice import RowChoice

IMAGES_ENTRY: Final = "Images"
OUTCOME: Final = "outcome"
SIZE: Final = "size"
PAGE: Final = "page"
IMAGE: Final = "image"
ROWS: Final = "rows"


def open_images(
    *, outcome: str | None = None, size: str | None = None, classes: Sequence[str] | None = None
) -> None:
    """Go to the Images entry with filters; for callbacks, which run before the widgets.

    Args:
        outcome: Label of the outcome filter, None for any.
        size: Size bucket, None for any.
        classes: Classes to restrict the whole page to, None to keep them.
    """
    state = st.session_state
    state[ENTRY] = IMAGES_ENTRY
    state[PAGE] = 1
    for key, value in ((OUTCOME, outcome), (SIZE, size)):
        if value is not None:
            state[key] = value
    if classes is not None:
        state[CLASSES] = list(classes)
    for key in (IMAGE, ROWS):
        st.query_params.pop(key, None)


def open_rows(choice: RowChoice) -> None:
    """Go to the Images entry on exactly the rows of a number; for callbacks."""
    open_images()
    for key in (OUTCOME, SIZE):
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)
    st.query_params[ROWS] = choice.to_text()


def close_rows() -> None:
    """Show all images again; for callbacks."""
    for key in (IMAGE, ROWS):
        st.query_params.pop(key, None)
    st.session_state[PAGE] = 1
