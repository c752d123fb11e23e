from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.errors import InvalidThreshold, MismatchedColumns, PositionOutOfRange
from evaluation.instances import IGNORED_AREA, Instances
from evaluation.matching import IOU_THRESHOLDS, match
from evaluation.operating_point import OperatingCounts, Tally, count, outcomes
from evaluation.score_sweep import ScoreSweep, score_sweep

SQUARE = [0.0, 0.0, 10.0, 10.0]
FAR = [500.0, 500.0, 100.0, 100.0]
N_IMAGES, N_CLASSES = 4, 3


def random_tables(seed: int) -> tuple[Instances, Instances]:
    """Ties of scores, crowd regions, every size and none, a class of the predictions alone (2)."""
    rng = np.random.default_rng(seed)
    n_truth, n_found = int(rng.integers(0, 40)), int(rng.integers(0, 80))
    truth = Instances.ground_truth(
        rng.integers(0, N_IMAGES, n_truth),
        rng.integers(0, 2, n_truth),
        np.c_[rng.integers(0, 3, (n_truth, 2)) * 60, rng.choice([8, 40, 120], (n_truth, 2))],
        crowd=rng.random(n_truth) < 0.15,
        id=np.arange(n_truth),
    )
    rows = rng.integers(0, max(n_truth, 1), n_found if n_truth else 0)
    n = len(rows)
    boxes = truth.boxes[rows] * np.c_[np.ones((n, 3)), rng.integers(5, 11, n) / 10]
    class_ = np.where(rng.random(n) < 0.2, rng.integers(0, N_CLASSES, n), truth.class_[rows])
    predictions = Instances.predictions(
        truth.image[rows], class_, boxes, score=rng.integers(-3, 11, n) / 10
    )
    excused = np.where(rng.random(n) < 0.15, IGNORED_AREA, predictions.area)
    predictions = replace(predictions, area=excused)
    return truth, predictions


def same(first: OperatingCounts, second: OperatingCounts) -> bool:
    return all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("tp", "fp", "fn", "support")
    )


def prepared(truth: Instances, predictions: Instances, **options: object) -> ScoreSweep:
    matches = match(truth, predictions)
    return score_sweep(truth, predictions, matches, n_classes=N_CLASSES, **options)  # type: ignore[arg-type]


@settings(derandomize=True, max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1),
    score=st.sampled_from([-0.5, -0.3, 0.0, 0.3, 0.31, 0.7, 1.0, 1.1]),
    iou=st.sampled_from(IOU_THRESHOLDS.tolist()),
    some_images=st.booleans(),
    options=st.sampled_from([{}, {"strict": True}, {"class_agnostic": True}]),
)
def test_counts_at__are_those_of_the_outcomes(
    seed: int, score: float, iou: float, some_images: bool, options: dict[str, bool]
) -> None:
    truth, predictions = random_tables(seed)
    images = np.random.default_rng(seed).random(N_IMAGES) < 0.5 if some_images else None
    matches = match(truth, predictions, **options)  # type: ignore[arg-type]
    sweep = score_sweep(truth, predictions, matches, n_classes=N_CLASSES, images=images)
    at = outcomes(truth, predictions, matches, score=score, iou=iou)
    expected = count(at, truth, predictions, n_classes=N_CLASSES, images=images)
    assert same(sweep.counts_at(score=score, iou=iou), expected)


@settings(derandomize=True, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_sweep__many_thresholds_in_any_order_are_one_after_another(seed: int) -> None:
    sweep = prepared(*random_tables(seed))
    scores = np.random.default_rng(seed).permutation(np.r_[np.arange(-4, 12) / 10, 0.3])
    swept = sweep.sweep(scores, iou=0.75)
    for position, score in enumerate(scores.tolist()):
        assert same(swept.at(position), sweep.counts_at(score=score, iou=0.75))


def test_counts_at__any_overlaps_that_were_matched_at() -> None:
    truth = Instances.ground_truth([0], [0], [SQUARE])
    found = Instances.predictions([0], [0], [[0.0, 0.0, 10.0, 3.0]], score=[0.5])
    matches = match(truth, found, iou_thresholds=[0.1, 0.3, 0.4])
    sweep = score_sweep(truth, found, matches, n_classes=1)
    assert sweep.counts_at(score=0.5, iou=0.3).total() == Tally(1, 0, 0)
    assert sweep.counts_at(score=0.5, iou=0.4).total() == Tally(0, 1, 1)
    with pytest.raises(InvalidThreshold, match=r"0\.1, 0\.3, 0\.4"):
        sweep.counts_at(score=0.5, iou=0.5)


def test_counts_at__a_score_equal_to_the_threshold_is_kept() -> None:
    truth = Instances.ground_truth([0], [0], [SQUARE])
    sweep = prepared(truth, Instances.predictions([0], [0], [SQUARE], score=[0.5]))
    assert sweep.counts_at(score=0.5, iou=0.5).total() == Tally(1, 0, 0)
    assert sweep.counts_at(score=np.nextafter(0.5, 1), iou=0.5).total() == Tally(0, 0, 1)


def test_counts_at__matched_by_the_size_of_the_ground_truth_unmatched_by_its_own() -> None:
    truth = Instances.ground_truth([0, 0], [0, 0], [[0.0, 0.0, 32.0, 32.0], SQUARE])
    found = Instances.predictions([0, 0], [0, 0], [[0.0, 0.0, 32.0, 31.0], FAR], score=[1, 1])
    counts = prepared(truth, found).counts_at(score=1, iou=0.5)
    assert counts.tp[0].tolist() == [0, 1, 0]
    assert counts.fp[0].tolist() == [0, 0, 1]
    assert counts.fn[0].tolist() == [1, 0, 0]


def test_counts_at__nothing_at_all() -> None:
    nothing = Instances.ground_truth([], [], [])
    sweep = prepared(nothing, Instances.predictions([], [], [], score=[]))
    assert sweep.counts_at(score=0, iou=0.5).total() == Tally(0, 0, 0)
    assert sweep.sweep([], iou=0.5).tp.shape == (0, N_CLASSES, 3)


def test_sweep__refuses_what_outcomes_refuse() -> None:
    truth, predictions = random_tables(1)
    sweep = prepared(truth, predictions)
    with pytest.raises(InvalidThreshold, match="IoU"):
        sweep.counts_at(score=0.5, iou=0.51)
    with pytest.raises(InvalidThreshold, match="score"):
        sweep.sweep([0.5, float("nan")], iou=0.5)
    with pytest.raises(PositionOutOfRange):
        score_sweep(truth, predictions, match(truth, predictions), n_classes=1)
    with pytest.raises(MismatchedColumns):
        score_sweep(truth, truth, match(truth, predictions), n_classes=N_CLASSES)
