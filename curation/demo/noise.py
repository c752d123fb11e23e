"""Smooth random fields: the grain of cytoplasm, chromatin and glass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def cloud(rng: np.random.Generator, shape: tuple[int, int], *, grain: float) -> NDArray[np.float32]:
    """Return a smooth field of mean 0 and deviation about 1.

    Args:
        rng: source of randomness.
        shape: (height, width), pixels.
        grain: size of its bumps, pixels.
    """
    height, width = shape
    rows, columns = int(np.ceil(height / grain)) + 2, int(np.ceil(width / grain)) + 2
    seeds = rng.standard_normal((rows, columns), dtype=np.float32)
    field = cv2.resize(seeds, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(field, dtype=np.float32)


def speckles(
    rng: np.random.Generator, shape: tuple[int, int], *, grain: float, share: float
) -> NDArray[np.float32]:
    """Return soft spots of height 0 to 1 that cover about `share` of the field.

    Args:
        rng: source of randomness.
        shape: (height, width), pixels.
        grain: size of a spot, pixels.
        share: part of the field under spots, 0 to 1.
    """
    field = cloud(rng, shape, grain=grain)
    level = float(np.quantile(field[::2, ::2], 1 - share))
    spots: NDArray[np.float32] = np.clip((field - np.float32(level)) * 2, 0, 1)
    return spots
