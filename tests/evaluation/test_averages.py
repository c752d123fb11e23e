from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.averages import Rates, average_rates, averages
from evaluation.operating_point import OperatingCounts


def counted(*classes: tuple[int, int, int]) -> OperatingCounts:
    """Counts of classes given as (TP, FP, FN), all of medium size."""
    tp, fp, fn = (np.outer(column, [0, 1, 0]) for column in np.array(classes).T)
    return OperatingCounts(tp, fp, fn, tp + fn)


def test_averages__by_hand() -> None:
    # P, R, F1: 6/8, 6/10, 12/18 and 1/4, 1/2, 2/6.
    result = averages(counted((6, 2, 4), (1, 3, 1)))
    assert result.micro == Rates(7 / 12, 7 / 12, 14 / 24)
    assert result.macro == Rates((6 / 8 + 1 / 4) / 2, (6 / 10 + 1 / 2) / 2, (12 / 18 + 2 / 6) / 2)
    assert result.weighted.precision == pytest.approx((10 * 6 / 8 + 2 * 1 / 4) / 12)
    assert result.weighted.f1 == pytest.approx((10 * 12 / 18 + 2 * 2 / 6) / 12)


def test_averages__precision_and_recall_of_the_predictions_that_sum_to_less_than_one() -> None:
    result = averages(counted((1, 9, 4)))
    assert result.micro == result.macro == result.weighted == Rates(0.1, 0.2, 2 / 15)
    assert result.micro.f1 == pytest.approx(2 * 0.1 * 0.2 / (0.1 + 0.2))


def test_averages__a_class_of_the_predictions_alone_is_in_micro_and_listed_apart() -> None:
    result = averages(counted((1, 0, 0), (0, 1, 0)))
    assert result.micro == Rates(0.5, 1.0, 2 / 3)
    assert result.macro == result.weighted == Rates(1.0, 1.0, 1.0)
    assert (result.classes, result.predicted_only) == ((0,), (1,))


def test_averages__a_class_of_the_ground_truth_alone_has_no_precision() -> None:
    result = averages(counted((1, 0, 0), (0, 0, 3)))
    assert result.macro == Rates(1.0, 0.5, 0.5)
    assert result.weighted == Rates(1.0, 0.25, 0.25)
    assert (result.classes, result.unpredicted) == ((0, 1), (1,))


@pytest.mark.parametrize(
    ("classes", "micro", "macro"),
    [
        ([(0, 0, 0)], Rates(None, None, None), Rates(None, None, None)),
        ([(0, 2, 0)], Rates(0.0, None, 0.0), Rates(None, None, None)),
        ([(0, 0, 2)], Rates(None, 0.0, 0.0), Rates(None, 0.0, 0.0)),
        ([(0, 2, 2)], Rates(0.0, 0.0, 0.0), Rates(0.0, 0.0, 0.0)),
        ([(3, 0, 0), (4, 0, 0)], Rates(1.0, 1.0, 1.0), Rates(1.0, 1.0, 1.0)),
    ],
)
def test_averages__what_does_not_exist_is_none(
    classes: list[tuple[int, int, int]], micro: Rates, macro: Rates
) -> None:
    result = averages(counted(*classes))
    assert (result.micro, result.macro, result.weighted) == (micro, macro, macro)


def test_averages__no_class_at_all() -> None:
    nothing = np.zeros((0, 3), dtype=np.int64)
    result = averages(OperatingCounts(nothing, nothing, nothing, nothing))
    assert result.to_dict() == {
        name: {"precision": None, "recall": None, "f1": None}
        for name in ("micro", "macro", "weighted")
    }


def test_averages__of_one_size() -> None:
    tp, fp, fn = np.array([[1, 2, 0]]), np.array([[1, 0, 0]]), np.array([[0, 2, 0]])
    counts = OperatingCounts(tp, fp, fn, tp + fn)
    assert averages(counts, size=0).macro == Rates(0.5, 1.0, 2 / 3)
    assert averages(counts, size=1).macro == Rates(1.0, 0.5, 2 / 3)
    assert averages(counts, size=2).classes == ()


tallies = st.lists(st.tuples(*[st.integers(0, 9)] * 3), min_size=1, max_size=40)


@settings(derandomize=True)
@given(classes=tallies)
def test_averages__micro_is_the_total_and_weighted_recall_is_micro_recall(
    classes: list[tuple[int, int, int]],
) -> None:
    counts = counted(*classes)
    result, total = averages(counts), counts.total()
    assert result.micro == Rates(total.precision, total.recall, total.f1)
    assert result.weighted.recall == pytest.approx(total.recall)


@settings(derandomize=True)
@given(classes=tallies, others=st.integers(0, 5))
def test_average_rates__one_point_has_the_bits_of_many(
    classes: list[tuple[int, int, int]], others: int
) -> None:
    tp, fp, fn = (np.array(column) for column in zip(*classes, strict=True))
    alone = average_rates(tp, tp + fp, tp + fn)
    together = average_rates(
        np.tile(tp, (others + 1, 1)), np.tile(tp + fp, (others + 1, 1)), tp + fn
    )
    for name, rates in alone.items():
        for one, many in zip(rates, together[name], strict=True):
            assert np.array_equal(np.broadcast_to(one, many.shape), many, equal_nan=True)
