"""From a number to its rows: callbacks that open the Images entry on what was counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from ui.evaluation_controls import CLASSES, ENTRY

if TYPE_CHECKING:
    from collections.abc import Sequence

IMAGES_ENTRY: Final = "Images"
OUTCOME: Final = "outcome"
SIZE: Final = "size"
PAGE: Final = "page"
IMAGE: Final = "image"


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
    st.query_params.pop(IMAGE, None)
