"""Data sets with the statistics of COCO and Objects365, drawn anew from a seed; no download.

Objects an image are gamma–Poisson (a few crowded images, many sparse ones), classes fall off as
Zipf's law with one class far ahead, an image holds few classes, sizes are log-normal (about 41 %
small, 34 % medium, 25 % large). A model finds most of what is there, a little beside its place,
misses what is small or hard, takes one class for another at times, and adds many false positives
of low score. Difficulty belongs to the object, so that two models fail on the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

# Width and height of pictures, pixels, and how common they are.
PICTURES = np.array(
    [
        (640, 480, 34),
        (480, 640, 10),
        (640, 427, 22),
        (640, 426, 12),
        (427, 640, 6),
        (500, 375, 8),
        (640, 360, 5),
        (612, 612, 3),
    ]
)
CROWD_SHARE = 0.012
MOST_AN_IMAGE = 100
POINTS = (8, 28)  # of an outline: at least, below


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a data set is; `predictions` are asked for, an image keeps its 100 best."""

    images: int
    classes: int
    truth: int
    predictions: int
    masks: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Model:
    """What kind of detector: share of easy objects found, jitter in box sides, wrong classes."""

    recall: float = 0.80
    jitter: float = 0.058
    confusion: float = 0.05


@dataclass(frozen=True, slots=True)
class Scenes:
    """Pictures with ground truth; image and class are 0-based positions.

    `ids` are (I,) source ids, ascending and sparse; `sizes` (I, 2) width and height; `present`
    (I, C) draws of the classes that an image is about. Boxes are (N, 4) xywh pixels.
    """

    ids: Ints
    sizes: Ints
    present: Ints
    n_classes: int
    image: Ints
    class_: Ints
    boxes: Floats
    area: Floats
    crowd: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Found:
    """Predictions; `source` is the row of the ground truth that one was drawn from, or −1."""

    image: Ints
    class_: Ints
    boxes: Floats
    score: Floats
    source: Ints


def class_shares(classes: int, *, first: float, power: float) -> Floats:
    """Return how common each class is: one class ahead, the others by Zipf's law."""
    tail = 1.0 / np.arange(1, classes) ** power
    return np.concatenate([[first], tail / tail.sum() * (1 - first)])


def draw_scenes(shape: Shape) -> Scenes:
    """Draw pictures and ground truth, exactly as many as the shape asks."""
    rng = np.random.default_rng(shape.seed)
    share = PICTURES[:, 2] / PICTURES[:, 2].sum()
    sizes = PICTURES[rng.choice(len(PICTURES), shape.images, p=share), :2]
    image = np.repeat(np.arange(shape.images), _objects_an_image(rng, shape))
    shares = class_shares(shape.classes, first=0.30, power=0.95)
    many = 1 + rng.geometric(0.42, shape.images)
    present = rng.choice(shape.classes, size=(shape.images, int(many.max())), p=shares)
    # The first `many` draws are what an image is about: the others repeat them.
    present = present[np.arange(shape.images)[:, None], np.arange(present.shape[1]) % many[:, None]]
    crowd = rng.random(shape.truth) < CROWD_SHARE
    room = sizes[image].astype(np.float64)
    boxes = _boxes(rng, room, scale=54, spread=1.18, stretch=np.where(crowd, 3.5, 1.0))
    boxes = np.round(boxes, 2)
    filled = rng.uniform(0.35, 0.92, shape.truth)
    return Scenes(
        ids=np.sort(rng.choice(np.arange(1, shape.images * 116), shape.images, replace=False)),
        sizes=sizes,
        present=present,
        n_classes=shape.classes,
        image=image,
        class_=present[image, rng.integers(0, present.shape[1], shape.truth)],
        boxes=boxes,
        area=np.round(boxes[:, 2] * boxes[:, 3] * filled, 4),
        crowd=crowd,
    )


def draw_predictions(scenes: Scenes, shape: Shape, model: Model, *, seed: int) -> Found:
    """Draw what one model finds; the same seed gives the same predictions."""
    rng = np.random.default_rng((shape.seed, seed))
    true = _found_objects(rng, scenes, model, dense=shape.predictions > 20 * shape.images)
    false = _false_positives(rng, scenes, max(0, shape.predictions - len(true.image)))
    columns = [
        np.concatenate([getattr(true, name), getattr(false, name)]) for name in Found.__slots__
    ]
    merged = Found(*columns)
    size = scenes.sizes[merged.image].astype(np.float64)
    corner = np.clip(merged.boxes[:, :2], 0, size - 1)
    extent = np.clip(merged.boxes[:, 2:], 1, size - corner)
    order = np.lexsort((-merged.score, merged.image))
    image = merged.image[order]
    rank = np.arange(len(image)) - np.searchsorted(image, image)
    kept = order[rank < MOST_AN_IMAGE]
    return Found(
        image=merged.image[kept],
        class_=merged.class_[kept],
        boxes=np.round(np.hstack([corner, extent])[kept], 3),
        score=np.round(merged.score[kept], 5),
        source=merged.source[kept],
    )


