"""Compiled kernels where the install could build them; their NumPy twins serve elsewhere."""

from __future__ import annotations

import importlib
import os
import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from numpy.typing import NDArray

T = TypeVar("T")

# Below this a thread costs more than it saves.
_ROWS_OF_A_THREAD = 20_000


def kernel(name: str) -> ModuleType:
    """Give a kernel: compiled, or its NumPy twin of the same functions.

    The environment variable `CURATION_KERNEL=numpy` chooses the twins.

    Args:
        name: Module name without its underscore, such as "kernel" for `evaluation/_kernel.pyx`.

    Example:
        >>> kernel("kernel").__name__ in {"evaluation._kernel", "evaluation._kernel_numpy"}
        True
    """
    if os.environ.get("CURATION_KERNEL") != "numpy":
        try:
            return importlib.import_module(f"evaluation._{name}")
        except ModuleNotFoundError:  # no compiler when this was installed
            pass
    return importlib.import_module(f"evaluation._{name}_numpy")


def threads() -> int:
    """Say how many threads a kernel may use: the processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Task(threading.Thread, Generic[T]):
    """A call in a thread of its own; `concurrent.futures` would take 6 ms to import."""

    def __init__(self, call: Callable[[], T]) -> None:
        super().__init__()
        self._call = call
        self._result: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._result.append(self._call())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            self._error = error

    def result(self) -> T:
        self.join()
        if self._error is not None:
            raise self._error
        return self._result[0]


def in_threads(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run tasks side by side and give their results in order; the first runs in this thread.

    Args:
        tasks: Calls of kernel functions, which release the GIL; no more than `threads()`.

    Example:
        >>> in_threads([lambda: 1, lambda: 2])
        [1, 2]
    """
    if len(tasks) < 2:
        return [task() for task in tasks]
    others = [_Task(task) for task in tasks[1:]]
    for other in others:
        other.start()
    try:
        first = tasks[0]()
    finally:
        for other in others:
            other.join()
    return [first, *(other.result() for other in others)]


def shares(loads: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Share out groups among threads: the largest first, each to who has least.

    Args:
        loads: (N,) work of each group.

    Returns:
        For each thread the numbers of its groups; one thread where there is little to do.

    Example:
        >>> [share.tolist() for share in shares(np.array([10, 20]))]
        [[1, 0]]
    """
    n = _wanted(int(loads.sum()))
    largest_first = np.argsort(-loads, kind="stable")
    if n == 1:
        return [largest_first]
    taken: list[list[int]] = [[] for _ in range(n)]
    totals = [0] * n
    for group, load in zip(largest_first.tolist(), loads[largest_first].tolist(), strict=True):
        least = totals.index(min(totals))
        taken[least].append(group)
        totals[least] += load
    return [np.array(groups, dtype=np.int64) for groups in taken if groups]


def blocks(start: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Cut consecutive groups into as many blocks of like size as there are threads.

    Args:
        start: (N + 1,) where the rows of each of N groups begin, ascending from 0.

    Returns:
        First group and the group to stop before, of each block.

    Example:
        >>> blocks(np.array([0, 5, 9]))
        [(0, 2)]
    """
    n_groups, n_rows = len(start) - 1, int(start[-1])
    n = _wanted(n_rows)
    cuts = [int(np.searchsorted(start, n_rows * part // n)) for part in range(1, n)]
    edges = [0, *cuts, n_groups]
    return [(low, high) for low, high in pairwise(edges) if low < high or n == 1]


def _wanted(rows: int) -> int:
    """Say how many threads are worth their start."""
    return max(1, min(threads(), rows // _ROWS_OF_A_THREAD))
