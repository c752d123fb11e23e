"""Random scenes of many images, and scenes written out from weights: an image for each draw."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evaluation import Instances, evaluate, match
from evaluation.significance.counts import counts
from evaluation.significance.replicates import Replicates, Weighable, weigh
from evaluation.significance.walk import MatchedSet, Scope, walk

N_CLASSES = 4
NAMES = ("disc", "ring", "bar", "dot")


@dataclass(frozen=True)
class Scene:
    """Ground truth and the predictions of two models."""

    truth: Instances
    sides: tuple[Instances, Instances]
    n_images: int

    def matched(self) -> tuple[MatchedSet, MatchedSet]:
        first, second = (MatchedSet(side, match(self.truth, side)) for side in self.sides)
        return first, second


def random_scene(seed: int, *, n_images: int = 30, n_truth: int = 120) -> Scene:
    """Objects of all sizes, crowds, duplicates, wrong classes; images and classes without any."""
    rng = np.random.default_rng(seed)
    side = np.exp(rng.normal(np.log(48), 0.9, (n_truth, 2)))
    truth = Instances.ground_truth(
        rng.integers(0, max(n_images - 3, 1), n_truth),
        rng.choice(N_CLASSES - 1, n_truth, p=[0.7, 0.25, 0.05]),
        np.hstack([rng.random((n_truth, 2)) * 600, side]),
        area=side.prod(axis=1) * rng.uniform(0.6, 1, n_truth),
        crowd=rng.random(n_truth) < 0.05,
    )
    first, second = (_predictions(rng, truth, n_images) for _ in range(2))
    return Scene(truth, (first, second), n_images)


def _predictions(rng: np.random.Generator, truth: Instances, n_images: int) -> Instances:
    n = len(truth) * 2
    near = rng.integers(0, len(truth), n)
    boxes = truth.boxes[near].copy()
    boxes[:, :2] += rng.normal(0, 0.1, (n, 2)) * boxes[:, 2:]
    boxes[:, 2:] *= np.exp(rng.normal(0, 0.1, (n, 2)))
    lost, wrong = rng.random(n) < 0.2, rng.random(n) < 0.15
    return Instances.predictions(
        np.where(lost, rng.integers(0, n_images, n), truth.image[near]),
        np.where(wrong, rng.integers(0, N_CLASSES, n), truth.class_[near]),
        boxes,
        score=rng.permutation(n) / n,  # no ties: copies of an image then walk as its weight does
    )


def weighable(
    truth: Instances, side: MatchedSet, n_images: int, *, score: float = 0.3
) -> Weighable:
    scope = Scope.of(np.ones(n_images, np.bool_), np.arange(N_CLASSES), N_CLASSES)
    result = evaluate(truth, side.predictions, class_names=NAMES, matches=side.matches, score=score)
    return Weighable(
        walk(truth, side, scope),
        counts(truth, side, result.outcomes, scope),
        side.matches.iou_thresholds,
        N_CLASSES,
    )


def weighed(side: Weighable, weights: NDArray[np.int32], lanes: int) -> Replicates:
    """Weigh a few replicates: (images, n) weights are padded to the kernel's lanes."""
    padded = np.zeros((len(weights), lanes), dtype=np.int32)
    padded[:, : weights.shape[1]] = weights
    numbers = weigh(side, padded)
    n = weights.shape[1]
    return Replicates(numbers.coco[..., :n], numbers.tallies[..., :n])


def written_out(table: Instances, weights: NDArray[np.int32]) -> Instances:
    """Repeat every image as often as it was drawn, its copies one after the other."""
    copies = weights[table.image]
    rows = np.repeat(np.arange(len(table)), copies)
    copy = np.arange(len(rows)) - np.repeat(np.cumsum(copies) - copies, copies)
    first = np.cumsum(weights) - weights
    written = table.take(rows)
    return replace(written, image=first[written.image] + copy, id=np.arange(1, len(rows) + 1))
