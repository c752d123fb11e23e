"""Precision–recall: the curves of both sets, mean over classes and class by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from curation.evaluations.request import IOU_CHOICES
from evaluation import charts
from ui import frames, numbers
from ui.certainty import short_reach
from ui.frames import MEAN_CURVE
from ui.markdown import plain
from ui.metric_cards import COLORS, Sure, news

if TYPE_CHECKING:
    import pandas as pd

    from ui.evaluation_page import EvaluationPage

MEAN: Final = "mean over IoU"
MOST_CLASSES: Final = 12
ARROWS: Final[dict[str | None, str]] = {"better": "▲", "worse": "▼"}
METRICS: Final = {MEAN: "AP", "0.50": "AP50", "0.75": "AP75"}
"""Choices of IoU whose area under the curve is one of COCO's numbers, which have intervals."""


def show(page: EvaluationPage) -> None:
    """Draw the entry."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        choices = [f"{choice:.2f}" for choice in IOU_CHOICES]
        threshold = st.selectbox(
            "IoU", [*choices, MEAN], key="curve-iou", bind="query-params", width=140
        )
        names = list(page.class_names)
        chosen = st.selectbox(
            "Curve", [MEAN_CURVE, *names], key="curve", bind="query-params", width=260
        )
    place = None if threshold == MEAN else choices.index(threshold)
    results = [page.view.set.result]
    if page.view.against is not None:
        results.append(page.view.against.result)
    wanted = {chosen, *names[:MOST_CLASSES]} if chosen == MEAN_CURVE else {chosen}
    curves = frames.curve_frame(results, page.pair, threshold=place, wanted=wanted)
    metric = METRICS.get(threshold)
    show_one(page, curves[curves["name"] == chosen], f"{chosen}, IoU {threshold}", metric)
    if chosen == MEAN_CURVE:
        show_each(page, curves, names, metric)


def show_one(page: EvaluationPage, curve: pd.DataFrame, name: str, metric: str | None) -> None:
    """Draw the chosen curve, and the area under it with its difference."""
    if curve.empty:
        st.caption("There is no curve: no label of this class is in scope.")
        return
    st.markdown(f"AP, the area under the curve: {area_in_words(page, curve, metric)}")
    chart = charts.precision_recall(curve, page.pair)
    st.altair_chart(chart, key="curve-chart", alt=f"Precision over recall, {name}")


def area_in_words(page: EvaluationPage, curve: pd.DataFrame, metric: str | None) -> str:
    """Return the area under a curve and, compared, its difference in the colour of better.

    Args:
        page: What is evaluated.
        curve: The curve of both sides.
        metric: What the area is called where its difference has an interval.
    """
    ours, theirs = frames.areas(curve, page.pair)
    text = f"**{numbers.metric(ours)}**"
    if not page.compared:
        return text
    change = frames.difference(ours, theirs)
    found = None if metric is None or curve.empty else interval_of(page, curve, metric)
    told = news("AP", change, found)
    color, arrow = COLORS.get(told, "gray"), ARROWS.get(told, "")
    shown = f"{arrow} {numbers.delta(change)}".strip()
    reached = "" if found is None else f" :gray[({short_reach('AP', found.interval)})]"
    return f"{text} :{color}[{shown}]{reached}"


def interval_of(page: EvaluationPage, curve: pd.DataFrame, metric: str) -> Sure | None:
    """Return the interval of the difference of a curve's area."""
    name = str(curve["name"].iloc[0])
    if page.certainty is None or name == MEAN_CURVE:
        return page.sure(metric)
    return Sure(page.certainty, page.certainty.of_class(name, metric))


def show_each(
    page: EvaluationPage, curves: pd.DataFrame, names: list[str], metric: str | None
) -> None:
    """Draw a small chart for every class, the first ones when there are many."""
    if curves.empty:
        return
    st.markdown("**By class**")
    if len(names) > MOST_CLASSES:
        st.caption(
            f"The first {MOST_CLASSES} of {numbers.count(len(names))} classes; filter the classes "
            "above, or pick one curve, to see others."
        )
    pattern = charts.precision_recall(curves, page.pair, height=190, legend=False)
    with st.grid(min_column_width=225, gap="small"):
        for name in names[:MOST_CLASSES]:
            curve = curves[curves["name"] == name]
            with st.container(gap="xxsmall"):
                st.markdown(f"{plain(name)} · {area_in_words(page, curve, metric)}")
                if curve.empty:
                    continue
                # The charts differ in their data alone; making one takes longer than copying it.
                chart = pattern.copy(deep=False)
                chart.data = curve
                key, alt = f"curve-{name}", f"Precision over recall, {name}"
                st.altair_chart(chart, key=key, alt=alt)
