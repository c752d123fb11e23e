"""The source of an import: an uploaded file, or a path below the folders that settings allow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.projects.uploads import allowed_path, spool
from ui.connection import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

UPLOAD: Final = "upload"
PATH: Final = "on this machine"


def choose_source(label: str, types: Sequence[str], *, key: str) -> Callable[[], Path] | None:
    """Draw the choice of a source; return what gives its path, None while there is none.

    An upload is written to disk only when its path is asked for.

    Args:
        label: What is asked for.
        types: Extensions of files that can be uploaded.
        key: Prefix of the widgets' keys.

    """
    roots = settings().import_roots
    way = UPLOAD
    if roots:
        way = (
            st.segmented_control(
                "From", [UPLOAD, PATH], default=UPLOAD, required=True, key=f"{key}-way"
            )
            or UPLOAD
        )
    if way == PATH:
        listed = ", ".join(str(root) for root in roots)
        text = st.text_input("Path", key=f"{key}-path", help=f"A file or folder below {listed}.")
        return (lambda: allowed_path(text, roots)) if text else None
    upload = st.file_uploader(label, type=list(types), key=f"{key}-file")
    if upload is None:
        return None
    return lambda: spool(settings(), upload.name, upload.getvalue())
