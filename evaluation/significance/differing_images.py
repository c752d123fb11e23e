"""Images in which two prediction sets differ: all that a difference of counts is made of.

Where both sets are right and wrong alike, an image adds 0 to a difference however often it is
drawn. A difference that five of a thousand images make has the certainty of five images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from evaluation.significance.counts import TALLIES, Sections
from evaluation.significance.numbers import RATES
from evaluation.size_buckets import SIZE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from evaluation.significance.counts import Counts
    from evaluation.significance.numbers import Level

# Which tallies move a rate; on the same labels the misses differ where the true positives do.
_MOVED_BY: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(RATES, ("tp",)),
    **dict.fromkeys(("precision", "f1"), ("tp", "fp")),
    "fp": ("fp",),
}
_N_SIZES = len(SIZE_BUCKETS)


def differing_images(
    ours: Counts, theirs: Counts, n_classes: int
) -> dict[tuple[Level, str], NDArray[np.int64]]:
    """Count the images whose tallies differ between two prediction sets.

    Args:
        ours: Counts of the prediction set.
        theirs: Counts of the baseline, on the same images and classes.
        n_classes: Number K of classes.

    Returns:
        For each level that has rates, and each rate, the number of images in each row.
    """
    section, n_images = Sections.of(n_classes).tallies, max(ours.n_images, 1)
    slot, image, amount = (
        np.concatenate(columns)
        for columns in zip(_entries(ours, section, 1), _entries(theirs, section, -1), strict=True)
    )
    cell, tally = np.divmod(slot, len(TALLIES))
    class_, size = np.divmod(cell, _N_SIZES)
    rows: dict[Level, tuple[NDArray[np.int64], int]] = {
        "classes": (class_, n_classes),
        "sizes": (size, _N_SIZES),
        "class_sizes": (cell, n_classes * _N_SIZES),
        "operating_point": (np.zeros_like(cell), 1),
    }
    counted = {}
    for level, (row, n_rows) in rows.items():
        moved = {}
        for number, name in enumerate(TALLIES):
            of_tally = tally == number
            moved[name] = _unequal(row[of_tally] * n_images + image[of_tally], amount[of_tally])
        for rate in RATES:
            pairs = np.unique(np.concatenate([moved[name] for name in _MOVED_BY[rate]]))
            counted[level, rate] = np.bincount(pairs // n_images, minlength=n_rows)
    return counted


def _entries(
    side: Counts, section: slice, sign: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Take the entries of the tallies; they are ascending by slot and the last ones."""
    first = np.searchsorted(side.slot, section.start)
    return (
        side.slot[first:] - section.start,
        side.image[first:].astype(np.int64),
        side.amount[first:].astype(np.int64) * sign,
    )


def _unequal(pair: NDArray[np.int64], amount: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the (row, image) pairs whose amounts do not cancel."""
    pairs, place = np.unique(pair, return_inverse=True)
    # Sums of small whole numbers: exact in doubles.
    net = np.bincount(place, weights=amount, minlength=len(pairs))
    unequal: NDArray[np.int64] = pairs[net != 0]
    return unequal
