"""Classes: one row a class with the numbers of both sets and their differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from curation.evaluations.downloads import classes_csv
from evaluation.comparison import verdict
from ui import definitions, frames, numbers
from ui.drill_down import open_images
from ui.markdown import plain

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from ui.evaluation_page import EvaluationPage

SEARCH: Final = "find"
TABLE: Final = "class-table"
TINTS: Final = {"better": "31, 145, 104", "worse": "196, 64, 141"}
COUNT_LABELS: Final = frozenset(definitions.label(key) for key in frames.COUNTS)
METRIC_OF: Final = {definitions.label(key): key for key in frames.CLASS_METRICS}
BASELINE_SUFFIX: Final = " baseline"
DELTA_PREFIX: Final = "Δ "
MOST_STYLED_CELLS: Final = 200_000


def show(page: EvaluationPage) -> None:
    """Draw the entry."""
    table = frames.class_table(page.ours, page.theirs)
    with st.container(
        horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"
    ):
        wanted = st.text_input(
            "Search",
            key=SEARCH,
            bind="query-params",
            type="search",
            placeholder="class name",
            width=260,
        )
        st.download_button(
            "CSV",
            data=lambda: classes_csv(page.view),
            file_name=f"classes-{page.sides.set.name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            help="All classes at full precision.",
        )
    shown = table[table["Class"].str.contains(wanted or "", case=False, regex=False)]
    shown = shown.reset_index(drop=True)
    show_one_sided(page)
    if shown.empty:
        st.caption("No class has this name.")
        return

    def open_class() -> None:
        rows = st.session_state[TABLE].selection.rows
        if rows:
            open_images(classes=[shown["Class"].iloc[rows[0]]])

    st.dataframe(
        styled(shown),
        hide_index=True,
        column_config=column_config(shown, page),
        key=TABLE,
        on_select=open_class,
        selection_mode="single-row",
        placeholder=numbers.NOT_AVAILABLE,
        alt="Metrics by class",
    )
    st.caption("Pick a row to see the images of that class.")


def show_one_sided(page: EvaluationPage) -> None:
    """Name the classes that only one side predicts, and those that have no label in scope."""
    if page.view.without_truth:
        listed = ", ".join(plain(name) for name in page.view.without_truth)
        st.info(f"Predicted, but without a label in scope: {listed}", icon=":material/info:")
    if page.view.delta is None:
        return
    for key, side in (("only_in_set", page.sides.set), ("only_in_against", page.sides.against)):
        names = page.view.delta.get(key) or ()
        if names and side is not None:
            listed = ", ".join(plain(name) for name in names)
            st.info(f"Only {plain(side.name)} predicts: {listed}", icon=":material/info:")


def styled(table: pd.DataFrame) -> Styler | pd.DataFrame:
    """Return the table with numbers as the screens write them and tinted differences."""
    if table.size > MOST_STYLED_CELLS:
        return table
    formats = {column: writer(column) for column in table.columns if column != "Class"}
    changes = [column for column in table.columns if column.startswith(DELTA_PREFIX)]
    style = table.style.format(formats, na_rep=numbers.NOT_AVAILABLE)
    for column in changes:
        metric = METRIC_OF[column.removeprefix(DELTA_PREFIX)]
        style = style.map(lambda value, metric=metric: tint(metric, value), subset=[column])
    return style


def writer(column: str) -> Any:
    """Return the function that writes the numbers of a column."""
    label = column.removeprefix(DELTA_PREFIX).removesuffix(BASELINE_SUFFIX)
    is_delta = column.startswith(DELTA_PREFIX)
    if label in COUNT_LABELS or label == "Labels":
        write = numbers.count_delta if is_delta else numbers.count
        return lambda value: write(int(value))
    return numbers.delta if is_delta else numbers.metric


def tint(metric: str, value: float) -> str:
    """Return the style of a difference: green for better, magenta for worse, by its direction."""
    color = TINTS.get(verdict(metric, None if numbers.is_missing(value) else value) or "")
    return f"background-color: rgba({color}, 0.16)" if color else ""


def column_width(header: str) -> int:
    """Return the width of a number column, pixels: its header, or a number with its sign.

    >>> column_width("AP"), column_width("Precision baseline")
    (76, 136)
    """
    return max(76, 7 * len(header) + 10)


def column_config(table: pd.DataFrame, page: EvaluationPage) -> dict[str, Any]:
    """Return how the columns look; the first stays in view, each says what it means."""
    config: dict[str, Any] = {"Class": st.column_config.TextColumn(pinned=True)}
    for column in table.columns[1:]:
        label = column.removeprefix(DELTA_PREFIX).removesuffix(BASELINE_SUFFIX)
        key = METRIC_OF.get(label, "support")
        text = definitions.explain(key, page.context)
        config[column] = st.column_config.NumberColumn(help=text, width=column_width(column))
    return config
