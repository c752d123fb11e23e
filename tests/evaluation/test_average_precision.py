from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from evaluation.average_precision import (
    PrecisionRecall,
    accumulate,
    class_average_precision,
    summarize,
)
from evaluation.errors import InvalidThreshold, MismatchedColumns, PositionOutOfRange
from evaluation.instances import Instances
from evaluation.matching import match

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
