from __future__ import annotations

import numpy as np
import pytest

from evaluation import EvaluationResult, Instances, compare, evaluate
from evaluation.errors import UnknownChoice
from evaluation.frames import COMPARISON_TABLES, RESULT_TABLES

TRUTH = Instances.ground_truth([0, 1], [0, 1], [[0, 0, 10, 10], [0, 0, 40, 40]])
OLD = Instances.predictions([0], [0], [[0, 0, 10, 10]], score=[0.9])
NEW = Instances.predictions([0, 1], [0, 1], TRUTH.boxes, score=[0.9, 0.8])
NAMES = ("cell", "nucleus")


@pytest.fixture(scope="module")
def result() -> EvaluationResult:
    return evaluate(TRUTH, OLD, class_names=NAMES)


def test_metrics__a_row_a_number(result: EvaluationResult) -> None:
    frame = result.to_pandas().set_index("name")["value"]
    assert frame.index.tolist() == [
        *result.metrics, "precision", "recall", "f1", "tp", "fp", "fn",
    ]  # fmt: skip
    assert frame["AP"] == result.metrics["AP"]
    assert (frame["recall"], frame["fn"]) == (0.5, 1)
    assert np.isnan(frame["APl"])


def test_classes__a_row_a_class_with_numbers_in_number_columns(result: EvaluationResult) -> None:
    frame = result.to_pandas("classes")
    assert frame["name"].tolist() == ["cell", "nucleus"]
    assert frame["fn"].tolist() == [0, 1]
    assert frame["precision"].isna().tolist() == [False, True]
    assert set(frame.dtypes[1:].astype(str)) == {"float64", "int64"}


def test_sizes__a_row_a_bucket(result: EvaluationResult) -> None:
    assert result.to_pandas("sizes")["size"].tolist() == ["small", "medium", "large"]
    assert len(result.to_pandas("class_sizes")) == 6


@pytest.mark.parametrize("which", RESULT_TABLES)
def test_result_tables__agree_with_to_dict(result: EvaluationResult, which: str) -> None:
    frame = result.to_pandas(which)
    if which != "metrics":
        assert frame["support"].sum() == 2


def test_comparison__a_row_a_number_with_both_sides() -> None:
    comparison = compare(TRUTH, NEW, OLD, class_names=NAMES, replicates=0)
    row = comparison.to_pandas().set_index("name").loc["recall"]
    assert (row["set"], row["against"], row["delta"], row["verdict"]) == (1.0, 0.5, 0.5, "better")
    assert np.isnan(row["low"])
    cells = comparison.to_pandas("class_sizes").set_index(["name", "size", "metric"])
    assert cells.loc[("nucleus", "medium", "tp"), "delta"] == 1
    assert cells.loc[("cell", "small", "tp"), "verdict"] == "equal"


@pytest.mark.parametrize("which", COMPARISON_TABLES)
def test_comparison_tables__have_the_same_columns(which: str) -> None:
    comparison = compare(TRUTH, NEW, OLD, class_names=NAMES, replicates=0)
    columns = comparison.to_pandas(which).columns.tolist()
    assert columns[-9:] == [
        "set", "against", "delta", "low", "high", "p", "q", "support", "verdict",
    ]  # fmt: skip


def test_unknown_table__names_those_there_are(result: EvaluationResult) -> None:
    with pytest.raises(UnknownChoice, match="Choose one of: metrics, classes, sizes, class_sizes"):
        result.to_pandas("images")
