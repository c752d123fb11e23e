"""The way to an import from every screen that misses something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import streamlit as st

from ui.screens import IMPORTS

if TYPE_CHECKING:
    from collections.abc import Mapping

Import: TypeAlias = Literal["Predictions", "Project"]
KINDS: Final[tuple[Import, ...]] = get_args(Import)
PARAMETER: Final = "import"
LABELS: Final[Mapping[Import, str]] = {
    "Predictions": "Import predictions",
    "Project": "Import a project",
}


def open_imports(kind: Import) -> None:
    """Go to the import of a kind; for callbacks, which run before the screen is drawn."""
    st.session_state[PARAMETER] = kind
    st.switch_page(IMPORTS)


def import_button(kind: Import, *, primary: bool = False) -> None:
    """Draw the button that leads to an import."""
    st.button(
        LABELS[kind],
        key=f"open-import-{kind}",
        type="primary" if primary else "secondary",
        icon=":material/upload_file:",
        on_click=open_imports,
        args=(kind,),
    )
