from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from evaluation.errors import InvalidThreshold, MismatchedColumns, MissingMasks
from evaluation.instances import Instances
from evaluation.masks import Masks
from evaluation.matching import IOU_THRESHOLDS, Matches, counterparts, ignored_truth, match

pytestmark = pytest.mark.usefixtures("matching_kernels")

ALL = 0b1111111111  # matched at all ten thresholds
SQUARE = [0.0, 0.0, 10.0, 10.0]


def strip(height: float) -> list[float]:
    """A box whose IoU with SQUARE is height / 10."""
    return [0.0, 0.0, 10.0, height]


def truths(*boxes: Sequence[float], **columns: object) -> Instances:
    n = len(boxes)
    return Instances.ground_truth([0] * n, [0] * n, boxes, **columns)  # type: ignore[arg-type]


def found(*boxes: Sequence[float], score: Sequence[float]) -> Instances:
    n = len(boxes)
    return Instances.predictions([0] * n, [0] * n, boxes, score=score)


def pairs_at(matches: Matches, iou: float, *, area: int = 0) -> dict[int, int]:
    bit = int(np.argmin(np.abs(IOU_THRESHOLDS - iou)))
    on = matches.thresholds[:, area] >> bit & 1 == 1
    return dict(zip(matches.pred[on].tolist(), matches.truth[on].tolist(), strict=True))


def test_thresholds__are_coco_s_doubles() -> None:
    assert IOU_THRESHOLDS[0] == 0.5
    assert IOU_THRESHOLDS[8] == 0.8999999999999999
    assert len(IOU_THRESHOLDS) == 10


def test_match__an_iou_equal_to_the_threshold_counts() -> None:
    matches = match(truths(SQUARE), found(strip(7.5), score=[1]))
    assert bin(matches.thresholds[0, 0]) == "0b111111"


def test_match__the_better_score_takes_first_even_with_less_overlap() -> None:
    matches = match(truths(SQUARE), found(strip(9), strip(6), score=[0.3, 0.8]))
    assert pairs_at(matches, 0.5) == {1: 0}
    assert pairs_at(matches, 0.75) == {0: 0}
    assert matches.rank.tolist() == [1, 0]


def test_match__equal_scores_in_file_order() -> None:
    matches = match(truths(SQUARE), found(SQUARE, SQUARE, score=[0.5, 0.5]))
    assert pairs_at(matches, 0.95) == {0: 0}
    assert matches.rank.tolist() == [0, 1]


def test_match__of_equal_overlaps_the_later_ground_truth() -> None:
    assert pairs_at(match(truths(SQUARE, SQUARE), found(SQUARE, score=[1])), 0.5) == {0: 1}


def test_match__the_second_best_ground_truth_once_the_best_is_taken() -> None:
    truth = truths(SQUARE, strip(8))
    matches = match(truth, found(SQUARE, SQUARE, score=[0.9, 0.8]))
    assert pairs_at(matches, 0.5) == {0: 0, 1: 1}
    assert pairs_at(matches, 0.95) == {0: 0}


def test_match__other_images_and_classes_never_meet() -> None:
    truth = Instances.ground_truth([0, 1], [0, 1], [SQUARE, SQUARE])
    predictions = Instances.predictions([0, 1], [1, 0], [SQUARE, SQUARE], score=[1, 1])
    assert len(match(truth, predictions).pred) == 0


def test_match__a_crowd_only_if_no_counted_one_qualifies_and_then_any_number() -> None:
    truth = truths([0, 0, 100, 100], strip(6), crowd=[True, False])
    matches = match(truth, found(SQUARE, SQUARE, SQUARE, score=[0.9, 0.8, 0.7]))
    assert pairs_at(matches, 0.5) == {0: 1, 1: 0, 2: 0}
    assert pairs_at(matches, 0.75) == {0: 0, 1: 0, 2: 0}


def test_match__area_ranges_include_both_ends() -> None:
    truth = truths([0, 0, 32, 32], area=[1024])
    assert ignored_truth(truth).tolist() == [[False, False, False, True]]


def test_match__ground_truth_outside_the_range_is_second_choice_there() -> None:
    truth = truths(SQUARE, strip(8), area=[5000, 80])
    matches = match(truth, found(SQUARE, score=[1]))
    assert pairs_at(matches, 0.5) == {0: 0}
    assert pairs_at(matches, 0.5, area=1) == {0: 1}


def test_match__strict_does_not_see_annotation_id_zero() -> None:
    truth, predictions = truths(SQUARE, id=[0]), found(SQUARE, SQUARE, score=[0.9, 0.8])
    assert match(truth, predictions).thresholds[:, 0].tolist() == [ALL]
    # Of the ranges that ignore this small ground truth anyway, nothing changes.
    columns = np.bitwise_or.reduce(match(truth, predictions, strict=True).thresholds, axis=0)
    assert columns.tolist() == [0, 0, ALL, ALL]


def test_match__strict_still_ignores_what_lies_on_a_crowd_of_id_zero() -> None:
    truth = truths(SQUARE, id=[0], crowd=[True])
    assert pairs_at(match(truth, found(SQUARE, score=[1]), strict=True), 0.5) == {0: 0}


def test_match__ranks_are_not_capped() -> None:
    matches = match(truths(SQUARE), found(*[SQUARE] * 150, score=np.linspace(1, 0, 150).tolist()))
    assert matches.rank.tolist() == list(range(150))


