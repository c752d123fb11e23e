"""Summary: the headline numbers, what changed by class and size, and the same in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from evaluation import charts, class_charts
from ui import frames, numbers
from ui.drill_down import open_images
from ui.in_words import in_words
from ui.metric_cards import metric_card

if TYPE_CHECKING:
    from ui.evaluation_page import EvaluationPage

OUTCOMES: Final = {"tp": "true positives", "fp": "false positives", "fn": "missed"}
NOUNS: Final = {"tp": "true positives", "fp": "false positives", "fn": "missed labels"}
MOST_CLASSES: Final = 20


def show(page: EvaluationPage) -> None:
    """Draw the entry."""
    show_cards(page)
    sides = page.sides
    against = sides.against.name if sides.against else ""
    with st.container(border=True):
        st.markdown(
            in_words(
                page.ours,
                page.theirs,
                name=sides.set.name,
                against=against,
                certainty=page.certainty,
            )
        )
    show_charts(page)


def show_cards(page: EvaluationPage) -> None:
    """Draw the headline cards; a count's card opens the images that it counts."""
    ours = frames.headline_numbers(page.ours)
    theirs = frames.headline_numbers(page.theirs) if page.theirs else None
    with st.grid(len(frames.HEADLINES), min_column_width=118, gap="xsmall"):
        for key in frames.HEADLINES:
            metric_card(key, ours, theirs, page.context, page.sure(key))
    with st.grid(len(frames.COUNTS), min_column_width=140, gap="xsmall"):
        for key in frames.COUNTS:
            with st.container(gap=None):
                metric_card(key, ours, theirs, page.context, page.sure(key))
                st.button(
                    f"Show the {NOUNS[key]}",
                    key=f"show-{key}",
                    type="tertiary",
                    icon=":material/image_search:",
                    on_click=open_images,
                    kwargs={"outcome": OUTCOMES[key]},
                )


def show_charts(page: EvaluationPage) -> None:
    """Draw the headline metrics and AP by size; compared, the change of every class."""
    beside = st.grid(2, min_column_width=360, gap="medium")
    with beside, st.container():
        st.markdown("**Headline metrics**")
        frame = frames.with_headline_intervals(
            frames.headline_frame(page.ours, page.theirs), page.certainty
        )
        chart = charts.metric_bars(frame, page.pair)
        st.altair_chart(chart, key="headline-chart", alt="Headline metrics of both sets")
    with beside, st.container():
        st.markdown("**AP by size**")
        frame = frames.size_frame(page.ours, page.theirs, metric="AP")
        frame = frames.with_size_intervals(frame, page.certainty, metric="AP")
        chart = charts.size_bars(frame, page.pair, value_title="AP")
        st.altair_chart(chart, key="size-chart", alt="Average precision by size bucket")
    if page.compared:
        show_class_changes(page)


def show_class_changes(page: EvaluationPage) -> None:
    """Draw the change of AP by class, the largest ones when there are many."""
    frame = frames.class_frame(page.ours, page.theirs, metric="AP").dropna(subset=["delta"])
    frame = frames.with_class_intervals(frame, page.certainty, metric="AP")
    st.markdown("**Change of AP by class**")
    if frame.empty:
        st.caption("No class has an AP in both sets.")
        return
    shown = frame
    if len(frame) > MOST_CLASSES:
        largest = frame["delta"].abs().nlargest(MOST_CLASSES).index
        shown = frame.loc[frame.index.isin(largest)]
        st.caption(
            f"The {MOST_CLASSES} largest changes of {numbers.count(len(frame))} classes; "
            "the entry Classes lists all."
        )
    chart = class_charts.class_delta_bars(shown)
    st.altair_chart(chart, key="class-chart", alt="Change of average precision by class")
    if page.certainty is not None:
        st.caption(
            f"Line: {page.certainty.title} of the class alone. Colour: more than chance among all "
            f"classes, q ≤ {page.certainty.most_q:g}."
        )
