"""Small random scenes with ties, crowds, wrong classes, duplicates and empty images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.instances import Instances

N_IMAGES, N_CLASSES = 6, 3


@dataclass(frozen=True)
class Scene:
    truth: Instances
    predictions: Instances


def random_scene(seed: int, *, crowd: float = 0.1, n_truth: int = 25, n: int = 60) -> Scene:
    """Jitter the ground truth on a coarse grid; the last image is background."""
    rng = np.random.default_rng(seed)
    truth = random_truth(rng, crowd=crowd, n=n_truth)
    return Scene(truth, random_predictions(rng, truth, n=n))


def random_truth(rng: np.random.Generator, *, crowd: float = 0.1, n: int = 25) -> Instances:
    places = rng.permutation(n)  # no two objects of an image have one place
    return Instances.ground_truth(
        places % (N_IMAGES - 1),
        rng.integers(0, N_CLASSES, n),
        np.c_[places // 5 * 9, rng.integers(0, 3, n) * 4, rng.integers(6, 14, (n, 2))],
        crowd=rng.random(n) < crowd,
        area=rng.choice([400.0, 1024.0, 5000.0, 9216.0, 20_000.0], n),
    )


def random_predictions(rng: np.random.Generator, truth: Instances, *, n: int = 60) -> Instances:
    near = rng.integers(0, len(truth), n)
    boxes = truth.boxes[near] + rng.integers(-3, 4, (n, 4)) * (rng.random((n, 1)) < 0.8)
    boxes[:, 2:] = np.maximum(boxes[:, 2:], 1)
    return Instances.predictions(
        _sometimes(rng, truth.image[near], 0.15, N_IMAGES),
        _sometimes(rng, truth.class_[near], 0.3, N_CLASSES),
        boxes,
        score=rng.integers(0, 21, n) / 20,
        area=rng.choice([400.0, 1024.0, 9216.0], n),
    )


def _sometimes(
    rng: np.random.Generator, values: NDArray[np.int64], share: float, below: int
) -> NDArray[np.int64]:
    return np.where(rng.random(len(values)) < share, rng.integers(0, below, len(values)), values)
