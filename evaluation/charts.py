"""Evaluation results as Altair charts: pure functions from frames to charts.

A prediction set is drawn in its full colour with solid lines; the baseline in its own colour's
lighter tone, dashed. Differences are green for better and magenta for worse, which people with
any colour vision tell apart, and always carry their sign in text. The mid-tones read on light
and dark; fonts, axes and grid are left to the page's theme. Tooltips give full precision.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import altair as alt

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

BETTER: Final = "#1f9168"
WORSE: Final = "#c4408d"
NEUTRAL: Final = "#7f8894"
BASELINE_TONE: Final = 0.65
BASELINE_LINE_TONE: Final = 0.9
FULL_PRECISION: Final = ".15~g"
METRIC_DOMAIN: Final = (0.0, 1.0)
LABEL_SIZE: Final = 11
LONG_NAMES: Final = 28
# Text takes the colour of the page around the chart, in light and dark.
INK: Final = "currentColor"


@dataclass(frozen=True, slots=True)
class Series:
    """A prediction set on a chart: its name and its colour, `#rrggbb`."""

    name: str
    color: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The prediction set and, in comparison mode, the baseline."""

    set: Series
    against: Series | None = None

    @property
    def names(self) -> list[str]:
        """Names of the sides, baseline first, as bars and legends show them."""
        return [side.name for side in self._sides]

    @property
    def colors(self) -> list[str]:
        """Colours in the order of `names`."""
        return [side.color for side in self._sides]

    @property
    def _sides(self) -> list[Series]:
        return [self.set] if self.against is None else [self.against, self.set]

    def color(self) -> alt.Color:
        """Return the colour encoding that keeps each set's colour, with a legend."""
        scale = alt.Scale(domain=self.names, range=self.colors)
        return alt.Color("side:N", scale=scale, legend=_legend(self.names))

    def opacity(self, tone: float = BASELINE_TONE) -> Any:
        """Return the opacity encoding that gives the baseline its lighter tone."""
        is_set = alt.datum.side == self.set.name
        return alt.when(is_set).then(alt.value(1)).otherwise(alt.value(tone))

    def dash(self) -> alt.StrokeDash:
        """Return the dash encoding: baseline dashed, set solid."""
        dashes = [[1, 0]] if self.against is None else [[5, 4], [1, 0]]
        scale = alt.Scale(domain=self.names, range=dashes)
        return alt.StrokeDash("side:N", scale=scale, legend=_legend(self.names))


def metric_bars(frame: pd.DataFrame, pair: Pair, *, height: int = 250) -> alt.LayerChart:
    """Draw metrics as clustered bars, set beside baseline, each difference above its cluster.

    Args:
        frame: Columns `name` (metric), `set`, `against` (values in [0, 1], missing = no bar),
            `delta` and `verdict` ("better", "worse" or "equal", also for what chance explains);
            rows in drawing order. With `low` and `high` the differences tell their intervals.
        pair: The prediction set and the baseline.
        height: Height of the plot, pixels.
    """
    return _clustered(frame, pair, axis_title="Metric", value_title="Value", height=height)


def size_bars(
    frame: pd.DataFrame, pair: Pair, *, value_title: str, height: int = 250
) -> alt.LayerChart:
    """Draw one metric by size bucket as clustered bars; the axis label shows the support.

    Args:
        frame: Columns `name` (bucket), `support` (labels), `set`, `against`, `delta`, `verdict`;
            with `low` and `high` the differences tell their intervals.
        pair: The prediction set and the baseline.
        value_title: What the bars measure, such as "AP".
        height: Height of the plot, pixels.
    """
    labelled = frame.assign(
        name=[
            f"{name} · n {written_count(support)}"
            for name, support in zip(frame["name"], frame["support"], strict=True)
        ]
    )
    return _clustered(
        labelled, pair, axis_title="Size bucket (labels)", value_title=value_title, height=height
    )


def precision_recall(
    frame: pd.DataFrame, pair: Pair, *, height: int = 360, legend: bool = True
) -> alt.Chart:
    """Draw precision over recall, set solid and baseline dashed.

    Args:
        frame: Columns `recall`, `precision` (both in [0, 1]) and `side` (name of the set).
        pair: The prediction set and the baseline.
        height: Height of the chart, pixels.
        legend: Whether to name the sides; a row of small charts needs it only once.
    """
    scale = alt.Scale(domain=list(METRIC_DOMAIN), nice=False)
    axis = alt.Axis(format=".1f", tickCount=5, labelFlush=False)
    color, dash = pair.color(), pair.dash()
    if not legend:
        color, dash = color.legend(None), dash.legend(None)
    chart: alt.Chart = (
        alt.Chart(frame, height=height)
        .mark_line(strokeWidth=2, clip=True)
        .encode(
            x=alt.X("recall:Q", title="Recall", scale=scale, axis=axis),
            y=alt.Y("precision:Q", title="Precision", scale=scale, axis=axis),
            color=color,
            opacity=pair.opacity(BASELINE_LINE_TONE),
            strokeDash=dash,
            order=alt.Order("recall:Q"),
            tooltip=[
                alt.Tooltip("side:N", title="set"),
                alt.Tooltip("recall:Q", format=FULL_PRECISION),
                alt.Tooltip("precision:Q", format=FULL_PRECISION),
            ],
        )
    )
    return chart


