from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.accumulation import prepare_walk
from evaluation.average_precision import accumulate, coco_numbers
from evaluation.errors import MismatchedColumns, PositionOutOfRange
from evaluation.instances import Instances
from evaluation.matching import Matches, match

BOX, FAR = [0.0, 0.0, 10.0, 10.0], [60.0, 60.0, 10.0, 10.0]
TRUTH = Instances.ground_truth([0], [0], [BOX])


def found(*scores: float) -> Instances:
    """The first box is right, the others are wrong."""
    boxes = [BOX, *[FAR] * (len(scores) - 1)]
    return Instances.predictions([0] * len(scores), [0] * len(scores), boxes, score=scores)


def matched(predictions: Instances) -> tuple[Instances, Matches]:
    return predictions, match(TRUTH, predictions)


def test_prepared_walk__serves_equal_columns_too() -> None:
    predictions, matches = matched(found(0.5, 0.9))
    walk = prepare_walk(predictions, matches)
    read_again = replace(matches, order=matches.order.copy(), rank=matches.rank.copy())
    for each in (matches, read_again):
        numbers = coco_numbers(TRUTH, predictions, n_classes=1, matches=each, walk=walk)
        assert numbers["AP50"] == pytest.approx(0.5)


@pytest.mark.parametrize("other", [found(0.9, 0.5), found(0.5, 0.9, 0.3)])
def test_prepared_walk__of_another_set_is_refused(other: Instances) -> None:
    predictions, matches = matched(found(0.5, 0.9))
    walk = prepare_walk(*matched(other))
    with pytest.raises(MismatchedColumns, match=r"walk\.order"):
        coco_numbers(TRUTH, predictions, n_classes=1, matches=matches, walk=walk)


def test_prepared_walk__of_other_areas_or_ranks_is_refused() -> None:
    predictions, matches = matched(found(0.5, 0.9))
    walk = prepare_walk(predictions, matches)
    larger = replace(predictions, area=predictions.area + 1)
    with pytest.raises(MismatchedColumns, match=r"walk\.area"):
        coco_numbers(TRUTH, larger, n_classes=1, matches=matches, walk=walk)
    capped = replace(matches, rank=matches.rank + np.int32(1))
    with pytest.raises(MismatchedColumns, match=r"walk\.rank"):
        coco_numbers(TRUTH, predictions, n_classes=1, matches=capped, walk=walk)


@pytest.mark.parametrize("order", [[0, 0], [1, 1]])
def test_prepare_walk__an_order_that_leaves_rows_out(order: list[int]) -> None:
    predictions, matches = matched(found(0.5, 0.9))
    with pytest.raises(MismatchedColumns, match="every row once"):
        prepare_walk(predictions, replace(matches, order=np.array(order)))


@pytest.mark.parametrize("order", [[0, 2], [-1, 0]])
def test_prepare_walk__an_order_that_names_no_row(order: list[int]) -> None:
    predictions, matches = matched(found(0.5, 0.9))
    with pytest.raises(PositionOutOfRange):
        prepare_walk(predictions, replace(matches, order=np.array(order)))


@pytest.mark.parametrize("place", [[1, 2**31 - 1], [-1, 0], [0, 1], [0]])
def test_prepared_walk__places_that_are_not_those_of_the_order(place: list[int]) -> None:
    walk = prepare_walk(*matched(found(0.5, 0.9)))
    with pytest.raises(MismatchedColumns):
        replace(walk, place=np.array(place, dtype=np.int32))


@pytest.mark.parametrize("n_classes", [0, -1])
def test_accumulate__class_agnostic_without_a_class(n_classes: int) -> None:
    predictions = found(0.5, 0.9)
    matches = match(TRUTH, predictions, class_agnostic=True)
    with pytest.raises(PositionOutOfRange):
        accumulate(TRUTH, predictions, matches, n_classes=n_classes)


@pytest.mark.parametrize("weights", [[0.5], [np.nan], [True]])
def test_accumulate__weights_that_are_no_integers(weights: list[float]) -> None:
    predictions, matches = matched(found(0.5))
    with pytest.raises(MismatchedColumns, match="expected integers"):
        accumulate(TRUTH, predictions, matches, n_classes=1, weights=np.array(weights))
