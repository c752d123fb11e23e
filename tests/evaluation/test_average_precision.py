from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.average_precision import (
    PrecisionRecall,
    accumulate,
    class_average_precision,
    coco_numbers,
    summarize,
)
from evaluation.errors import InvalidThreshold, MismatchedColumns, PositionOutOfRange
from evaluation.instances import Instances
from evaluation.matching import match

pytestmark = pytest.mark.usefixtures("matching_kernels")

SQUARE = [0.0, 0.0, 10.0, 10.0]
FAR = [50.0, 50.0, 10.0, 10.0]


def curves_of(
    truth: Instances,
    predictions: Instances,
    *,
    n_classes: int = 1,
    caps: Sequence[int] = (1, 10, 100),
) -> PrecisionRecall:
    matches = match(truth, predictions)
    return accumulate(truth, predictions, matches, n_classes=n_classes, max_detections=caps)


def random_tables(seed: int) -> tuple[Instances, Instances]:
    rng = np.random.default_rng(seed)
    boxes = rng.uniform(10, 120, (200, 4))
    truth = Instances.ground_truth(
        rng.integers(0, 20, 200), rng.integers(0, 3, 200), boxes, crowd=rng.random(200) < 0.1
    )
    moved = np.concatenate([boxes + rng.normal(0, 4, boxes.shape), boxes[::2] + 7])
    predictions = Instances.predictions(
        np.concatenate([truth.image, truth.image[::2]]),
        np.concatenate([truth.class_, truth.class_[::2]]),
        np.abs(moved),
        score=rng.random(len(moved)),
    )
    return truth, predictions


def test_accumulate__true_false_true_by_hand() -> None:
    truth = Instances.ground_truth([0, 1], [0, 0], [SQUARE, SQUARE])
    predictions = Instances.predictions(
        [0, 0, 1], [0, 0, 0], [SQUARE, FAR, SQUARE], score=[0.9, 0.8, 0.7]
    )
    curves = curves_of(truth, predictions)
    first, last = 1 / (1 + np.spacing(1)), 2 / (3 + np.spacing(1))
    # One of two found: recall 0.50 is reached by the first, everything above by the last.
    assert curves.precision[0, :, 0, 0, 2].tolist() == [first] * 51 + [last] * 50
    assert curves.scores[0, :, 0, 0, 2].tolist() == [0.9] * 51 + [0.7] * 50
    assert curves.recall[0, 0, 0].tolist() == [1.0, 1.0, 1.0]


def test_accumulate__a_class_without_ground_truth_vanishes() -> None:
    truth = Instances.ground_truth([0], [0], [SQUARE])
    predictions = Instances.predictions([0, 0], [0, 1], [SQUARE, SQUARE], score=[0.9, 0.8])
    curves = curves_of(truth, predictions, n_classes=2)
    assert (curves.precision[:, :, 1] == -1).all()
    there, absent = class_average_precision(curves)["AP50"]
    assert there == pytest.approx(1.0, abs=1e-12)
    assert absent is None


def test_summarize__perfect_predictions_give_one() -> None:
    truth, _ = random_tables(0)
    truth = truth.take(~truth.crowd)
    perfect = Instances.predictions(
        truth.image, truth.class_, truth.boxes, score=np.linspace(1, 0.1, len(truth))
    )
    numbers = summarize(curves_of(truth, perfect, n_classes=3))
    assert numbers["AP"] == pytest.approx(1.0, abs=1e-12)
    assert numbers["AR100"] == 1.0


def test_summarize__no_predictions_give_zero_not_none() -> None:
    truth = Instances.ground_truth([0], [0], [SQUARE])
    numbers = summarize(curves_of(truth, Instances.predictions([], [], [], score=[])))
    assert (numbers["AP"], numbers["AR100"], numbers["APs"]) == (0.0, 0.0, 0.0)
    assert numbers["APl"] is None


def test_summarize__no_ground_truth_gives_none_everywhere() -> None:
    predictions = Instances.predictions([0], [0], [SQUARE], score=[0.5])
    numbers = summarize(curves_of(Instances.ground_truth([], [], []), predictions))
    assert set(numbers.values()) == {None}


def test_summarize__a_cap_that_was_not_accumulated_gives_none() -> None:
    truth, predictions = random_tables(1)
    whole = summarize(curves_of(truth, predictions, n_classes=3))
    lean = curves_of(truth, predictions, n_classes=3, caps=(100,))
    numbers = summarize(lean)
    assert (numbers.pop("AR1"), numbers.pop("AR10")) == (None, None)
    assert numbers == {name: whole[name] for name in numbers}
    assert class_average_precision(lean)["AR1"] == [None] * 3


