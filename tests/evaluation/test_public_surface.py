from __future__ import annotations

import evaluation
from evaluation import errors


def test_all__is_this_and_nothing_else() -> None:
    assert " ".join(sorted(evaluation.__all__)) == (
        "AREA_RANGES DIRECTION EvaluationError EvaluationResult IOU_THRESHOLDS ImageChanges "
        "Instances IouType Masks Matches ObjectChanges OperatingCounts Outcomes PrecisionRecall "
        "PredictionOutcome RECALL_THRESHOLDS SIZE_BUCKETS Side Tally TruthOutcome accumulate "
        "bucket class_average_precision count counterparts delta evaluate match object_changes "
        "outcomes summarize verdict"
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
