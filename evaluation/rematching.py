"""Matching again only where ground truth changed; the result is that of a full run, bit for bit.

Predictions and ground truth of different images never meet, so the pairs of an image whose ground
truth did not change are still right. Ranks and walking order depend on predictions alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from evaluation.errors import MismatchedColumns
from evaluation.matching import match

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.instances import Instances
    from evaluation.matching import Matches


def rematch(
    truth: Instances,
    predictions: Instances,
    previous: Matches,
    *,
    moved: NDArray[np.int64],
    changed: NDArray[np.bool_],
) -> Matches:
    """Match predictions to changed ground truth, taking over what was matched before.

    Args:
        truth: Ground truth as it is now.
        predictions: The predictions that `previous` was made for, in the same order.
        previous: Outcome of `match` for the ground truth before.
        moved: (G before,) row in `truth` of each row of the ground truth before; read only where
            its image did not change, and ascending there.
        changed: Mask over the image axis: images whose ground truth is not what it was.

    Raises:
        MismatchedColumns: If `previous` belongs to other predictions.
        MissingMasks: If masks are compared and a table has none.

    Example:
        >>> from evaluation import Instances, match
        >>> boxes = [[0, 0, 10, 10], [0, 0, 10, 10]]
        >>> found = Instances.predictions([0, 1], [0, 0], boxes, score=[0.9, 0.8])
        >>> before = match(Instances.ground_truth([0, 1], [0, 0], boxes), found)
        >>> corrected = Instances.ground_truth([0], [0], boxes[:1])  # the label of image 1 went
        >>> matches = rematch(
        ...     corrected, found, before,
        ...     moved=np.array([0, -1]), changed=np.array([False, True]),
        ... )
        >>> matches.pred.tolist(), matches.truth.tolist()
        ([0], [0])
    """
    if len(previous.rank) != len(predictions):
        raise MismatchedColumns("previous.rank", (len(predictions),), previous.rank.shape)
    rows = np.flatnonzero(changed[predictions.image])
    truth_rows = np.flatnonzero(changed[truth.image])
    found = match(
        truth.take(truth_rows),
        predictions.take(rows),
        iou_type=previous.iou_type,
        strict=previous.strict,
        iou_thresholds=previous.iou_thresholds,
        class_agnostic=previous.class_agnostic,
    )
    kept = np.flatnonzero(~changed[predictions.image[previous.pred]])
    pred = np.concatenate([previous.pred[kept], rows[found.pred]])
    # All pairs of a prediction are of one image: taken over or found anew, never both.
    place = np.argsort(pred, kind="stable")
    return replace(
        previous,
        pred=pred[place],
        truth=np.concatenate([moved[previous.truth[kept]], truth_rows[found.truth]])[place],
        iou=np.concatenate([previous.iou[kept], found.iou])[place],
        thresholds=np.concatenate([previous.thresholds[kept], found.thresholds])[place],
    )
