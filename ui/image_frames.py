"""Images as rows of numbers: counts, scores and what changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from ui import numbers
from ui.change_cards import tinted
from ui.frames import difference

if TYPE_CHECKING:
    from curation.evaluations.images import ImagePage, ImageRow

MEANINGS: Final = {
    "Gained": "Labels that only the set finds.",
    "Lost": "Labels that only the baseline finds.",
    "New FP": "False positives that the baseline does not have.",
    "Fixed": "False positives of the baseline that the set does not have.",
    "TP": "Labels that were found.",
    "FP": "Predictions without a label.",
    "FN": "Labels that were not found.",
    "F1": "2 TP / (2 TP + FP + FN) of the image's objects, all classes pooled.",
    "Mean IoU": "Mean overlap of the image's true positives with their labels.",
    "Δ F1": "F1 of the set − F1 of the baseline.",
    "Δ Mean IoU": "Mean IoU of the set − mean IoU of the baseline.",
}
SCORES: Final = ("F1", "Mean IoU")
DELTAS: Final = ("Δ F1", "Δ Mean IoU")


def image_table(images: ImagePage, *, compared: bool) -> pd.DataFrame:
    """Return one row an image, in the page's order."""
    frame = pd.DataFrame([_columns(row, compared=compared) for row in images.rows])
    scores = [column for column in (*SCORES, *DELTAS) if column in frame]
    return frame.astype(dict.fromkeys(scores, float))


def _columns(row: ImageRow, *, compared: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"Image": row.file_name}
    if compared:
        shown |= {
            "Gained": row.gained,
            "Lost": row.lost,
            "New FP": row.new_false_positives,
            "Fixed": row.fixed_false_positives,
        }
    shown |= {"TP": row.tp, "FP": row.fp, "FN": row.fn, "F1": row.f1, "Mean IoU": row.mean_iou}
    if compared:
        shown["Δ F1"] = difference(row.f1, row.against_f1)
        shown["Δ Mean IoU"] = difference(row.mean_iou, row.against_mean_iou)
    return shown


def styled(table: pd.DataFrame) -> Any:
    """Return the table with numbers as the screens write them."""
    formats: dict[Any, Any] = {}
    for column in table.columns[1:]:
        formats[column] = (
            numbers.delta
            if column in DELTAS
            else numbers.metric
            if column in SCORES
            else numbers.count
        )
    style = table.style.format(formats, na_rep=numbers.NOT_AVAILABLE)
    for column in DELTAS:
        if column in table:
            style = style.map(lambda value: tinted(value, "f1"), subset=[column])
    return style


def column_config(table: pd.DataFrame) -> dict[str, Any]:
    """Return how the columns look and what they mean."""
    config: dict[str, Any] = {"Image": st.column_config.TextColumn(pinned=True, width=150)}
    for column in table.columns[1:]:
        width = max(58, 7 * len(column) + 8)
        config[column] = st.column_config.NumberColumn(help=MEANINGS[column], width=width)
    return config
