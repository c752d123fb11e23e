"""Weighted precision and weighted counts of many bootstrap replicates, vectorised in NumPy.

The twin of `_bootstrap_kernel.pyx`: same functions, same arithmetic in the same order, same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.significance.counts import Counts
    from evaluation.significance.walk import Walk

# Replicates worked on together; results do not depend on it.
LANES = 64


def envelope_sums(
    walk: Walk,
    weights: NDArray[np.int32],
    positives: NDArray[np.int32],
    out: NDArray[np.float64],
) -> None:
    """Sum the envelope of precision over COCO's recall thresholds.

    Args:
        walk: Predictions and matches in walking order.
        weights: (images, LANES) how often each replicate drew each image.
        positives: (K, 4, LANES) weighted ground truth that counts.
        out: (K, 4, T, LANES) written: a 101st of it is an average precision.
    """
    out[:] = 0.0
    for class_ in np.flatnonzero(np.diff(walk.event_start)).tolist():
        events = slice(walk.event_start[class_], walk.event_start[class_ + 1])
        for area in range(out.shape[1]):
            seen = _seen(walk, weights, class_, area)
            wanted = np.maximum(positives[class_, area], 1)
            for t in range(out.shape[2]):
                matched = np.flatnonzero(walk.thresholds[events, area] >> t & 1)
                row = events.start + matched
                weight = weights[walk.event_image[row]]
                counted = (walk.event_counted[row] >> area & 1).astype(np.int32)
                change = counted - (walk.event_ranges[row] >> area & 1)
                found = np.cumsum(weight * counted[:, None], axis=0, dtype=np.int32)
                predicted = seen[matched] + np.cumsum(
                    weight * change[:, None], axis=0, dtype=np.int32
                )
                true = np.flatnonzero(counted)
                out[class_, area, t] = _envelope_sum(found[true], predicted[true], wanted)


def weighted_counts(counts: Counts, weights: NDArray[np.int32], out: NDArray[np.int32]) -> None:
    """Add up the weights of the images that entries lie on, by slot.

    Args:
        counts: Entries, ascending by slot.
        weights: (images, LANES) how often each replicate drew each image.
        out: (slots, LANES) written.
    """
    out[:] = 0
    if len(counts.slot) == 0:
        return
    first = np.flatnonzero(np.diff(counts.slot, prepend=-1))
    amount = weights[counts.image] * counts.amount[:, None]
    out[counts.slot[first]] = np.add.reduceat(amount, first, axis=0, dtype=np.int32)


def _seen(walk: Walk, weights: NDArray[np.int32], class_: int, area: int) -> NDArray[np.int32]:
    """Count the predictions up to and with each event of a class: (events, LANES)."""
    rows = slice(walk.row_start[class_], walk.row_start[class_ + 1])
    inside = (walk.row_ranges[rows] >> area & 1).astype(np.int32)
    running = np.cumsum(weights[walk.row_image[rows]] * inside[:, None], axis=0, dtype=np.int32)
    events = slice(walk.event_start[class_], walk.event_start[class_ + 1])
    seen: NDArray[np.int32] = running[walk.event_row[events] - rows.start]
    return seen


def _envelope_sum(
    found: NDArray[np.int32], predicted: NDArray[np.int32], wanted: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Sum over the recall thresholds from the last to the first; all but `wanted` (events, LANES).

    A recall meets the thresholds j · 0.01 that it reaches: truncate, then settle by the very
    comparison that decides, recall >= threshold in doubles.
    """
    if len(found) == 0:
        return np.zeros(len(wanted))
    recall = found / wanted
    met = (recall * 100.0).astype(np.int32)
    met += (met + 1) * 0.01 <= recall
    met += 1 - (met * 0.01 > recall)
    precision = found / (predicted + np.spacing(1))
    envelope = np.maximum.accumulate(precision[::-1], axis=0)
    steps = np.diff(met, axis=0, prepend=np.zeros((1, len(wanted)), dtype=np.int32))
    # A running sum adds one after the other, as the compiled kernel does.
    total: NDArray[np.float64] = np.cumsum(steps[::-1] * envelope, axis=0)[-1]
    return total