def _objects_an_image(rng: np.random.Generator, shape: Shape) -> Ints:
    mean = shape.truth / shape.images
    counts = rng.poisson(rng.gamma(1.15, mean / 1.15, shape.images))
    # Towards the exact sum one by one: only where there is something to take away.
    while (missing := shape.truth - int(counts.sum())) != 0:
        chosen = rng.integers(0, shape.images, abs(missing))
        step = np.bincount(chosen, minlength=shape.images)
        counts = counts + step if missing > 0 else np.maximum(counts - step, 0)
    return counts


def _boxes(
    rng: np.random.Generator, room: Floats, *, scale: float, spread: float, stretch: Any = 1.0
) -> Floats:
    side = np.exp(rng.normal(np.log(scale), spread, len(room))) * stretch
    aspect = np.exp(rng.normal(0, 0.45, len(room)))
    extent = np.stack([side * np.sqrt(aspect), side / np.sqrt(aspect)], axis=1)
    extent = np.clip(extent, 2, room * 0.98)
    return np.hstack([rng.random((len(room), 2)) * (room - extent), extent])


def _found_objects(rng: np.random.Generator, scenes: Scenes, model: Model, *, dense: bool) -> Found:
    ease = 1.25 - np.log(np.maximum(scenes.area, 4)) / 11
    shared = np.random.default_rng(7).normal(0, 0.18, len(scenes.area))
    hard = np.clip(ease, 0.05, 0.95) + shared
    found = hard + rng.normal(0, 0.12, len(hard)) < model.recall
    first = np.flatnonzero(found & ~scenes.crowd)
    again = np.repeat(first, rng.poisson(0.25 if dense else 0.05, len(first)))
    source = np.concatenate([first, again])
    n, is_first = len(source), np.arange(len(source)) < len(first)
    box, noise = scenes.boxes[source], model.jitter * np.where(is_first, 1, 2.2)[:, None]
    corner = box[:, :2] + rng.normal(0, 1, (n, 2)) * noise * box[:, 2:]
    extent = box[:, 2:] * np.exp(rng.normal(0, 1.2, (n, 2)) * noise)
    confidence = rng.beta(4, 1.6, n) * np.where(is_first, 1, 0.45)
    score = confidence * (1.15 - 0.6 * np.clip(hard[source], 0, 1))
    class_ = scenes.class_[source].copy()
    wrong = rng.random(n) < model.confusion
    shares = class_shares(scenes.n_classes, first=0.30, power=0.95)
    class_[wrong] = rng.choice(scenes.n_classes, int(wrong.sum()), p=shares)
    boxes = np.hstack([corner, extent])
    return Found(scenes.image[source], class_, boxes, np.clip(score, 0.001, 0.999), source)


def _false_positives(rng: np.random.Generator, scenes: Scenes, n: int) -> Found:
    image = rng.permutation(np.arange(n) % len(scenes.ids))
    column = rng.integers(0, scenes.present.shape[1], n)
    shares = class_shares(scenes.n_classes, first=0.2, power=0.5)
    anywhere = rng.choice(scenes.n_classes, n, p=shares)
    class_ = np.where(rng.random(n) < 0.6, scenes.present[image, column], anywhere)
    boxes = _boxes(rng, scenes.sizes[image].astype(np.float64), scale=50, spread=1.0)
    score = np.clip(rng.beta(0.6, 9, n), 0.001, 0.95)
    return Found(image, class_, boxes, score, np.full(n, -1))


@dataclass(frozen=True, slots=True)
class Outlines:
    """Star-shaped outlines in unit boxes: (N,) numbers of points, (N, P) radii and (N,) turns."""

    points: Ints
    radii: Floats
    turn: Floats

    def polygon(self, row: int, box: Floats) -> Floats:
        """Return one outline in a box, (2 × points,) x and y by turns, pixels."""
        n = int(self.points[row])
        angle = np.arange(n) * (2 * np.pi / n) + self.turn[row]
        circle = np.stack([np.cos(angle), np.sin(angle)], axis=1) * self.radii[row, :n, None]
        polygon: Floats = np.round(box[:2] + box[2:] * (0.5 + 0.5 * circle), 2).ravel()
        return polygon


def draw_outlines(n: int, *, seed: int) -> Outlines:
    """Draw an outline for each object."""
    rng = np.random.default_rng((seed, n))
    radii = rng.uniform(0.62, 1.0, (n, POINTS[1] - 1))
    return Outlines(rng.integers(*POINTS, n), radii, rng.random(n) * 0.3)


def redraw_outlines(outlines: Outlines, source: Ints, *, seed: int) -> Outlines:
    """Draw the outlines that a model gives: its object's with noise, a fresh one where −1."""
    fresh = draw_outlines(len(source), seed=seed)
    noise = np.random.default_rng((seed, 1)).normal(0, 0.05, fresh.radii.shape)
    known = source >= 0
    radii = np.where(known[:, None], outlines.radii[source] * np.exp(noise), fresh.radii)
    return Outlines(
        points=np.where(known, outlines.points[source], fresh.points),
        radii=np.clip(radii, 0.3, 1.05),
        turn=np.where(known, outlines.turn[source], fresh.turn),
    )
