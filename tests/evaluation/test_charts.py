from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from evaluation import charts

if TYPE_CHECKING:
    import altair as alt

ALONE = charts.Pair(charts.Series("v2", "#112233"))
BOTH = charts.Pair(charts.Series("v2", "#112233"), charts.Series("v1", "#445566"))
METRICS = pd.DataFrame(
    {
        "name": ["AP", "AP50", "AP75"],
        "set": [0.5, 0.75, 0.25],
        "against": [0.25, 0.75, float("nan")],
        "delta": [0.25, 0.0, float("nan")],
        "verdict": ["better", "equal", "equal"],
        "support": [12, 3400, 0],
    }
)
CURVE = pd.DataFrame(
    {"recall": [0.0, 1.0] * 2, "precision": [1.0, 0.5] * 2, "side": ["v2"] * 2 + ["v1"] * 2}
)


def titles(node: Any) -> set[str]:
    """Collect the titles of all axes in a chart's specification."""
    if isinstance(node, list):
        return {title for item in node for title in titles(item)}
    if not isinstance(node, dict):
        return set()
    own = {node["title"]} if "field" in node and isinstance(node.get("title"), str) else set()
    return own.union(*(titles(value) for value in node.values()))


def rows(chart: alt.LayerChart, layer: int) -> list[dict[str, Any]]:
    """Return the data of one layer."""
    spec = chart.to_dict()
    data = spec["layer"][layer].get("data", spec.get("data"))
    found: list[dict[str, Any]] = spec["datasets"][data["name"]]
    return found


def test_metric_bars__one_bar_a_side_and_none_where_a_number_is_missing() -> None:
    bars = rows(charts.metric_bars(METRICS, BOTH), 0)
    assert [(bar["name"], bar["side"], bar["value"]) for bar in bars] == [
        ("AP", "v1", 0.25),
        ("AP50", "v1", 0.75),
        ("AP", "v2", 0.5),
        ("AP50", "v2", 0.75),
        ("AP75", "v2", 0.25),
    ]


def test_metric_bars__the_difference_stands_above_the_higher_bar() -> None:
    labels = rows(charts.metric_bars(METRICS, BOTH), 1)
    assert [(label["name"], label["top"], label["delta"]) for label in labels] == [
        ("AP", 0.5, 0.25),
        ("AP50", 0.75, 0.0),
    ]


def test_metric_bars__without_a_baseline_there_are_no_differences() -> None:
    spec = charts.metric_bars(METRICS, ALONE).to_dict()
    assert len(spec["layer"]) == 1
    scale = spec["layer"][0]["encoding"]["color"]["scale"]
    assert scale == {"domain": ["v2"], "range": ["#112233"]}


def test_metric_bars__each_set_keeps_its_colour_and_the_baseline_is_lighter() -> None:
    encoding = charts.metric_bars(METRICS, BOTH).to_dict()["layer"][0]["encoding"]
    assert encoding["color"]["scale"] == {
        "domain": ["v1", "v2"],
        "range": ["#445566", "#112233"],
    }
    assert encoding["opacity"]["value"] == charts.BASELINE_TONE
    full = encoding["opacity"]["condition"][0]
    assert full == {"test": "(datum.side === 'v2')", "value": 1}


def test_size_bars__support_is_on_the_axis() -> None:
    bars = rows(charts.size_bars(METRICS, BOTH, value_title="AP"), 0)
    assert {bar["name"] for bar in bars} == {
        "AP · n 12",
        "AP50 · n 3\N{NARROW NO-BREAK SPACE}400",
        "AP75 · n 0",
    }


def test_size_bars__differences_tell_their_intervals() -> None:
    told = METRICS.assign(
        low=[0.125, -0.5, float("nan")],
        high=[0.375, 0.5, float("nan")],
        reason=["", "", "3 images carry it"],
    )
    chart = charts.size_bars(told, BOTH, value_title="AP")
    assert [row["interval"] for row in rows(chart, 1)] == ["+0.125 … +0.375", "-0.5 … +0.5"]
    assert "interval" in str(chart.to_dict()["layer"][1]["encoding"]["tooltip"])
    assert "interval" not in str(charts.size_bars(METRICS, BOTH, value_title="AP").to_dict())


def test_told_intervals__say_why_there_is_none() -> None:
    frame = pd.DataFrame({"low": [float("nan")], "high": [float("nan")], "reason": ["3 images"]})
    assert charts.told_intervals(frame)[0]["interval"].tolist() == ["n/a: 3 images"]


def test_precision_recall__the_baseline_is_dashed_and_the_axes_go_from_0_to_1() -> None:
    encoding = charts.precision_recall(CURVE, BOTH).to_dict()["encoding"]
    assert encoding["strokeDash"]["scale"]["range"] == [[5, 4], [1, 0]]
    assert encoding["x"]["scale"]["domain"] == [0.0, 1.0]
    assert encoding["y"]["scale"]["domain"] == [0.0, 1.0]


def test_precision_recall__a_small_chart_has_no_legend() -> None:
    encoding = charts.precision_recall(CURVE, BOTH, legend=False).to_dict()["encoding"]
    assert encoding["color"]["legend"] is None
    assert encoding["strokeDash"]["legend"] is None


EVERY_CHART = [
    charts.metric_bars(METRICS, BOTH),
    charts.size_bars(METRICS, BOTH, value_title="AP"),
    charts.precision_recall(CURVE, BOTH),
]


@pytest.mark.parametrize("chart", EVERY_CHART)
def test_charts__every_axis_has_a_title_and_tooltips_give_full_precision(chart: Any) -> None:
    spec = chart.to_dict()
    assert len(titles(spec)) >= 2
    formats = re.findall(r"'format': '(\.15~g)'", str(spec))
    assert formats
