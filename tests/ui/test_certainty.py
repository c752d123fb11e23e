from __future__ import annotations

import doctest
from types import ModuleType
from typing import Any

import pytest

from evaluation.significance import Interval
from ui import certainty, certainty_progress, metric_cards
from ui.certainty import Certainty, meanings, reach, short_reach, story
from ui.certainty_progress import missing_text
from ui.evaluation_entries import classes
from ui.metric_cards import Sure, news

SURE = {"value": 0.2, "low": 0.1, "high": 0.3, "p": 0.001, "support": 9, "images": 30}
UNCLEAR = {**SURE, "low": -0.1, "p": 0.2}
NONE: dict[str, Any] = {**SURE, "low": None, "high": None, "p": None, "reason": "30 images only"}
KNOWN = Certainty(
    {
        "metrics": {"AP": SURE, "AP50": UNCLEAR, "AP75": NONE},
        "operating_point": {"fp": SURE},
        "classes": [
            {"name": "cell", "AP": {**SURE, "q": 0.01}},
            {"name": "blood", "AP": {**SURE, "q": 0.2}},
        ],
        "sizes": {"small": {"AP": UNCLEAR}},
        "class_sizes": [{"name": "cell", "size": "small", "AP": SURE}],
        "resampling": {"replicates": 1000, "seed": 0, "level": 0.95, "min_images": 20},
        "images": 40,
    }
)


@pytest.mark.parametrize("module", [certainty, certainty_progress, metric_cards, classes])
def test_examples__of_the_docstrings_hold(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("key", "found", "finding"),
    [
        ("AP", KNOWN.headline("AP"), "better"),
        ("fp", KNOWN.headline("fp"), "worse"),
        ("AP", KNOWN.headline("AP50"), "unclear"),
        ("AP", KNOWN.headline("AP75"), "unclear"),
        ("AP", KNOWN.of_size("small", "AP"), "unclear"),
        ("AP", KNOWN.of_class_size("cell", "small", "AP"), "better"),
        # Over many classes the adjusted p decides, wherever the interval of the class alone lies.
        ("AP", KNOWN.of_class("cell", "AP"), "better"),
        ("AP", KNOWN.of_class("blood", "AP"), "unclear"),
        ("AP", KNOWN.of_class("nothing", "AP"), None),
        ("AP", Interval(0.0, 0.0, 0.0, 1.0, None, 9, 30), "equal"),
    ],
)
def test_finding__is_good_or_bad_news_only_where_chance_does_not_explain_it(
    key: str, found: Interval | None, finding: str | None
) -> None:
    assert KNOWN.finding(key, found) == finding


def test_headline__numbers_that_were_not_resampled_have_none() -> None:
    assert KNOWN.headline("support") is None
    assert reach("support", None) == ""
    assert story("support", None, KNOWN) == ""


def test_story__says_why_there_is_no_interval() -> None:
    assert story("AP75", KNOWN.headline("AP75"), KNOWN) == "No interval: 30 images only."
    assert short_reach("AP75", KNOWN.headline("AP75")) == "no interval"


def test_story__of_a_class_tells_the_adjusted_p() -> None:
    assert "q = 0.200 over the classes: not distinguishable" in story(
        "AP", KNOWN.of_class("blood", "AP"), KNOWN
    )


def test_meanings__name_level_replicates_and_least_images() -> None:
    told = meanings(KNOWN)
    assert list(told) == ["95\u202f% interval", "p", "q", "n"]
    assert "1\u202f000 times" in told["95\u202f% interval"]
    assert "q ≤ 0.05 about 5\u202f%" in told["q"]
    assert "fewer than 20 images" in told["n"]


def test_news__without_an_interval_the_plain_difference_speaks() -> None:
    assert news("fp", 3, None) == "worse"
    assert news("fp", 3, Sure(KNOWN, None)) == "worse"
    assert news("AP50", 0.2, Sure(KNOWN, KNOWN.headline("AP50"))) == "unclear"


def test_missing_text__without_a_job() -> None:
    assert missing_text(None, partly=False) == "No intervals yet."
