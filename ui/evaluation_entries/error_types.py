"""Error types: why predictions are false and labels missed, and what each error costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from curation.evaluations.background import (
    background,
    background_choice,
    predicted_only_choice,
)
from curation.evaluations.error_types import (
    ALL_NAMES,
    ANY,
    ERROR_NAMES,
    FALSE_NEGATIVE,
    FALSE_POSITIVE,
    error_choice,
    error_types,
)
from evaluation import confusion_charts
from ui import definitions, error_frames, numbers
from ui.change_cards import change_card, choose_side, colored_change, side_of, tinted
from ui.drill_down import open_rows
from ui.error_frames import ERROR_OF, EVERYTHING, NAME, UNITS
from ui.frames import difference
from ui.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Hashable

    from curation.evaluations.background import BackgroundSide, BackgroundView
    from curation.evaluations.error_types import ErrorTypesView
    from curation.evaluations.row_choice import RowChoice
    from ui.error_frames import Unit
    from ui.evaluation_page import EvaluationPage

ONLY: Final = "predicted-only-table"


def show(page: EvaluationPage) -> None:
    """Draw the entry."""
    view = error_types(page.database, page.request)
    show_cards(page, view, ERROR_NAMES)
    found = background(page.database, page.request)
    show_cards(page, view, (FALSE_POSITIVE, FALSE_NEGATIVE), nothing_there=found)
    show_charts(page, view)
    show_tables(page, view)
    show_predicted_only(page, found)


def show_cards(
    page: EvaluationPage,
    view: ErrorTypesView,
    errors: tuple[str, ...],
    *,
    nothing_there: BackgroundView | None = None,
) -> None:
    """Draw a card for each error: its count, what it costs, and the way to its rows."""
    extra = 0 if nothing_there is None else 2
    with st.grid(len(errors) + extra, min_column_width=130, gap="xsmall"):
        for error in errors:
            with st.container(gap=None):
                ours = view.set.total
                theirs = view.against.total if view.against else None
                change_card(
                    definitions.label(error),
                    ours.counts[error],
                    theirs.counts[error] if theirs else None,
                    explanation=definitions.explain(error, page.context),
                    compared=page.compared,
                )
                st.caption(
                    gain_in_words(ours.gains[error], theirs.gains[error] if theirs else None, page),
                    help=definitions.explain("gain", page.context),
                )
                show_button(error, error_choice(error, side="set"), ours.counts[error])
        if nothing_there is not None:
            show_nothing_there(page, nothing_there)


def gain_in_words(ours: float | None, theirs: float | None, page: EvaluationPage) -> str:
    """Return what an error costs and, compared, how that changed."""
    text = f"ΔAP {numbers.metric(ours)}"
    return f"{text} {colored_change(difference(ours, theirs))}" if page.compared else text


def show_button(key: str, choice: RowChoice, count: int) -> None:
    """Draw the button that opens the rows of a count."""
    st.button(
        "Show them",
        key=f"show-{key}",
        type="tertiary",
        icon=":material/image_search:",
        on_click=open_rows,
        args=(choice,),
        disabled=not count,
    )


def show_nothing_there(page: EvaluationPage, found: BackgroundView) -> None:
    """Draw the cards of predictions where nothing is."""
    theirs = found.against
    images = numbers.counted(found.images, "background image")
    with st.container(gap=None):
        change_card(
            definitions.label("background_images"),
            found.set.predictions,
            theirs.predictions if theirs else None,
            explanation=definitions.explain("background_images", page.context),
            compared=page.compared,
        )
        st.caption(f"on {numbers.count(found.set.images_hit)} of {images}")
        show_button("background-images", background_choice(side="set"), found.set.predictions)
    with st.container(gap=None):
        change_card(
            definitions.label("predicted_only"),
            found.set.predicted_only_at_score,
            theirs.predicted_only_at_score if theirs else None,
            explanation=definitions.explain("predicted_only", page.context),
            compared=page.compared,
        )
        st.caption(numbers.counted(len(found.set.predicted_only), "such class", "such classes"))
        rows = found.set.predicted_only_at_score
        show_button("predicted-only", predicted_only_choice(side="set"), rows)


def show_charts(page: EvaluationPage, view: ErrorTypesView) -> None:
    """Draw ΔAP and counts of the six types, side by side."""
    beside = st.grid(2, min_column_width=340, gap="medium")
    titles: tuple[tuple[Unit, str, str], ...] = (
        ("ΔAP", "**What mending it would gain**", f"ΔAP at IoU {page.request.iou:.2f}"),
        ("counts", "**How many there are**", "errors at this score"),
    )
    for unit, title, value_title in titles:
        with beside, st.container():
            st.markdown(title)
            chart = confusion_charts.error_bars(
                error_frames.error_frame(view, unit=unit),
                page.pair,
                value_title=value_title,
                whole=unit == "counts",
            )
            st.altair_chart(chart, key=f"errors-{unit}", alt=f"{value_title} of each error type")


def show_tables(page: EvaluationPage, view: ErrorTypesView) -> None:
    """Draw the errors by size and by class; a picked cell opens its rows."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        side = choose_side(page)
        unit: Unit = (
            st.segmented_control(
                "Tables show",
                UNITS,
                default="counts",
                required=True,
                key="error-unit",
                bind="query-params",
            )
            or "counts"
        )
    st.markdown("**By size**")
    sizes = error_frames.size_table(view, unit=unit, side=side)
    show_table(page, sizes, key="errors-by-size", unit=unit, side=side)
    st.markdown("**By class**")
    classes = error_frames.class_table(view, unit=unit, side=side)
    show_table(page, classes, key="errors-by-class", unit=unit, side=side)


