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
    for class_, area in np.ndindex(out.shape[:2]):
        seen = predictions_seen(walk, weights, class_, area)
        for t in range(out.shape[2]):
            met, envelope = envelope_steps(walk, weights, positives, seen, (class_, area, t))
            steps = np.diff(met, axis=0, append=np.zeros((1, met.shape[1]), dtype=np.int32))
            # A running sum adds one after the other, as the compiled kernel does.
            out[class_, area, t] = np.cumsum(-steps * envelope, axis=0)[-1] if len(met) else 0.0


def predictions_seen(
    walk: Walk, weights: NDArray[np.int32], class_: int, area: int
) -> NDArray[np.int32]:
    """Count the predictions of a class, inside an area range, up to and with each event.

    Args:
        walk: Predictions and matches in walking order.
        weights: (images, LANES) how often each replicate drew each image.
        class_: Position of the class.
        area: Position of the area range.

    Returns:
        (events, LANES) weighted counts.
    """
    rows = slice(walk.row_start[class_], walk.row_start[class_ + 1])
    inside = (walk.row_ranges[rows] >> area & 1).astype(np.int32)
    running = np.cumsum(weights[walk.row_image[rows]] * inside[:, None], axis=0, dtype=np.int32)
    events = slice(walk.event_start[class_], walk.event_start[class_ + 1])
    seen: NDArray[np.int32] = running[walk.event_row[events] - rows.start]
    return seen


def envelope_steps(
    walk: Walk,
    weights: NDArray[np.int32],
    positives: NDArray[np.int32],
    seen: NDArray[np.int32],
    curve: tuple[int, int, int],
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Walk one curve from its last true positive to its first.

    Recall thresholds are j · 0.01: how many a recall meets needs no search, truncate and settle by
    the very comparison that decides, recall >= threshold in doubles.

    Args:
        walk: Predictions and matches in walking order.
        weights: (images, LANES) how often each replicate drew each image.
        positives: (K, 4, LANES) weighted ground truth that counts.
        seen: What `predictions_seen` gives for the class and area range.
        curve: Class, area range and IoU threshold.

    Returns:
        Two (true positives, LANES) arrays: how many recall thresholds are met up to there, and
        the largest precision from there on.
    """
    class_, area, t = curve
    events = slice(walk.event_start[class_], walk.event_start[class_ + 1])
    matched = np.flatnonzero(walk.thresholds[events, area] >> t & 1)
    row = events.start + matched
    weight = weights[walk.event_image[row]]
    counted = (walk.event_counted[row] >> area & 1).astype(np.int32)
    change = counted - (walk.event_ranges[row] >> area & 1)
    found = np.cumsum(weight * counted[:, None], axis=0, dtype=np.int32)
    predicted = seen[matched] + np.cumsum(weight * change[:, None], axis=0, dtype=np.int32)
    true = np.flatnonzero(counted)[::-1]
    recall = found[true] / np.maximum(positives[class_, area], 1)
    met = (recall * 100.0).astype(np.int32)
    met += (met + 1) * 0.01 <= recall
    met += 1 - (met * 0.01 > recall)
    precision = found[true] / (predicted[true] + np.spacing(1))
    return met, np.maximum.accumulate(precision, axis=0)


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
