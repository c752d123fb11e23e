from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from evaluation.charts import Pair, Series
from ui import frames
from ui.certainty import Certainty


def side(**classes: float | None) -> dict[str, Any]:
    """Return the numbers of one side with the AP of each class; all classes have 4 labels."""
    rows = [
        {"name": name, **dict.fromkeys(frames.CLASS_METRICS), "AP": ap, "fp": 2, "support": 4}
        for name, ap in classes.items()
    ]
    known = [ap for ap in classes.values() if ap is not None]
    mean = sum(known) / len(known) if known else None
    return {
        "metrics": {"AP": mean, "AP50": mean, "AP75": None, "AR100": 0.5},
        "operating_point": {
            "precision": 0.5,
            "recall": None,
            "f1": 0.25,
            "tp": 1,
            "fp": 2,
            "fn": 3,
        },
        "classes": rows,
        "sizes": {"small": {"AP": mean, "support": 3}, "large": {"AP": None, "support": 0}},
        "class_sizes": [
            {"name": name, "size": "small", "AP": ap, "support": 3} for name, ap in classes.items()
        ],
    }


def test_headline_frame__missing_numbers_have_no_difference() -> None:
    frame = frames.headline_frame(side(cell=0.75), side(cell=0.5)).set_index("name")
    assert frame.loc["AP", "delta"] == 0.25
    assert frame.loc["AP", "verdict"] == "better"
    assert math.isnan(float(str(frame.loc["AP75", "delta"])))
    assert frame.loc["F1", "verdict"] == "equal"


def test_headline_frame__alone_has_no_baseline() -> None:
    frame = frames.headline_frame(side(cell=0.75), None)
    assert frame["against"].isna().all()
    assert frame["set"].iloc[0] == 0.75


def test_class_frame__best_change_first_and_one_sided_classes_last() -> None:
    frame = frames.class_frame(
        side(a=0.5, b=0.75, c=0.25), side(a=0.625, b=0.5, d=0.5), metric="AP"
    )
    assert frame["name"].tolist() == ["b", "a", "c", "d"]
    assert frame["delta"].tolist()[:2] == [0.25, -0.125]
    assert frame["delta"].isna().tolist() == [False, False, True, True]


def test_size_frame__support_is_kept() -> None:
    frame = frames.size_frame(side(a=0.5), side(a=0.25), metric="AP")
    assert frame["name"].tolist() == ["small", "large"]
    assert frame["support"].tolist() == [3, 0]
    assert frame["delta"].tolist()[0] == 0.25


def test_class_size_frame__a_class_of_one_side_has_no_difference() -> None:
    frame = frames.class_size_frame(side(a=0.5, b=0.5), side(a=0.25), metric="AP")
    assert frame["size"].tolist() == ["small", "small"]
    assert frame["delta"].tolist()[0] == 0.25
    assert math.isnan(frame["delta"].tolist()[1])


def test_class_table__set_baseline_and_difference_beside_each_other() -> None:
    table = frames.class_table(side(a=0.75), side(a=0.5, b=0.25))
    assert table["Class"].tolist() == ["a", "b"]
    assert table["Δ AP"].tolist()[0] == 0.25
    assert math.isnan(table["Δ AP"].tolist()[1])
    assert table["Labels"].tolist() == [4, 4]
    assert "FP baseline" in table.columns


def test_class_table__alone_has_no_differences() -> None:
    table = frames.class_table(side(a=0.75), None)
    assert not [name for name in table.columns if "Δ" in name or "baseline" in name]


def test_mean_curve__classes_without_labels_do_not_count() -> None:
    curves = np.array([[1.0, 0.5, -1.0], [0.5, 0.0, -1.0]])
    assert frames.mean_curve(curves).tolist() == [0.75, 0.25]


def test_mean_curve__no_class_with_labels_gives_no_curve() -> None:
    assert np.isnan(frames.mean_curve(np.full((2, 1), -1.0))).all()


