"""How often somebody may ask: a token bucket for each key, in the memory of this process."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

MOST_KEYS: Final = 10_000
"""Keys that are remembered; beyond it the one that asked longest ago is forgotten."""


class RequestRate:
    """A limit of `per_second` requests on average, and `burst` at once.

    Args:
        burst: Requests that may come at once.
        per_second: Requests that come back each second.
        clock: Seconds that only grow.
    """

    def __init__(
        self, *, burst: int, per_second: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = float(burst)
        self._per_second = per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._left: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def wait(self, key: Hashable) -> int:
        """Count a request; return 0 if it may pass, else the whole seconds until one may."""
        now = self._clock()
        with self._lock:
            left, at = self._left.pop(key, (self._burst, now))
            left = min(self._burst, left + (now - at) * self._per_second)
            passes = left >= 1
            self._left[key] = (left - 1 if passes else left, now)
            if len(self._left) > MOST_KEYS:
                self._left.popitem(last=False)
        return 0 if passes else math.ceil((1 - left) / self._per_second)
