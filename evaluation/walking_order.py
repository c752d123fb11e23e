"""The order in which COCO walks predictions: class by class, best score first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.instances import Instances


def walking_order(predictions: Instances) -> NDArray[np.int64]:
    """Sort predictions by class, then score descending, then image, then file order.

    Args:
        predictions: The table to walk; scores must be finite.

    Returns:
        (P,) row numbers.

    Example:
        >>> from evaluation import Instances
        >>> found = Instances.predictions([1, 0, 0], [0, 0, 0], np.ones((3, 4)), score=[0.5, 0.5, 0.9])
        >>> walking_order(found).tolist()
        [2, 1, 0]
    """
    order: NDArray[np.int64] = np.lexsort(
        (predictions.image, -predictions.score, predictions.class_)
    )
    return order
