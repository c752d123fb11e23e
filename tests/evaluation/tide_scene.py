"""A small scene with every error type, and what tidecv 1.0.1 says about it.

tidecv was run with its defaults (foreground 0.5, background 0.1) on these very rows. Every class
has ground truth and a true positive, so its mean over classes is COCO's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluation.instances import Instances
from tests.evaluation.random_tables import Scene

CAT, DOG, BIRD = 0, 1, 2

_TRUTH = (  # image, class, box
    (0, CAT, (0, 0, 10, 10)),
    (0, DOG, (30, 0, 10, 10)),
    (0, CAT, (60, 0, 10, 10)),
    (1, BIRD, (0, 0, 20, 20)),
    (3, DOG, (0, 0, 10, 10)),
    (3, BIRD, (50, 50, 10, 10)),
)
_PREDICTIONS = (  # image, class, box, score
    (0, CAT, (0, 0, 10, 10), 0.95),
    (0, CAT, (0, 0, 10, 9), 0.90),
    (0, CAT, (30, 0, 10, 9), 0.85),
    (0, CAT, (60, 0, 10, 4), 0.80),
    (0, DOG, (60, 0, 10, 3), 0.75),
    (0, BIRD, (90, 90, 5, 5), 0.70),
    (2, CAT, (5, 5, 5, 5), 0.65),  # the image has no ground truth
    (3, DOG, (0, 0, 10, 10), 0.60),
    (3, DOG, (0, 0, 10, 5), 0.55),  # an IoU of exactly 0.5
    (3, BIRD, (0, 0, 10, 1), 0.50),  # an IoU of exactly 0.1
    (3, DOG, (0, 0, 10, 1), 0.45),
    (3, BIRD, (50, 50, 10, 10), 0.40),
)


@dataclass(frozen=True)
class TideTypes:
    prediction: list[int]
    truth: list[int]


TIDE_TYPES = TideTypes(
    prediction=[-1, 3, 0, 1, 2, 4, 4, -1, 1, 4, 1, -1], truth=[-1, -1, -1, 5, -1, -1]
)
TIDE_AP = 0.30858085808580865
# AP of cat, dog and bird after each repair.
TIDE_MENDED = {
    "classification": (0.504950, 0.834983, 0.168317),
    "localisation": (0.752475, 0.252475, 0.168317),
    "both": (0.504950, 0.504950, 0.168317),
    "duplicate": (0.504950, 0.252475, 0.168317),
    "background": (0.504950, 0.252475, 0.504950),
    "missed": (0.504950, 0.252475, 0.333333),
    "false_positive": (0.504950, 0.504950, 0.504950),
    "false_negative": (1.0, 0.5, 0.333333),
}
TIDE_GAINS = {
    "classification": 0.194169,
    "localisation": 0.082508,
    "both": 0.084158,
    "duplicate": 0.0,
    "background": 0.112211,
    "missed": 0.055006,
    "false_positive": 0.196370,
    "false_negative": 0.302530,
}


def tide_scene() -> Scene:
    return Scene(
        Instances.ground_truth(*zip(*_TRUTH, strict=True)),
        Instances.predictions(
            *(list(column) for column in list(zip(*_PREDICTIONS, strict=True))[:3]),
            score=[row[3] for row in _PREDICTIONS],
        ),
    )


def jittered_scene() -> Scene:
    """A random scene; `JITTERED_COUNTS` and `JITTERED_GAINS` are tidecv's."""
    rng = np.random.default_rng(7)
    n_images, n_classes, n, m = 6, 3, 25, 70
    image = rng.integers(0, n_images - 1, n)
    boxes = np.c_[rng.integers(0, 4, (n, 2)) * 12.0, rng.integers(10, 24, (n, 2))]
    truth = Instances.ground_truth(image, rng.integers(0, n_classes, n), boxes)
    source = rng.integers(0, n, m)
    found = boxes[source] + rng.integers(-5, 6, (m, 4))
    found[:, 2:] = np.maximum(found[:, 2:], 1)
    where = np.where(rng.random(m) < 0.8, image[source], rng.integers(0, n_images, m))
    what = np.where(rng.random(m) < 0.7, truth.class_[source], rng.integers(0, n_classes, m))
    predictions = Instances.predictions(where, what, found, score=rng.permutation(m) / m)
    return Scene(truth, predictions)


JITTERED_COUNTS = {
    "classification": 4,
    "localisation": 34,
    "both": 8,
    "duplicate": 5,
    "background": 4,
    "missed": 3,
}
JITTERED_AP = 0.2772151034266717
# In points. tidecv samples recall at i / 100, COCO at linspace's doubles: one sample differs.
JITTERED_GAINS = {
    "classification": 0.7508,
    "localisation": 35.0145,
    "both": 2.7508,
    "duplicate": 0.6746,
    "background": 0.8917,
    "missed": 3.8394,
    "false_positive": 33.0046,
    "false_negative": 15.7992,
}
