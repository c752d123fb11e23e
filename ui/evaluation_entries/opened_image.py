"""One image large, with a table of its objects and the way to its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from curation.errors import NotFound
from curation.evaluations.object_rows import object_changes
from curation.evaluations.overlays import image_overlays
from ui import numbers
from ui.chosen_rows import places_of_chosen
from ui.components.images import image_viewer
from ui.components.payload import image_payload
from ui.drill_down import IMAGE, PAGE
from ui.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pandas.io.formats.style import Styler

    from curation.evaluations.images import ImagePage
    from curation.evaluations.object_rows import ObjectRow
    from curation.evaluations.overlays import ImageOverlay, OverlayObject
    from ui.components.images import Canvas, Move
    from ui.evaluation_page import EvaluationPage

OBJECTS: Final = "image-objects"
STEPS: Final[dict[Move, int]] = {"previous": -1, "next": 1}
TINTS: Final = {
    "gained": "31, 145, 104",
    "fixed": "31, 145, 104",
    "lost": "196, 64, 141",
    "newly wrong": "196, 64, 141",
}


def show_opened(
    page: EvaluationPage,
    canvas: Canvas,
    images: ImagePage,
    image_id: int,
    *,
    read: Callable[[int], ImagePage],
) -> None:
    """Draw an image large.

    Args:
        page: The answered request.
        canvas: How overlays are drawn.
        images: The page of images around it, for the way to its neighbours.
        image_id: The image.
        read: Returns another page of images by its number.
    """

    def go(move: Move) -> None:
        if move == "close":
            st.query_params.pop(IMAGE, None)
        else:
            step(images, image_id, STEPS[move], read)

    overlay = image_overlays(page.database, page.request, [image_id]).get(image_id)
    if overlay is None:
        st.button("All images", icon=":material/grid_view:", on_click=go, args=("close",))
        raise NotFound("image", image_id)
    rows = object_changes(page.database, page.request, image_id)
    head(overlay, images, go)
    image_viewer(
        image_payload(overlay),
        canvas,
        chosen=chosen_objects(rows, overlay) or places_of_chosen(overlay, images.chosen),
        key="image-viewer",
        on_move=go,
    )
    show_objects(rows, compared=page.compared)


def step(images: ImagePage, image_id: int, distance: int, read: Callable[[int], ImagePage]) -> None:
    """Open a neighbour of an image, on the next page where this one ends; for callbacks."""
    ids = [row.image_id for row in images.rows]
    place = ids.index(image_id) + distance if image_id in ids else 0
    if 0 <= place < len(ids):
        st.query_params[IMAGE] = str(ids[place])
        return
    number = images.page + distance
    if 1 <= number <= images.pages:
        st.session_state[PAGE] = number
        neighbours = read(number).rows
        st.query_params[IMAGE] = str(neighbours[0 if distance > 0 else -1].image_id)


def head(overlay: ImageOverlay, images: ImagePage, go: Callable[[Move], None]) -> None:
    """Draw the image's name, its place and the buttons around it."""
    ids = [row.image_id for row in images.rows]
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.button("All images", icon=":material/grid_view:", on_click=go, args=("close",))
            st.markdown(f"**{plain(overlay.file_name)}**", width="content")
            st.caption(f"{overlay.width} × {overlay.height} pixels", width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            if overlay.image_id in ids:
                place = f"{ids.index(overlay.image_id) + 1} of {len(ids)} on this page"
                st.caption(place, width="content")
            for move, icon in (("previous", "chevron_left"), ("next", "chevron_right")):
                st.button(
                    "",
                    key=f"{move}-image",
                    icon=f":material/{icon}:",
                    help=f"{move.capitalize()} image ({'←' if move == 'previous' else '→'})",
                    on_click=go,
                    args=(move,),
                )


def chosen_objects(rows: Sequence[ObjectRow], overlay: ImageOverlay) -> list[int]:
    """Return the places of the objects of the picked table row in the viewer's list."""
    picked = (st.session_state.get(OBJECTS) or {}).get("selection", {}).get("rows", [])
    if not picked or picked[0] >= len(rows):
        return []
    return places_of(rows[picked[0]], overlay)


def places_of(row: ObjectRow, overlay: ImageOverlay) -> list[int]:
    """Return the places of a row's label and predictions in the list truth, set, baseline."""
    layers: tuple[tuple[Sequence[OverlayObject], int | None], ...] = (
        (overlay.truth, row.truth),
        (overlay.predictions, row.prediction),
        (overlay.against, row.against_prediction),
    )
    places, start = [], 0
    for items, wanted in layers:
        places += [start + place for place, item in enumerate(items) if item.row == wanted]
        start += len(items)
    return places


def object_table(rows: Sequence[ObjectRow], *, compared: bool) -> pd.DataFrame:
    """Return the objects of an image as a table; before is the baseline, after the set."""

    def columns(row: ObjectRow) -> dict[str, Any]:
        shown: dict[str, Any] = {"What": row.kind, "Class": row.class_name, "Size": row.size}
        if compared:
            shown |= {"IoU before": row.against_iou, "IoU after": row.iou}
            shown |= {"Score before": row.against_score, "Score after": row.score}
        else:
            shown |= {"IoU": row.iou, "Score": row.score}
        return shown

    frame = pd.DataFrame([columns(row) for row in rows])
    names = [name for name in frame.columns if name.startswith(("IoU", "Score"))]
    return frame.astype(dict.fromkeys(names, float))


def show_objects(rows: Sequence[ObjectRow], *, compared: bool) -> None:
    """Draw the table of objects; the picked one is highlighted in the picture."""
    if not rows:
        st.caption("Nothing is labelled or predicted here at this score.")
        return
    table = object_table(rows, compared=compared)
    formats: dict[str, Any] = {
        name: numbers.metric for name in table.columns if name.startswith(("IoU", "Score"))
    }
    style: Styler = table.style.format(formats, na_rep=numbers.NOT_AVAILABLE)
    style = style.map(tint, subset=["What"])
    st.dataframe(
        style,
        hide_index=True,
        column_config={"What": st.column_config.TextColumn(width=112)},  # "wrong in both"
        key=OBJECTS,
        on_select="rerun",
        selection_mode="single-row",
        placeholder=numbers.NOT_AVAILABLE,
        alt="Objects of the image",
    )


def tint(kind: Any) -> str:
    """Return the style of a kind of change: green for better, magenta for worse."""
    color = TINTS.get(kind)
    return f"background-color: rgba({color}, 0.16)" if color else ""
