from __future__ import annotations

import importlib
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture(params=["_order_kernel", "_order_kernel_numpy"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    try:
        return importlib.import_module(f"evaluation.{request.param}")
    except ModuleNotFoundError:
        pytest.skip("the install could not compile the kernels")


def sort_scores(kernel: ModuleType, score: NDArray[np.float64]) -> NDArray[np.int64]:
    order = np.arange(len(score))
    kernel.sort_by_score(score, np.array([0, len(score)]), np.array([0]), order)
    return order


def test_span__smallest_largest_and_whether_they_ascend(kernel: ModuleType) -> None:
    assert kernel.span(np.array([2, 2, 7])) == (2, 7, True)
    assert kernel.span(np.array([2, 7, 6])) == (2, 7, False)
    assert kernel.span(np.array([-3])) == (-3, -3, True)
    assert kernel.span(np.empty(0, dtype=np.int64)) == (0, -1, True)


def test_count_positions__where_each_begins(kernel: ModuleType) -> None:
    start = np.full(5, 99)
    kernel.count_positions(np.array([1, 3, 1]), start)
    assert start.tolist() == [0, 0, 2, 2, 3]


@pytest.mark.parametrize(("position", "length"), [([0, 4], 5), ([-1], 5), ([0], 1), ([0], 0)])
def test_count_positions__outside_the_axis(
    kernel: ModuleType, position: list[int], length: int
) -> None:
    memory = np.full(length + 4, 7)
    with pytest.raises(IndexError):
        kernel.count_positions(np.array(position), memory[:length])
    assert memory[length:].tolist() == [7] * 4


def test_sort_by_position__equal_ones_in_the_order_given(kernel: ModuleType) -> None:
    position, column = np.array([2, 0, 2, 0]), np.array([0.2, 0.0, 0.22, 0.1])
    out, start, carried = np.empty(4, dtype=np.int64), np.empty(4, dtype=np.int64), np.empty(4)
    kernel.sort_by_position(position, None, start, out, column, carried)
    assert out.tolist() == [1, 3, 0, 2]
    assert start.tolist() == [0, 2, 2, 4]
    assert carried.tolist() == [0.0, 0.1, 0.2, 0.22]
    kernel.sort_by_position(position, np.array([3, 2, 1, 0]), start, out, None, None)
    assert out.tolist() == [3, 1, 2, 0]


def test_sort_by_score__only_the_groups_asked_for(kernel: ModuleType) -> None:
    score, order = np.array([0.1, 0.9, 0.1, 0.5, 0.5, 0.9]), np.array([7, 8, 9, 3, 2, 1])
    kernel.sort_by_score(score, np.array([0, 3, 6]), np.array([1]), order)
    assert order.tolist() == [7, 8, 9, 1, 3, 2]


def test_sort_by_score__any_sign_and_both_zeros(kernel: ModuleType) -> None:
    score = np.array([-1.5, 0.0, -0.0, 3.0, -1e300, 1e-310, 0.0])
    assert sort_scores(kernel, score).tolist() == [3, 5, 1, 2, 6, 0, 4]


@pytest.mark.parametrize("n", [47, 48, 49, 5000, 70_000])
@pytest.mark.parametrize("decimals", [1, 3, 17])
def test_sort_by_score__as_a_stable_sort(kernel: ModuleType, n: int, decimals: int) -> None:
    drawn = np.random.default_rng(n).beta(0.5, 3, n)
    score = np.array([round(value, decimals) for value in drawn.tolist()])
    expected = np.argsort(-score, kind="stable")
    assert np.array_equal(sort_scores(kernel, score), expected)


@pytest.mark.parametrize("outlier", [0.5, 1e-200, -7.0])
def test_sort_by_score__scores_that_differ_in_their_last_bits_only(
    kernel: ModuleType, outlier: float
) -> None:
    rng = np.random.default_rng(3)
    score = np.full(9000, 0.5) + rng.integers(0, 4000, 9000) * np.float64(2.0**-52)
    score[17] = outlier
    expected = np.argsort(-score, kind="stable")
    assert np.array_equal(sort_scores(kernel, score), expected)
