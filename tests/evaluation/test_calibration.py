from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.calibration import (
    Binning,
    Calibration,
    EqualMass,
    EqualWidth,
    ReliabilityCurve,
    calibration,
)
from evaluation.errors import (
    InvalidThreshold,
    MismatchedColumns,
    NotProbabilities,
    PositionOutOfRange,
)
from evaluation.instances import Instances
from evaluation.matching import match
from evaluation.operating_point import Outcomes, PredictionOutcome, outcomes

SQUARE = [0.0, 0.0, 10.0, 10.0]
FAR = [500.0, 500.0, 9.0, 9.0]
RIGHT, WRONG = PredictionOutcome.TRUE_POSITIVE, PredictionOutcome.FALSE_POSITIVE


def predicted(
    scores: list[float], codes: list[int], classes: list[int] | None = None
) -> Calibration:
    return calibration(*tables(scores, codes, classes), n_classes=2, bins=EqualWidth(2))


def tables(
    scores: list[float], codes: list[int], classes: list[int] | None = None
) -> tuple[Outcomes, Instances]:
    """Predictions of given scores and outcomes, all on one image, without any geometry."""
    n = len(scores)
    nowhere, no_truth = np.full(n, -1), np.zeros(0, dtype=np.int64)
    at = Outcomes(
        np.array(codes, dtype=np.int8),
        no_truth.astype(np.int8),
        nowhere,
        no_truth,
        np.full(n, np.nan),
    )
    boxes = np.tile(SQUARE, (n, 1))
    return at, Instances.predictions([0] * n, classes or [0] * n, boxes, score=scores)


def test_calibration__by_hand() -> None:
    curve = predicted([0.2, 0.4, 0.6, 0.8, 0.9], [WRONG, RIGHT, RIGHT, RIGHT, WRONG]).overall
    assert (curve.count.tolist(), curve.correct.tolist()) == ([2, 3], [1, 2])
    assert curve.confidence.tolist() == pytest.approx([0.3, 2.3 / 3])
    assert curve.precision.tolist() == [0.5, 2 / 3]
    assert curve.gap.tolist() == pytest.approx([-0.2, 0.1])
    assert curve.ece == pytest.approx((2 * 0.2 + 3 * 0.1) / 5)
    assert curve.mce == pytest.approx(0.2)
    assert curve.overconfidence == pytest.approx((2.9 - 3) / 5)


def test_calibration__a_score_on_an_edge_opens_the_next_bin_and_one_is_in_the_last() -> None:
    curve = predicted([0.0, 0.4999, 0.5, 1.0], [WRONG] * 4).overall
    assert curve.count.tolist() == [2, 2]


@pytest.mark.parametrize("tenth", range(10))
def test_equal_width__tenths_are_the_doubles_that_people_write(tenth: int) -> None:
    assert EqualWidth(10).edges(np.zeros(0))[tenth] == float(f"0.{tenth}")


def test_calibration__leaves_out_what_is_ignored_or_below_the_score() -> None:
    codes: list[int] = [RIGHT, PredictionOutcome.IGNORED, PredictionOutcome.BELOW_SCORE]
    curve = predicted([0.9, 0.8, 0.1], codes).overall
    assert (curve.n, curve.rows.tolist()) == (1, [0])


def test_calibration__each_class_has_its_own() -> None:
    result = predicted([0.9, 0.7], [RIGHT, WRONG], [0, 1])
    assert [curve.ece for curve in result.classes] == pytest.approx([0.1, 0.7])
    assert result.overall.ece == pytest.approx(abs(0.8 - 0.5))


def test_calibration__of_some_classes_and_images() -> None:
    truth = Instances.ground_truth([0, 1], [0, 1], [SQUARE, SQUARE])
    found = Instances.predictions(
        [0, 1, 1], [0, 1, 1], [SQUARE, SQUARE, FAR], score=[0.9, 0.8, 0.3]
    )
    at = outcomes(truth, found, match(truth, found), score=0.0, iou=0.5)
    chosen = calibration(at, found, n_classes=2, classes=[1])
    assert (sorted(chosen.overall.rows.tolist()), len(chosen.classes)) == ([1, 2], 1)
    images = np.array([True, False])
    here = calibration(at, found, n_classes=2, images=images)
    assert [curve.n for curve in here.classes] == [1, 0]


def test_calibration__without_predictions() -> None:
    for bins in (EqualWidth(2), EqualMass(2)):
        curve = calibration(*tables([], []), n_classes=1, bins=bins).overall
        assert (curve.n, curve.ece, curve.mce, curve.overconfidence) == (0, None, None, None)
        assert {row["precision"] for row in curve.to_dict()["bins"]} == {None}


def test_equal_mass__equal_scores_stay_together() -> None:
    scores = [0.1] * 5 + [0.6, 0.7, 0.8]
    curve = calibration(*tables(scores, [WRONG] * 8), n_classes=1, bins=EqualMass(4)).overall
    # Cut before the 3rd, 5th and 7th: 0.1, 0.1 and 0.7.
    assert (curve.edges.tolist(), curve.count.tolist()) == ([0.1, 0.7, 0.8], [6, 2])


