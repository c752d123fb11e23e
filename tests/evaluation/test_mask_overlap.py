from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from evaluation.candidates import Cells, cut_into_cells
from evaluation.errors import MismatchedColumns, MissingMasks, PositionOutOfRange
from evaluation.instances import Instances
from evaluation.mask_overlap import mask_iou, mask_pairs
from evaluation.masks import Masks
from evaluation.walking_order import walking_order

pytestmark = pytest.mark.usefixtures("mask_kernels")

same_kernel = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def drawn(*pictures: Sequence[Sequence[int]]) -> Masks:
    return Masks.from_pictures(np.array(picture) for picture in pictures)


def rectangles(rng: np.random.Generator, n: int, size: tuple[int, int]) -> Masks:
    """Make rectangles with a few holes, so that extents touch where pixels do not."""
    pictures = np.zeros((n, *size), dtype=np.bool_)
    for picture in pictures:
        (top, bottom), (left, right) = (np.sort(rng.integers(0, side + 1, 2)) for side in size)
        picture[top:bottom, left:right] = rng.random((bottom - top, right - left)) < 0.9
    return Masks.from_pictures(pictures)


def rles(masks: Masks) -> list[dict[str, object]]:
    return [
        {"size": size, "counts": text}
        for size, text in zip(masks.sizes.tolist(), masks.texts(), strict=True)
    ]


