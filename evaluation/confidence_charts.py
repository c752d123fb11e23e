"""Confidence curves and calibration as Altair charts: pure functions from frames to charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt
import pandas as pd

from evaluation.charts import (
    BASELINE_LINE_TONE,
    FULL_PRECISION,
    INK,
    METRIC_DOMAIN,
    NEUTRAL,
)

if TYPE_CHECKING:
    from evaluation.charts import Pair

RULE_DASH: Final = [2, 3]
POINT_SIZE: Final = 55
FAINT: Final = 0.28
BAR_TONE: Final = 0.3
LINES_HEIGHT: Final = 280
SELECTION: Final = "bin"


def confidence_lines(
    frame: pd.DataFrame,
    pair: Pair,
    *,
    title: str,
    score: float,
    peaks: pd.DataFrame | None = None,
    faint: pd.DataFrame | None = None,
) -> alt.LayerChart:
    """Draw one rate over the score threshold, set solid and baseline dashed.

    Args:
        frame: Columns `score`, `value` and `side` (name of the set).
        pair: The prediction set and the baseline.
        title: What the lines measure.
        score: Where the current threshold is marked.
        peaks: Points to mark, columns as `frame`.
        faint: Lines behind, columns `score`, `value` and `name`, such as those of single classes.
    """
    x, y = _score_axis(frame), _rate_axis(title)
    tips = [
        alt.Tooltip("side:N", title="set"),
        alt.Tooltip("score:Q", format=FULL_PRECISION),
        alt.Tooltip("value:Q", title=title, format=FULL_PRECISION),
    ]
    lines = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2, clip=True)
        .encode(
            x=x,
            y=y,
            color=pair.color(),
            opacity=pair.opacity(BASELINE_LINE_TONE),
            strokeDash=pair.dash(),
            order=alt.Order("score:Q"),
            tooltip=tips,
        )
    )
    layers = [] if faint is None or faint.empty else [_faint_lines(faint, x, y, tips[1:])]
    layers += [_rule(score, x), lines]
    if peaks is not None and len(peaks):
        layers.append(
            alt.Chart(peaks)
            .mark_point(size=POINT_SIZE, opacity=1, stroke=None)
            .encode(x=x, y=y, fill=_fill(pair), tooltip=tips)
        )
    return alt.LayerChart(layer=layers, height=LINES_HEIGHT)


def reliability(frame: pd.DataFrame, pair: Pair, *, height: int = 300) -> alt.LayerChart:
    """Draw precision over score, bin by bin; a click selects a bin.

    The set is drawn as bars as wide as its bins, the baseline as a dashed line of points at its
    mean scores; where scores mean what they say both lie on the diagonal.

    Args:
        frame: One row a bin that is not empty: `side`, `bin` (its place), `low`, `high` (edges),
            `confidence`, `precision`, `count`.
        pair: The prediction set and the baseline.
        height: Height of the plot, pixels.

    Returns:
        A chart with the selection `SELECTION`, whose fields are `side` and `bin`.
    """
    unit = alt.Scale(domain=list(METRIC_DOMAIN), nice=False)
    axis = alt.Axis(format=".1f", tickCount=5, labelFlush=False)
    y = alt.Y("precision:Q", title="Precision", scale=unit, axis=axis)
    tips = _bin_tooltips()
    bars = (
        alt.Chart(frame[frame["side"] == pair.set.name])
        .mark_rect(
            fill=pair.set.color,
            fillOpacity=BAR_TONE,
            stroke=pair.set.color,
            strokeWidth=1,
            cursor="pointer",
        )
        .encode(
            x=alt.X("low:Q", title="Score", scale=unit, axis=axis),
            x2="high:Q",
            y=y,
            y2=alt.Y2Datum(0),
            tooltip=tips,
        )
        .add_params(alt.selection_point(name=SELECTION, fields=["side", "bin"], on="click"))
    )
    diagonal = (
        alt.Chart(pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]}))
        .mark_line(color=INK, opacity=0.6, strokeDash=RULE_DASH, strokeWidth=1)
        .encode(x=alt.X("x:Q", scale=unit), y=alt.Y("y:Q", scale=unit))
    )
    means = (
        alt.Chart(frame)
        .mark_line(strokeWidth=1.5)
        .encode(
            x=alt.X("confidence:Q", scale=unit), y=y, color=pair.color(), strokeDash=pair.dash()
        )
    )
    points = (
        alt.Chart(frame)
        .mark_point(size=POINT_SIZE, opacity=1, stroke=None)
        .encode(x=alt.X("confidence:Q", scale=unit), y=y, fill=_fill(pair), tooltip=tips)
    )
    return alt.LayerChart(layer=[bars, diagonal, means, points], height=height)


def bin_counts(frame: pd.DataFrame, pair: Pair, *, height: int = 130) -> alt.LayerChart:
    """Draw how many predictions each bin holds, set as bars and baseline as a stepped outline.

    Args:
        frame: As for `reliability`, with empty bins too.
        pair: The prediction set and the baseline.
        height: Height of the plot, pixels.
    """
    unit = alt.Scale(domain=list(METRIC_DOMAIN), nice=False)
    x = alt.X(
        "low:Q",
        title="Score",
        scale=unit,
        axis=alt.Axis(format=".1f", tickCount=5, labelFlush=False),
    )
    # Few predictions beside very many: a root scale shows both.
    y = alt.Y(
        "count:Q",
        title="Predictions",
        scale=alt.Scale(type="sqrt"),
        axis=alt.Axis(tickCount=3, format="~s"),
    )
    ours = frame["side"] == pair.set.name
    base: dict[str, Any] = {
        "x": x,
        "x2": "high:Q",
        "y": y,
        "y2": alt.Y2Datum(0),
        "tooltip": _bin_tooltips(),
    }
    bars = alt.Chart(frame[ours]).mark_rect(fillOpacity=BAR_TONE).encode(fill=_fill(pair), **base)
    if pair.against is None:
        return alt.LayerChart(layer=[bars], height=height)
    outline = (
        alt.Chart(frame[~ours])
        .mark_rect(fillOpacity=0, stroke=pair.against.color, strokeWidth=1.5, strokeDash=[5, 4])
        .encode(**base)
    )
    return alt.LayerChart(layer=[bars, outline], height=height)


def _score_axis(frame: pd.DataFrame) -> alt.X:
    """Return the axis of score thresholds; scores need not be probabilities."""
    low = min(0.0, float(frame["score"].min())) if len(frame) else 0.0
    high = max(1.0, float(frame["score"].max())) if len(frame) else 1.0
    return alt.X(
        "score:Q",
        title="Score threshold",
        scale=alt.Scale(domain=[low, high], nice=False),
        axis=alt.Axis(format="~g", tickCount=5, labelFlush=False),
    )


def _rate_axis(title: str) -> alt.Y:
    return alt.Y(
        "value:Q",
        title=title,
        scale=alt.Scale(domain=list(METRIC_DOMAIN)),
        axis=alt.Axis(format=".1f", tickCount=5),
    )


def _faint_lines(faint: pd.DataFrame, x: alt.X, y: alt.Y, tips: list[alt.Tooltip]) -> alt.Chart:
    lines: alt.Chart = (
        alt.Chart(faint)
        .mark_line(strokeWidth=1, clip=True, color=NEUTRAL, opacity=FAINT)
        .encode(
            x=x,
            y=y,
            detail="name:N",
            order=alt.Order("score:Q"),
            tooltip=[alt.Tooltip("name:N", title="class"), *tips],
        )
    )
    return lines


def _fill(pair: Pair) -> alt.Fill:
    """Return the sides' colours without a legend of their own: the lines have one."""
    scale = alt.Scale(domain=pair.names, range=pair.colors)
    return alt.Fill("side:N", scale=scale, legend=None)


def _rule(score: float, x: alt.X) -> alt.Chart:
    rule: alt.Chart = (
        alt.Chart(pd.DataFrame({"score": [score]}))
        .mark_rule(color=INK, opacity=0.7, strokeDash=RULE_DASH, strokeWidth=1.5)
        .encode(x=x, tooltip=[alt.Tooltip("score:Q", title="score threshold now")])
    )
    return rule


def _bin_tooltips() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("side:N", title="set"),
        alt.Tooltip("low:Q", title="score from", format="~g"),
        alt.Tooltip("high:Q", title="to", format="~g"),
        alt.Tooltip("count:Q", title="predictions", format=",d"),
        alt.Tooltip("confidence:Q", title="mean score", format=FULL_PRECISION),
        alt.Tooltip("precision:Q", format=FULL_PRECISION),
    ]
