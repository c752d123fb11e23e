"""Recent values: made once, dropped by age and weight, and nobody waits for another's value."""

from __future__ import annotations

import threading
from functools import partial

from curation.evaluations.evaluated_sets import Recent


def test_recent__keeps_the_newest() -> None:
    recent, made = Recent[int](2), []

    def make(value: int) -> int:
        made.append(value)
        return value

    for key in (1, 2, 1, 3, 1, 2):
        assert recent.get(key, partial(make, key)) == key
    assert made == [1, 2, 3, 2]


def test_recent__drops_by_weight_but_keeps_two() -> None:
    recent, made = Recent[int](10, budget=100, weigh=lambda value: value), []

    def make(value: int) -> int:
        made.append(value)
        return value

    for value in (90, 80, 70, 90):
        recent.get(value, partial(make, value))
    assert made == [90, 80, 70, 90]


def test_recent__two_threads_make_a_value_once() -> None:
    recent, made = Recent[int](2), []
    started, go = threading.Event(), threading.Event()

    def slow() -> int:
        started.set()
        go.wait(10)
        made.append(1)
        return 1

    threads = [threading.Thread(target=lambda: recent.get("a", slow)) for _ in range(2)]
    for thread in threads:
        thread.start()
    started.wait(10)
    assert recent.get("b", lambda: 2) == 2  # does not wait for a
    go.set()
    for thread in threads:
        thread.join()
    assert made == [1]