def test_curve_frame__mean_and_classes_of_both_sides() -> None:
    # Two IoU thresholds, two recall points, two classes; the second has no labels.
    curves = np.array([[[1.0, -1.0], [0.5, -1.0]], [[0.5, -1.0], [0.0, -1.0]]])
    result: Any = SimpleNamespace(precision_curves=curves, class_names=("a", "b"))
    pair = Pair(Series("v2", "#000000"), Series("v1", "#ffffff"))
    wanted = {frames.MEAN_CURVE, "a", "b"}
    frame = frames.curve_frame([result, result], pair, threshold=1, wanted=wanted)
    assert set(frame["name"]) == {frames.MEAN_CURVE, "a"}
    mine = frame[(frame["side"] == "v2") & (frame["name"] == "a")]
    assert mine["recall"].tolist() == [0.0, 1.0]
    assert mine["precision"].tolist() == [0.5, 0.0]
    averaged = frames.curve_frame([result, result], pair, threshold=None, wanted=wanted)
    first = averaged[(averaged["side"] == "v1") & (averaged["name"] == frames.MEAN_CURVE)]
    assert first["precision"].tolist() == [0.75, 0.25]


def test_areas__of_a_curve_that_one_side_does_not_have() -> None:
    pair = Pair(Series("v2", "#000000"), Series("v1", "#ffffff"))
    curve = pd.DataFrame({"side": ["v2", "v2"], "precision": [1.0, 0.5]})
    assert frames.areas(curve, pair) == (0.75, None)
    assert frames.areas(curve, Pair(pair.set)) == (0.75, None)


FOUND = {"value": 0.25, "low": 0.125, "high": 0.5, "p": 0.01, "support": 4, "images": 30}
NO_INTERVAL: dict[str, Any] = {**FOUND, "low": None, "high": None, "p": None, "reason": "few"}
CERTAINTY = Certainty(
    {
        "metrics": {"AP": FOUND, "AP50": {**FOUND, "low": -0.125}},
        "operating_point": {},
        "classes": [
            {"name": "a", "AP": {**FOUND, "q": 0.03125}, "fp": {**FOUND, "value": 3, "q": 0.75}},
            {"name": "b", "AP": NO_INTERVAL},
        ],
        "sizes": {"small": {"AP": FOUND}},
        "class_sizes": [{"name": "a", "size": "small", "AP": {**FOUND, "q": 0.5}}],
        "resampling": {"level": 0.95},
    }
)


def test_with_intervals__what_chance_explains_counts_as_equal() -> None:
    frame = frames.headline_frame(side(a=0.75), side(a=0.5))
    told = frames.with_headline_intervals(frame, CERTAINTY).to_dict("records")
    assert [row["verdict"] for row in told[:2]] == ["better", "equal"]
    assert (told[0]["low"], told[0]["high"]) == (0.125, 0.5)
    assert frames.with_headline_intervals(frame, None) is frame


def test_with_intervals__of_classes_sizes_and_cells() -> None:
    new, old = side(a=0.5, b=0.75), side(a=0.25, b=0.5)
    classes = frames.class_frame(new, old, metric="AP")
    classes = frames.with_class_intervals(classes, CERTAINTY, metric="AP").set_index("name")
    assert classes["verdict"].to_dict() == {"a": "better", "b": "equal"}
    assert classes.loc["a", "q"] == 0.03125
    assert classes.loc["b", "reason"] == "few"
    sizes = frames.size_frame(new, old, metric="AP")
    sizes = frames.with_size_intervals(sizes, CERTAINTY, metric="AP")
    assert sizes["verdict"].tolist() == ["better", "equal"]
    cells = frames.class_size_frame(new, old, metric="AP")
    cells = frames.with_cell_intervals(cells, CERTAINTY, metric="AP")
    # The second class has no interval in this bucket yet.
    assert cells["verdict"].tolist() == ["equal", "better"]
    assert cells["q"].tolist()[0] == 0.5


def test_class_table__an_interval_and_q_stand_beside_the_difference_of_ap() -> None:
    table = frames.class_table(side(a=0.5, b=0.75), side(a=0.25, b=0.5), CERTAINTY)
    place = table.columns.get_loc("Δ AP")
    assert isinstance(place, int)
    assert table.columns[place + 1 : place + 3].tolist() == [CERTAINTY.title, "q"]
    assert table[CERTAINTY.title].tolist() == ["+.125 … +.500", "no interval"]
    assert table["q"].tolist()[0] == 0.03125
    assert math.isnan(table["q"].tolist()[1])


def test_with_intervals__a_number_without_one_keeps_its_plain_verdict() -> None:
    old = side(a=0.5)
    old["operating_point"]["precision"] = 0.25
    frame = frames.headline_frame(side(a=0.5), old)
    told = frames.with_headline_intervals(frame, CERTAINTY).set_index("name")
    assert told.loc["Precision", "verdict"] == "better"
    assert math.isnan(float(str(told.loc["Precision", "low"])))
