"""How many tasks a page asks for: fewer where answers are heavy or fail, more as they come well."""

from __future__ import annotations

from typing import Final

HEAVY: Final = 8 * 1024 * 1024
"""Bytes that a page should not exceed; painted masks weigh hundreds of kilobytes each."""
_STEP: Final = 4
_GROWTH: Final = 4
# As long as a page can still get smaller, a failing one is not worth all the attempts.
_ATTEMPTS: Final = 3


class PageSize:
    """The page size of one kind of listing.

    >>> pages = PageSize()
    >>> pages.size(100)
    100
    >>> pages.shrink(100), pages.size(100)
    (True, 25)
    >>> pages.weigh(25_000, 25)  # it came well: a quarter more
    >>> pages.size(100)
    31
    >>> pages.weigh(31_000_000, 31)  # 1 MB a task
    >>> pages.size(100)
    8
    """

    def __init__(self) -> None:
        self._sound: int | None = None
        self._light: int | None = None

    def size(self, limit: int) -> int:
        """Return how many to ask for, at most `limit`."""
        bounds = [bound for bound in (limit, self._sound, self._light) if bound is not None]
        return max(1, min(bounds))

    def attempts(self, limit: int) -> int | None:
        """Return how often to ask before asking for less; None: as often as the limits allow."""
        return None if self.size(limit) == 1 else _ATTEMPTS

    def shrink(self, limit: int) -> bool:
        """Ask for a quarter of what just failed; False when one task was too much already."""
        failed = self.size(limit)
        self._sound = max(1, failed // _STEP)
        return failed > 1

    def weigh(self, size: int, tasks: int) -> None:
        """Learn from a sound answer: its bytes and its number of tasks."""
        if not tasks:
            return
        if self._sound is not None:
            self._sound += max(1, self._sound // _GROWTH)
        self._light = HEAVY * tasks // max(size, 1)
