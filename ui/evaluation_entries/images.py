"""Images: the images of the comparison, most changed first, and one of them large.

The entry is a fragment: paging, sorting, opening and the overlays' layers leave the rest of the
screen alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.evaluations.images import image_page
from curation.evaluations.overlays import image_overlays
from ui import numbers
from ui.components.images import Canvas, image_grid
from ui.components.payload import cell_payload, default_layers
from ui.drill_down import IMAGE, OUTCOME, PAGE, SIZE
from ui.evaluation_entries.opened_image import show_opened
from ui.failures import shown_failures

if TYPE_CHECKING:
    from curation.evaluations.images import ImagePage, ObjectFilter, Sort
    from ui.evaluation_page import EvaluationPage

ANY: Final = "any"
SORTS: Final[dict[str, Sort]] = {
    "most changed": "change",
    "net loss": "net_loss",
    "net gain": "net_gain",
    "most missed": "fn",
    "most false positives": "fp",
    "file name": "name",
}
ERROR_SORTS: Final[dict[str, Sort]] = {
    "most errors": "change",
    "most missed": "fn",
    "most false positives": "fp",
    "file name": "name",
}
OUTCOMES: Final[dict[str, ObjectFilter | None]] = {
    ANY: None,
    "true positives": "tp",
    "false positives": "fp",
    "missed": "fn",
}
CHANGES: Final[dict[str, ObjectFilter | None]] = {
    "gained": "gained",
    "lost": "lost",
    "newly wrong": "new",
    "fixed": "fixed",
}
SIZES: Final = (ANY, "small", "medium", "large")
PAGE_SIZES: Final = ("60", "30", "120", "240")


@dataclass(frozen=True, slots=True)
class ImageChoice:
    """What the tool bar asks for."""

    sort: Sort
    outcome: ObjectFilter | None
    size: str | None
    page_size: int

    def read(self, page: EvaluationPage, number: int) -> ImagePage:
        """Return a page of images by its number."""
        return image_page(
            page.database,
            page.request,
            sort=self.sort,
            page=number,
            page_size=self.page_size,
            outcome=self.outcome,
            size=self.size,
        )


def show(page: EvaluationPage) -> None:
    """Draw the entry."""

    @st.fragment
    def entry() -> None:
        with shown_failures():
            show_images(page)

    entry()


def show_images(page: EvaluationPage) -> None:
    """Draw the tool bar and below it the grid, or the image that is open."""
    choice = tool_bar(page)
    images = choice.read(page, page_number())
    pager(images)
    opened = st.query_params.get(IMAGE, "")
    if opened.isdecimal():
        large = canvas(page, large=True)
        show_opened(page, large, images, int(opened), read=lambda n: choice.read(page, n))
    elif images.rows:
        show_grid(page, images)
    else:
        st.info("No image has such an object. Choose other filters above.", icon=":material/info:")


def page_number() -> int:
    """Return the number of the page, which is known before the pages are drawn."""
    asked = str(st.session_state.get(PAGE) or st.query_params.get(PAGE, ""))
    return int(asked) if asked.isdecimal() else 1


def tool_bar(page: EvaluationPage) -> ImageChoice:
    """Draw the choices of order and filters; return them. A new choice starts at page 1."""

    def first_page() -> None:
        st.session_state[PAGE] = 1
        st.query_params.pop(IMAGE, None)

    sorts = SORTS if page.compared else ERROR_SORTS
    outcomes = {**OUTCOMES, **CHANGES} if page.compared else OUTCOMES
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        sort, outcome, size, count = (
            st.selectbox(
                label, options, key=key, bind="query-params", on_change=first_page, width=165
            )
            for label, options, key in (
                ("Sort by", list(sorts), "sort"),
                ("With objects", list(outcomes), OUTCOME),
                ("Of size", SIZES, SIZE),
                ("Images a page", PAGE_SIZES, "cells"),
            )
        )
    chosen_size = None if size == ANY else size
    return ImageChoice(sorts[sort], outcomes[outcome], chosen_size, int(count))


def pager(images: ImagePage) -> None:
    """Draw how many images there are, and the pages."""

    def close_image() -> None:
        st.query_params.pop(IMAGE, None)

    text = numbers.counted(images.total, "image")
    if images.objects:
        text += f" with {numbers.counted(images.objects, 'such object')}"
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.caption(text, width="content")
        st.pagination(images.pages, key=PAGE, bind="query-params", on_change=close_image, width=300)


def canvas(page: EvaluationPage, *, large: bool) -> Canvas:
    """Return what the image components need to know of the page."""
    request = page.request
    masks = request.iou_type == "segm"
    layers = default_layers(compared=page.compared, masks=masks, large=large)
    return Canvas(request.project_id, page.sides, request.score, layers)


def show_grid(page: EvaluationPage, images: ImagePage) -> None:
    """Draw the images of a page with their overlays."""
    overlays = image_overlays(page.database, page.request, [row.image_id for row in images.rows])
    cells = [
        cell_payload(overlays[row.image_id], row, compared=page.compared) for row in images.rows
    ]

    def open_image(image_id: int) -> None:
        st.query_params[IMAGE] = str(image_id)

    image_grid(cells, canvas(page, large=False), key="image-grid", on_open=open_image)