def show_table(
    page: EvaluationPage, table: pd.DataFrame, *, key: str, unit: Unit, side: str
) -> None:
    """Draw a table of errors, and below it the way to the rows of the picked cell."""
    texts = {column: definitions.explain(error, page.context) for column, error in ERROR_OF.items()}
    picked = st.dataframe(
        styled(table, unit=unit, side=side),
        hide_index=True,
        column_config={
            NAME: st.column_config.TextColumn("", pinned=True, width=120),
            **{
                column: st.column_config.NumberColumn(help=text, width=column_width(column))
                for column, text in texts.items()
            },
        },
        key=key,
        on_select="rerun",
        selection_mode="single-cell",
        placeholder=numbers.NOT_AVAILABLE,
        height="content" if len(table) < 12 else 390,
        alt="Errors by size" if key.endswith("size") else "Errors by class",
    )
    cells = picked.selection.cells
    if not cells or cells[0][0] >= len(table) or cells[0][1] not in ERROR_OF:
        st.caption("Pick a cell to open its rows.")
        return
    row, column = cells[0]
    show_way(page, str(table[NAME].iloc[row]), column, of_class=key.endswith("class"), side=side)


def show_way(page: EvaluationPage, name: str, column: str, *, of_class: bool, side: str) -> None:
    """Draw the buttons that open the rows of a picked cell, of the set and of the baseline."""
    size = ANY if of_class or name == EVERYTHING else name
    sides = page.sides
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"*{plain(name)}* · *{column}*", width="content")
        for shown, style in (("set", sides.set), ("against", sides.against)):
            if style is None or side not in (shown, "change"):
                continue
            choice = error_choice(
                ERROR_OF[column],
                side=side_of(shown),
                class_name=name if of_class else ANY,
                size=size,
            )
            st.button(
                f"Show those of {plain(style.name)}",
                key=f"way-{of_class}-{shown}",
                icon=":material/image_search:",
                on_click=open_rows,
                args=(choice,),
            )


def styled(table: pd.DataFrame, *, unit: Unit, side: str) -> Any:
    """Return a table of errors with numbers as the screens write them."""
    columns: list[Hashable] = [definitions.label(error) for error in ALL_NAMES]

    def write(value: Any) -> str:
        if unit == "ΔAP":
            return numbers.delta(value) if side == "change" else numbers.metric(value)
        return numbers.count_delta(int(value)) if side == "change" else numbers.count(int(value))

    formats: dict[Any, Any] = dict.fromkeys(columns, write)
    style = table.style.format(formats, na_rep=numbers.NOT_AVAILABLE)
    return style.map(tinted, subset=columns) if side == "change" else style


def column_width(header: str) -> int:
    """Return the width of a number column, pixels.

    >>> column_width("Missed"), column_width("Class and place")
    (80, 111)
    """
    return max(80, 7 * len(header) + 6)


def show_predicted_only(page: EvaluationPage, found: BackgroundView) -> None:
    """Draw the classes that only the predictions have, as a table whose rows open."""
    by_name = [
        {one.name: one for one in side.predicted_only} if side else {}
        for side in (found.set, found.against)
    ]
    names = list(dict.fromkeys([*by_name[0], *by_name[1]]))
    if not names:
        return
    st.markdown("**Classes that only the predictions have**")
    table = only_table(names, found.set, found.against)

    def open_class() -> None:
        rows = st.session_state[ONLY].selection.rows
        if rows:
            name = names[rows[0]]
            ours = by_name[0].get(name)
            side = "set" if ours is not None and ours.at_score else "against"
            open_rows(predicted_only_choice(name, side=side_of(side)))

    formats: dict[Any, Any] = dict.fromkeys(table.columns[1:], numbers.count)
    st.dataframe(
        table.style.format(formats),
        hide_index=True,
        key=ONLY,
        on_select=open_class,
        selection_mode="single-row",
        alt="Classes without labels in scope that are predicted",
    )
    st.caption("At this score and at any; pick a row to see the predictions at this score.")


def only_table(
    names: list[str], ours: BackgroundSide, theirs: BackgroundSide | None
) -> pd.DataFrame:
    """Return the classes without labels with their predictions."""
    columns: dict[str, list[Any]] = {"Class": names}
    for suffix, side in (("", ours), (" baseline", theirs)):
        if side is None:
            continue
        found = {one.name: one for one in side.predicted_only}
        columns[f"At this score{suffix}"] = [
            found[name].at_score if name in found else 0 for name in names
        ]
        columns[f"At any score{suffix}"] = [
            found[name].any_score if name in found else 0 for name in names
        ]
    return pd.DataFrame(columns)
