from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from evaluation.overlap import box_iou


def iou(box: Sequence[float], truth: Sequence[float], *, crowd: bool = False) -> float:
    boxes = np.array([box], dtype=float), np.array([truth], dtype=float)
    return float(box_iou(*boxes, np.array([crowd]))[0])


@pytest.mark.parametrize(
    ("box", "truth", "expected"),
    [
        ([0, 0, 10, 10], [0, 0, 10, 10], 1.0),
        ([0, 0, 10, 5], [0, 0, 10, 10], 0.5),
        ([0, 0, 10, 10], [5, 0, 10, 10], 50 / 150),
        ([0, 0, 10, 10], [10, 0, 10, 10], 0.0),
        ([0, 0, 10, 10], [20, 20, 1, 1], 0.0),
        ([5, 5, 0, 9], [0, 0, 10, 10], 0.0),
        ([0, 0, -5, -5], [0, 0, 10, 10], 0.0),
    ],
)
def test_box_iou__hand_made(box: list[float], truth: list[float], expected: float) -> None:
    assert iou(box, truth) == expected


def test_box_iou__crowd_divides_by_the_prediction_alone() -> None:
    assert iou([0, 0, 10, 10], [5, 0, 100, 100], crowd=True) == 0.5


def test_box_iou__overflow_is_no_match() -> None:
    assert not iou([0, 0, 1e200, 1e200], [0, 0, 1e200, 1e200]) > 0


def test_box_iou__bits_of_pycocotools() -> None:
    rng = np.random.default_rng(0)
    boxes, truth = rng.uniform(0, 50, (40, 4)), rng.uniform(0, 50, (30, 4))
    crowd = rng.random(30) < 0.3
    theirs: NDArray[np.float64] = coco_mask.iou(boxes, truth, crowd.astype(np.uint8).tolist())
    ours = box_iou(np.repeat(boxes, 30, axis=0), np.tile(truth, (40, 1)), np.tile(crowd, 40))
    assert np.array_equal(ours.reshape(40, 30), theirs)
