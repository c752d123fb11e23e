from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from evaluation import class_charts

if TYPE_CHECKING:
    import altair as alt

MISSING = float("nan")
CLASSES = pd.DataFrame(
    {
        "name": ["cell", "nucleus", "blood"],
        "set": [0.5, 0.75, 0.25],
        "against": [0.25, 0.75, MISSING],
        "delta": [0.25, 0.0, MISSING],
        "verdict": ["better", "equal", "equal"],
        "support": [12, 3400, 0],
    }
)
CERTAIN = CLASSES.assign(
    low=[0.125, -0.5, MISSING], high=[0.375, 0.5, MISSING], q=[0.001953125, 0.75, MISSING]
)
CELLS = pd.DataFrame(
    {
        "name": ["cell", "cell", "nucleus"],
        "size": ["small", "large", "small"],
        "delta": [0.125, -0.5, float("nan")],
        "set": [0.5, 0.25, 0.5],
        "against": [0.375, 0.75, float("nan")],
        "support": [40, 2, 9],
        "verdict": ["better", "worse", "equal"],
    }
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


def test_class_delta_bars__missing_differences_are_left_out_and_zero_is_in_the_middle() -> None:
    chart = class_charts.class_delta_bars(CLASSES)
    assert [row["name"] for row in rows(chart, 0)] == ["cell", "nucleus"]
    low, high = chart.to_dict()["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert low == -high
    assert high > 0.25


def test_class_delta_bars__height_follows_the_number_of_classes() -> None:
    one, two = CLASSES.head(1), CLASSES.head(2)
    heights = [class_charts.class_delta_bars(frame).to_dict()["height"] for frame in (one, two)]
    assert heights[1] - heights[0] == class_charts.BAR_STEP


def test_class_size_heatmap__a_cell_without_difference_or_support_stays_blank() -> None:
    chart = class_charts.class_size_heatmap(CELLS, sizes=["small", "large"], min_support=5)
    cells = [(row["label"], row["count"], row["strength"]) for row in rows(chart, 0)]
    assert cells == [("+0.125", "n 40", 0.125), ("n/a", "n 2", 0.0), ("n/a", "n 9", 0.0)]


def test_class_size_heatmap__a_loss_is_written_with_a_minus_sign() -> None:
    chart = class_charts.class_size_heatmap(CELLS, sizes=["small", "large"])
    assert rows(chart, 0)[1]["label"] == "\u22120.500"


def test_class_delta_bars__an_interval_is_a_line_and_makes_room_for_itself() -> None:
    chart = class_charts.class_delta_bars(CERTAIN)
    spec = chart.to_dict()
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["bar", "rule", "text", "text"]
    assert [(row["from"], row["to"]) for row in rows(chart, 1)] == [(0.125, 0.375), (-0.5, 0.5)]
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"][1] > 0.5
    assert len(class_charts.class_delta_bars(CLASSES).to_dict()["layer"]) == 3


def test_class_delta_bars__hovering_tells_interval_and_q_at_full_precision() -> None:
    chart = class_charts.class_delta_bars(CERTAIN)
    told = [(row["interval"], row["told_q"]) for row in rows(chart, 0)]
    assert told == [("+0.125 … +0.375", "0.001953125"), ("-0.5 … +0.5", "0.75")]
    assert "'field': 'told_q', 'title': 'q'" in str(chart.to_dict()["layer"][0])


def test_class_size_heatmap__what_chance_explains_has_no_colour() -> None:
    unclear = CELLS.assign(
        verdict=["equal", "worse", "equal"], low=[-0.5, -0.75, MISSING], high=0.5
    )
    chart = class_charts.class_size_heatmap(unclear, sizes=["small", "large"])
    cells = [(row["label"], row["strength"]) for row in rows(chart, 0)]
    assert cells == [("+0.125", 0.0), ("\u22120.500", 0.5), ("n/a", 0.0)]
    assert [row["interval"] for row in rows(chart, 0)][1] == "-0.75 … +0.5"


def test_class_bars__a_class_without_a_number_is_left_out() -> None:
    values = pd.DataFrame({"name": ["a", "b"], "value": [0.5, MISSING], "support": [3, 0]})
    assert [row["name"] for row in rows(class_charts.class_bars(values), 0)] == ["a"]


EVERY_CHART = [
    class_charts.class_delta_bars(CLASSES),
    class_charts.class_delta_bars(CERTAIN),
    class_charts.class_size_heatmap(CELLS, sizes=["small", "large"]),
]


@pytest.mark.parametrize("chart", EVERY_CHART)
def test_class_charts__every_axis_has_a_title_and_tooltips_give_full_precision(chart: Any) -> None:
    spec = chart.to_dict()
    assert len(titles(spec)) >= 2
    assert re.findall(r"'format': '(\.15~g)'", str(spec))


@pytest.mark.parametrize("frame", [CLASSES.head(0), CELLS.head(0), CERTAIN.head(0)])
def test_class_charts__no_rows_give_an_empty_chart(frame: pd.DataFrame) -> None:
    assert class_charts.class_delta_bars(frame).to_dict()["height"] > 0
