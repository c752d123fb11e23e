from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from evaluation import confidence_charts
from evaluation.charts import Pair, Series

BOTH = Pair(Series("v2", "#112233"), Series("v1", "#445566"))
ALONE = Pair(BOTH.set)
CURVE = pd.DataFrame(
    {"score": [0.0, 1.0] * 2, "value": [0.5, 0.1] * 2, "side": ["v2"] * 2 + ["v1"] * 2}
)
PEAKS = pd.DataFrame({"score": [0.4], "value": [0.7], "side": ["v2"]})
FAINT = pd.DataFrame({"score": [0.0, 1.0], "value": [0.5, 0.1], "name": ["cat", "cat"]})
BINS = pd.DataFrame(
    {
        "side": ["v2", "v1"],
        "bin": [1, 1],
        "low": [0.5, 0.5],
        "high": [1.0, 1.0],
        "confidence": [0.8, 0.7],
        "precision": [0.6, 0.7],
        "count": [5, 4],
    }
)


def marks(spec: dict[str, Any]) -> list[str]:
    return [layer["mark"]["type"] for layer in spec["layer"]]


def lines(**options: Any) -> dict[str, Any]:
    spec: dict[str, Any] = confidence_charts.confidence_lines(
        options.pop("frame", CURVE), BOTH, title="F1", score=0.3, **options
    ).to_dict()
    return spec


def test_confidence_lines__a_rule_marks_the_threshold_now() -> None:
    spec = lines()
    assert marks(spec) == ["rule", "line"]
    assert spec["datasets"][spec["layer"][0]["data"]["name"]] == [{"score": 0.3}]


def test_confidence_lines__peaks_before_and_classes_behind() -> None:
    assert marks(lines(peaks=PEAKS, faint=FAINT)) == ["line", "rule", "line", "point"]
    assert marks(lines(peaks=PEAKS.iloc[:0], faint=FAINT.iloc[:0])) == ["rule", "line"]


def test_confidence_lines__scores_outside_of_the_unit_interval_widen_the_axis() -> None:
    logits = CURVE.assign(score=[-3.0, 5.0] * 2)
    domain = lines(frame=logits)["layer"][1]["encoding"]["x"]["scale"]["domain"]
    assert domain == [-3.0, 5.0]
    assert lines()["layer"][1]["encoding"]["x"]["scale"]["domain"] == [0.0, 1.0]


def test_reliability__bars_of_the_set_stand_on_zero_and_can_be_picked() -> None:
    spec = confidence_charts.reliability(BINS, BOTH).to_dict()
    assert marks(spec) == ["rect", "line", "line", "point"]
    assert spec["layer"][0]["encoding"]["y2"] == {"datum": 0}
    assert spec["params"][0]["select"]["fields"] == ["side", "bin"]
    data = spec["datasets"][spec["layer"][0]["data"]["name"]]
    assert [row["side"] for row in data] == ["v2"]


@pytest.mark.parametrize(("pair", "layers"), [(ALONE, 1), (BOTH, 2)])
def test_bin_counts__the_baseline_is_an_outline(pair: Pair, layers: int) -> None:
    spec = confidence_charts.bin_counts(BINS, pair).to_dict()
    assert len(spec["layer"]) == layers
    assert spec["layer"][0]["encoding"]["y"]["scale"]["type"] == "sqrt"
    if pair.against:
        assert spec["layer"][1]["mark"]["fillOpacity"] == 0
