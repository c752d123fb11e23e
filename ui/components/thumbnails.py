"""A strip of thumbnails for cards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.projects.catalog import CoverImage

FOLDER: Final = Path(__file__).parent

_STRIP = st.components.v2.component(
    "curation_thumbnails",
    html='<div class="strip" aria-hidden="true">\n</div>',
    css=(FOLDER / "thumbnails.css").read_text(encoding="utf-8"),
    js=(FOLDER / "thumbnails.js").read_text(encoding="utf-8"),
)


def thumbnail_strip(project_id: int, images: Sequence[CoverImage], *, key: str) -> None:
    """Show up to four thumbnails side by side; the strip keeps its height without any."""
    pictures = [[image.id, image.version] for image in images]
    _STRIP(key=key, data={"project": project_id, "images": pictures})
