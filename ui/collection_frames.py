"""Collections as rows of a table, and their images as cells of the grid."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from curation.evaluations.overlays import ImageOverlay, OverlayObject
from curation.selection.collections import LABELS, origin_in_words
from ui import numbers
from ui.components.payload import image_payload

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.selection.collections import CollectionImage, CollectionLabel, CollectionRow
    from ui.components.payload import Payload

COLUMNS: Final = {
    "Name": st.column_config.TextColumn(width="medium"),
    "Size": st.column_config.NumberColumn(help="How many items it holds.", width=70),
    "Kind": st.column_config.TextColumn(width=80),
    "From": st.column_config.TextColumn(width="large"),
    "Author": st.column_config.TextColumn(width=110),
    "Created": st.column_config.DatetimeColumn(format="D MMM YYYY, HH:mm", width=135),
}


def holds(row: CollectionRow) -> str:
    """Say how much a collection holds."""
    images = numbers.counted(row.images, "image")
    if row.kind != LABELS:
        return images
    return f"{numbers.counted(row.size, 'label')} on {images}"


def collection_table(rows: Sequence[CollectionRow]) -> pd.DataFrame:
    """Return one row a collection, in their order."""
    return pd.DataFrame(
        [
            {
                "Name": row.name,
                "Size": row.size,
                "Kind": row.kind,
                "From": origin_in_words(row.origin),
                "Author": row.author,
                "Created": row.created,
            }
            for row in rows
        ]
    )


def collection_cell(image: CollectionImage) -> Payload:
    """Return a cell of the grid: the image with the chosen labels, and why it is here."""
    counts = Counter(label.class_name for label in image.labels).most_common()
    objects = ", ".join(f"{numbers.count(count)} {name}" for name, count in counts)
    caption = [(text, "plain") for text in (objects, image.reason) if text]
    if image.removed:
        caption.append(("no longer in the project", "worse"))
    return overlay_payload(image) | {"cap": caption}


def overlay_payload(image: CollectionImage) -> Payload:
    """Return an image with the chosen labels drawn over it."""
    overlay = ImageOverlay(
        image_id=image.image_id,
        version=(image.sha256 or "")[:16],
        file_name=image.file_name,
        width=image.width,
        height=image.height,
        has_pixels=image.sha256 is not None,
        truth=tuple(_object(place, label) for place, label in enumerate(image.labels)),
        predictions=(),
        against=(),
    )
    return image_payload(overlay)


def _object(place: int, label: CollectionLabel) -> OverlayObject:
    return OverlayObject(
        row=place,
        box=label.box,
        outline=None,
        class_name=label.class_name,
        color="",
        score=None,
        outcome="",  # a list of labels says nothing about what a model found
        crowd=False,
        change=None,
        iou=None,
    )


def label_table(labels: Sequence[CollectionLabel]) -> pd.DataFrame:
    """Return the chosen labels of an image."""
    rows: list[dict[str, Any]] = [
        {
            "Label": label.label_id,
            "Class": label.class_name,
            "Width": round(label.box[2], 1),
            "Height": round(label.box[3], 1),
            "Note": label.note,
        }
        for label in labels
    ]
    return pd.DataFrame(rows)
