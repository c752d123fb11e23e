"""Calibration: whether 70 % of the predictions with score 0.7 are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import streamlit as st

from curation.evaluations.calibration import (
    ALL_CLASSES,
    BINNINGS,
    Bins,
    bin_choice,
    calibrate,
)
from evaluation import confidence_charts
from ui import definitions, numbers
from ui.change_cards import LESS_IS_BETTER, NEITHER, change_card, side_of, tinted
from ui.drill_down import open_rows
from ui.frames import difference
from ui.markdown import plain

if TYPE_CHECKING:
    from curation.evaluations.calibration import CalibrationSide, CalibrationView
    from evaluation.calibration import ReliabilityCurve
    from ui.evaluation_page import EvaluationPage

CHART: Final = "reliability-chart"
BIN_TABLE: Final = "bin-table"
CLASS_TABLE: Final = "calibration-classes"
CLASS: Final = "calibration-of"
EVERY: Final = "all classes"
NUMBERS: Final = ("10", "5", "15", "20")
DIRECTIONS: Final = {
    "ece": LESS_IS_BETTER,
    "mce": LESS_IS_BETTER,
    "overconfidence": NEITHER,
    "kept": NEITHER,
}


def show(page: EvaluationPage) -> None:
    """Draw the entry."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        chosen = st.selectbox(
            "Predictions of", [EVERY, *page.class_names], key=CLASS, bind="query-params", width=260
        )
        rule = st.segmented_control(
            "Bins of",
            list(BINNINGS),
            default="equal width",
            required=True,
            key="bins",
            bind="query-params",
        )
        n = st.selectbox("Bins", NUMBERS, key="bin-count", bind="query-params", width=90)
    bins = Bins(rule or "equal width", int(n))
    view = calibrate(page.database, page.request, bins)
    name = ALL_CLASSES if chosen == EVERY else chosen
    show_cards(page, view, name)
    ours = curve_of(view.set, name)
    if ours is None or ours.n == 0:
        st.info(
            f"There is no prediction at score ≥ {page.request.score:.2f} here. Lower the score "
            "threshold above.",
            icon=":material/info:",
        )
    else:
        show_curves(page, view, name)
    show_classes(page, view)


def curve_of(side: CalibrationSide | None, name: str) -> ReliabilityCurve | None:
    """Return the curve of a class, or of all together."""
    if side is None:
        return None
    return side.overall if name == ALL_CLASSES else side.classes.get(name)


def numbers_of(curve: ReliabilityCurve | None) -> dict[str, float | int | None]:
    """Return the numbers of a curve by the keys of their definitions."""
    if curve is None:
        return dict.fromkeys(DIRECTIONS)
    return {
        "ece": curve.ece,
        "mce": curve.mce,
        "overconfidence": curve.overconfidence,
        "kept": curve.n,
    }


def show_cards(page: EvaluationPage, view: CalibrationView, name: str) -> None:
    """Draw the numbers of the chosen curve."""
    ours, theirs = (numbers_of(curve_of(side, name)) for side in (view.set, view.against))
    with st.grid(len(DIRECTIONS), min_column_width=140, gap="xsmall"):
        for key, direction in DIRECTIONS.items():
            change_card(
                definitions.label(key),
                ours[key],
                theirs[key],
                explanation=definitions.explain(key, page.context),
                direction=direction,
                compared=page.compared,
            )


def bin_frame(page: EvaluationPage, view: CalibrationView, name: str) -> pd.DataFrame:
    """Return the bins of both sides for the charts of `evaluation.confidence_charts`."""
    sides = [(page.sides.set.name, curve_of(view.set, name))]
    if page.sides.against is not None:
        sides.append((page.sides.against.name, curve_of(view.against, name)))
    parts = [
        pd.DataFrame(
            {
                "side": label,
                "bin": range(len(curve.count)),
                "low": curve.edges[:-1],
                "high": curve.edges[1:],
                "confidence": curve.confidence,
                "precision": curve.precision,
                "count": curve.count,
            }
        )
        for label, curve in sides
        if curve is not None
    ]
    return pd.concat(parts, ignore_index=True)


def show_curves(page: EvaluationPage, view: CalibrationView, name: str) -> None:
    """Draw reliability, counts and the table of bins."""
    frame = bin_frame(page, view, name)

    def open_picked() -> None:
        picked = st.session_state[CHART].selection.get(confidence_charts.SELECTION) or []
        if picked:
            open_bin(int(picked[0]["bin"]), "set")

    def open_bin(position: int, side: str) -> None:
        open_rows(bin_choice(position, bins=view.bins, side=side_of(side), class_name=name))

    def open_row() -> None:
        rows = st.session_state[BIN_TABLE].selection.rows
        if rows:
            open_bin(rows[0], "set")

    left, right = st.columns([3, 4], gap="medium")
    with left:
        chart = confidence_charts.reliability(frame[frame["count"] > 0], page.pair)
        st.altair_chart(
            chart,
            key=CHART,
            on_select=open_picked,
            selection_mode=confidence_charts.SELECTION,
            alt="Precision over score; the table beside it holds the bins",
        )
        counts = confidence_charts.bin_counts(frame, page.pair)
        st.altair_chart(counts, key="bin-counts", alt="Predictions in each score bin")
    with right:
        table = bin_table(view, name)
        st.dataframe(
            styled(table),
            hide_index=True,
            column_config=bin_columns(table),
            key=BIN_TABLE,
            on_select=open_row,
            selection_mode="single-row",
            placeholder=numbers.NOT_AVAILABLE,
            alt="Score bins",
        )
        st.caption(
            f"Predictions at score ≥ {page.request.score:.2f}. Below the diagonal scores promise "
            f"too much. A click on a bar, or a picked row, shows the predictions of "
            f"{plain(page.sides.set.name)} in that bin."
        )


