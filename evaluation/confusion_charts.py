"""Confusion matrices and error types as Altair charts: pure functions from frames to charts.

Right is blue and wrong is orange, which people with any colour vision tell apart; a change is
green for better and magenta for worse, with its sign in text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt

from evaluation.charts import BETTER, FULL_PRECISION, INK, LABEL_SIZE, NEUTRAL, WORSE

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from evaluation.charts import Pair

RIGHT: Final = "#3f74d6"
WRONG: Final = "#d97706"
TONES: Final = {"right": RIGHT, "wrong": WRONG, "better": BETTER, "worse": WORSE, "equal": NEUTRAL}
SELECTION: Final = "cell"
MOST_WRITTEN: Final = 24
"""With more rows the cells are too small for their numbers; hovering tells them."""
LARGE_CELL: Final = 30
SMALL_CELL: Final = 15
SMALL_LABEL: Final = 8
FEW_NAMES: Final = 4
DEEPEST: Final = 0.75
AXIS_PIXELS: Final = 130


def confusion_heatmap(
    frame: pd.DataFrame, *, names: Sequence[str], value_title: str
) -> alt.LayerChart:
    """Draw a confusion matrix: labels down, predictions across; a click selects a cell.

    Args:
        frame: A row for each cell that is not empty: `row`, `column` (places in `names`), `value`,
            `text` (what is written into it), `strength` (0 … 1, how deep its colour is), `tone` (a
            key of `TONES`), `truth`, `prediction` (names); for the tooltip `set` and `against`.
        names: Names of rows and columns, in drawing order.
        value_title: What the cells show.

    Returns:
        A chart with the selection `SELECTION`, whose fields are `row` and `column`.
    """
    places = list(range(len(names)))
    written = len(names) <= MOST_WRITTEN
    step = LARGE_CELL if written else SMALL_CELL
    named = f"{_quoted(names)}[datum.value]"
    scale = alt.Scale(domain=places, paddingInner=0.06, paddingOuter=0)
    axis: dict[str, Any] = {
        "labelExpr": named,
        "labelLimit": 120,
        "labelOverlap": False,
        "labelFlush": False,
        "ticks": False,
        "domain": False,
        "values": places,
        "labelFontSize": LABEL_SIZE - 1 if written else SMALL_LABEL,
    }
    base = alt.Chart(frame).encode(
        x=alt.X(
            "column:O",
            title="Prediction",
            scale=scale,
            axis=alt.Axis(**axis, orient="top", labelAngle=_angle(len(names))),
        ),
        y=alt.Y("row:O", title="Label", scale=scale, axis=alt.Axis(**axis)),
    )
    cells = base.mark_rect(cornerRadius=2).encode(
        fill=_tone(),
        fillOpacity=alt.FillOpacity(
            "strength:Q",
            scale=alt.Scale(domain=[0, 1], range=[0.04 if written else 0.15, DEEPEST]),
            legend=None,
        ),
    )
    text = base.mark_text(fontSize=LABEL_SIZE, color=INK).encode(text="text:N")
    # On top of all, so that a click on a number is a click on its cell.
    glass = (
        base.mark_rect(fillOpacity=0, fill=NEUTRAL, cursor="pointer", strokeWidth=2)
        .encode(tooltip=_cell_tooltips(frame, value_title))
        .add_params(alt.selection_point(name=SELECTION, fields=["row", "column"], on="click"))
    )
    layers = [cells, text, glass] if written else [cells, glass]
    return alt.LayerChart(layer=layers, height=step * max(1, len(names)) + AXIS_PIXELS)


def error_bars(
    frame: pd.DataFrame, pair: Pair, *, value_title: str, whole: bool = False
) -> alt.LayerChart:
    """Draw a number of every error type as horizontal bars, set beside baseline.

    Args:
        frame: Columns `name` (error type), `set`, `against` (missing = no bar), in drawing order.
        pair: The prediction set and the baseline.
        value_title: What the bars measure.
        whole: Whether the numbers are counts.
    """
    sides = ["set"] if pair.against is None else ["against", "set"]
    renamed = frame.rename(columns=dict(zip(sides, pair.names, strict=True)))
    long = renamed.melt(
        id_vars=["name"], value_vars=pair.names, var_name="side", value_name="value"
    ).dropna(subset=["value"])
    names = frame["name"].tolist()
    bars = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            y=alt.Y(
                "name:N",
                sort=names,
                title=None,
                scale=alt.Scale(domain=names),
                axis=alt.Axis(ticks=False, domain=False, labelLimit=140),
            ),
            yOffset=alt.YOffset("side:N", sort=pair.names, scale=alt.Scale(paddingInner=0.1)),
            x=alt.X(
                "value:Q",
                title=value_title,
                axis=alt.Axis(tickCount=4, format="~s" if whole else ".3~f"),
            ),
            color=pair.color(),
            opacity=pair.opacity(),
            tooltip=[
                alt.Tooltip("name:N", title="error"),
                alt.Tooltip("side:N", title="set"),
                alt.Tooltip("value:Q", title=value_title, format=FULL_PRECISION),
            ],
        )
    )
    return alt.LayerChart(layer=[bars], height=26 * len(sides) ** 0.5 * max(1, len(names)) + 70)


def _cell_tooltips(frame: pd.DataFrame, value_title: str) -> list[alt.Tooltip]:
    tips = [
        alt.Tooltip("truth:N", title="label"),
        alt.Tooltip("prediction:N", title="prediction"),
        alt.Tooltip("value:Q", title=value_title, format=FULL_PRECISION),
    ]
    if "against" in frame:
        tips += [
            alt.Tooltip("set:Q", title="set", format=FULL_PRECISION),
            alt.Tooltip("against:Q", title="baseline", format=FULL_PRECISION),
        ]
    return tips


def _angle(n_names: int) -> int:
    """Return how the names above the columns are turned, degrees."""
    if n_names > MOST_WRITTEN:
        return -90
    return -50 if n_names > FEW_NAMES else 0


def _quoted(names: Sequence[str]) -> str:
    """Write names as a Vega expression; they are foreign text."""
    parts = (
        "'" + "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in name[:60]) + "'"
        for name in names
    )
    return f"[{','.join(parts)}]"


def _tone() -> Any:
    scale = alt.Scale(domain=list(TONES), range=list(TONES.values()))
    return alt.Fill("tone:N", scale=scale, legend=None)
