"""Size buckets: the same numbers for small, medium and large objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from evaluation import charts, class_charts
from ui import definitions, frames, numbers
from ui.certainty import UNCLEAR
from ui.drill_down import open_images
from ui.metric_cards import metric_card

if TYPE_CHECKING:
    from ui.evaluation_page import EvaluationPage

METRICS: Final = ("AP", "AR", "precision", "recall", "f1")
BOUNDS: Final = {"small": "under 32² px²", "medium": "32² to 96² px²", "large": "96² px² and over"}
MIN_SUPPORT: Final = 5
MOST_CLASSES: Final = 40


def show(page: EvaluationPage) -> None:
    """Draw the entry."""
    with st.grid(len(BOUNDS), min_column_width=140, gap="small"):
        for size in BOUNDS:
            with st.container(border=True, gap="xsmall"):
                show_bucket(page, size)
    metric = st.segmented_control(
        "Metric",
        METRICS,
        default="AP",
        required=True,
        format_func=definitions.label,
        key="metric",
        bind="query-params",
    )
    show_charts(page, metric or "AP")


def show_bucket(page: EvaluationPage, size: str) -> None:
    """Draw the cards of one bucket."""
    ours = page.ours["sizes"][size]
    theirs = page.theirs["sizes"].get(size) if page.theirs else None
    support = numbers.counted(ours["support"], "label")
    st.markdown(f"**{size.capitalize()}** · {BOUNDS[size]} · {support}")
    with st.grid(3, min_column_width=88, gap="xsmall"):
        for key in (*METRICS, *frames.COUNTS):
            metric_card(key, ours, theirs, page.context, page.sure(key, size=size))
    st.button(
        f"Show images with {size} objects",
        key=f"show-{size}",
        type="tertiary",
        icon=":material/image_search:",
        on_click=open_images,
        kwargs={"size": size},
    )


def show_charts(page: EvaluationPage, metric: str) -> None:
    """Draw the metric by size and, compared, its change by class and size."""
    label = definitions.label(metric)
    beside = st.grid(2, min_column_width=360, gap="medium")
    with beside, st.container():
        st.markdown(f"**{label} by size**")
        frame = frames.size_frame(page.ours, page.theirs, metric=metric)
        frame = frames.with_size_intervals(frame, page.certainty, metric=metric)
        chart = charts.size_bars(frame, page.pair, value_title=label)
        st.altair_chart(chart, key="bucket-chart", alt=f"{label} by size bucket")
    if page.theirs is None:
        return
    with beside, st.container():
        st.markdown(f"**Change of {label} by class and size**")
        cells = frames.class_size_frame(page.ours, page.theirs, metric=metric)
        cells = frames.with_cell_intervals(cells, page.certainty, metric=metric)
        names = cells["name"].unique()
        if len(names) > MOST_CLASSES:
            cells = cells[cells["name"].isin(names[:MOST_CLASSES])]
            st.caption(f"The first {MOST_CLASSES} of {numbers.count(len(names))} classes.")
        chart = class_charts.class_size_heatmap(
            cells, sizes=list(BOUNDS), value_title=f"Δ{label}", min_support=MIN_SUPPORT
        )
        st.altair_chart(chart, key="heat-map", alt=f"Change of {label} by class and size")
        uncolored = "" if page.certainty is None else f" Without colour: {UNCLEAR}."
        st.caption(
            f"n: labels. A cell with fewer than {MIN_SUPPORT} labels stays blank.{uncolored}"
        )
