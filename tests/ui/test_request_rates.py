from __future__ import annotations

from ui import request_rates
from ui.request_rates import RequestRate


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_rate__a_burst_passes_and_then_one_at_a_time() -> None:
    clock = Clock()
    rate = RequestRate(burst=3, per_second=0.5, clock=clock)
    assert [rate.wait("a") for _ in range(4)] == [0, 0, 0, 2]
    clock.seconds = 1.0
    assert rate.wait("a") == 1
    clock.seconds = 2.0
    assert [rate.wait("a") for _ in range(2)] == [0, 2]


def test_rate__what_is_saved_is_never_more_than_a_burst() -> None:
    clock = Clock()
    rate = RequestRate(burst=2, per_second=1, clock=clock)
    clock.seconds = 1000.0
    assert [rate.wait("a") for _ in range(3)] == [0, 0, 1]


def test_rate__waiting_as_long_as_told_is_enough() -> None:
    clock = Clock()
    rate = RequestRate(burst=1, per_second=0.3, clock=clock)
    told = []
    for _ in range(20):
        assert rate.wait("a") == 0
        told.append(rate.wait("a"))
        clock.seconds += told[-1]
    assert set(told) == {4}


def test_rate__one_key_does_not_wait_for_another() -> None:
    rate = RequestRate(burst=1, per_second=1, clock=Clock())
    assert [rate.wait(key) for key in ("a", "b", "a", 1, 1)] == [0, 0, 1, 0, 1]


def test_rate__keys_that_asked_longest_ago_are_forgotten(monkeypatch) -> None:
    monkeypatch.setattr(request_rates, "MOST_KEYS", 2)
    rate = RequestRate(burst=1, per_second=1, clock=Clock())
    assert [rate.wait(key) for key in ("a", "b", "c", "b", "c", "a")] == [0, 0, 0, 1, 1, 0]
