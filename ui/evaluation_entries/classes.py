"""Classes: one row a class with the numbers of both sets and their differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import streamlit as st

from curation.evaluations.downloads import classes_csv
from ui import definitions, frames, numbers
from ui.certainty import chance, meanings
from ui.drill_down import open_images
from ui.markdown import plain
from ui.metric_cards import Sure, news

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

    from evaluation.comparison import Finding
    from ui.certainty import Certainty
    from ui.evaluation_page import EvaluationPage

SEARCH: Final = "find"
SURE: Final = "sure"
TABLE: Final = "class-table"
TINTS: Final = {"better": "31, 145, 104", "worse": "196, 64, 141"}
COUNT_LABELS: Final = frozenset(definitions.label(key) for key in frames.COUNTS)
METRIC_OF: Final = {definitions.label(key): key for key in frames.CLASS_METRICS}
BASELINE_SUFFIX: Final = " baseline"
DELTA_PREFIX: Final = "Δ "
MOST_STYLED_CELLS: Final = 200_000
INTERVAL_PIXELS: Final = 116


def show(page: EvaluationPage) -> None:
    """Draw the entry."""
    table = frames.class_table(page.ours, page.theirs, page.certainty)
    shown = tool_bar(page, table)
    show_one_sided(page)
    if shown.empty:
        only_sure = st.session_state.get(SURE) and page.certainty is not None
        st.caption(
            "No such class changed by more than chance." if only_sure else "No class has this name."
        )
        return

    def open_class() -> None:
        rows = st.session_state[TABLE].selection.rows
        if rows:
            open_images(classes=[shown["Class"].iloc[rows[0]]])

    st.dataframe(
        styled(shown, page.certainty),
        hide_index=True,
        column_config=column_config(shown, page),
        key=TABLE,
        on_select=open_class,
        selection_mode="single-row",
        placeholder=numbers.NOT_AVAILABLE,
        alt="Metrics by class",
    )
    hint = "Pick a row to see the images of that class."
    if page.certainty is not None:
        hint += f" Tinted: changed by more than chance, q ≤ {page.certainty.most_q:g}."
    st.caption(hint)


def tool_bar(page: EvaluationPage, table: pd.DataFrame) -> pd.DataFrame:
    """Draw search, filter and download; return the rows of the table that are asked for."""
    intervals = None if page.certainty is None else page.certainty.data
    with st.container(
        horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"
    ):
        with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
            wanted = st.text_input(
                "Search",
                key=SEARCH,
                bind="query-params",
                type="search",
                placeholder="class name",
                width=260,
            )
            only_sure = page.compared and choose_sure(page)
        st.download_button(
            "CSV",
            data=lambda: classes_csv(page.view, intervals),
            file_name=f"classes-{page.sides.set.name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            help="All classes at full precision.",
        )
    chosen = table["Class"].str.contains(wanted or "", case=False, regex=False)
    if only_sure and page.certainty is not None:
        certainty = page.certainty
        chosen &= table["Class"].map(lambda name: is_sure(name, certainty))
    return table[chosen].reset_index(drop=True)


def choose_sure(page: EvaluationPage) -> bool:
    """Draw the switch that leaves only the classes that changed by more than chance."""
    help_text = "Waits for the intervals."
    if page.certainty is not None:
        help_text = f"ΔAP with q ≤ {page.certainty.most_q:g}. q: {meanings(page.certainty)['q']}"
    return st.toggle(
        "Changed by more than chance",
        key=SURE,
        bind="query-params",
        disabled=page.certainty is None,
        help=help_text,
    )


def is_sure(name: str, certainty: Certainty) -> bool:
    """Tell whether the AP of a class changed by more than chance."""
    told = certainty.finding(frames.TESTED, certainty.of_class(name, frames.TESTED))
    return told in ("better", "worse")


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


def styled(table: pd.DataFrame, certainty: Certainty | None = None) -> Styler | pd.DataFrame:
    """Return the table with numbers as the screens write them and tinted differences."""
    if table.size > MOST_STYLED_CELLS:
        return table
    formats = {column: writer(column) for column in table.columns if table[column].dtype == float}
    style = table.style.format(formats, na_rep=numbers.NOT_AVAILABLE)
    for column in table.columns:
        if column.startswith(DELTA_PREFIX):
            tints = class_tints(column, table, certainty)
            style = style.apply(lambda _, tints=tints: tints, subset=[column])
    return style


def writer(column: str) -> Any:
    """Return the function that writes the numbers of a column."""
    if column == frames.Q:
        return chance
    label = column.removeprefix(DELTA_PREFIX).removesuffix(BASELINE_SUFFIX)
    is_delta = column.startswith(DELTA_PREFIX)
    if label in COUNT_LABELS or label == "Labels":
        write = numbers.count_delta if is_delta else numbers.count
        return lambda value: write(int(value))
    return numbers.delta if is_delta else numbers.metric


def class_tints(column: str, table: pd.DataFrame, certainty: Certainty | None) -> list[str]:
    """Return the style of every difference of a column.

    Green for better, magenta for worse, by its direction; none where chance explains it.
    """
    metric = METRIC_OF[column.removeprefix(DELTA_PREFIX)]
    tints = []
    for name, value in zip(table["Class"], table[column], strict=True):
        change = None if numbers.is_missing(value) else value
        found = None if certainty is None else certainty.of_class(name, metric)
        tints.append(tint(news(metric, change, Sure(certainty, found) if certainty else None)))
    return tints


def tint(told: Finding | None) -> str:
    """Return the style of good and of bad news.

    >>> tint("worse"), tint("unclear")
    ('background-color: rgba(196, 64, 141, 0.16)', '')
    """
    color = TINTS.get(told or "")
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
    if page.certainty is not None:
        title, told = page.certainty.title, meanings(page.certainty)
        config[title] = st.column_config.TextColumn(
            help=f"Of ΔAP. {told[title]}", width=INTERVAL_PIXELS, alignment="right"
        )
        config[frames.Q] = st.column_config.NumberColumn(help=f"Of ΔAP. {told['q']}", width=76)
    return config
