"""Intervals and p values from replicates, for one number of many rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.significance.multiple_testing import benjamini_hochberg
from evaluation.significance.small_samples import corrected_tail, interval_rank

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from evaluation.significance.evidence import Carried
    from evaluation.significance.resampling import Resampling

# A number that more replicates than this share do not have is not resampled at all.
_MOST_MISSING = 0.5


@dataclass(frozen=True, slots=True)
class Interval:
    """A number or a difference, and how far chance alone moves it.

    `value` is the plain number, exactly as without intervals; None is n/a. `low` and `high` are
    the ends of its interval, None where there is none; `reason` then says why. Of a difference,
    `p` is the two-sided p value for "no difference" and `q` the same adjusted over the classes
    (Benjamini–Hochberg). `support` is the number of ground truths the number is made of, `images`
    the number of images that carry it.
    """

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    q: float | None
    support: int
    images: int
    reason: str | None = None

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0; of a difference, exactly if p ≤ 1 − level.

        Example:
            >>> Interval(0.1, 0.02, 0.2, 0.01, None, 50, 20).excludes_zero
            True
        """
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    def to_dict(self) -> dict[str, Any]:
        """Give the fields as plain data for JSON; `q` and `reason` only where there is one."""
        fields = {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "p": self.p,
            "support": self.support,
            "images": self.images,
        }
        optional = {"q": self.q, "reason": self.reason}
        return fields | {name: value for name, value in optional.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Sampled:
    """One number of many rows: its values, its replicates, and what they rest on.

    `values` has n entries, None for n/a; `samples` is (n, B), NaN where a replicate has no such
    number. `moving` (n,) is the number of images that make the spread of the replicates, at most
    those that carry the number; `stretch` (n,) is by how much that spread is too narrow.
    """

    values: Sequence[int | float | None]
    samples: NDArray[np.float64]
    carried: Carried
    moving: NDArray[np.int64]
    stretch: NDArray[np.float64]


def intervals(number: Sampled, resampling: Resampling, *, tested: bool) -> list[Interval]:
    """Make the intervals of one number.

    The ends are replicates themselves, the k-th from below and from above, so that the interval
    of the negative is the negative interval. No p is 0: a replicate is added on either side.

    Args:
        number: Values, replicates and evidence of all rows.
        resampling: Level and the least number of images.
        tested: Whether the values are differences, which have a p.
    """
    ascending = np.sort(number.samples, axis=1)  # NaN is last
    known = (~np.isnan(ascending)).sum(axis=1).tolist()
    below = (number.samples <= 0).sum(axis=1).tolist()
    above = (number.samples >= 0).sum(axis=1).tolist()
    rows = []
    for row, value in enumerate(number.values):
        support, images = int(number.carried.objects[row]), int(number.carried.images[row])
        moving, stretch, n = int(number.moving[row]), float(number.stretch[row]), known[row]
        reason = _missing(value, images, n, resampling)
        rank = 0 if reason else interval_rank(resampling.level, n, moving, stretch)
        if rank == 0:
            reason = reason or _too_few(moving, images, n)
            rows.append(Interval(value, None, None, None, None, support, images, reason))
            continue
        low, high = (_like(value, float(ascending[row, end])) for end in (rank - 1, n - rank))
        share = (1 + min(below[row], above[row])) / (n + 1)
        p = 2 * corrected_tail(share, moving, stretch) if tested else None
        rows.append(Interval(value, low, high, p, None, support, images))
    return rows


def adjusted(rows: Sequence[Interval]) -> list[Interval]:
    """Add q to the intervals of one number over all classes."""
    q_values = benjamini_hochberg([row.p for row in rows])
    return [replace(row, q=q) for row, q in zip(rows, q_values, strict=True)]


def _like(value: int | float | None, end: float) -> int | float:
    return int(end) if isinstance(value, int) else end  # counts stay whole numbers


def _missing(value: float | None, images: int, known: int, resampling: Resampling) -> str | None:
    """Say why a number has no interval; None if it has one."""
    if value is None:
        return "n/a"
    if images < resampling.min_images:
        return f"{images} images carry it; at least {resampling.min_images} are needed"
    if known < _MOST_MISSING * resampling.replicates:
        return f"n/a in {resampling.replicates - known} of {resampling.replicates} replicates"
    return None


def _too_few(moving: int, images: int, known: int) -> str:
    if moving < images:
        return f"the sets differ in {moving} of {images} images only"
    return f"{known} replicates are too few for this level"
