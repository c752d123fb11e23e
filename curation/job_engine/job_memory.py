"""What one job computed in this process, for its next slices; after a crash it is made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class JobMemory(Generic[T]):
    """Holds the value of one job at a time."""

    def __init__(self) -> None:
        self._held: tuple[str, T] | None = None

    def get(self, job_id: str, make: Callable[[], T]) -> T:
        """Return the job's value, making it when another job's is held or none."""
        if self._held is None or self._held[0] != job_id:
            self._held = (job_id, make())
        return self._held[1]

    def forget(self) -> None:
        """Release the value."""
        self._held = None
