from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from evaluation.comparison import DIRECTION, delta, finding, verdict, with_intervals
from evaluation.instances import Instances
from evaluation.results import EvaluationResult, evaluate
from evaluation.significance.intervals import Interval

NAMES = ["red cell", "white cell"]


def result_of(seed: int, *, names: list[str] = NAMES) -> EvaluationResult:
    rng = np.random.default_rng(7)
    boxes = rng.uniform(5, 60, (50, 4))
    truth = Instances.ground_truth(rng.integers(0, 6, 50), rng.integers(0, 2, 50), boxes)
    rng = np.random.default_rng(seed)
    found = Instances.predictions(
        truth.image, truth.class_, np.abs(boxes + rng.normal(0, 4, (50, 4))), score=rng.random(50)
    )
    return evaluate(truth, found, class_names=names)


def leaves(value: Any, path: tuple[object, ...] = ()) -> Iterator[tuple[tuple[object, ...], Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, (*path, key))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from leaves(part, (*path, place))
    else:
        yield path, value


def numbers(difference: dict[str, Any]) -> dict[tuple[object, ...], Any]:
    return {path: value for path, value in leaves(difference) if path[-1] not in ("name", "size")}


def test_delta__of_a_result_and_itself_is_zero_everywhere() -> None:
    result = result_of(0)
    difference = delta(result, result)
    given = numbers(result.to_dict())
    assert numbers(difference) == {
        path: None if value is None else 0 for path, value in given.items()
    }


def test_delta__swapping_flips_every_sign() -> None:
    new, old = result_of(0), result_of(1)
    there, back = numbers(delta(new, old)), numbers(delta(old, new))
    assert there == {path: None if value is None else -value for path, value in back.items()}
    assert any(value not in (None, 0) for value in there.values())


def test_delta__reads_results_and_their_plain_data_alike() -> None:
    new, old = result_of(0), result_of(1)
    assert delta(new.to_dict(), old.to_dict()) == delta(new, old)


def test_delta__is_set_minus_against() -> None:
    new, old = result_of(0), result_of(1)
    assert new.metrics["AP"] is not None
    assert old.metrics["AP"] is not None
    difference = delta(new, old)
    assert difference["metrics"]["AP"] == new.metrics["AP"] - old.metrics["AP"]
    tp = new.counts.total().tp - old.counts.total().tp
    assert difference["operating_point"]["tp"] == tp


def test_delta__n_a_on_either_side_is_n_a_and_not_minus_one() -> None:
    result = result_of(0)
    assert result.metrics["APl"] is None
    assert delta(result, result_of(1))["metrics"]["APl"] is None


def test_delta__classes_of_one_side_only_are_listed_and_n_a() -> None:
    difference = delta(
        result_of(0, names=["red cell", "platelet"]), result_of(1, names=["red cell", "white cell"])
    )
    assert difference["only_in_set"] == ["platelet"]
    assert difference["only_in_against"] == ["white cell"]
    red, platelet, white = difference["classes"]
    assert (red["name"], platelet["name"], white["name"]) == ("red cell", "platelet", "white cell")
    assert red["AP"] is not None
    assert {platelet["AP"], platelet["tp"], white["AP"], white["support"]} == {None}
    assert len(difference["class_sizes"]) == 9


def test_delta__classes_are_matched_by_name_not_by_place() -> None:
    result = result_of(0)
    plain = result.to_dict()
    plain["classes"] = plain["classes"][::-1]
    assert {row["AP"] for row in delta(result, plain)["classes"]} == {0.0}


def test_delta__two_classes_of_one_name_stay_two() -> None:
    twins = result_of(0, names=["cell", "cell"])
    assert [row["AP"] for row in delta(twins, twins)["classes"]] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("metric", "difference", "expected"),
    [
        ("AP", 0.1, "better"),
        ("AP", -0.1, "worse"),
        ("fp", -2, "better"),
        ("fn", 2, "worse"),
        ("f1", 0.0, "equal"),
        ("support", 5, "equal"),
        ("recall", None, None),
    ],
)
def test_verdict__follows_the_direction(
    metric: str, difference: float | None, expected: str | None
) -> None:
    assert verdict(metric, difference) == expected


def test_direction__every_number_of_a_result_has_one() -> None:
    names = {path[-1] for path in numbers(result_of(0).to_dict())}
    assert names == set(DIRECTION)


@pytest.mark.parametrize(
    ("value", "low", "high", "q", "expected"),
    [
        (0.1, 0.05, 0.2, None, "better"),
        (-0.1, -0.2, -0.05, None, "worse"),
        (0.1, -0.05, 0.2, None, "unclear"),
        (0.1, 0.0, 0.2, None, "unclear"),
        (0.1, None, None, None, "unclear"),
        (0.1, 0.05, 0.2, 0.049, "better"),
        (0.1, 0.05, 0.2, 0.06, "unclear"),  # sure of this class alone, not among many
        (0.0, 0.0, 0.0, None, "equal"),
        (None, None, None, None, None),
    ],
)
def test_finding__calls_a_difference_only_what_its_interval_bears(
    value: float | None, low: float | None, high: float | None, q: float | None, expected: str
) -> None:
    interval = Interval(value, low, high, None, q, 50, 20)
    assert finding("AP", interval, level=0.95) == expected


def test_finding__follows_the_direction() -> None:
    more = Interval(9, 3, 12, 0.01, None, 50, 20)
    assert finding("fp", more, level=0.95) == "worse"
    assert finding("support", more, level=0.95) == "equal"


def test_delta__of_averages() -> None:
    ours, theirs = result_of(1), result_of(2)
    change = delta(ours, theirs)["averages"]["macro"]["recall"]
    our, their = (side.to_dict()["averages"]["macro"]["recall"] for side in (ours, theirs))
    assert change == our - their
    stored = {key: value for key, value in theirs.to_dict().items() if key != "averages"}
    assert delta(ours, stored)["averages"]["macro"]["recall"] is None


class Intervals:
    """Intervals of which only the plain data are read."""

    def to_dict(self) -> dict[str, Any]:
        row = {"value": 0.1, "low": 0.0, "high": 0.2, "p": 0.05, "support": 9}
        return {"metrics": {"AP": {**row, "images": 5}}, "classes": [{"name": "a", "AP": row}]}


def test_with_intervals__sets_intervals_beside_plain_differences() -> None:
    ours, theirs = result_of(1), result_of(2)
    intervals: Any = Intervals()
    numbers = with_intervals(delta(ours, theirs), intervals)
    assert numbers["delta"] == {
        **delta(ours, theirs),
        "AP": {"value": 0.1, "low": 0.0, "high": 0.2, "p": 0.05, "support": 9},
    }
    assert numbers["intervals"]["classes"][0]["name"] == "a"
    assert "metrics" not in numbers["intervals"]
    assert with_intervals(delta(ours, theirs), intervals.to_dict()) == numbers


def test_with_intervals__without_any_are_plain_differences() -> None:
    ours, theirs = result_of(1), result_of(2)
    plain = with_intervals(delta(ours, theirs), None)
    assert plain == {"delta": delta(ours, theirs), "intervals": None}
