"""Numbers of classes as Altair charts: pure functions from frames to charts.

A difference that chance explains is grey wherever the frame says so; one with an interval tells it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import altair as alt

from evaluation.charts import (
    FULL_PRECISION,
    INK,
    LABEL_SIZE,
    METRIC_DOMAIN,
    NEUTRAL,
    told_intervals,
    verdict_color,
    written_count,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

BAR_STEP: Final = 22
CELL_STEP: Final = 38
AXIS_HEIGHT: Final = 58
UNCLEAR_OPACITY: Final = 0.6


def class_bars(frame: pd.DataFrame, *, value_title: str = "AP") -> alt.LayerChart:
    """Draw a number of every class as a horizontal bar, in the frame's order.

    Args:
        frame: Columns `name` (class), `value` (in [0, 1]) and `support` (labels).
        value_title: What the bars measure.
    """
    frame = _with_labels(frame.dropna(subset=["value"]))
    names = frame["name"].tolist()
    base = alt.Chart(frame).encode(
        x=alt.X("value:Q", title=value_title, scale=alt.Scale(domain=list(METRIC_DOMAIN))),
        y=alt.Y("name:N", sort=names, title="Class", axis=_class_axis()),
        tooltip=[
            alt.Tooltip("name:N", title="class"),
            alt.Tooltip("value:Q", title=value_title, format=FULL_PRECISION),
            alt.Tooltip("labels:N"),
        ],
    )
    text = base.mark_text(align="left", dx=5, fontSize=LABEL_SIZE, color=INK)
    layers = [
        base.mark_bar(size=12, color=NEUTRAL),
        text.encode(text=alt.Text("value:Q", format=".3f")),
    ]
    return alt.LayerChart(layer=layers, height=BAR_STEP * max(1, len(names)) + AXIS_HEIGHT)


def class_delta_bars(frame: pd.DataFrame, *, value_title: str = "ΔAP") -> alt.LayerChart:
    """Draw the difference of every class as a horizontal bar from zero, in the frame's order.

    Args:
        frame: Columns `name` (class), `delta`, `set`, `against`, `support` (labels), `verdict`;
            with `low` and `high` too, each bar carries its interval.
        value_title: What the bars measure.
    """
    frame, told = told_intervals(_with_ends(_with_labels(frame.dropna(subset=["delta"]))))
    names = frame["name"].tolist()
    reach = max(0.01, float(frame[["from", "to"]].abs().max().max()) * 1.35) if names else 0.01
    base = alt.Chart(frame).encode(
        y=alt.Y("name:N", sort=names, title="Class", axis=_class_axis()),
        tooltip=[
            alt.Tooltip("name:N", title="class"),
            alt.Tooltip("delta:Q", title=value_title, format=FULL_PRECISION),
            *told,
            alt.Tooltip("set:Q", title="set", format=FULL_PRECISION),
            alt.Tooltip("against:Q", title="baseline", format=FULL_PRECISION),
            alt.Tooltip("labels:N"),
        ],
    )
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    axis = alt.Axis(format="+.3~f", tickCount=5)
    title = f"{value_title} (set − baseline)"
    text = alt.Text("delta:Q", format="+.3f")
    bars = base.mark_bar(size=12).encode(
        x=alt.X("delta:Q", title=title, scale=scale, axis=axis), color=verdict_color()
    )
    intervals = base.mark_rule(color=INK, opacity=0.7).encode(
        x=alt.X("from:Q", title=title, scale=scale), x2="to:Q"
    )
    gains, losses = (base.transform_filter(f"datum.delta {sign} 0") for sign in (">=", "<"))
    labels = [
        label.encode(x=alt.X(end, title=title, scale=scale), text=text, color=verdict_color())
        for label, end in (
            (gains.mark_text(align="left", dx=5, fontSize=LABEL_SIZE), "to:Q"),
            (losses.mark_text(align="right", dx=-5, fontSize=LABEL_SIZE), "from:Q"),
        )
    ]
    layers = [bars, intervals, *labels] if "low" in frame.columns else [bars, *labels]
    return alt.LayerChart(layer=layers, height=BAR_STEP * max(1, len(names)) + AXIS_HEIGHT)


def class_size_heatmap(
    frame: pd.DataFrame, *, sizes: Sequence[str], value_title: str = "ΔAP", min_support: int = 0
) -> alt.LayerChart:
    """Draw the difference of every class and size bucket as a cell; its depth is the size of it.

    A cell without a difference, or with fewer labels than `min_support`, stays blank and says
    so; a difference that is equal to zero, or that chance explains, has no colour. The tooltip of
    every cell gives its numbers.

    Args:
        frame: Columns `name` (class), `size`, `delta`, `set`, `against`, `support`, `verdict`;
            with `low` and `high` each cell tells its interval.
        sizes: Size buckets in drawing order.
        value_title: What the cells show.
        min_support: Fewest labels for a cell to be coloured.
    """
    shown = frame["delta"].notna() & (frame["support"] >= min_support)
    frame, told = told_intervals(_with_labels(frame))
    frame = frame.assign(
        shown=shown,
        strength=frame["delta"].abs().where(shown & (frame["verdict"] != "equal"), 0.0),
        label=[
            f"{delta:+.3f}".replace("-", "\N{MINUS SIGN}") if visible else "n/a"
            for delta, visible in zip(frame["delta"], shown, strict=True)
        ],
        count=[f"n {written_count(support)}" for support in frame["support"]],
    )
    reach = max(0.01, float(frame["strength"].max())) if len(frame) else 0.01
    base = alt.Chart(frame).encode(
        x=alt.X(
            "size:N",
            sort=list(sizes),
            title="Size bucket",
            axis=alt.Axis(labelAngle=0, orient="top", domain=False, ticks=False),
        ),
        y=alt.Y(
            "name:N", sort=list(dict.fromkeys(frame["name"])), title="Class", axis=_class_axis()
        ),
        tooltip=[
            alt.Tooltip("name:N", title="class"),
            alt.Tooltip("size:N", title="size"),
            alt.Tooltip("delta:Q", title=value_title, format=FULL_PRECISION),
            *told,
            alt.Tooltip("set:Q", title="set", format=FULL_PRECISION),
            alt.Tooltip("against:Q", title="baseline", format=FULL_PRECISION),
            alt.Tooltip("labels:N"),
        ],
    )
    cells = base.mark_rect(stroke=NEUTRAL, strokeOpacity=0.25).encode(
        fill=verdict_color(),
        fillOpacity=alt.FillOpacity(
            "strength:Q", scale=alt.Scale(domain=[0, reach], range=[0.0, 0.55]), legend=None
        ),
    )
    unclear = alt.when(alt.datum.verdict == "equal").then(alt.value(UNCLEAR_OPACITY))
    text = base.mark_text(fontSize=LABEL_SIZE, dy=-6, color=INK).encode(
        text="label:N", opacity=unclear.otherwise(alt.value(1))
    )
    count = base.mark_text(fontSize=LABEL_SIZE - 1, dy=8, color=INK, opacity=0.65)
    height = CELL_STEP * max(1, frame["name"].nunique()) + AXIS_HEIGHT
    return alt.LayerChart(layer=[cells, text, count.encode(text="count:N")], height=height)


def _with_labels(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the column `labels`: the support as it is written."""
    return frame.assign(labels=[written_count(support) for support in frame["support"]])


def _with_ends(frame: pd.DataFrame) -> pd.DataFrame:
    """Add `from` and `to`: the ends of each interval, the difference itself where it has none."""
    low, high = (frame.get(column, frame["delta"]) for column in ("low", "high"))
    return frame.assign(**{"from": low.fillna(frame["delta"]), "to": high.fillna(frame["delta"])})


def _class_axis() -> alt.Axis:
    return alt.Axis(labelLimit=180, labelOverlap=False, ticks=False, domain=False)
