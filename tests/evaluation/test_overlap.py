from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from evaluation.instances import Masks
from evaluation.overlap import box_iou, largest_mask_iou, mask_areas_and_extents, mask_iou


def encode(*pictures: Sequence[Sequence[int]]) -> Masks:
    rles = [coco_mask.encode(np.asfortranarray(np.array(p, dtype=np.uint8))) for p in pictures]
    sizes = np.array([rle["size"] for rle in rles], dtype=np.int32)
    return Masks([rle["counts"] for rle in rles], sizes)


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


def test_mask_iou__pairs_of_two_cells() -> None:
    found = encode([[1, 1, 0, 0]], [[0, 0, 1, 1]], [[1, 1, 1, 1]])
    truth = encode([[1, 1, 1, 0]], [[0, 0, 0, 1]])
    pairs = np.array([0, 1, 2]), np.array([0, 1, 0])
    result = mask_iou(found, truth, np.array([False, False]), pairs, np.array([5, 5, 9]))
    assert result.tolist() == [2 / 3, 1 / 2, 3 / 4]


def test_mask_iou__crowd_divides_by_the_prediction_alone() -> None:
    found, truth = encode([[1, 1, 0, 0]]), encode([[1, 0, 1, 1]])
    pairs = np.array([0]), np.array([0])
    assert mask_iou(found, truth, np.array([True]), pairs, np.array([0])).tolist() == [0.5]


def test_mask_iou__no_pairs() -> None:
    masks, nothing = encode([[1]]), np.empty(0, dtype=np.int64)
    assert len(mask_iou(masks, masks, np.array([False]), (nothing, nothing), nothing)) == 0


def test_mask_areas_and_extents__more_masks_than_one_native_call_takes() -> None:
    masks = encode(*[[[0, 1, 1], [0, 0, 1]]] * 300)
    areas, extents = mask_areas_and_extents(masks)
    assert areas.tolist() == [3.0] * 300
    assert extents.tolist() == [[1.0, 0.0, 2.0, 2.0]] * 300


def test_largest_mask_iou__never_below_the_iou() -> None:
    rng = np.random.default_rng(1)
    found, truth = (encode(*(rng.random((20, 6, 7)) < share)) for share in (0.5, 0.3))
    crowd = rng.random(20) < 0.5
    area, extent = mask_areas_and_extents(found)
    truth_area, _ = mask_areas_and_extents(truth)
    rows = np.arange(20)
    exact = mask_iou(found, truth, crowd, (rows, rows), rows)
    bound = largest_mask_iou(area, truth_area, extent[:, 2] * extent[:, 3], crowd)
    assert (bound >= exact).all()


def test_largest_mask_iou__empty_masks() -> None:
    zero = np.zeros(1)
    assert largest_mask_iou(zero, zero, zero, np.array([False])).tolist() == [0.0]
