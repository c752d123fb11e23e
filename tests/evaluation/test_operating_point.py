from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.errors import InvalidThreshold, MismatchedColumns, PositionOutOfRange
from evaluation.instances import Instances
from evaluation.matching import IOU_THRESHOLDS, match
from evaluation.operating_point import (
    Outcomes,
    PredictionOutcome,
    Tally,
    TruthOutcome,
    count,
    outcomes,
)
from evaluation.overlap import box_iou

SQUARE = [0.0, 0.0, 10.0, 10.0]
FAR = [500.0, 500.0, 100.0, 100.0]


def at_point(
    truth: Instances, predictions: Instances, *, score: float = 0.5, iou: float = 0.5
) -> Outcomes:
    return outcomes(truth, predictions, match(truth, predictions), score=score, iou=iou)


def names(result: Outcomes) -> tuple[list[str], list[str]]:
    return (
        [PredictionOutcome(code).name for code in result.prediction],
        [TruthOutcome(code).name for code in result.truth],
    )


def random_tables(seed: int) -> tuple[Instances, Instances]:
    rng = np.random.default_rng(seed)
    truth = Instances.ground_truth(
        rng.integers(0, 4, 30),
        rng.integers(0, 2, 30),
        np.c_[rng.integers(0, 3, (30, 2)) * 30, np.full((30, 2), 20)],
        crowd=rng.random(30) < 0.15,
        area=rng.uniform(0, 12_000, 30),
    )
    rows = rng.integers(0, 30, 60)
    boxes = truth.boxes[rows] * [1, 1, 1, 0] + np.c_[np.zeros((60, 3)), rng.integers(7, 21, 60)]
    predictions = Instances.predictions(
        truth.image[rows], truth.class_[rows], boxes, score=rng.integers(0, 11, 60) / 10
    )
    return truth, predictions


def greedy_by_hand(
    truth: Instances, predictions: Instances, *, score: float, iou: float
) -> list[int]:
    """The ground truth of each kept prediction, −1 without, by the plain rule."""
    matched, gone = [-1] * len(predictions), set()
    kept = [row for row in range(len(predictions)) if predictions.score[row] >= score]
    for row in sorted(kept, key=lambda row: -predictions.score[row]):
        best = (-1, False, iou)
        for candidate in range(len(truth)):
            same = truth.image[candidate] == predictions.image[row]
            if not same or truth.class_[candidate] != predictions.class_[row] or candidate in gone:
                continue
            crowd = truth.crowd[candidate : candidate + 1]
            pair = predictions.boxes[row : row + 1], truth.boxes[candidate : candidate + 1]
            overlap = float(box_iou(*pair, crowd)[0])
            counted = not crowd[0]
            if overlap >= iou and (counted, overlap) >= best[1:]:
                best = (candidate, counted, overlap)
        matched[row] = best[0]
        if best[1]:
            gone.add(best[0])
    return matched


def test_outcomes__each_kind() -> None:
    truth = Instances.ground_truth(
        [0, 0, 1],
        [0, 0, 0],
        [SQUARE, [20.0, 0.0, 9.0, 9.0], [0.0, 0.0, 99.0, 99.0]],
        crowd=[0, 0, 1],
    )
    predictions = Instances.predictions(
        [0, 0, 1, 0],
        [0] * 4,
        [SQUARE, FAR, SQUARE, [20.0, 0.0, 9.0, 9.0]],
        score=[0.9, 0.8, 0.7, 0.4],
    )
    result = at_point(truth, predictions)
    assert names(result) == (
        ["TRUE_POSITIVE", "FALSE_POSITIVE", "IGNORED", "BELOW_SCORE"],
        ["FOUND", "MISSED", "IGNORED"],
    )
    assert result.matched_truth.tolist() == [0, -1, 2, -1]
    assert result.matched_prediction.tolist() == [0, -1, -1]
    assert result.iou[0] == 1.0
    assert np.isnan(result.iou[[1, 3]]).all()


