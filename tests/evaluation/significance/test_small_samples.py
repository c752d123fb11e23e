from __future__ import annotations

import math

import pytest

from evaluation.significance.small_samples import corrected_tail, interval_rank, student_tail

# Upper 2.5 % points of Student's t, from printed tables.
PERCENTAGE_POINTS = {
    1: 12.7062, 2: 4.3027, 3: 3.1824, 4: 2.7764, 9: 2.2622, 10: 2.2281, 29: 2.0452, 100: 1.9840,
    200: 1.9719, 500: 1.9647,
}  # fmt: skip


@pytest.mark.parametrize(("freedom", "t"), PERCENTAGE_POINTS.items())
def test_student_tail__printed_percentage_points(freedom: int, t: float) -> None:
    assert student_tail(t, freedom) == pytest.approx(0.025, abs=6e-6)


def test_student_tail__of_one_degree_is_cauchys() -> None:
    assert student_tail(1.0, 1) == pytest.approx(0.25, abs=1e-15)


def test_student_tail__its_approximation_joins_its_series() -> None:
    for t in (0.5, 2.0, 4.0):
        assert student_tail(t, 201) == pytest.approx(student_tail(t, 200), abs=1e-5)


def stretch(n: int) -> float:
    return math.sqrt(n / (n - 1))


def test_corrected_tail__few_images_make_a_tail_more_probable() -> None:
    tails = [corrected_tail(0.01, n, stretch(n)) for n in (5, 10, 20, 50, 1000)]
    assert tails == sorted(tails, reverse=True)
    assert tails[0] > 0.05
    assert tails[-1] == pytest.approx(0.01, rel=0.02)


def test_corrected_tail__the_middle_stays_the_middle() -> None:
    assert corrected_tail(0.5, 5, stretch(5)) == corrected_tail(0.7, 5, stretch(5)) == 0.5


@pytest.mark.parametrize("n", [6, 10, 30, 300])
@pytest.mark.parametrize("replicates", [200, 999, 1000])
def test_interval_rank__is_the_last_one_that_is_improbable_enough(n: int, replicates: int) -> None:
    rank = interval_rank(0.95, replicates, n, stretch(n))
    tails = [
        2 * corrected_tail(k / (replicates + 1), n, stretch(n)) for k in range(1, replicates // 2)
    ]
    assert rank == sum(tail <= 1 - 0.95 for tail in tails)


def test_interval_rank__few_images_need_more_replicates() -> None:
    assert interval_rank(0.95, 100, 10, stretch(10)) == 0
    assert interval_rank(0.95, 1000, 10, stretch(10)) == 8
    assert interval_rank(0.95, 1000, 4, stretch(4)) == 0
