"""Many tests at once: p values adjusted for how many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjust p values so that of all calls at q ≤ a share a at most is expected to be false.

    q of the i-th smallest of m values is the least m · p / j over j ≥ i, at most 1 (Benjamini and
    Hochberg 1995, Controlling the False Discovery Rate). Missing values are no tests.

    Args:
        p_values: p of each test, None where there was none.

    Returns:
        q of each, None where there was no test.

    Example:
        >>> benjamini_hochberg([0.01, None, 0.04, 0.03])
        [0.03, None, 0.04, 0.04]
    """
    tested = [place for place, p in enumerate(p_values) if p is not None]
    p = np.array([p_values[place] for place in tested], dtype=np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    least = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    adjusted: list[float | None] = [None] * len(p_values)
    for place, q in zip(order.tolist(), least.tolist(), strict=True):
        adjusted[tested[place]] = q
    return adjusted
