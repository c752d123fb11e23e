from __future__ import annotations

import json

import numpy as np
import pytest

from evaluation import Comparison, EvaluationResult, Instances, compare, evaluate
from evaluation.errors import UnknownChoice
from evaluation.plots import COMPARISON_PLOTS, RESULT_PLOTS

NAMES = ("cell", "nucleus")
TRUTH = Instances.ground_truth([0, 1], [0, 1], [[0, 0, 10, 10], [0, 0, 40, 40]])
OLD = Instances.predictions([0], [0], [[0, 0, 10, 10]], score=[0.9])
NEW = Instances.predictions([0, 1], [0, 1], TRUTH.boxes, score=[0.9, 0.8])
NOTHING = Instances.predictions(np.empty(0, int), np.empty(0, int), np.empty((0, 4)), score=[])


@pytest.fixture(scope="module")
def result() -> EvaluationResult:
    return evaluate(TRUTH, OLD, class_names=NAMES)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(TRUTH, NEW, OLD, class_names=NAMES, replicates=0, names=("v2", "v1"))


@pytest.mark.parametrize("kind", RESULT_PLOTS)
def test_result_plots__are_charts_of_its_numbers(result: EvaluationResult, kind: str) -> None:
    assert result.plot(kind).to_dict()["datasets"]


@pytest.mark.parametrize("kind", COMPARISON_PLOTS)
def test_comparison_plots__are_charts_of_both_sides(comparison: Comparison, kind: str) -> None:
    assert comparison.plot(kind).to_dict()["datasets"]


@pytest.mark.parametrize("kind", COMPARISON_PLOTS)
def test_plots__of_nothing_are_empty_charts(kind: str) -> None:
    nobody = Instances.ground_truth([], [], np.empty((0, 4)))
    empty = compare(nobody, NOTHING, NOTHING, class_names=NAMES, replicates=0)
    assert empty.plot(kind).to_dict()
    if kind in RESULT_PLOTS:
        assert empty.set.plot(kind).to_dict()


def test_metrics__name_both_sets(comparison: Comparison) -> None:
    text = json.dumps(comparison.plot().to_dict())
    assert '"domain": ["v1", "v2"]' in text


def test_precision_recall__is_the_mean_of_the_classes_at_the_iou_threshold() -> None:
    chart = evaluate(TRUTH, OLD, class_names=NAMES).plot("precision_recall").to_dict()
    (rows,) = chart["datasets"].values()
    # One class is found with precision 1, the other never.
    assert {round(row["precision"], 12) for row in rows} == {0.5}
    assert len(rows) == 101


def test_classes__best_first(result: EvaluationResult) -> None:
    (rows,) = result.plot("classes").to_dict()["datasets"].values()
    assert [row["name"] for row in rows] == ["cell", "nucleus"]


def test_unknown_chart__names_those_there_are(
    result: EvaluationResult, comparison: Comparison
) -> None:
    with pytest.raises(UnknownChoice, match="metrics, sizes, classes, precision_recall"):
        result.plot("pie")
    with pytest.raises(UnknownChoice, match="class_sizes"):
        comparison.plot("pie")