def test_outcomes__a_score_equal_to_the_threshold_is_kept() -> None:
    truth = Instances.ground_truth([0], [0], [SQUARE])
    predictions = Instances.predictions([0], [0], [SQUARE], score=[0.5])
    assert names(at_point(truth, predictions, score=0.5)) == (["TRUE_POSITIVE"], ["FOUND"])
    assert names(at_point(truth, predictions, score=0.5000001)) == (["BELOW_SCORE"], ["MISSED"])


def test_outcomes__an_iou_equal_to_the_threshold_counts() -> None:
    truth = Instances.ground_truth([0], [0], [SQUARE])
    predictions = Instances.predictions([0], [0], [[0, 0, 10, 9]], score=[1])
    assert names(at_point(truth, predictions, iou=0.9)) == (["TRUE_POSITIVE"], ["FOUND"])
    assert names(at_point(truth, predictions, iou=0.95)) == (["FALSE_POSITIVE"], ["MISSED"])


def test_outcomes__strict_takes_annotation_id_zero_for_missed() -> None:
    truth = Instances.ground_truth([0], [0], [SQUARE], id=[0])
    predictions = Instances.predictions([0], [0], [SQUARE], score=[1])
    strict = match(truth, predictions, strict=True)
    assert names(outcomes(truth, predictions, strict, score=0.5, iou=0.5)) == (
        ["FALSE_POSITIVE"],
        ["MISSED"],
    )


@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    score=st.sampled_from([0.0, 0.3, 0.7, 1.1]),
    iou=st.sampled_from(IOU_THRESHOLDS.tolist()),
)
def test_outcomes__as_matched_by_hand_after_dropping_low_scores(
    seed: int, score: float, iou: float
) -> None:
    truth, predictions = random_tables(seed)
    result = at_point(truth, predictions, score=score, iou=iou)
    by_hand = greedy_by_hand(truth, predictions, score=score, iou=iou)
    assert result.matched_truth.tolist() == by_hand


@settings(derandomize=True, deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1))
def test_count__reconciles_with_the_tables(seed: int) -> None:
    truth, predictions = random_tables(seed)
    result = at_point(truth, predictions)
    counts = count(result, truth, predictions, n_classes=2)
    kept = int((predictions.score >= 0.5).sum())
    ignored = int((result.prediction == PredictionOutcome.IGNORED).sum())
    total = counts.total()
    assert total.tp + total.fp + ignored == kept
    assert total.support == int((~truth.crowd).sum()) == int(counts.support.sum())
    assert total == add_up([counts.of_size(size) for size in range(3)])
    assert total == add_up([counts.of_class(class_) for class_ in range(2)])
    assert total == add_up([counts.of_class_size(k, s) for k in range(2) for s in range(3)])


def add_up(tallies: list[Tally]) -> Tally:
    return Tally(
        sum(tally.tp for tally in tallies),
        sum(tally.fp for tally in tallies),
        sum(tally.fn for tally in tallies),
    )


def test_count__matched_by_the_size_of_the_ground_truth_unmatched_by_its_own() -> None:
    truth = Instances.ground_truth([0, 0], [0, 0], [[0.0, 0.0, 32.0, 32.0], SQUARE])
    predictions = Instances.predictions([0, 0], [0, 0], [[0.0, 0.0, 32.0, 31.0], FAR], score=[1, 1])
    counts = count(at_point(truth, predictions), truth, predictions, n_classes=1)
    assert counts.tp.tolist() == [[0, 1, 0]]
    assert counts.fp.tolist() == [[0, 0, 1]]
    assert counts.fn.tolist() == [[1, 0, 0]]


def test_count__some_images_only() -> None:
    truth = Instances.ground_truth([0, 1], [0, 0], [SQUARE, SQUARE])
    predictions = Instances.predictions([0, 0, 1], [0] * 3, [SQUARE, FAR, FAR], score=[1, 1, 1])
    result = at_point(truth, predictions)
    images = np.array([False, True])
    assert count(result, truth, predictions, n_classes=1, images=images).total() == Tally(0, 1, 1)


