from __future__ import annotations

import pandas as pd

from ui.certainty import Certainty
from ui.evaluation_entries.classes import class_tints, tint

SURE = {"value": 0.2, "low": 0.1, "high": 0.3, "p": 0.001, "support": 9, "images": 30}
TABLE = pd.DataFrame({"Class": ["cell", "blood"], "Δ AP": [0.2, 0.2], "Δ FP": [3.0, float("nan")]})
CERTAINTY = Certainty(
    {
        "classes": [
            {"name": "cell", "AP": {**SURE, "q": 0.01}},
            {"name": "blood", "AP": {**SURE, "q": 0.2}},
        ],
        "resampling": {"level": 0.95},
    }
)
GOOD, BAD = tint("better"), tint("worse")


def test_class_tints__only_what_is_more_than_chance() -> None:
    assert class_tints("Δ AP", TABLE, CERTAINTY) == [GOOD, ""]


def test_class_tints__without_intervals_the_plain_difference_speaks() -> None:
    assert class_tints("Δ AP", TABLE, None) == [GOOD, GOOD]
    assert class_tints("Δ FP", TABLE, None) == [BAD, ""]
    assert class_tints("Δ FP", TABLE, CERTAINTY) == [BAD, ""]  # not made at these thresholds
