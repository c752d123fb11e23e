from __future__ import annotations

import numpy as np

from evaluation import Instances, match, outcomes
from evaluation.instances import IGNORED_AREA
from evaluation.significance.evidence import Evidence, evidence
from evaluation.significance.walk import Scope

SMALL, LARGE = [0, 0, 20, 20], [200, 200, 120, 120]


def known(images: list[bool] | None = None, classes: list[int] | None = None) -> Evidence:
    """Two small objects in image 0, a large one in image 1, a crowd and a ghost in image 2."""
    truth = Instances.ground_truth(
        [0, 0, 1, 2],
        [0, 0, 1, 0],
        [SMALL, [50, 50, 20, 20], LARGE, LARGE],
        crowd=[False, False, False, True],
    )
    found = Instances.predictions([0, 2], [0, 1], [SMALL, SMALL], score=[0.9, 0.9])
    at = outcomes(truth, found, match(truth, found), score=0.5, iou=0.5)
    scope = Scope.of(
        np.ones(4, np.bool_) if images is None else np.array(images),
        np.arange(2) if classes is None else np.array(classes),
        2,
    )
    return evidence(truth, [(found, at)], scope)


def test_evidence__of_cocos_numbers_is_ground_truth_that_counts() -> None:
    total = known().of("metrics", "AP")
    assert (total.objects.tolist(), total.images.tolist()) == ([3], [2])
    by_class = known().of("classes", "APs")
    assert (by_class.objects.tolist(), by_class.images.tolist()) == ([2, 0], [1, 0])
    sizes = known().of("sizes", "AR")
    assert (sizes.objects.tolist(), sizes.images.tolist()) == ([2, 0, 1], [1, 0, 1])
    both = known().of("class_sizes", "AP")
    assert both.objects.tolist() == [2, 0, 0, 0, 0, 1]


def test_evidence__false_positives_carry_precision_but_are_no_support() -> None:
    recall, precision = (known().of("classes", name) for name in ("recall", "precision"))
    assert (recall.objects.tolist(), recall.images.tolist()) == ([2, 1], [1, 1])
    assert (precision.objects.tolist(), precision.images.tolist()) == ([2, 1], [1, 2])


def test_evidence__is_of_the_images_and_classes_in_scope() -> None:
    part = known(images=[False, True, True, True], classes=[1]).of("classes", "f1")
    assert (part.objects.tolist(), part.images.tolist()) == ([1], [2])
    nothing = known(images=[False] * 4).of("operating_point", "tp")
    assert (nothing.objects.tolist(), nothing.images.tolist()) == ([0], [0])


def test_evidence__ground_truth_out_of_every_range_is_no_support() -> None:
    truth = Instances.ground_truth([0, 1], [0, 0], [SMALL, SMALL], area=[400.0, IGNORED_AREA])
    at = outcomes(truth, truth, match(truth, truth), score=0.5, iou=0.5)
    of_rates = evidence(truth, [(truth, at)], Scope.of(np.ones(2, np.bool_), np.arange(1), 1))
    recall = of_rates.of("operating_point", "recall")
    assert (recall.objects.tolist(), recall.images.tolist()) == ([1], [1])
