from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from evaluation import confusion_charts
from evaluation.charts import Pair, Series

BOTH = Pair(Series("v2", "#112233"), Series("v1", "#445566"))
CELLS = pd.DataFrame(
    {
        "row": [0, 0, 1],
        "column": [0, 1, 1],
        "truth": ["cat", "cat", "dog"],
        "prediction": ["cat", "dog", "dog"],
        "value": [3.0, 1.0, 2.0],
        "text": ["3", "1", "2"],
        "strength": [1.0, 1.0, 0.8],
        "tone": ["right", "wrong", "right"],
    }
)
ERRORS = pd.DataFrame(
    {"name": ["Both", "Missed"], "set": [1.0, 4.0], "against": [2.0, float("nan")]}
)


def heatmap(names: list[str], cells: pd.DataFrame = CELLS) -> dict[str, Any]:
    spec: dict[str, Any] = confusion_charts.confusion_heatmap(
        cells, names=names, value_title="count"
    ).to_dict()
    return spec


def test_confusion_heatmap__labels_down_predictions_across() -> None:
    top = heatmap(["cat", "dog"])["layer"][0]["encoding"]
    assert (top["y"]["field"], top["y"]["title"]) == ("row", "Label")
    assert (top["x"]["field"], top["x"]["title"]) == ("column", "Prediction")
    assert top["x"]["scale"]["domain"] == [0, 1]


def test_confusion_heatmap__a_click_anywhere_in_a_cell_selects_it() -> None:
    spec = heatmap(["cat", "dog"])
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["rect", "text", "rect"]
    selection = spec["params"][0]
    assert selection["name"] == confusion_charts.SELECTION
    assert selection["select"]["fields"] == ["row", "column"]
    assert selection["views"] == [spec["layer"][2]["name"]]


def test_confusion_heatmap__many_classes_are_not_written_into() -> None:
    names = [f"class {n}" for n in range(80)]
    spec = heatmap(names)
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["rect", "rect"]
    assert spec["layer"][0]["encoding"]["x"]["axis"]["labelAngle"] == -90
    assert spec["layer"][0]["encoding"]["x"]["axis"]["labelOverlap"] is False


def test_confusion_heatmap__names_are_text_and_nothing_else() -> None:
    evil = "'] + alert(1) + ['"
    expression = heatmap([evil, "dog"])["layer"][0]["encoding"]["y"]["axis"]["labelExpr"]
    assert "alert(" not in expression
    assert expression.startswith("['\\u0027\\u005d")
    assert expression.endswith("'dog'][datum.value]")


def test_confusion_heatmap__both_sides_stand_in_the_tooltip() -> None:
    alone = heatmap(["cat", "dog"])["layer"][2]["encoding"]["tooltip"]
    both = heatmap(["cat", "dog"], CELLS.assign(set=1.0, against=2.0))
    titles = [tip["title"] for tip in both["layer"][2]["encoding"]["tooltip"]]
    assert [tip["title"] for tip in alone] == ["label", "prediction", "count"]
    assert titles == ["label", "prediction", "count", "set", "baseline"]


@pytest.mark.parametrize(("pair", "bars"), [(BOTH, 3), (Pair(BOTH.set), 2)])
def test_error_bars__one_bar_a_side_and_none_where_a_number_is_missing(
    pair: Pair, bars: int
) -> None:
    spec = confusion_charts.error_bars(ERRORS, pair, value_title="ΔAP").to_dict()
    data = spec["datasets"][spec["layer"][0].get("data", spec.get("data"))["name"]]
    assert len(data) == bars
    assert spec["layer"][0]["encoding"]["y"]["scale"]["domain"] == ["Both", "Missed"]
