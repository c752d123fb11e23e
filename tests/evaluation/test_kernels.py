from __future__ import annotations

import threading
from functools import partial

import numpy as np
import pytest

from evaluation import kernels
from evaluation.errors import InvalidThreshold


@pytest.fixture
def three_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "threads", lambda: 3)


def test_kernel__the_twin_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURATION_KERNEL", "numpy")
    assert kernels.kernel("order_kernel").__name__ == "evaluation._order_kernel_numpy"


def test_in_threads__results_in_order_whoever_made_them() -> None:
    together = threading.Barrier(3, timeout=10)

    def task(number: int) -> int:
        together.wait()
        return number

    tasks = [partial(task, number) for number in range(3)]
    assert kernels.in_threads(tasks) == [0, 1, 2]


def test_in_threads__an_error_of_any_thread_is_raised() -> None:
    def broken() -> int:
        raise MemoryError

    with pytest.raises(MemoryError):
        kernels.in_threads([lambda: 1, broken])


@pytest.mark.usefixtures("three_threads")
def test_shares__the_largest_first_to_who_has_least() -> None:
    loads = np.array([50_000, 10_000, 40_000, 30_000])
    assert [share.tolist() for share in kernels.shares(loads)] == [[0], [2], [3, 1]]


@pytest.mark.usefixtures("three_threads")
def test_shares__one_thread_for_little() -> None:
    assert [share.tolist() for share in kernels.shares(np.array([5, 9]))] == [[1, 0]]
    assert [share.tolist() for share in kernels.shares(np.empty(0, dtype=np.int64))] == [[]]


@pytest.mark.usefixtures("three_threads")
def test_blocks__of_like_size_without_gap() -> None:
    start = np.array([0, 30_000, 30_000, 60_000, 90_000])
    assert kernels.blocks(start) == [(0, 1), (1, 3), (3, 4)]


@pytest.mark.usefixtures("three_threads")
def test_blocks__one_large_group_is_one_block() -> None:
    assert kernels.blocks(np.array([0, 0, 90_000, 90_000])) == [(0, 2), (2, 3)]
    assert kernels.blocks(np.array([0])) == [(0, 0)]


@pytest.mark.parametrize("failing", [0, 1])
def test_in_threads__an_error_is_raised_after_all_have_ended(failing: int) -> None:
    ended = []

    def task(number: int) -> int:
        if number == failing:
            raise InvalidThreshold("caps", 0, allowed="1 or more")
        ended.append(number)
        return number

    with pytest.raises(InvalidThreshold):
        kernels.in_threads([lambda: task(0), lambda: task(1)])
    assert ended == [1 - failing]