def all_pairs(rows: int, columns: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return np.repeat(np.arange(rows), columns), np.tile(np.arange(columns), rows)


def test_mask_iou__by_hand() -> None:
    found = drawn([[1, 1, 0, 0]], [[0, 0, 1, 1]], [[1, 1, 1, 1]])
    truth = drawn([[1, 1, 1, 0]], [[0, 0, 0, 1]])
    pairs = np.array([0, 1, 2, 0]), np.array([0, 1, 0, 1])
    assert mask_iou(found, truth, np.zeros(2, bool), pairs).tolist() == [2 / 3, 1 / 2, 3 / 4, 0.0]


def test_mask_iou__crowd_divides_by_the_prediction_alone() -> None:
    found, truth = drawn([[1, 1, 0, 0]]), drawn([[1, 0, 1, 1]])
    assert mask_iou(found, truth, np.array([True]), all_pairs(1, 1)).tolist() == [0.5]


def test_mask_iou__other_sizes_are_no_pair() -> None:
    found, truth = drawn([[1, 1], [1, 1]], [[1, 1, 1, 1]]), drawn([[1, 1, 1, 1]])
    iou = mask_iou(found, truth, np.array([False]), all_pairs(2, 1))
    assert iou.tolist() == [-1.0, 1.0]
    assert coco_mask.iou(rles(found)[:1], rles(truth), [0]).tolist() == [[-1.0]]


def test_mask_iou__empty_masks_share_nothing() -> None:
    empty = drawn([[0, 0], [0, 0]])
    assert mask_iou(empty, empty, np.array([False]), all_pairs(1, 1)).tolist() == [0.0]


def test_mask_iou__no_pairs() -> None:
    assert len(mask_iou(drawn([[1]]), drawn([[1]]), np.array([False]), all_pairs(0, 0))) == 0


@same_kernel
@given(st.integers(0), st.integers(1, 25), st.integers(1, 25), st.integers(1, 12))
def test_mask_iou__bits_of_pycocotools(seed: int, height: int, width: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    found, truth = (rectangles(rng, n, (height, width)) for _ in range(2))
    crowd = rng.random(n) < 0.3
    ours = mask_iou(found, truth, crowd, all_pairs(n, n))
    theirs = coco_mask.iou(rles(found), rles(truth), crowd.astype(np.uint8).tolist())
    assert np.array_equal(ours.reshape(n, n), theirs)


def test_mask_iou__runs_of_nothing_change_nothing() -> None:
    padded = Masks.from_runs([[3, 0, 2, 4, 0, 1, 6], [16, 0], [4, 4, 8, 0]], [(4, 4)] * 3)
    plain = Masks.from_runs([[5, 5, 6], [16], [4, 4, 8]], [(4, 4)] * 3)
    ours = mask_iou(padded, padded, np.zeros(3, bool), all_pairs(3, 3)).reshape(3, 3)
    assert np.array_equal(ours, coco_mask.iou(rles(plain), rles(plain), [0] * 3))
    # pycocotools takes two such runs at one place for the end of both masks.
    assert coco_mask.iou(rles(padded)[:1], rles(padded)[:1], [0]).tolist() == [[0.0]]
    assert ours[0, 0] == 1.0


def test_mask_iou__pairs_in_threads() -> None:
    rng = np.random.default_rng(0)
    masks = rectangles(rng, 100, (30, 40))
    ours = mask_iou(masks, masks, np.zeros(100, bool), all_pairs(100, 100)).reshape(100, 100)
    assert np.array_equal(ours, coco_mask.iou(rles(masks), rles(masks), [0] * 100))


@pytest.mark.parametrize("pairs", [([2], [0]), ([0], [1]), ([-1], [0]), ([0], [-1])])
def test_mask_iou__refuses_masks_that_are_not_there(pairs: tuple[list[int], list[int]]) -> None:
    rows, others = map(np.array, pairs)
    with pytest.raises(PositionOutOfRange):
        mask_iou(drawn([[1]], [[1]]), drawn([[1]]), np.array([False]), (rows, others))


def test_mask_iou__refuses_columns_of_different_length() -> None:
    with pytest.raises(MismatchedColumns, match="crowd"):
        mask_iou(drawn([[1]]), drawn([[1]]), np.array([False, True]), all_pairs(1, 1))
    with pytest.raises(MismatchedColumns, match="pairs"):
        mask_iou(drawn([[1]]), drawn([[1]]), np.array([False]), (np.arange(1), np.arange(0)))


def tables(seed: int, *, crowds: float) -> tuple[Instances, Instances, Cells]:
    """Three images of different sizes, two classes, dozens of objects in each cell."""
    rng = np.random.default_rng(seed)
    sizes = [(3, 5), (5, 3), (4, 4)]

    def columns(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Masks]:
        image = np.sort(rng.integers(0, 3, n))
        masks = [rectangles(rng, int((image == i).sum()), size) for i, size in enumerate(sizes)]
        return image, rng.integers(0, 2, n), Masks.joined(masks)

    image, class_, masks = columns(200)
    truth = Instances.ground_truth(
        image, class_, masks.boxes(), crowd=rng.random(200) < crowds, masks=masks
    )
    image, class_, masks = columns(250)
    found = Instances.predictions(
        image, class_, masks.boxes(), score=rng.integers(0, 9, 250) / 9, masks=masks
    )
    return truth, found, cut_into_cells(truth, found, walking_order(found))


@pytest.mark.parametrize("floor", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("crowds", [0.0, 0.4])
def test_mask_pairs__exactly_those_that_reach_the_floor(floor: float, crowds: float) -> None:
    truth, found, cells = tables(int(100 * floor), crowds=crowds)
    masks, truth_masks = found.masks, truth.masks
    assert masks is not None
    assert truth_masks is not None
    every = mask_iou(masks, truth_masks, truth.crowd, all_pairs(250, 200)).reshape(250, 200)
    same_cell = (found.image[:, None] == truth.image) & (found.class_[:, None] == truth.class_)
    expected = set(zip(*np.nonzero(same_cell & (every >= floor)), strict=True))
    pred, true, iou = mask_pairs(truth, found, cells, floor)
    assert len(expected) > 5
    assert set(zip(pred, true, strict=True)) == expected
    assert iou.tolist() == every[pred, true].tolist()


def test_mask_pairs__the_pairs_of_a_prediction_are_together() -> None:
    truth, found, cells = tables(1, crowds=0.2)
    pred, _, _ = mask_pairs(truth, found, cells, 0.1)
    assert np.count_nonzero(np.diff(pred)) + 1 == len(np.unique(pred))


def test_mask_pairs__masks_are_needed() -> None:
    truth, found, cells = tables(1, crowds=0.0)
    bare = Instances.ground_truth(truth.image, truth.class_, truth.boxes)
    with pytest.raises(MissingMasks, match="ground truth"):
        mask_pairs(bare, found, cells, 0.5)


def test_mask_pairs__refuses_cells_of_other_tables() -> None:
    truth, found, cells = tables(1, crowds=0.0)
    with pytest.raises(PositionOutOfRange):
        mask_pairs(truth, found.take(np.arange(5)), cells, 0.5)