def test_match__nothing_on_either_side() -> None:
    nothing = found(score=[])
    assert len(match(truths(SQUARE), nothing).rank) == 0
    assert len(match(truths(), found(SQUARE, score=[1])).pred) == 0
    assert match(truths(), nothing).thresholds.shape == (0, 4)


def test_match__does_not_depend_on_the_order_of_images() -> None:
    rng = np.random.default_rng(5)
    image, boxes = rng.integers(0, 9, 60), rng.uniform(5, 40, (60, 4))
    truth = Instances.ground_truth(image[:30], [0] * 30, boxes[:30])
    predictions = Instances.predictions(
        image[:30], [0] * 30, boxes[:30] + rng.normal(0, 2, (30, 4)), score=rng.random(30)
    )
    there, again = rng.permutation(30), rng.permutation(30)
    straight = match(truth, predictions)
    shuffled = match(truth.take(there), predictions.take(again))
    found_pairs = {
        (int(again[pred]), int(there[true]), *bits)
        for pred, true, bits in zip(
            shuffled.pred, shuffled.truth, shuffled.thresholds.tolist(), strict=True
        )
    }
    assert found_pairs == {
        (int(pred), int(true), *bits)
        for pred, true, bits in zip(
            straight.pred, straight.truth, straight.thresholds.tolist(), strict=True
        )
    }


def test_match__masks_of_the_same_box_may_miss_each_other() -> None:
    left, right = (
        coco_mask.encode(np.asfortranarray(np.array([row], dtype=np.uint8)))
        for row in ([1, 1, 0, 0], [0, 0, 1, 1])
    )
    masks = [Masks.from_texts([rle["counts"]], [rle["size"]]) for rle in (left, right)]
    truth = truths([0, 0, 4, 1], masks=masks[0])
    predictions = Instances.predictions([0], [0], [[0, 0, 4, 1]], score=[1], masks=masks[1])
    assert pairs_at(match(truth, predictions), 0.5) == {0: 0}
    assert pairs_at(match(truth, predictions, iou_type="segm"), 0.5) == {}


def test_match__masks_without_masks() -> None:
    with pytest.raises(MissingMasks, match="predictions"):
        match(truths(SQUARE), found(SQUARE, score=[1]), iou_type="segm")


def test_counterparts__one_to_one_at_one_threshold_whatever_the_area() -> None:
    first = found(SQUARE, [50, 50, 300_000, 300_000], score=[0.1, 0.2])
    second = found(
        strip(4), strip(6), [50, 50, 300_000, 300_000], SQUARE, score=[0.9, 0.8, 0.7, 0.6]
    )
    rows, their_rows, overlap = counterparts(first, second)
    assert rows.tolist() == [0, 1]
    assert their_rows.tolist() == [1, 2]
    assert overlap.tolist() == [0.6, 1.0]


def test_match__other_iou_thresholds() -> None:
    matches = match(
        truths(SQUARE), found(strip(3), strip(2), score=[0.9, 0.8]), iou_thresholds=[0.2, 0.3, 1]
    )
    assert matches.thresholds[:, 0].tolist() == [0b11]
    assert matches.iou_thresholds.tolist() == [0.2, 0.3, 1.0]


def test_match__an_iou_a_hair_below_one_passes_for_one() -> None:
    wide = [0.0, 0.0, 10.0, 10.0 * (1 - 1e-11)]
    assert match(truths(SQUARE), found(wide, score=[1]), iou_thresholds=[1.0]).pred.tolist() == [0]


@pytest.mark.parametrize(
    "thresholds",
    [[], [0.0], [1.1], [0.5, 0.5], [0.6, 0.5], [float("nan")], np.linspace(0.1, 1, 17)],
)
def test_match__iou_thresholds_that_cannot_be(thresholds: Sequence[float]) -> None:
    with pytest.raises(InvalidThreshold, match="IoU"):
        match(truths(SQUARE), found(SQUARE, score=[1]), iou_thresholds=thresholds)


def test_match__whatever_the_class() -> None:
    truth = Instances.ground_truth([0, 0], [0, 1], [SQUARE, strip(8)])
    predictions = Instances.predictions([0, 0], [1, 1], [SQUARE, strip(8)], score=[0.9, 0.8])
    matches = match(truth, predictions, class_agnostic=True)
    assert pairs_at(matches, 0.5) == {0: 0, 1: 1}
    assert matches.rank.tolist() == [0, 1]
    assert matches.class_agnostic


def test_match__walking_order_class_score_image_file() -> None:
    predictions = Instances.predictions(
        [1, 0, 0, 0], [1, 1, 1, 0], [SQUARE] * 4, score=[0.5, 0.5, 0.9, 0.1]
    )
    assert match(truths(SQUARE), predictions).order.tolist() == [3, 2, 1, 0]


def test_match__few_objects_of_a_vast_axis() -> None:
    place = [2**50, 3], [7, 2**40]
    truth = Instances.ground_truth(*place, [SQUARE, SQUARE])
    predictions = Instances.predictions(*place, [SQUARE, SQUARE], score=[1, 1])
    assert pairs_at(match(truth, predictions), 0.5) == {0: 0, 1: 1}


@pytest.mark.parametrize("column", ["area", "crowd", "class_"])
def test_match__columns_of_other_lengths(column: str) -> None:
    truth = truths(SQUARE, SQUARE)
    short = replace(truth, **{column: getattr(truth, column)[:1]})
    with pytest.raises(MismatchedColumns, match=column):
        match(short, truth)