def bin_table(view: CalibrationView, name: str) -> pd.DataFrame:
    """Return the bins of the set; where both sides have the same bins, the baseline's beside."""
    ours, theirs = curve_of(view.set, name), curve_of(view.against, name)
    if ours is None:
        return pd.DataFrame()
    columns: dict[str, Any] = {
        "Score": [
            f"{low:.2f} – {high:.2f}"
            for low, high in zip(ours.edges[:-1].tolist(), ours.edges[1:].tolist(), strict=True)
        ],
        "n": ours.count,
        "Mean score": ours.confidence,
        "Precision": ours.precision,
        "Gap": ours.gap,
    }
    if theirs is not None and view.bins.rule == "equal width":
        columns |= {"Gap baseline": theirs.gap}
    return pd.DataFrame(columns)


def bin_columns(table: pd.DataFrame) -> dict[str, Any]:
    """Return how the columns of the bins look and what they mean."""
    meanings = {
        "n": "Predictions in the bin.",
        "Mean score": "Mean score of the predictions in the bin.",
        "Precision": "Share of them that is right: true positives.",
        "Gap": "Mean score − precision: positive is overconfident.",
    }
    config: dict[str, Any] = {"Score": st.column_config.TextColumn(pinned=True, width=100)}
    for column in table.columns[1:]:
        text = meanings[column.removesuffix(" baseline")]
        config[column] = st.column_config.NumberColumn(
            help=text, width=max(58, 7 * len(column) + 8)
        )
    return config


def show_classes(page: EvaluationPage, view: CalibrationView) -> None:
    """Draw the numbers of every class; a picked row shows its curve."""
    table = class_table(view)
    st.markdown("**By class**")

    def open_class() -> None:
        rows = st.session_state[CLASS_TABLE].selection.rows
        if rows:
            st.session_state[CLASS] = str(table["Class"].iloc[rows[0]])

    config: dict[str, Any] = {"Class": st.column_config.TextColumn(pinned=True, width=180)}
    for key in DIRECTIONS:
        text = definitions.explain(key, page.context)
        label = definitions.label(key)
        for column in (label, f"{label} baseline", f"Δ {label}"):
            config[column] = st.column_config.NumberColumn(
                help=text, width=max(76, 7 * len(column) + 10)
            )
    st.dataframe(
        styled(table),
        hide_index=True,
        column_config=config,
        key=CLASS_TABLE,
        on_select=open_class,
        selection_mode="single-row",
        placeholder=numbers.NOT_AVAILABLE,
        height="content" if len(table) < 12 else 390,
        alt="Calibration by class",
    )
    st.caption("Pick a row to see its curve. Few predictions make a large error by chance alone.")


def class_table(view: CalibrationView) -> pd.DataFrame:
    """Return the numbers of every class, most predictions first."""
    rows = []
    for name, curve in view.set.classes.items():
        own = numbers_of(curve)
        other = numbers_of(view.against.classes.get(name)) if view.against else {}
        row: dict[str, Any] = {"Class": name}
        for key in DIRECTIONS:
            label = definitions.label(key)
            row[label] = own[key]
            if view.against is not None:
                row[f"{label} baseline"] = other[key]
                if key in {"ece", "mce"}:
                    row[f"Δ {label}"] = difference(own[key], other[key])
        rows.append(row)
    frame = pd.DataFrame(rows)
    frame = frame.astype({column: float for column in frame.columns if column != "Class"})
    kept = definitions.label("kept")
    return frame.sort_values(kept, ascending=False, kind="stable", ignore_index=True)


def styled(table: pd.DataFrame) -> Any:
    """Return a table with numbers as the screens write them."""
    counts = ("n", definitions.label("kept"))
    formats: dict[str, Any] = {}
    for column in table.columns[1:]:
        plain_name = column.removesuffix(" baseline")
        if plain_name in counts:
            formats[column] = lambda value: numbers.count(int(value))
        elif column.startswith("Δ ") or plain_name in {"Gap", "Overconfidence"}:
            formats[column] = numbers.delta
        elif table[column].dtype != object:
            formats[column] = numbers.metric
    style = table.style.format(formats, na_rep=numbers.NOT_AVAILABLE)
    for column in table.columns:
        if column.startswith("Δ "):
            style = style.map(tinted, subset=[column])
    return style
