"""Empty states: one sentence on what is missing and the one step that mends it."""

from __future__ import annotations

import streamlit as st

from ui.screens import IMPORTS


def show_empty(sentence: str, *, button: str, screen: str = IMPORTS, command: str = "") -> None:
    """Show what is missing, a button that leads to the missing step, and its command.

    Args:
        sentence: What is missing.
        button: Label of the button.
        screen: Screen that the button opens.
        command: Command line that does the same, empty for none.
    """
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.space("small")
        st.markdown(sentence, text_alignment="center")
        if st.button(button, type="primary", key=f"empty-{button}"):
            st.switch_page(screen)
        if command:
            st.caption("or in a terminal", width="content")
            st.code(command, language="bash", width="content")
        st.space("small")
