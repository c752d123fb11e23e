"""Size buckets: small < 32² ≤ medium < 96² ≤ large, in px².

Half-open, so every object is in exactly one bucket and counts sum to their total. COCO's own area
ranges (`matching.AREA_RANGES`) include both ends; they feed COCO's numbers and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SIZE_BUCKETS = ("small", "medium", "large")
BUCKET_EDGES = (32.0**2, 96.0**2)


def bucket(area: ArrayLike) -> NDArray[np.int8]:
    """Give the bucket of each area: 0 small, 1 medium, 2 large.

    Args:
        area: (N,) px².

    Example:
        >>> bucket([1023.9, 1024, 9215.9, 9216]).tolist()
        [0, 1, 1, 2]
    """
    values = np.asarray(area, dtype=np.float64)
    small, medium = BUCKET_EDGES
    return (values >= small).astype(np.int8) + (values >= medium).astype(np.int8)
