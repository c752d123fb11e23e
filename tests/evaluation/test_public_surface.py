from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import evaluation
from evaluation import errors

# What takes longer to import than a small evaluation takes.
SLOW = {"pandas", "altair", "pycocotools", "pycocotools.mask", "sqlalchemy", "pydantic", "dbos"}


def test_all__is_this_and_nothing_else() -> None:
    assert " ".join(sorted(evaluation.__all__)) == (
        "AREA_RANGES Comparison DIRECTION EvaluationError EvaluationResult IOU_THRESHOLDS "
        "ImageChanges Instances IouType Masks Matches ObjectChanges OperatingCounts Outcomes "
        "PrecisionRecall PredictionOutcome RECALL_THRESHOLDS SIZE_BUCKETS Side Tally TruthOutcome "
        "accumulate bucket class_average_precision compare count counterparts delta evaluate match "
        "object_changes outcomes summarize verdict"
    )


def test_all__names_exist() -> None:
    assert [name for name in evaluation.__all__ if not hasattr(evaluation, name)] == []


def test_errors__are_one_tree_that_its_module_draws() -> None:
    tree = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.EvaluationError)
    ]
    assert [name for name in tree if name not in (errors.__doc__ or "")] == []


def test_all__every_name_has_a_home() -> None:
    assert sorted(evaluation._MODULE_OF) == sorted(evaluation.__all__)
    assert set(evaluation.__all__) <= set(dir(evaluation))


def test_names__are_functions_even_where_a_module_is_called_alike() -> None:
    modules = {path.stem for path in Path(evaluation.__file__).parent.glob("*.py")}
    alike = modules & set(evaluation.__all__)
    assert "object_changes" in alike
    for name in alike:
        importlib.import_module(f"evaluation.{name}")
    assert [name for name in alike if isinstance(getattr(evaluation, name), ModuleType)] == []


def test_names__that_do_not_exist_are_said_not_to() -> None:
    with pytest.raises(AttributeError, match="no attribute 'evaluated'"):
        _ = evaluation.evaluated


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import evaluation", {"numpy"}),
        ("import evaluation.errors", {"numpy"}),
        ("from evaluation import evaluate, compare, Instances", SLOW),
        ("import evaluation.gates, evaluation.report, evaluation.text_tables", SLOW),
    ],
)
def test_imports__load_only_what_is_needed(statement: str, absent: set[str]) -> None:
    script = f"import sys; {statement}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert absent & set(run.stdout.split()) == set()
