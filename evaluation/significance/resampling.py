"""Resampling of images: which replicate draws which image how often."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation.errors import InvalidThreshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Chosen by the simulation of `benchmarks/bootstrap_coverage.py`, see docs/metrics/intervals.md.
MIN_IMAGES = 20
_DRAW_BITS = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are made.

    `replicates` is the number of resamples, `seed` starts their random numbers, `level` is the
    share of intervals that shall cover the truth. A number that fewer than `min_images` images
    carry gets no interval.

    Raises:
        InvalidThreshold: If a setting is out of its range.

    Example:
        >>> Resampling(level=0.9).replicates
        1000
    """

    replicates: int = 1000
    seed: int = 0
    level: float = 0.95
    min_images: int = MIN_IMAGES

    def __post_init__(self) -> None:
        if self.replicates < 1:
            raise InvalidThreshold("replicates", self.replicates, allowed="1 or more")
        if self.seed < 0:
            raise InvalidThreshold("seed", self.seed, allowed="0 or more")
        if not 0 < self.level < 1:
            raise InvalidThreshold("level", self.level, allowed="a share between 0 and 1")
        if self.min_images < 2:
            raise InvalidThreshold("min_images", self.min_images, allowed="2 or more")

    def to_dict(self) -> dict[str, int | float]:
        """Give the settings as plain data for JSON."""
        return asdict(self)


def image_weights(n_images: int, *, seed: int, first: int, count: int) -> NDArray[np.int32]:
    """Draw images with replacement, as many as there are, and count how often each is drawn.

    The counts of a replicate are multinomial with equal chances. They come from the raw words of
    PCG64, whose stream is the same in every version of NumPy, and each replicate has its own place
    in that stream: neither the machine nor what else is drawn changes them.

    Args:
        n_images: Number N of images to draw from.
        seed: Start of the stream.
        first: Number of the first replicate wanted.
        count: How many replicates.

    Returns:
        (N, count) weights; each column sums to N.

    Example:
        >>> image_weights(4, seed=0, first=0, count=2).sum(axis=0).tolist()
        [4, 4]
        >>> both = image_weights(9, seed=1, first=0, count=5)
        >>> bool((image_weights(9, seed=1, first=3, count=2) == both[:, 3:]).all())
        True
    """
    words = (n_images + 1) // 2  # a word of 64 bits holds two draws
    stream = np.random.PCG64(seed).advance(first * words)
    raw = stream.random_raw(count * words).reshape(count, words)
    drawn = np.empty((count, words, 2), dtype=np.uint64)
    drawn[..., 0], drawn[..., 1] = raw & np.uint64(0xFFFFFFFF), raw >> _DRAW_BITS
    # 32 random bits scaled to the number of images: its bias is below N / 2³².
    image = (drawn * np.uint64(n_images)) >> _DRAW_BITS
    image = image.reshape(count, 2 * words)[:, :n_images].astype(np.int64)
    slot = image * count + np.arange(count)[:, None]
    weights = np.bincount(slot.ravel(), minlength=n_images * count)
    return weights.reshape(n_images, count).astype(np.int32)
