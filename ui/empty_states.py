"""Empty states: one sentence on what is missing and the one step that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from ui.import_links import import_button

if TYPE_CHECKING:
    from ui.import_links import Import


def show_empty(sentence: str, *, step: Import, command: str = "") -> None:
    """Show what is missing, the button of the missing step, and the command that does the same.

    Args:
        sentence: What is missing.
        step: The import that mends it.
        command: Command line, empty for none.
    """
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.space("small")
        st.markdown(sentence, text_alignment="center")
        import_button(step, primary=True)
        if command:
            st.caption("or in a terminal", width="content")
            st.code(command, language="bash", width="content")
        st.space("small")