def test_equal_mass__one_score_is_one_bin() -> None:
    curve = calibration(*tables([0.4] * 6, [RIGHT] * 6), n_classes=1, bins=EqualMass(3)).overall
    assert (curve.edges.tolist(), curve.count.tolist()) == ([0.4, 0.4], [6])


@settings(derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 15), mass=st.booleans())
def test_calibration__as_by_brute_force(seed: int, n: int, mass: bool) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(0, 60))
    scores = rng.choice(np.r_[rng.random(20), np.arange(11) / 10], size)
    codes = rng.integers(0, 4, size)
    at, found = tables(scores.tolist(), codes.tolist(), rng.integers(0, 3, size).tolist())
    bins: Binning = EqualMass(n) if mass else EqualWidth(n)
    result = calibration(at, found, n_classes=3, bins=bins)
    counts = np.isin(codes, [RIGHT, WRONG])
    for curve, chosen in [
        (result.overall, counts),
        *((result.classes[k], counts & (found.class_ == k)) for k in range(3)),
    ]:
        check_bins(curve, scores, codes, chosen)


def check_bins(
    curve: ReliabilityCurve, scores: np.ndarray, codes: np.ndarray, chosen: np.ndarray
) -> None:
    error, largest, total = 0.0, 0.0, int(chosen.sum())
    for b, (low, high) in enumerate(zip(curve.edges[:-1], curve.edges[1:], strict=True)):
        is_last = b == len(curve.count) - 1
        inside = chosen & (scores >= low) & ((scores <= high) if is_last else (scores < high))
        rows = np.flatnonzero(inside)
        assert sorted(curve.rows_in(b).tolist()) == rows.tolist()
        assert curve.count[b] == len(rows)
        assert curve.correct[b] == (codes[rows] == RIGHT).sum()
        if len(rows):
            gap = abs(scores[rows].mean() - (codes[rows] == RIGHT).mean())
            error, largest = error + len(rows) / total * gap, max(largest, gap)
    assert int(curve.count.sum()) == total
    assert curve.ece == (pytest.approx(error, abs=1e-12) if total else None)
    assert curve.mce == (pytest.approx(largest, abs=1e-12) if total else None)


def test_calibration__scores_that_mean_what_they_say_have_no_error() -> None:
    """Of each thousand predictions with score s, 1000 s are right."""
    scores = np.repeat(np.arange(1, 10) / 10, 1000)
    right = np.tile(np.arange(1000), 9) < 1000 * scores - 1e-6
    codes = np.where(right, RIGHT, WRONG)
    curve = calibration(*tables(scores.tolist(), codes.tolist()), n_classes=1).overall
    assert curve.ece == pytest.approx(0.0, abs=1e-9)


def test_calibration__the_order_of_the_file_changes_no_bit() -> None:
    rng = np.random.default_rng(5)
    scores, codes = rng.random(3000), rng.integers(0, 2, 3000)
    order = rng.permutation(3000)
    first, second = (
        calibration(*tables(scores[rows].tolist(), codes[rows].tolist()), n_classes=1).overall
        for rows in (np.arange(3000), order)
    )
    assert (first.ece, first.mce, first.overconfidence) == (
        second.ece,
        second.mce,
        second.overconfidence,
    )


def test_rows_in__best_score_first() -> None:
    curve = predicted([0.6, 0.9, 0.1, 0.7], [WRONG] * 4).overall
    assert curve.rows_in(1).tolist() == [1, 3, 0]


def test_calibration__scores_that_are_no_probabilities() -> None:
    with pytest.raises(NotProbabilities, match=r"2 scores.*lowest -0.5, highest 7") as caught:
        predicted([0.5, -0.5, 7.0], [WRONG] * 3)
    assert (caught.value.rows, caught.value.lowest, caught.value.highest) == (2, -0.5, 7.0)


def test_calibration__refusals() -> None:
    at, found = tables([0.5], [WRONG], [1])
    with pytest.raises(InvalidThreshold, match="bins"):
        EqualWidth(0)
    with pytest.raises(InvalidThreshold, match="bins"):
        EqualMass(-1)
    with pytest.raises(MismatchedColumns):
        calibration(at, found.take(np.zeros(0, dtype=np.int64)), n_classes=2)
    with pytest.raises(PositionOutOfRange):
        calibration(at, found, n_classes=1)
    with pytest.raises(PositionOutOfRange):
        calibration(at, found, n_classes=2, classes=[2])


def test_to_dict__is_plain() -> None:
    numbers = predicted([0.75], [RIGHT]).to_dict()
    assert numbers["overall"]["bins"] == [
        {"low": 0.0, "high": 0.5, "count": 0, "correct": 0, "confidence": None, "precision": None},
        {"low": 0.5, "high": 1.0, "count": 1, "correct": 1, "confidence": 0.75, "precision": 1.0},
    ]
    assert math.isclose(numbers["classes"][0]["ece"], 0.25)
    assert numbers["classes"][1]["ece"] is None
