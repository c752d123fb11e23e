from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from evaluation.significance.evidence import Carried
from evaluation.significance.intervals import Interval, Sampled, adjusted, intervals
from evaluation.significance.resampling import Resampling

MANY = 10**9


def sampled(
    samples: Sequence[Sequence[float]], values: Sequence[float | None], images: int = MANY
) -> Sampled:
    n = len(values)
    return Sampled(
        values,
        np.array(samples, dtype=np.float64).reshape(n, -1),
        Carried(np.full(n, 2 * images), np.full(n, images)),
        np.full(n, images),
        np.ones(n),
    )


def one(samples: Sequence[float], value: float | None, images: int = MANY, **setting) -> Interval:
    resampling = Resampling(replicates=len(samples), **setting)
    (interval,) = intervals(sampled([samples], [value], images), resampling, tested=True)
    return interval


def test_intervals__ends_are_replicates_of_equal_rank_from_either_side() -> None:
    # 99 replicates: rank 4 of 100 is 4 %, the fifth, corrected by a hair, just too probable.
    interval = one(range(1, 100), 50.0, level=0.9)
    assert (interval.low, interval.high) == (4.0, 96.0)
    assert interval.p == pytest.approx(2 / 100)


def test_intervals__p_counts_both_sides_and_is_never_zero() -> None:
    assert one([0.1] * 999, 0.1).p == pytest.approx(2 / 1000)
    assert one([-1.0] * 9 + [1.0] * 990, 1.0).p == pytest.approx(2 * 10 / 1000)
    assert one([-1.0] * 990 + [1.0] * 9, -1.0).p == pytest.approx(2 * 10 / 1000)


def test_intervals__nothing_moves() -> None:
    interval = one([0.0] * 1000, 0.0)
    assert (interval.value, interval.low, interval.high, interval.p) == (0.0, 0.0, 0.0, 1.0)


def test_intervals__the_negative_has_the_mirrored_interval() -> None:
    samples = np.random.default_rng(0).normal(0.3, 1, 1000)
    first, mirrored = one(samples.tolist(), 0.3, 22), one((-samples).tolist(), -0.3, 22)
    assert (mirrored.low, mirrored.high, mirrored.p) == (-first.high, -first.low, first.p)  # type: ignore[operator]


def test_intervals__exclude_zero_exactly_if_p_says_so() -> None:
    rng = np.random.default_rng(1)
    seen = set()
    for _ in range(300):
        interval = one(rng.normal(rng.uniform(1, 3), 1, 400).tolist(), 1.0, 25, level=0.95)
        assert interval.p is not None
        assert interval.excludes_zero == (interval.p <= 1 - 0.95)
        seen.add(interval.excludes_zero)
    assert seen == {True, False}


def test_intervals__replicates_without_the_number_are_left_out() -> None:
    known = np.arange(1.0, 100.0)
    interval = one([*known, *[np.nan] * 50], 50.0, level=0.9)
    assert (interval.low, interval.high) == (4.0, 96.0)


@pytest.mark.parametrize(
    ("interval", "reason"),
    [
        (one([0.0] * 100, None), "n/a"),
        (one([1.0] * 100, 1.0, images=19), "19 images carry it; at least 20 are needed"),
        (one([np.nan] * 60 + [1.0] * 40, 1.0), "n/a in 60 of 100 replicates"),
        (one([1.0] * 30, 1.0), "30 replicates are too few for this level"),
    ],
)
def test_intervals__say_why_there_is_none(interval: Interval, reason: str) -> None:
    assert (interval.low, interval.high, interval.p) == (None, None, None)
    assert interval.reason == interval.to_dict()["reason"] == reason
    assert not interval.excludes_zero


def test_intervals__counts_stay_whole_numbers() -> None:
    interval = one([2.0] * 1000, 2)
    assert repr((interval.value, interval.low, interval.high)) == "(2, 2, 2)"


def test_adjusted__only_rows_with_a_p_are_tests() -> None:
    rows = intervals(
        sampled([[1.0] * 999, [0.0] * 999, [np.nan] * 999], [1.0, 0.0, None]),
        Resampling(replicates=999),
        tested=True,
    )
    assert [row.q for row in adjusted(rows)] == pytest.approx([0.004, 1.0, None])


def test_intervals__of_one_set_have_no_p() -> None:
    (interval,) = intervals(sampled([[0.5] * 999], [0.5]), Resampling(replicates=999), tested=False)
    assert (interval.low, interval.p, interval.q) == (0.5, None, None)
