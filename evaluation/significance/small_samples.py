"""Tails of a bootstrap distribution, corrected for how few images it comes from.

Resampling n images gives a spread that is too narrow by √((n − 1) / n) and knows nothing of the
heavier tails of Student's t. The *expanded percentile interval* (Hesterberg 2015, What Teachers
Should Know About the Bootstrap, section 3.3) therefore reads percentiles further out. The same
correction turned round widens p values, so that interval and p always agree.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_NORMAL = NormalDist()
# From here on a normal approximation of Student's t is right to five decimals.
_MANY = 200


def student_tail(t: float, freedom: int) -> float:
    """Give the probability that Student's t exceeds a value.

    The finite series of Abramowitz and Stegun 26.7.3 and 26.7.4; for many degrees of freedom the
    normal approximation 26.7.8.

    Args:
        t: The value, 0 or more.
        freedom: Degrees of freedom, 1 or more.

    Example:
        >>> round(student_tail(2.262157, 9), 6), student_tail(0.0, 3)
        (0.025, 0.5)
    """
    if freedom > _MANY:
        z = t * (1 - 1 / (4 * freedom)) / math.sqrt(1 + t * t / (2 * freedom))
        return _NORMAL.cdf(-z)
    angle = math.atan2(t, math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for j in range(2 + odd, freedom - 1 + odd, 2):
        term *= cosine * cosine * (j - 1) / j
        total += term
    inside = (angle + sine * total) * 2 / math.pi if odd else sine * total
    return (1 - inside) / 2


@lru_cache(maxsize=1 << 16)
def corrected_tail(share: float, n_images: int, stretch: float) -> float:
    """Say how improbable a value is that a share of replicates lies beyond.

    Args:
        share: Share of replicates beyond it, on one side, in (0, 0.5].
        n_images: Number of images that carry the number, 2 or more.
        stretch: By how much the spread of the replicates is too narrow, 1 or more.

    Example:
        >>> corrected_tail(0.5, 10, 1.0)
        0.5
        >>> [round(corrected_tail(0.025, n, (n / (n - 1)) ** 0.5), 4) for n in (10, 100, 10000)]
        [0.048, 0.027, 0.025]
    """
    if share >= 0.5:
        return 0.5
    return student_tail(-_NORMAL.inv_cdf(share) / stretch, n_images - 1)


@lru_cache(maxsize=1 << 16)
def interval_rank(level: float, replicates: int, n_images: int, stretch: float) -> int:
    """Say which of the sorted replicates, from either end, ends an interval.

    Args:
        level: Share of intervals that shall cover the truth.
        replicates: Number B of replicates.
        n_images: Number of images that carry the number, 2 or more.
        stretch: By how much the spread of the replicates is too narrow, 1 or more.

    Returns:
        The largest rank k of which k / (B + 1) is, corrected, not above (1 − level) / 2; 0 if
        there are too few replicates for the level.

    Example:
        >>> interval_rank(0.95, 1000, 10**6, 1.0), interval_rank(0.95, 1000, 10, (10 / 9) ** 0.5)
        (25, 8)
    """
    low, high = 0, (replicates + 1) // 2
    while low < high:
        middle = (low + high + 1) // 2
        if 2 * corrected_tail(middle / (replicates + 1), n_images, stretch) <= 1 - level:
            low = middle
        else:
            high = middle - 1
    return low
