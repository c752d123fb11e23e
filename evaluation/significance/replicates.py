"""Replicates: the numbers of prediction sets on resampled images, weighted and never re-matched."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation import kernels
from evaluation.average_precision import COCO_NUMBERS, RECALL_THRESHOLDS
from evaluation.significance.counts import AREAS, RECALLS, TALLIES, Sections
from evaluation.significance.resampling import image_weights
from evaluation.size_buckets import SIZE_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from evaluation.average_precision import Mean
    from evaluation.significance.counts import Counts
    from evaluation.significance.resampling import Resampling
    from evaluation.significance.walk import Walk

    Progress = Callable[[int, int], None]

kernel = kernels.kernel("bootstrap_kernel")

# Below this many weighted rows threads cost more than they bring.
_SERIAL = 1 << 22


@dataclass(frozen=True, slots=True)
class Weighable:
    """One prediction set laid out for weighting.

    `iou_thresholds` (T,) are those it was matched at; the class axis has K classes.
    """

    walk: Walk
    counts: Counts
    iou_thresholds: NDArray[np.float64]
    n_classes: int


@dataclass(frozen=True, slots=True)
class Replicates:
    """Numbers of B replicates of one prediction set.

    `coco` (12, K, B) are COCO's numbers of each class in the order of `COCO_NUMBERS`, NaN where a
    replicate drew no ground truth of the class in the area range; `tallies` (K, 3, 3, B) size
    buckets × (TP, FP, FN) at the operating point.
    """

    coco: NDArray[np.float64]
    tallies: NDArray[np.int32]


def replicate(
    sides: Sequence[Weighable],
    n_images: int,
    resampling: Resampling,
    progress: Progress | None = None,
) -> tuple[Replicates, ...]:
    """Compute all numbers of prediction sets on the same resampled images.

    Args:
        sides: Prediction sets; a replicate weights the images alike for all of them.
        n_images: Number of images to draw from.
        resampling: How many replicates, and the seed.
        progress: Called in this thread with replicates done and asked; may raise to stop.
    """
    count, lanes = resampling.replicates, int(kernel.LANES)
    results = tuple(
        Replicates(
            np.empty((len(COCO_NUMBERS), side.n_classes, count)),
            np.empty((side.n_classes, len(SIZE_BUCKETS), len(TALLIES), count), dtype=np.int32),
        )
        for side in sides
    )

    def fill(first: int) -> int:
        width = min(lanes, count - first)
        weights = np.zeros((n_images, lanes), dtype=np.int32)
        weights[:, :width] = image_weights(n_images, seed=resampling.seed, first=first, count=width)
        for side, result in zip(sides, results, strict=True):
            numbers = weigh(side, weights)
            result.coco[..., first : first + width] = numbers.coco[..., :width]
            result.tallies[..., first : first + width] = numbers.tallies[..., :width]
        return first + width

    def tell(done: int) -> None:
        if progress is not None:
            progress(done, count)

    blocks = range(0, count, lanes)
    work = count * sum(len(side.walk.row_image) + len(side.counts.slot) for side in sides)
    if work < _SERIAL or kernels.threads() == 1:
        for first in blocks:
            tell(fill(first))
        return results
    with ThreadPoolExecutor(kernels.threads()) as pool:
        try:
            for done in pool.map(fill, blocks):
                tell(done)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return results


def weigh(side: Weighable, weights: NDArray[np.int32]) -> Replicates:
    """Compute all numbers of one prediction set with given weights of its images.

    Args:
        side: The prediction set.
        weights: (images, LANES) how often each image counts, one column a replicate.
    """
    sections, n_classes, lanes = Sections.of(side.n_classes), side.n_classes, weights.shape[1]
    sums = np.empty((side.counts.n_slots, lanes), dtype=np.int32)
    kernel.weighted_counts(side.counts, weights, sums)
    positives = sums[sections.positives].reshape(n_classes, len(AREAS), lanes)
    found = sums[sections.found].reshape(n_classes, len(RECALLS), lanes)
    areas = np.empty((n_classes, len(AREAS), len(side.iou_thresholds), lanes))
    kernel.envelope_sums(side.walk, weights, positives, areas)

    coco = np.empty((len(COCO_NUMBERS), n_classes, lanes))
    for row, (name, mean) in enumerate(COCO_NUMBERS.items()):
        area = AREAS.index(mean.area)
        if mean.kind == "recall":
            goal = np.maximum(positives[:, area], 1) * len(side.iou_thresholds)
            numbers = found[:, tuple(RECALLS).index(name)] / goal
        else:
            part = areas[:, area, _averaged(mean, side.iou_thresholds)]
            # Not the mean of an empty axis: NaN without a warning.
            n_samples = part.shape[1] * len(RECALL_THRESHOLDS) or np.nan
            numbers = part.sum(axis=1) / n_samples
        coco[row] = np.where(positives[:, area] > 0, numbers, np.nan)
    tallies = sums[sections.tallies].reshape(n_classes, len(SIZE_BUCKETS), len(TALLIES), lanes)
    return Replicates(coco, tallies)


def _averaged(mean: Mean, iou_thresholds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which IoU thresholds a number averages."""
    if mean.iou is None:
        return np.ones(len(iou_thresholds), dtype=np.bool_)
    chosen: NDArray[np.bool_] = iou_thresholds == mean.iou
    return chosen
