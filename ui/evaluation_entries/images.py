"""Images: the images of the comparison, most changed first, and one of them large.

The entry is a fragment: paging, sorting, opening and the overlays' layers leave the rest of the
screen alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.evaluations.images import image_page
from curation.evaluations.overlays import image_overlays
from curation.evaluations.row_choice import RowChoice
from curation.selection.evaluated_members import ShownImages
from ui import numbers
from ui.chosen_rows import describe, only_chosen, outcome_in_words
from ui.collection_saving import save_button
from ui.components.images import Canvas, image_grid
from ui.components.payload import cell_payload, default_layers
from ui.drill_down import IMAGE, OUTCOME, PAGE, ROWS, SIZE, close_rows
from ui.evaluation_entries.opened_image import show_opened
from ui.failures import shown_failures
from ui.image_frames import column_config, image_table, styled
from ui.markdown import unmarked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.evaluations.images import ImagePage, ObjectFilter, Sort
    from curation.evaluations.row_choice import ChosenRows
    from ui.evaluation_page import EvaluationPage

ANY: Final = "any"
SORTS: Final[dict[str, Sort]] = {
    "most changed": "change",
    "net loss": "net_loss",
    "net gain": "net_gain",
    "largest fall of F1": "f1_loss",
    "largest rise of F1": "f1_gain",
    "most moved boxes": "placement",
    "lowest F1": "f1",
    "lowest mean IoU": "mean_iou",
    "most missed": "fn",
    "most false positives": "fp",
    "file name": "name",
}
ERROR_SORTS: Final[dict[str, Sort]] = {
    "most errors": "change",
    "lowest F1": "f1",
    "lowest mean IoU": "mean_iou",
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
PICTURES: Final = "pictures"
LOOKS: Final = (PICTURES, "table")
TABLE: Final = "image-table"


@dataclass(frozen=True, slots=True)
class ImageChoice:
    """What the tool bar asks for."""

    sort: Sort
    outcome: ObjectFilter | None
    size: str | None
    page_size: int
    rows: RowChoice | None

    def shown(self, page: EvaluationPage) -> ShownImages:
        """Return the whole list, for a collection of it."""
        words = outcome_in_words(self.outcome, page.sides)
        if self.rows is not None:
            words = describe(self.rows, page.sides)
        return ShownImages(
            page.request, self.sort, self.outcome, self.size, self.rows, unmarked(words)
        )

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
            choice=self.rows,
        )


def show(page: EvaluationPage) -> None:
    """Draw the entry."""

    @st.fragment
    def entry() -> None:
        with shown_failures():
            show_images(page)

    entry()


def show_images(page: EvaluationPage) -> None:
    """Draw the tool bar and below it the grid or table, or the image that is open."""
    choice = tool_bar(page)
    images = choice.read(page, page_number())
    look = pager(page, choice, images)
    opened = st.query_params.get(IMAGE, "")
    if opened.isdecimal():
        large = canvas(page, images.chosen, large=True)
        show_opened(page, large, images, int(opened), read=lambda n: choice.read(page, n))
    elif not images.rows:
        st.info("No image has such an object. Choose other filters above.", icon=":material/info:")
    elif look == PICTURES:
        show_grid(page, images)
    else:
        show_image_table(page, images)


def show_image_table(page: EvaluationPage, images: ImagePage) -> None:
    """Draw the images of a page as rows of numbers; a picked row opens its image."""
    table = image_table(images, compared=page.compared)

    def open_image() -> None:
        rows = st.session_state[TABLE].selection.rows
        if rows:
            st.query_params[IMAGE] = str(images.rows[rows[0]].image_id)

    st.dataframe(
        styled(table),
        hide_index=True,
        column_config=column_config(table),
        key=TABLE,
        on_select=open_image,
        selection_mode="single-row",
        placeholder=numbers.NOT_AVAILABLE,
        height="content",
        alt="Numbers of the images",
    )
    st.caption("Pick a row to open its image.")


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
    rows = chosen_rows(page)
    # What a number opened is exact: other filters would only take from it.
    filters = {} if rows else {"With objects": (OUTCOME, list(outcomes)), "Of size": (SIZE, SIZES)}
    controls: dict[str, tuple[str, Sequence[str]]] = {
        "Sort by": ("sort", list(sorts)),
        **filters,
        "Images a page": ("cells", PAGE_SIZES),
    }
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        picked = {
            label: st.selectbox(
                label, options, key=key, bind="query-params", on_change=first_page, width=165
            )
            for label, (key, options) in controls.items()
        }
        if rows is not None:
            show_chosen(page, rows)
    size = picked.get("Of size", ANY)
    return ImageChoice(
        sort=sorts[picked["Sort by"]],
        outcome=outcomes[picked.get("With objects", ANY)],
        size=None if size == ANY else size,
        page_size=int(picked["Images a page"]),
        rows=rows,
    )


def chosen_rows(page: EvaluationPage) -> RowChoice | None:
    """Return the rows that the address asks for; the baseline's are gone with the baseline."""
    text = st.query_params.get(ROWS)
    if not text:
        return None
    choice = RowChoice.from_text(text)
    return choice if choice.side == "set" or page.compared else replace(choice, side="set")


def show_chosen(page: EvaluationPage, choice: RowChoice) -> None:
    """Draw what is shown, and the way back to all images."""
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", width="content", gap="small"
    ):
        st.markdown(f"Only: {describe(choice, page.sides)}", width="content")
        st.button(
            "All images",
            key="close-rows",
            type="tertiary",
            icon=":material/close:",
            on_click=close_rows,
        )


def pager(page: EvaluationPage, choice: ImageChoice, images: ImagePage) -> str:
    """Draw how many images there are, and the pages; return how images are shown."""

    def close_image() -> None:
        st.query_params.pop(IMAGE, None)

    text = numbers.counted(images.total, "image")
    if images.objects:
        text += f" with {numbers.counted(images.objects, 'such object')}"
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.caption(text, width="content")
            if images.rows:
                save_button(page.database, choice.shown(page))
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            look = st.segmented_control(
                "Look",
                LOOKS,
                default=PICTURES,
                required=True,
                key="look",
                bind="query-params",
                label_visibility="collapsed",
            )
            st.pagination(
                images.pages, key=PAGE, bind="query-params", on_change=close_image, width=300
            )
    return look or PICTURES


def canvas(page: EvaluationPage, chosen: ChosenRows | None, *, large: bool) -> Canvas:
    """Return what the image components need to know of the page."""
    request = page.request
    masks = request.iou_type == "segm"
    layers = default_layers(compared=page.compared, masks=masks, large=large)
    if chosen is not None and not large:
        # What a number counts is drawn whether it changed or not.
        layers = default_layers(compared=False, masks=masks, large=False)
        layers = layers.replace("s", "b") if chosen.side == "against" else layers
    return Canvas(request.project_id, page.sides, request.score, layers)


def show_grid(page: EvaluationPage, images: ImagePage) -> None:
    """Draw the images of a page with their overlays."""
    overlays = image_overlays(page.database, page.request, [row.image_id for row in images.rows])
    changes = page.compared and images.chosen is None
    cells = [
        cell_payload(only_chosen(overlays[row.image_id], images.chosen), row, compared=changes)
        for row in images.rows
    ]

    def open_image(image_id: int) -> None:
        st.query_params[IMAGE] = str(image_id)

    drawn = canvas(page, images.chosen, large=False)
    image_grid(cells, drawn, key="image-grid", on_open=open_image)
