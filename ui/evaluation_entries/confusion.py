"""Confusion: which class is taken for which; every cell opens its pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from curation.evaluations.confusion import cell_choice, confusion
from evaluation import confusion_charts
from ui import confusion_frames, definitions, numbers
from ui.change_cards import choose_side, side_of, tinted
from ui.chosen_rows import class_label
from ui.confusion_frames import UNITS
from ui.drill_down import open_rows

if TYPE_CHECKING:
    import pandas as pd

    from curation.evaluations.confusion import ConfusionView
    from curation.evaluations.row_choice import RowChoice
    from ui.confusion_frames import Grid
    from ui.evaluation_page import EvaluationPage

CHART: Final = "confusion-chart"
LIST: Final = "confusion-list"
ALL: Final = "all"
MOST: Final = ("20", "40", ALL)


def show(page: EvaluationPage) -> None:
    """Draw the entry."""
    view = confusion(page.database, page.request)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        side = choose_side(page)
        unit = st.segmented_control(
            "Cells show", UNITS, default="counts", required=True, key="unit", bind="query-params"
        )
        most = st.selectbox(
            "Classes shown",
            MOST,
            key="most",
            bind="query-params",
            width=130,
            help="With more classes than this, the most confused ones. Filter the classes above "
            "to choose them yourself.",
        )
    cells = confusion_frames.grid(
        view, side=side, unit=unit or "counts", most=None if most == ALL else int(most)
    )
    show_matrix(page, view, cells)
    show_list(page, view, side)


def show_matrix(page: EvaluationPage, view: ConfusionView, cells: Grid) -> None:
    """Draw the heat map."""
    n_classes = len(view.set.classes)
    n_shown = int((cells.shown < n_classes).sum())
    frame = confusion_frames.cell_frame(view, cells)
    if frame.empty:
        st.info(
            "No cell has a number: nothing is labelled or predicted here at this score, or both "
            "sets agree.",
            icon=":material/info:",
        )
        return
    names = [class_label(view.names[place]) for place in cells.shown.tolist()]

    def open_cell() -> None:
        picked = st.session_state[CHART].selection.get(confusion_charts.SELECTION) or []
        if picked:
            row, column = (int(cells.shown[int(picked[0][key])]) for key in ("row", "column"))
            open_rows(choice_of(view, cells.side, row, column))

    chart = confusion_charts.confusion_heatmap(frame, names=names, value_title=title_of(cells))
    st.altair_chart(
        chart,
        key=CHART,
        on_select=open_cell,
        selection_mode=confusion_charts.SELECTION,
        alt="Confusion matrix; the list below holds its largest cells",
    )
    parts = [legend_of(cells.side), "A click on a cell opens its pairs."]
    if n_shown < n_classes:
        parts.insert(0, f"The {n_shown} most confused of {numbers.count(n_classes)} classes.")
    st.caption(" ".join(parts))


def title_of(cells: Grid) -> str:
    """Return what the cells show."""
    return {
        "counts": "count",
        "of the label": "share of the label's row",
        "of the prediction": "share of the prediction's column",
    }[cells.unit]


def legend_of(side: str) -> str:
    """Return what the colours mean."""
    if side == "change":
        return "Green is better than the baseline, magenta worse."
    return (
        "Blue on the diagonal is right, orange is not. Column *background*: labels that were not "
        "found; row *background*: predictions where no label is left."
    )


def choice_of(view: ConfusionView, side: str, row: int, column: int) -> RowChoice:
    """Return the rows behind a cell; of a change the set's, where it has some."""
    opened = side_of(side)
    if side == "change" and view.set.counts[row, column] == 0:
        opened = "against"
    return cell_choice(view.names[row], view.names[column], side=opened)


def show_list(page: EvaluationPage, view: ConfusionView, side: str) -> None:
    """Draw the largest cells as a table, for the keyboard and for many classes."""
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.markdown("**Largest confusions**", width="content")
        background = st.toggle(
            "With background",
            key="with-background",
            bind="query-params",
            help="Also labels that were not found, and predictions where no label is left.",
        )
    table = confusion_frames.largest_cells(view, side=side, background=background)
    if table.empty:
        st.caption("No class is taken for another one.")
        return

    def open_row() -> None:
        rows = st.session_state[LIST].selection.rows
        if rows:
            row, column = (int(table[key].iloc[rows[0]]) for key in ("truth", "found"))
            open_rows(choice_of(view, side, row, column))

    st.dataframe(
        styled(table.drop(columns=["truth", "found"])),
        hide_index=True,
        column_config=column_config(page),
        key=LIST,
        on_select=open_row,
        selection_mode="single-row",
        placeholder=numbers.NOT_AVAILABLE,
        height="content" if len(table) < 12 else 380,
        alt="Largest cells of the confusion matrix",
    )
    st.caption("Pick a row to see its pairs.")


def styled(table: pd.DataFrame) -> Any:
    """Return the list with numbers as the screens write them."""
    formats: dict[str, Any] = {
        "Count": numbers.count,
        "Count baseline": numbers.count,
        "Share of label": numbers.metric,
        "Δ Count": lambda value: numbers.count_delta(int(value)),
    }
    style = table.style.format(
        {name: write for name, write in formats.items() if name in table},
        na_rep=numbers.NOT_AVAILABLE,
    )
    return style.map(tinted, subset=["Δ Count"]) if "Δ Count" in table else style


def column_config(page: EvaluationPage) -> dict[str, Any]:
    """Return how the columns look."""
    text = definitions.explain("confused", page.context)
    share = "Share of the label's row of the matrix: of all labels of that class."
    count = st.column_config.NumberColumn(help=text, width=90)
    return {
        "Label": st.column_config.TextColumn(pinned=True, width=200),
        "Prediction": st.column_config.TextColumn(width=200),
        "Count": count,
        "Count baseline": st.column_config.NumberColumn(help=text, width=110),
        "Δ Count": st.column_config.NumberColumn(help=f"{text} More is worse.", width=90),
        "Share of label": st.column_config.NumberColumn(help=share, width=110),
    }