def test_tally__f1_where_precision_and_recall_sum_to_less_than_one() -> None:
    tally = Tally(tp=1, fp=9, fn=4)
    assert (tally.precision, tally.recall) == (0.1, 0.2)
    assert tally.f1 == pytest.approx(2 * 0.1 * 0.2 / (0.1 + 0.2))


@pytest.mark.parametrize(
    ("tally", "expected"),
    [
        (Tally(0, 0, 0), (None, None, None)),
        (Tally(0, 0, 3), (None, 0.0, 0.0)),
        (Tally(0, 3, 0), (0.0, None, 0.0)),
        (Tally(0, 3, 3), (0.0, 0.0, 0.0)),
        (Tally(2, 0, 0), (1.0, 1.0, 1.0)),
    ],
)
def test_tally__what_does_not_exist_is_none(
    tally: Tally, expected: tuple[float | None, ...]
) -> None:
    assert (tally.precision, tally.recall, tally.f1) == expected


@pytest.mark.parametrize("iou", [0.0, 0.49, 0.51, 1.0])
def test_outcomes__iou_between_the_thresholds(iou: float) -> None:
    truth, predictions = random_tables(0)
    with pytest.raises(InvalidThreshold, match="IoU"):
        at_point(truth, predictions, iou=iou)


def test_outcomes__score_that_is_no_number() -> None:
    truth, predictions = random_tables(0)
    with pytest.raises(InvalidThreshold, match="score"):
        at_point(truth, predictions, score=float("nan"))


def test_outcomes__matches_of_other_predictions() -> None:
    truth, predictions = random_tables(0)
    with pytest.raises(MismatchedColumns):
        outcomes(truth, predictions.take(np.arange(3)), match(truth, predictions), score=0, iou=0.5)


def test_count__class_outside_the_axis() -> None:
    truth, predictions = random_tables(0)
    with pytest.raises(PositionOutOfRange):
        count(at_point(truth, predictions), truth, predictions, n_classes=1)


def test_outcomes__matches_of_another_truth() -> None:
    truth = Instances.ground_truth([0, 0], [0, 0], [FAR, SQUARE])
    predictions = Instances.predictions([0], [0], [SQUARE], score=[0.9])
    matches = match(truth, predictions)
    assert matches.truth.tolist() == [1]
    with pytest.raises(PositionOutOfRange, match=r"matches\.truth"):
        outcomes(truth.take(np.arange(1)), predictions, matches, score=0, iou=0.5)


def test_outcomes__unmatched_with_an_area_out_of_range_is_ignored_matched_is_true() -> None:
    truth = Instances.ground_truth([0], [0], [SQUARE])
    boxes = [SQUARE, FAR, FAR, FAR, FAR]
    areas, score = [-1.0, -1.0, 2e10, 1e10, -1.0], [0.9, 0.8, 0.7, 0.6, 0.1]
    predictions = Instances.predictions([0] * 5, [0] * 5, boxes, score=score, area=areas)
    result = at_point(truth, predictions)
    assert names(result)[0] == [
        "TRUE_POSITIVE", "IGNORED", "IGNORED", "FALSE_POSITIVE", "BELOW_SCORE"
    ]  # fmt: skip
    assert count(result, truth, predictions, n_classes=1).total() == Tally(1, 1, 0)


@pytest.mark.parametrize("images", [np.array([0, 1]), [False, True], np.ones((2, 1), np.bool_)])
def test_count__images_that_are_no_mask(images: Any) -> None:
    truth = Instances.ground_truth([0, 1], [0, 0], [SQUARE, SQUARE])
    predictions = Instances.predictions([0], [0], [SQUARE], score=[1])
    with pytest.raises(MismatchedColumns, match="'images'"):
        count(at_point(truth, predictions), truth, predictions, n_classes=1, images=images)
