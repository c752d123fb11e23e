"""Confidence: precision, recall and F1 over the score threshold, and the best thresholds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from curation.evaluations.confidence import confidence
from evaluation import confidence_charts
from evaluation.averages import AVERAGES
from ui import definitions, numbers
from ui.change_cards import tinted
from ui.frames import difference
from ui.markdown import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from curation.evaluations.confidence import ConfidenceSide, ConfidenceView, ThresholdRow
    from evaluation.confidence_curves import Curve
    from ui.evaluation_page import EvaluationPage

CURVE: Final = "confidence-of"
TABLE: Final = "threshold-table"
SCORE: Final = "score"
RATES: Final = {"f1": "F1", "precision": "Precision", "recall": "Recall"}
FAINT_POINTS: Final = 50
DEFAULT: Final = "macro"


def show(page: EvaluationPage) -> None:
    """Draw the entry."""
    view = confidence(page.database, page.request)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        chosen = st.selectbox(
            "Curves of",
            [*AVERAGES, *view.set.classes],
            index=AVERAGES.index(DEFAULT),
            format_func=title_of,
            key=CURVE,
            bind="query-params",
            width=280,
        )
        show_best(page, view, chosen)
    show_charts(page, view, chosen)
    show_thresholds(page, view)


def title_of(name: str) -> str:
    """Return how an average or a class is called.

    >>> title_of("macro"), title_of("cell")
    ('all classes, macro average', 'cell')
    """
    return f"all classes, {name} average" if name in AVERAGES else name


def curve_of(side: ConfidenceSide | None, name: str) -> Curve | None:
    """Return the curve of an average or a class, None where a side has none."""
    if side is None:
        return None
    return side.averages.get(name) or side.classes.get(name)


def row_of(side: ConfidenceSide | None, name: str) -> ThresholdRow | None:
    """Return the thresholds of an average or a class, None where a side has none."""
    if side is None:
        return None
    return side.average_rows.get(name) or side.class_rows.get(name)


def show_best(page: EvaluationPage, view: ConfidenceView, name: str) -> None:
    """Draw the best threshold in words, and the button that sets the score control to it."""
    row = row_of(view.set, name)
    if row is None or row.best is None:
        st.markdown("No threshold finds anything.", width="content")
        return

    def use() -> None:
        st.session_state[SCORE] = row.step

    best = f"best F1 **{numbers.metric(row.best.f1)}** at score ≥ **{row.best.score:.4f}**"
    now = f"{numbers.metric(row.now_f1)} at {page.request.score:.2f} now"
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        st.button(
            "Use this threshold" if row.step is None else f"Use score ≥ {row.step:.2f}",
            key="use-threshold",
            icon=":material/target:",
            on_click=use,
            disabled=row.step is None or math.isclose(row.step, page.request.score),
            help="Sets the score control, which moves in hundredths: rounded down, so that no "
            f"prediction at the threshold is lost. F1 there is {numbers.metric(row.step_f1)}.",
        )
        st.markdown(f"{best}, {now}", width="content")


def show_charts(page: EvaluationPage, view: ConfidenceView, name: str) -> None:
    """Draw the three rates of the chosen curve."""
    beside = st.grid(len(RATES), min_column_width=260, gap="small")
    for rate, label in RATES.items():
        frame = rate_frame(page, view, name, rate=rate)
        faint = class_lines(view.set, rate=rate) if name in AVERAGES else None
        with beside, st.container():
            if frame.empty:
                st.caption(f"{label}: nothing is labelled or predicted here.")
                continue
            chart = confidence_charts.confidence_lines(
                frame,
                page.pair,
                title=label,
                score=page.request.score,
                peaks=peak_frame(page, view, name) if rate == "f1" else None,
                faint=faint,
            )
            key, alt = f"confidence-{rate}", f"{label} over the score threshold, {title_of(name)}"
            st.altair_chart(chart, key=key, alt=alt)
    parts = ["The dotted line is the score threshold now; points mark the best F1."]
    if name in AVERAGES:
        parts.append(f"Thin lines: the classes of {plain(page.sides.set.name)}.")
    st.caption(" ".join(parts))


def named_sides(page: EvaluationPage, view: ConfidenceView) -> Iterable[tuple[str, ConfidenceSide]]:
    """Yield the sides with their names."""
    yield page.sides.set.name, view.set
    if view.against is not None and page.sides.against is not None:
        yield page.sides.against.name, view.against


def rate_frame(page: EvaluationPage, view: ConfidenceView, name: str, *, rate: str) -> pd.DataFrame:
    """Return one rate of both sides for `evaluation.confidence_charts.confidence_lines`."""
    parts = [pd.DataFrame({"score": [], "value": [], "side": []}).astype({"side": str})]
    for label, side in named_sides(page, view):
        curve = curve_of(side, name)
        if curve is not None:
            columns = {"score": curve.score, "value": getattr(curve, rate), "side": label}
            parts.append(pd.DataFrame(columns).dropna(subset=["value"]))
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def peak_frame(page: EvaluationPage, view: ConfidenceView, name: str) -> pd.DataFrame:
    """Return the points of the best F1 of both sides."""
    peaks = [
        {"score": row.best.score, "value": row.best.f1, "side": label}
        for label, side in named_sides(page, view)
        if (row := row_of(side, name)) is not None and row.best is not None
    ]
    return pd.DataFrame(peaks)


def class_lines(side: ConfidenceSide, *, rate: str) -> pd.DataFrame:
    """Return the curves of all classes at few thresholds, to be drawn behind an average."""
    curves = side.classes.values()
    every = max(1, max((len(curve.score) for curve in curves), default=1) // FAINT_POINTS)
    lengths = [len(curve.score[::every]) for curve in curves]
    columns = {
        "name": np.repeat(np.array(list(side.classes), dtype=object), lengths),
        "score": np.concatenate([np.zeros(0), *(curve.score[::every] for curve in curves)]),
        "value": np.concatenate(
            [np.zeros(0), *(getattr(curve, rate)[::every] for curve in curves)]
        ),
    }
    return pd.DataFrame(columns).dropna(subset=["value"])


def show_thresholds(page: EvaluationPage, view: ConfidenceView) -> None:
    """Draw the table of best thresholds; a picked row shows its curves."""
    table = threshold_table(view)
    names = [*AVERAGES, *view.set.class_rows]
    st.markdown("**Best thresholds**")

    def open_curve() -> None:
        rows = st.session_state[TABLE].selection.rows
        if rows:
            st.session_state[CURVE] = names[rows[0]]

    st.dataframe(
        styled(table),
        hide_index=True,
        column_config=column_config(table, page),
        key=TABLE,
        on_select=open_curve,
        selection_mode="single-row",
        placeholder=numbers.NOT_AVAILABLE,
        height="content" if len(table) < 14 else 460,
        alt="Best score thresholds of averages and classes",
    )
    st.caption("Pick a row to see its curves and use its threshold.")


def threshold_table(view: ConfidenceView) -> pd.DataFrame:
    """Return the best threshold and F1 of every average and class, of both sides."""
    rows = []
    for name in (*AVERAGES, *view.set.class_rows):
        own, other = (columns_of(row_of(side, name)) for side in (view.set, view.against))
        row: dict[str, Any] = {"Of": title_of(name)}
        for column in ("Best threshold", "Best F1"):
            row[column] = own[column]
            if view.against is not None:
                row[f"{column} baseline"] = other[column]
        if view.against is not None:
            row["Δ Best F1"] = difference(own["Best F1"], other["Best F1"])
        rows.append(row | {"F1 now": own["F1 now"], "To gain": own["To gain"]})
    frame = pd.DataFrame(rows)
    return frame.astype({column: float for column in frame.columns if column != "Of"})


def columns_of(row: ThresholdRow | None) -> dict[str, float | None]:
    """Return the columns of one side."""
    best = row.best if row else None
    now = row.now_f1 if row else None
    return {
        "Best threshold": best.score if best else None,
        "Best F1": best.f1 if best else None,
        "F1 now": now,
        "To gain": difference(best.f1 if best else None, now),
    }


def styled(table: pd.DataFrame) -> Any:
    """Return the table with numbers as the screens write them."""
    formats: dict[str, Any] = dict.fromkeys(table.columns[1:], numbers.metric)
    style = table.style.format(
        formats | ({"Δ Best F1": numbers.delta} if "Δ Best F1" in table else {}),
        na_rep=numbers.NOT_AVAILABLE,
    )
    if "Δ Best F1" not in table:
        return style
    return style.map(lambda value: tinted(value, "f1"), subset=["Δ Best F1"])


def column_config(table: pd.DataFrame, page: EvaluationPage) -> dict[str, Any]:
    """Return how the columns look and what they mean."""
    meanings = {
        "Best threshold": definitions.explain("best_score", page.context),
        "Best F1": "F1 at the best threshold, searched over every distinct score.",
        "F1 now": f"F1 at the score threshold now, {page.request.score:.2f}.",
        "To gain": "Best F1 − F1 now.",
        "Δ Best F1": "Set − baseline, each at its own best threshold.",
    }
    config: dict[str, Any] = {"Of": st.column_config.TextColumn("", pinned=True, width=190)}
    for column in table.columns[1:]:
        text = meanings[column.removesuffix(" baseline")]
        width = max(76, 7 * len(column) + 6)
        config[column] = st.column_config.NumberColumn(help=text, width=width)
    return config
