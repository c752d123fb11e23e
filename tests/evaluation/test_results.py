from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from evaluation.average_precision import accumulate
from evaluation.errors import InvalidThreshold, MismatchedColumns, PositionOutOfRange
from evaluation.instances import Instances
from evaluation.matching import match
from evaluation.results import CLASS_NUMBERS, EvaluationResult, evaluate

NAMES = ("red cell", "white cell", "platelet")
N_IMAGES = 12


def random_tables(seed: int) -> tuple[Instances, Instances]:
    rng = np.random.default_rng(seed)
    boxes = rng.uniform(5, 140, (90, 4))
    truth = Instances.ground_truth(
        rng.integers(0, N_IMAGES, 90), rng.integers(0, 2, 90), boxes, crowd=rng.random(90) < 0.1
    )
    predictions = Instances.predictions(
        np.r_[truth.image, truth.image[:30]],
        np.r_[truth.class_, rng.integers(0, 3, 30)],  # only predictions have platelets
        np.abs(np.r_[boxes + rng.normal(0, 4, (90, 4)), boxes[:30]]),
        score=rng.random(120),
    )
    return truth, predictions


@pytest.fixture(scope="module")
def tables() -> tuple[Instances, Instances]:
    return random_tables(0)


@pytest.fixture(scope="module")
def result(tables: tuple[Instances, Instances]) -> EvaluationResult:
    return evaluate(*tables, class_names=NAMES)


def test_to_dict__is_json_with_the_promised_keys(result: EvaluationResult) -> None:
    numbers = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    counts = ["fn", "fp", "support", "tp"]
    rates = ["f1", "precision", "recall"]
    groups = ["metrics", "classes", "sizes", "class_sizes", "operating_point", "averages"]
    assert list(numbers) == groups
    assert " ".join(numbers["metrics"]) == "AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl"
    assert sorted(numbers["classes"][0]) == sorted(
        [*counts, *rates, "name", "predictions", *CLASS_NUMBERS]
    )
    assert " ".join(CLASS_NUMBERS) == "AP AP50 AP75 APs APm APl AR100"
    assert list(numbers["sizes"]) == ["small", "medium", "large"]
    assert sorted(numbers["sizes"]["small"]) == sorted([*counts, *rates, "AP", "AR"])
    assert sorted(numbers["class_sizes"][0]) == sorted(
        [*counts, *rates, "name", "size", "AP", "AR"]
    )
    assert list(numbers["operating_point"]) == ["score", "iou", *rates[1:], "f1", "tp", "fp", "fn"]
    assert list(numbers["averages"]) == ["micro", "macro", "weighted"]
    assert sorted(numbers["averages"]["macro"]) == rates


def test_to_dict__a_class_of_the_predictions_only_is_listed_with_n_a(
    result: EvaluationResult,
) -> None:
    platelet = result.to_dict()["classes"][2]
    assert (platelet["AP"], platelet["recall"], platelet["support"]) == (None, None, 0)
    assert platelet["predictions"] > 0
    assert platelet["fp"] > 0


def test_to_dict__sizes_and_classes_sum_to_the_operating_point(result: EvaluationResult) -> None:
    numbers = result.to_dict()
    for name in ("tp", "fp", "fn"):
        total = numbers["operating_point"][name]
        assert sum(row[name] for row in numbers["classes"]) == total
        assert sum(row[name] for row in numbers["sizes"].values()) == total
        assert sum(row[name] for row in numbers["class_sizes"]) == total


def test_evaluate__never_gives_minus_one(result: EvaluationResult) -> None:
    assert -1 not in set(numbers_of(result.to_dict()))


def numbers_of(value: Any) -> Iterator[Any]:
    if not isinstance(value, dict | list):
        yield value
        return
    for part in value.values() if isinstance(value, dict) else value:
        yield from numbers_of(part)


def test_evaluate__with_matches_and_filters_that_keep_everything(
    tables: tuple[Instances, Instances], result: EvaluationResult
) -> None:
    again = evaluate(
        *tables,
        class_names=NAMES,
        matches=result.matches,
        images=np.ones(N_IMAGES, dtype=np.bool_),
        classes=range(3),
    )
    assert again.to_dict() == result.to_dict()
    assert np.array_equal(again.precision_curves, result.precision_curves)
    assert np.array_equal(again.score_curves, result.score_curves)


def test_evaluate__given_matches_decide_overlap_and_strictness(
    tables: tuple[Instances, Instances],
) -> None:
    matches = match(*tables, strict=True)
    assert evaluate(*tables, class_names=NAMES, matches=matches).strict


def test_evaluate__some_images_only_are_those_images_alone(
    tables: tuple[Instances, Instances], result: EvaluationResult
) -> None:
    truth, predictions = tables
    images = np.arange(N_IMAGES) < 5
    sliced = evaluate(truth, predictions, class_names=NAMES, matches=result.matches, images=images)
    alone = evaluate(
        truth.take(images[truth.image]), predictions.take(images[predictions.image]),
        class_names=NAMES,
    )  # fmt: skip
    assert sliced.to_dict() == alone.to_dict()


def test_evaluate__some_classes_only(
    tables: tuple[Instances, Instances], result: EvaluationResult
) -> None:
    white = evaluate(*tables, class_names=NAMES, matches=result.matches, classes=[1])
    assert white.class_names == ("white cell",)
    assert white.to_dict()["classes"] == result.to_dict()["classes"][1:2]
    assert white.metrics["AP"] == white.class_metrics["AP"][0] == result.class_metrics["AP"][1]
    assert white.counts.total() == result.counts.of_class(1)