def _clustered(
    frame: pd.DataFrame, pair: Pair, *, axis_title: str, value_title: str, height: int
) -> alt.LayerChart:
    """Return clustered bars with the difference written above every cluster."""
    names = frame["name"].tolist()
    bars = (
        alt.Chart(_long(frame, pair))
        .mark_bar()
        .encode(
            x=_category(names, axis_title),
            xOffset=alt.XOffset("side:N", sort=pair.names, scale=alt.Scale(paddingInner=0.08)),
            y=_value(value_title),
            color=pair.color(),
            opacity=pair.opacity(),
            tooltip=_value_tooltips(axis_title, value_title),
        )
    )
    if pair.against is None:
        return alt.LayerChart(layer=[bars], height=height)
    tops = frame.assign(top=frame[["set", "against"]].max(axis=1)).dropna(subset=["delta"])
    tops, intervals = told_intervals(tops)
    labels = (
        alt.Chart(tops)
        .mark_text(dy=-8, fontSize=LABEL_SIZE)
        .encode(
            x=_category(names, axis_title),
            y=alt.Y("top:Q"),
            text=alt.Text("delta:Q", format="+.3f"),
            color=verdict_color(),
            tooltip=[
                alt.Tooltip("name:N"),
                alt.Tooltip("delta:Q", format=FULL_PRECISION),
                *intervals,
            ],
        )
    )
    return alt.LayerChart(layer=[bars, labels], height=height)


def told_intervals(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[alt.Tooltip]]:
    """Write the intervals of differences, at full precision.

    Args:
        frame: With the columns `low` and `high` (missing = no interval), and if there are any `q`
            (adjusted p value) and `reason` (why there is no interval).

    Returns:
        The frame with the texts, and the tooltips that show them; neither without the columns.
    """
    if "low" not in frame:
        return frame, []
    reasons = frame.get("reason", [None] * len(frame))
    texts = [
        f"{low:+.15g} … {high:+.15g}" if not math.isnan(low) else f"n/a: {reason or 'not made'}"
        for low, high, reason in zip(frame["low"], frame["high"], reasons, strict=True)
    ]
    told, tooltips = {"interval": texts}, [alt.Tooltip("interval:N")]
    if "q" in frame:
        told["told_q"] = [f"{q:.15g}" if not math.isnan(q) else "n/a" for q in frame["q"]]
        tooltips.append(alt.Tooltip("told_q:N", title="q"))
    return frame.assign(**told), tooltips


def written_count(number: int) -> str:
    """Write a count with thin separators; Vega's own number formats have none."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def _long(frame: pd.DataFrame, pair: Pair) -> pd.DataFrame:
    """Return one row per category and side, without the missing ones."""
    sides = ["set"] if pair.against is None else ["against", "set"]
    renamed = frame.rename(columns=dict(zip(sides, pair.names, strict=True)))
    return renamed.melt(
        id_vars=["name"], value_vars=pair.names, var_name="side", value_name="value"
    ).dropna(subset=["value"])


def _category(names: Sequence[str], title: str) -> alt.X:
    axis = alt.Axis(labelAngle=0, labelLimit=140, labelOverlap=False, domain=True, ticks=False)
    # The domain keeps the place of a category whose numbers are all missing.
    scale = alt.Scale(domain=list(names))
    return alt.X("name:N", sort=list(names), title=title, axis=axis, scale=scale)


def _value(title: str) -> alt.Y:
    axis = alt.Axis(format=".1f", tickCount=5)
    return alt.Y("value:Q", title=title, scale=alt.Scale(domain=list(METRIC_DOMAIN)), axis=axis)


def _value_tooltips(axis_title: str, value_title: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title=axis_title.lower()),
        alt.Tooltip("side:N", title="set"),
        alt.Tooltip("value:Q", title=value_title, format=FULL_PRECISION),
    ]


def verdict_color() -> Any:
    """Return the encoding that colours by the column `verdict`: better, worse or neither."""
    better, worse = alt.datum.verdict == "better", alt.datum.verdict == "worse"
    return (
        alt.when(better)
        .then(alt.value(BETTER))
        .when(worse)
        .then(alt.value(WORSE))
        .otherwise(alt.value(NEUTRAL))
    )


def _legend(names: Sequence[str]) -> alt.Legend:
    """Return the legend of the sides; long names stand below each other."""
    columns = 1 if sum(map(len, names)) > LONG_NAMES else 2
    return alt.Legend(orient="top", title=None, labelLimit=320, columns=columns)
