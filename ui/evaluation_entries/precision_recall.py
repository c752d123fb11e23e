"""Precision–recall: the curves of both sets, mean over classes and class by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.evaluations.request import IOU_CHOICES
from evaluation import charts
from ui import frames, numbers
from ui.markdown import plain

if TYPE_CHECKING:
    import pandas as pd

    from ui.evaluation_page import EvaluationPage

MEAN: Final = "mean"
ALL_CLASSES: Final = "mean over classes"
MOST_CLASSES: Final = 12


def show(page: EvaluationPage) -> None:
    """Draw the entry."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choices = [f"{choice:.2f}" for choice in IOU_CHOICES]
        threshold = st.selectbox(
            "IoU", [*choices, MEAN], key="curve-iou", bind="query-params", width=140
        )
        names = list(page.class_names)
        chosen = st.selectbox(
            "Curve", [ALL_CLASSES, *names], key="curve", bind="query-params", width=260
        )
    place = None if threshold == MEAN else choices.index(threshold)
    results = [page.view.set.result]
    if page.view.against is not None:
        results.append(page.view.against.result)
    curves = frames.curve_frame(results, page.pair, threshold=place)
    show_one(page, curves[curves["name"] == (MEAN if chosen == ALL_CLASSES else chosen)], chosen)
    if chosen == ALL_CLASSES:
        show_each(page, curves[curves["name"] != MEAN], names)


def show_one(page: EvaluationPage, curve: pd.DataFrame, name: str) -> None:
    """Draw the chosen curve."""
    if curve.empty:
        st.caption("There is no curve: no label of this class is in scope.")
        return
    chart = charts.precision_recall(curve, page.pair)
    st.altair_chart(chart, key="curve-chart", alt=f"Precision over recall, {name}")


def show_each(page: EvaluationPage, curves: pd.DataFrame, names: list[str]) -> None:
    """Draw a small chart for every class, the first ones when there are many."""
    if curves.empty:
        return
    st.markdown("**By class**")
    if len(names) > MOST_CLASSES:
        st.caption(
            f"The first {MOST_CLASSES} of {numbers.count(len(names))} classes; filter the classes "
            "above, or pick one curve, to see others."
        )
    with st.grid(min_column_width=210, gap="small"):
        for name in names[:MOST_CLASSES]:
            curve = curves[curves["name"] == name]
            with st.container(gap="xxsmall"):
                st.caption(plain(name))
                if curve.empty:
                    st.caption(numbers.NOT_AVAILABLE)
                    continue
                chart = charts.precision_recall(curve, page.pair, height=190, legend=False)
                key, alt = f"curve-{name}", f"Precision over recall, {name}"
                st.altair_chart(chart, key=key, alt=alt)