def test_evaluate__curves_are_those_of_all_areas_and_a_hundred_predictions(
    tables: tuple[Instances, Instances], result: EvaluationResult
) -> None:
    curves = accumulate(*tables, result.matches, n_classes=3)
    assert np.array_equal(result.precision_curves, curves.precision[..., 0, 2])
    assert np.array_equal(result.score_curves, curves.scores[..., 0, 2])


def test_evaluate__one_cap_only(
    tables: tuple[Instances, Instances], result: EvaluationResult
) -> None:
    lean = evaluate(*tables, class_names=NAMES, max_detections=(100,))
    assert (lean.metrics["AR1"], lean.metrics["AR100"]) == (None, result.metrics["AR100"])
    assert lean.to_dict()["classes"] == result.to_dict()["classes"]


def test_evaluate__no_predictions() -> None:
    truth, _ = random_tables(1)
    nothing = evaluate(truth, Instances.predictions([], [], [], score=[]), class_names=NAMES)
    point = nothing.to_dict()["operating_point"]
    assert (point["precision"], point["recall"], point["f1"]) == (None, 0.0, 0.0)
    assert nothing.metrics["AP"] == 0.0


def test_evaluate__nothing_at_all() -> None:
    empty = Instances.ground_truth([], [], []), Instances.predictions([], [], [], score=[])
    numbers = evaluate(*empty, class_names=[]).to_dict()
    assert set(numbers["metrics"].values()) == {None}
    assert numbers["classes"] == []


def test_evaluate__a_hundred_must_be_among_the_caps(tables: tuple[Instances, Instances]) -> None:
    with pytest.raises(InvalidThreshold, match="max_detections"):
        evaluate(*tables, class_names=NAMES, max_detections=(1, 10))


@pytest.mark.parametrize("classes", [[3], [-1]])
def test_evaluate__class_outside_the_axis(
    tables: tuple[Instances, Instances], classes: list[int]
) -> None:
    with pytest.raises(PositionOutOfRange):
        evaluate(*tables, class_names=NAMES, classes=classes)


def test_evaluate__matches_of_other_predictions(
    tables: tuple[Instances, Instances], result: EvaluationResult
) -> None:
    truth, predictions = tables
    with pytest.raises(MismatchedColumns):
        evaluate(truth, predictions.take(np.arange(4)), class_names=NAMES, matches=result.matches)


def test_evaluate__positions_serve_as_names_where_nothing_has_names(
    tables: tuple[Instances, Instances],
) -> None:
    assert evaluate(*tables).class_names == ("0", "1", "2")


def test_evaluate__class_agnostic_finds_objects_under_wrong_names() -> None:
    truth = Instances.ground_truth([0, 0], [0, 1], [[0, 0, 10, 10], [30, 0, 10, 10]])
    swapped = Instances.predictions([0, 0], [1, 0], truth.boxes, score=[0.9, 0.8])
    assert evaluate(truth, swapped).metrics["AP"] == 0
    agnostic = evaluate(truth, swapped, class_agnostic=True)
    assert agnostic.class_names == ("any class",)
    assert agnostic.counts.total().tp == 2


def test_repr__is_a_short_table() -> None:
    truth = Instances.ground_truth([0, 1], [0, 0], [[0, 0, 10, 10]] * 2)
    found = Instances.predictions([0], [0], [[0, 0, 10, 8]], score=[0.9])
    assert repr(evaluate(truth, found)).splitlines() == [
        "boxes · 1 class · 2 labels · 1 predictions",
        "",
        "   AP   AP50   AP75    APs    APm    APl    AR1   AR10  AR100    ARs    ARm    ARl",
        "0.353  0.505  0.505  0.353    n/a    n/a  0.350  0.350  0.350  0.350    n/a    n/a",
        "",
        "at score ≥ 0.3, IoU ≥ 0.5: precision 1.000, recall 0.500, F1 0.667 · TP 1 · FP 0 · FN 1",
    ]


def test_repr__averages_over_classes_where_there_are_several(result: EvaluationResult) -> None:
    lines = repr(result).splitlines()
    assert lines[-2].startswith("  mean over classes: precision 0.")
    assert lines[-1].startswith("  weighted by labels: precision 0.")


def test_averages__are_those_of_the_counts(result: EvaluationResult) -> None:
    assert result.averages.micro.precision == result.counts.total().precision
    assert result.averages.predicted_only == (2,)


def test_evaluate__ap_over_other_iou_thresholds(tables: tuple[Instances, Instances]) -> None:
    whole = evaluate(*tables)
    half = evaluate(*tables, iou_thresholds=[0.5])
    assert half.metrics["AP"] == half.metrics["AP50"] == whole.metrics["AP50"]
    assert half.metrics["AP75"] is None
    assert half.precision_curves.shape[0] == len(half.iou_thresholds) == 1
    assert half.to_dict()["operating_point"] == whole.to_dict()["operating_point"]
    low = evaluate(*tables, iou_thresholds=[0.1, 0.3], iou=0.75)
    assert (low.metrics["AP"] or 0) > (whole.metrics["AP50"] or 0)
    assert low.counts.total() == evaluate(*tables, iou=0.75).counts.total()


def test_evaluate__other_caps_stand_beside_coco_numbers(
    tables: tuple[Instances, Instances],
) -> None:
    one_by_one = evaluate(*tables, max_detections=(1, 2, 10, 100))
    whole = evaluate(*tables)
    assert {name: one_by_one.metrics[name] for name in whole.metrics} == whole.metrics
    assert list(one_by_one.metrics)[12:] == ["AP@2", "AR2"]
    recalls = [one_by_one.metrics[name] or 0 for name in ("AR1", "AR2", "AR10")]
    assert recalls == sorted(set(recalls))
