"""Evaluations whatever the class, through the front door: the bits of pycocotools' useCats = 0."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import Instances, compare, evaluate
from evaluation.candidates import find_candidates
from tests.evaluation.conftest import Coco
from tests.evaluation.test_pycocotools_parity import random_set

THRESHOLDS = [0.3, 0.5, 0.75]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_evaluate__bits_of_pycocotools(coco: Coco, seed: int) -> None:
    document, results = random_set(np.random.default_rng(seed))
    ours = coco.tables(document, results)
    theirs = coco.reference(document, results, useCats=0)
    result = evaluate(ours.truth, ours.predictions, class_agnostic=True)
    assert np.array_equal(result.precision_curves, theirs.precision[..., 0, -1])
    assert np.array_equal(result.score_curves, theirs.scores[..., 0, -1])
    found = theirs.recall[:, 0, 0, -1]
    # Without ground truth pycocotools has −1 where there is no number.
    assert result.metrics["AR100"] == (np.mean(found) if (found > -1).any() else None)


@pytest.mark.parametrize("seed", range(8))
def test_evaluate__other_thresholds_and_documents(coco: Coco, seed: int) -> None:
    document, results = random_set(np.random.default_rng(seed))
    of_tables = coco.tables(document, results)
    by_document = evaluate(document, results, class_agnostic=True, iou_thresholds=THRESHOLDS)
    by_tables = evaluate(
        of_tables.truth, of_tables.predictions, class_agnostic=True, iou_thresholds=THRESHOLDS
    )
    theirs = coco.reference(document, results, useCats=0, iouThrs=np.array(THRESHOLDS))
    for result in (by_document, by_tables):
        assert np.array_equal(result.precision_curves, theirs.precision[..., 0, -1])


def test_evaluate__takes_matches_of_either_kind() -> None:
    truth = Instances.ground_truth([0, 0], [0, 1], [[0, 0, 10, 10], [30, 0, 10, 10]])
    swapped = Instances.predictions([0, 0], [1, 0], truth.boxes, score=[0.9, 0.8])
    first = evaluate(truth, swapped, class_agnostic=True)
    again = evaluate(truth, swapped, class_agnostic=True, matches=first.matches)
    assert (first.metrics, first.counts.total().tp) == (again.metrics, 2)


def test_compare__sides_are_those_of_evaluate(coco: Coco) -> None:
    ours = coco.tables(*random_set(np.random.default_rng(4)))
    half = ours.predictions.take(np.arange(0, len(ours.predictions), 2))
    comparison = compare(ours.truth, ours.predictions, half, class_agnostic=True, replicates=20)
    alone = evaluate(ours.truth, ours.predictions, class_agnostic=True)
    assert comparison.set.metrics == alone.metrics
    assert comparison.set.class_names == ("any class",)


def test_find_candidates__of_equal_overlap_the_higher_class_then_the_later_row() -> None:
    boxes = [[0, 0, 10, 10]] * 3
    truth = Instances.ground_truth([0, 0, 0], [1, 0, 0], boxes)
    found = Instances.predictions([0], [0], boxes[:1], score=[1])
    pairs = find_candidates(truth, found, iou_type="bbox", floor=0.5, class_agnostic=True)
    assert pairs.truth.tolist() == [0, 2, 1]


@pytest.mark.parametrize("seed", range(6))
def test_evaluate__leaves_out_classes_that_the_ground_truth_does_not_list(
    coco: Coco, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    document, results = random_set(rng)
    results = [row if rng.random() < 0.7 else row | {"category_id": 977} for row in results]
    theirs = coco.reference(document, results, useCats=0)
    result = evaluate(document, results, class_agnostic=True)
    assert np.array_equal(result.precision_curves, theirs.precision[..., 0, -1])
    n_known = sum(row["category_id"] != 977 for row in results)
    assert result.n_predictions.tolist() == [n_known]
    again = evaluate(document, results, class_agnostic=True, matches=result.matches)
    assert again.metrics == result.metrics
    comparison = compare(document, results, results, class_agnostic=True, replicates=20)
    assert comparison.set.metrics == result.metrics
    if n_known < len(results):
        assert comparison.notices[-1] == (
            f"class-agnostic: {2 * (len(results) - n_known)} predictions of 1 class that the "
            "ground truth does not have left out"
        )
