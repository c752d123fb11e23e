"""Job memory: a value is made once a job and held for one job at a time."""

from __future__ import annotations

from curation.job_engine.job_memory import JobMemory


def test_get__makes_a_value_once_a_job() -> None:
    memory, made = JobMemory[int](), []

    def make(value: int) -> int:
        made.append(value)
        return value

    assert memory.get("a", lambda: make(1)) == 1
    assert memory.get("a", lambda: make(2)) == 1
    assert memory.get("b", lambda: make(3)) == 3
    assert memory.get("a", lambda: make(4)) == 4
    assert made == [1, 3, 4]


def test_forget__the_value_is_made_again() -> None:
    memory = JobMemory[int]()
    memory.get("a", lambda: 1)
    memory.forget()
    assert memory.get("a", lambda: 2) == 2
