"""Evidence: how many objects a number is made of, and how many images carry them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evaluation.average_precision import COCO_NUMBERS
from evaluation.matching import ignored_truth
from evaluation.operating_point import PredictionOutcome
from evaluation.significance.counts import AREAS
from evaluation.significance.numbers import RATES, averages_classes, coco_names
from evaluation.size_buckets import SIZE_BUCKETS, bucket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from evaluation.instances import Instances
    from evaluation.operating_point import Outcomes
    from evaluation.significance.numbers import Level
    from evaluation.significance.walk import Scope

# Numbers that false positives alone can move, so that images with nothing else carry them too.
_OF_PREDICTIONS = {"precision", "f1", "fp"}
_N_SIZES = len(SIZE_BUCKETS)


@dataclass(frozen=True, slots=True)
class Carried:
    """Objects and the images that carry them: two arrays of one shape."""

    objects: NDArray[np.int64]
    images: NDArray[np.int64]

    def take(self, rows: Sequence[int]) -> Carried:
        """Give some rows of a table, read column by column."""
        return Carried(self.objects[rows].T.ravel(), self.images[rows].T.ravel())


@dataclass(frozen=True, slots=True)
class _Objects:
    """Objects of several tables: image and class positions, area."""

    image: NDArray[np.int64]
    class_: NDArray[np.int64]
    area: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the numbers of a comparison rest on.

    `by_area` has the (4, K) counted ground truth of COCO's area ranges, `total_by_area` the (4, 1)
    of all classes; `truth` and `any` have, for each level with rates, ground truth, and ground
    truth together with the false positives of all sides.
    """

    by_area: Carried
    total_by_area: Carried
    truth: dict[Level, Carried]
    any: dict[Level, Carried]

    def of(self, level: Level, name: str) -> Carried:
        """Give the evidence of one number, in the rows of `numbers.samples`.

        The objects are always ground truth.
        """
        if name in RATES:
            images = (self.any if name in _OF_PREDICTIONS else self.truth)[level].images
            return Carried(self.truth[level].objects, images)
        areas = [AREAS.index(COCO_NUMBERS[coco].area) for coco in coco_names(level, name)]
        if averages_classes(level, name):
            return self.total_by_area.take(areas)
        return self.by_area.take(areas)

    def class_images(self, level: Level, name: str) -> NDArray[np.int64]:
        """Give the images of each class behind a number that averages classes: (numbers, K)."""
        areas = [AREAS.index(COCO_NUMBERS[coco].area) for coco in coco_names(level, name)]
        chosen: NDArray[np.int64] = self.by_area.images[areas]
        return chosen


def evidence(
    truth: Instances, sides: Sequence[tuple[Instances, Outcomes]], scope: Scope
) -> Evidence:
    """Count the objects and images behind every number.

    Args:
        truth: Ground truth that was matched.
        sides: Predictions and their outcomes at the operating point, of each prediction set.
        scope: What counts.
    """
    kept = scope.has(truth)
    ignored = ignored_truth(truth)
    labels = _objects(truth, scope, kept & ~ignored[:, AREAS.index("all")])
    false = [
        _objects(
            table, scope, scope.has(table) & (at.prediction == PredictionOutcome.FALSE_POSITIVE)
        )
        for table, at in sides
    ]
    by_area, total_by_area = [], []
    for outside in ignored.T:
        inside = _objects(truth, scope, kept & ~outside)
        by_area.append(_carried(inside.class_, inside, scope.n_classes, scope))
        total_by_area.append(_carried(np.zeros_like(inside.class_), inside, 1, scope))
    return Evidence(
        by_area=_stacked(by_area),
        total_by_area=_stacked(total_by_area),
        truth=_by_level([labels], scope),
        any=_by_level([labels, *false], scope),
    )


def _objects(table: Instances, scope: Scope, chosen: NDArray[np.bool_]) -> _Objects:
    row = np.flatnonzero(chosen)
    image = scope.image[table.image[row]].astype(np.int64)
    return _Objects(image, scope.class_[table.class_[row]], table.area[row])


def _by_level(parts: Sequence[_Objects], scope: Scope) -> dict[Level, Carried]:
    """Count objects of several tables together, at each level that has rates."""
    objects = _Objects(
        np.concatenate([part.image for part in parts]),
        np.concatenate([part.class_ for part in parts]),
        np.concatenate([part.area for part in parts]),
    )
    size = bucket(objects.area).astype(np.int64)
    slots: dict[Level, tuple[NDArray[np.int64], int]] = {
        "classes": (objects.class_, scope.n_classes),
        "sizes": (size, _N_SIZES),
        "class_sizes": (objects.class_ * _N_SIZES + size, scope.n_classes * _N_SIZES),
        "operating_point": (np.zeros_like(size), 1),
    }
    return {level: _carried(slot, objects, n, scope) for level, (slot, n) in slots.items()}


def _carried(slot: NDArray[np.int64], objects: _Objects, n_slots: int, scope: Scope) -> Carried:
    """Count the objects of each slot, and the different images they lie on."""
    pairs = np.unique(slot * scope.n_images + objects.image)
    return Carried(
        np.bincount(slot, minlength=n_slots),
        np.bincount(pairs // max(scope.n_images, 1), minlength=n_slots),
    )


def _stacked(rows: Sequence[Carried]) -> Carried:
    return Carried(np.stack([row.objects for row in rows]), np.stack([row.images for row in rows]))
