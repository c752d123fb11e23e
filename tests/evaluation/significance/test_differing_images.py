from __future__ import annotations

import numpy as np

from evaluation import Instances, match, outcomes
from evaluation.significance.counts import Counts, counts
from evaluation.significance.differing_images import differing_images
from evaluation.significance.walk import MatchedSet, Scope

SMALL, LARGE = [0, 0, 20, 20], [200, 200, 120, 120]


def counted(truth: Instances, rows: list[tuple[int, int, list[int]]]) -> Counts:
    """Count predictions given as (image, class, box)."""
    image, class_, boxes = zip(*rows, strict=True)
    found = Instances.predictions(image, class_, boxes, score=[0.9] * len(rows))
    side = MatchedSet(found, match(truth, found))
    scope = Scope.of(np.ones(4, np.bool_), np.arange(2), 2)
    return counts(truth, side, outcomes(truth, found, side.matches, score=0.5, iou=0.5), scope)


def test_differing_images__by_hand() -> None:
    # Class 0 has a small object in images 0 1 2, class 1 a large one in image 2.
    truth = Instances.ground_truth([0, 1, 2, 2], [0, 0, 0, 1], [SMALL, SMALL, SMALL, LARGE])
    ours = counted(truth, [(0, 0, SMALL), (1, 0, SMALL), (2, 1, LARGE)])
    # The baseline finds image 0 and 2 instead, and sees a large ghost of class 1 in image 3.
    theirs = counted(truth, [(0, 0, SMALL), (2, 0, SMALL), (2, 1, LARGE), (3, 1, LARGE)])
    images = differing_images(ours, theirs, 2)
    assert images["classes", "recall"].tolist() == [2, 0]
    assert images["classes", "fn"].tolist() == [2, 0]
    assert images["classes", "fp"].tolist() == [0, 1]
    assert images["classes", "precision"].tolist() == [2, 1]
    assert images["sizes", "f1"].tolist() == [2, 0, 1]
    assert images["class_sizes", "f1"].tolist() == [2, 0, 0, 0, 0, 1]
    assert images["operating_point", "tp"].tolist() == [2]
    assert images["operating_point", "f1"].tolist() == [3]


def test_differing_images__one_found_for_another_in_an_image_cancels() -> None:
    truth = Instances.ground_truth([0, 0], [0, 0], [SMALL, [100, 100, 20, 20]])
    ours = counted(truth, [(0, 0, SMALL)])
    theirs = counted(truth, [(0, 0, [100, 100, 20, 20])])
    assert differing_images(ours, theirs, 2)["operating_point", "recall"].tolist() == [0]


def test_differing_images__a_set_against_itself() -> None:
    truth = Instances.ground_truth([0], [0], [SMALL])
    ours = counted(truth, [(0, 0, SMALL), (1, 1, LARGE)])
    assert all(not images.any() for images in differing_images(ours, ours, 2).values())