def test_summarize__some_classes_only() -> None:
    curves = curves_of(*random_tables(2), n_classes=3)
    alone = summarize(curves.take(np.array([1])))
    assert alone == {name: values[1] for name, values in class_average_precision(curves).items()}


def test_class_average_precision__is_the_mean_over_the_class() -> None:
    curves = curves_of(*random_tables(3), n_classes=3)
    by_class = class_average_precision(curves)
    for class_ in range(3):
        assert by_class["AP"][class_] == np.mean(curves.precision[:, :, class_, 0, 2])
        assert by_class["AP75"][class_] == np.mean(curves.precision[5, :, class_, 0, 2])
        assert by_class["ARm"][class_] == np.mean(curves.recall[:, class_, 2, 2])


def test_class_average_precision__no_classes() -> None:
    nothing = Instances.ground_truth([], [], [])
    curves = curves_of(nothing, Instances.predictions([], [], [], score=[]), n_classes=0)
    assert class_average_precision(curves)["AP"] == []


def test_accumulate__a_filter_that_keeps_everything_changes_nothing() -> None:
    truth, predictions = random_tables(4)
    matches = match(truth, predictions)
    whole, kept = (
        accumulate(truth, predictions, matches, n_classes=3, images=images)
        for images in (None, np.ones(20, dtype=np.bool_))
    )
    for name in ("precision", "recall", "scores"):
        assert np.array_equal(getattr(whole, name), getattr(kept, name))


def test_accumulate__a_slice_of_images_is_those_images_evaluated_alone() -> None:
    truth, predictions = random_tables(5)
    images = np.arange(20) % 3 == 0
    sliced = accumulate(truth, predictions, match(truth, predictions), n_classes=3, images=images)
    few, few_found = truth.take(images[truth.image]), predictions.take(images[predictions.image])
    alone = accumulate(few, few_found, match(few, few_found), n_classes=3)
    assert np.array_equal(sliced.precision, alone.precision)
    assert np.array_equal(sliced.scores, alone.scores)


def test_accumulate__does_not_depend_on_file_order_without_ties() -> None:
    truth, predictions = random_tables(6)
    rng = np.random.default_rng(6)
    shuffled = (
        truth.take(rng.permutation(len(truth))),
        predictions.take(rng.permutation(len(predictions))),
    )
    straight, mixed = (
        curves_of(*tables, n_classes=3) for tables in ((truth, predictions), shuffled)
    )
    assert np.array_equal(straight.precision, mixed.precision)
    assert np.array_equal(straight.scores, mixed.scores)


@pytest.mark.parametrize("caps", [(), (0, 100), (-1,)])
def test_accumulate__caps_below_one(caps: tuple[int, ...]) -> None:
    truth, predictions = random_tables(7)
    with pytest.raises(InvalidThreshold, match="max_detections"):
        curves_of(truth, predictions, n_classes=3, caps=caps)


def test_accumulate__matches_of_other_predictions() -> None:
    truth, predictions = random_tables(8)
    matches = match(truth, predictions)
    with pytest.raises(MismatchedColumns, match=r"matches\.rank"):
        accumulate(truth, predictions.take(np.arange(5)), matches, n_classes=3)


def test_accumulate__positions_outside_the_axes() -> None:
    truth, predictions = random_tables(9)
    matches = match(truth, predictions)
    with pytest.raises(PositionOutOfRange, match="class_"):
        accumulate(truth, predictions, matches, n_classes=2)
    with pytest.raises(PositionOutOfRange, match="image"):
        accumulate(truth, predictions, matches, n_classes=3, images=np.ones(3, dtype=np.bool_))


def same_curves(left: PrecisionRecall, right: PrecisionRecall) -> bool:
    return all(
        np.array_equal(getattr(left, name), getattr(right, name))
        for name in ("precision", "recall", "scores")
    )


def test_accumulate__weights_of_one_change_nothing() -> None:
    truth, predictions = random_tables(10)
    matches = match(truth, predictions)
    plain, weighted = (
        accumulate(truth, predictions, matches, n_classes=3, weights=weights)
        for weights in (None, np.ones(20, dtype=np.int64))
    )
    assert same_curves(plain, weighted)


def test_accumulate__weight_zero_leaves_an_image_out() -> None:
    truth, predictions = random_tables(11)
    matches = match(truth, predictions)
    images = np.arange(20) % 4 != 0
    masked = accumulate(truth, predictions, matches, n_classes=3, images=images)
    weighted = accumulate(truth, predictions, matches, n_classes=3, weights=images.astype(np.int32))
    assert same_curves(masked, weighted)


@pytest.mark.parametrize("seed", range(5))
def test_accumulate__a_weight_is_that_many_copies_of_the_image(seed: int) -> None:
    truth, predictions = random_tables(seed)
    # Equal scores in many images, none in one: there the copies would take turns.
    by_image = np.argsort(predictions.image, kind="stable")
    score = np.empty(len(predictions))
    score[by_image] = np.arange(len(predictions)) * 7 % 61 / 61
    predictions = replace(predictions, score=score)
    weights = np.random.default_rng(seed).integers(0, 4, 20)
    weighted = accumulate(
        truth, predictions, match(truth, predictions), n_classes=3, weights=weights
    )
    alone = curves_of(copied(truth, weights), copied(predictions, weights), n_classes=3)
    assert same_curves(weighted, alone)


def copied(table: Instances, weights: NDArray[np.int64]) -> Instances:
    """Put every image as often as it counts, one copy after the other on the axis."""
    first = np.cumsum(weights) - weights
    rows = [
        (int(first[image]) + copy, row)
        for row, image in enumerate(table.image.tolist())
        for copy in range(int(weights[image]))
    ]
    image, row = np.array(rows).T
    return replace(table.take(row), image=image)


@pytest.mark.parametrize("weights", [[-1] + [1] * 19, [2_000_000] * 20])
def test_accumulate__weights_that_cannot_be(weights: list[int]) -> None:
    truth, predictions = random_tables(12)
    with pytest.raises(InvalidThreshold, match="weights"):
        accumulate(
            truth,
            predictions,
            match(truth, predictions),
            n_classes=3,
            weights=np.array(weights),
        )


def test_accumulate__images_and_weights_of_different_lengths() -> None:
    truth, predictions = random_tables(13)
    with pytest.raises(MismatchedColumns, match="weights"):
        accumulate(
            truth,
            predictions,
            match(truth, predictions),
            n_classes=3,
            images=np.ones(20, dtype=np.bool_),
            weights=np.ones(19, dtype=np.int64),
        )


def test_accumulate__pairs_in_any_order() -> None:
    truth, predictions = random_tables(14)
    matches = match(truth, predictions)
    mixed = np.random.default_rng(0).permutation(len(matches.pred))
    shuffled = replace(
        matches,
        pred=matches.pred[mixed],
        truth=matches.truth[mixed],
        iou=matches.iou[mixed],
        thresholds=matches.thresholds[mixed],
    )
    assert same_curves(
        accumulate(truth, predictions, matches, n_classes=3),
        accumulate(truth, predictions, shuffled, n_classes=3),
    )


@pytest.mark.parametrize(("column", "row"), [("pred", 10**6), ("pred", -1), ("truth", 10**6)])
def test_accumulate__pairs_that_name_no_row(column: str, row: int) -> None:
    truth, predictions = random_tables(15)
    matches = match(truth, predictions)
    rows = getattr(matches, column).copy()
    rows[3] = row
    with pytest.raises(PositionOutOfRange, match=column):
        accumulate(truth, predictions, replace(matches, **{column: rows}), n_classes=3)


def test_accumulate__caps_in_any_order_and_twice() -> None:
    truth, predictions = random_tables(16)
    curves = curves_of(truth, predictions, n_classes=3, caps=(10, 1, 10))
    straight = curves_of(truth, predictions, n_classes=3, caps=(1, 10))
    assert curves.max_detections == (10, 1, 10)
    assert np.array_equal(curves.precision, straight.precision[..., [1, 0, 1]])
    assert np.array_equal(curves.recall, straight.recall[..., [1, 0, 1]])


def test_summarize__iou_thresholds_that_were_not_matched_are_none() -> None:
    truth, predictions = random_tables(17)
    matches = match(truth, predictions, iou_thresholds=[0.3, 0.5])
    curves = accumulate(truth, predictions, matches, n_classes=3)
    whole = summarize(curves_of(truth, predictions, n_classes=3))
    numbers = summarize(curves)
    assert curves.precision.shape[0] == 2
    assert (numbers["AP50"], numbers["AP75"]) == (whole["AP50"], None)
    assert class_average_precision(curves)["AP75"] == [None] * 3


@pytest.mark.parametrize("seed", range(3))
def test_coco_numbers__the_bits_of_summarize(seed: int) -> None:
    truth, predictions = random_tables(seed)
    whole = summarize(curves_of(truth, predictions, n_classes=3))
    assert coco_numbers(truth, predictions, n_classes=3) == whole


def test_coco_numbers__of_nothing() -> None:
    nothing = Instances.ground_truth([], [], []), Instances.predictions([], [], [], score=[])
    assert set(coco_numbers(*nothing, n_classes=0).values()) == {None}
