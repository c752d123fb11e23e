from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evaluation.errors import MismatchedColumns, NotFinite, PositionOutOfRange
from evaluation.instances import Instances, check_positions, mask_length
from evaluation.masks import Masks

BOX = [0.0, 0.0, 4.0, 5.0]


def test_ground_truth__missing_columns_have_their_defaults() -> None:
    truth = Instances.ground_truth([0, 3], [1, 0], [BOX, BOX])
    assert truth.area.tolist() == [20.0, 20.0]
    assert truth.score.tolist() == [1.0, 1.0]
    assert truth.crowd.tolist() == [False, False]
    assert truth.id.tolist() == [1, 2]


def test_ground_truth__keeps_its_own_area_crowd_and_ids() -> None:
    truth = Instances.ground_truth([0], [0], [BOX], area=[7.5], crowd=[1], id=[0])
    assert (truth.area[0], truth.crowd[0], truth.id[0]) == (7.5, True, 0)


def test_predictions__ids_are_ordinals() -> None:
    assert Instances.predictions([0, 0], [0, 0], [BOX, BOX], score=[1, 0]).id.tolist() == [0, 1]


def test_both__may_be_empty() -> None:
    assert len(Instances.ground_truth([], [], [])) == 0
    assert Instances.predictions([], [], [], score=[]).boxes.shape == (0, 4)


def test_take__by_rows_in_their_order_and_by_mask() -> None:
    masks = Masks.from_texts([b"01", b"04", b"09"], [(1, 1), (2, 2), (3, 3)])
    table = Instances.predictions(
        [0, 1, 2], [0, 0, 0], [BOX] * 3, score=[0.1, 0.2, 0.3], masks=masks
    )
    picked = table.take(np.array([2, 0]))
    assert picked.image.tolist() == [2, 0]
    assert picked.masks is not None
    assert picked.masks.texts() == [b"09", b"01"]
    assert picked.masks.sizes.tolist() == [[3, 3], [1, 1]]
    assert table.take(table.score > 0.15).id.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("column", "columns"),
    [
        ("class_", {"class_": [0]}),
        ("boxes", {"boxes": [BOX]}),
        ("boxes", {"boxes": [[0, 0, 1], [0, 0, 1]]}),
        ("score", {"score": [0.5]}),
        ("area", {"area": [1, 2, 3]}),
        ("id", {"id": [1]}),
        ("image", {"image": [[0], [0]]}),
        ("masks", {"masks": Masks.from_texts([b"01"], [(1, 1)])}),
    ],
)
def test_predictions__columns_of_other_lengths(column: str, columns: dict[str, object]) -> None:
    sound = {"image": [0, 0], "class_": [0, 0], "boxes": [BOX, BOX], "score": [0.5, 0.4]}
    with pytest.raises(MismatchedColumns) as raised:
        Instances.predictions(**(sound | columns))  # type: ignore[arg-type]
    assert raised.value.column == column


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("column", ["boxes", "score", "area"])
def test_predictions__not_finite(column: str, bad: float) -> None:
    columns: dict[str, Any] = {"boxes": [BOX, BOX], "score": [0.5, 0.4], "area": [20.0, 20.0]}
    columns[column] = [columns[column][0], [bad] * 4 if column == "boxes" else bad]
    with pytest.raises(NotFinite) as raised:
        Instances.predictions([0, 0], [0, 0], **columns)
    assert (raised.value.column, raised.value.rows) == (column, 1)


def test_ground_truth__crowd_of_another_length() -> None:
    with pytest.raises(MismatchedColumns):
        Instances.ground_truth([0], [0], [BOX], crowd=[0, 1])


def test_ground_truth__negative_position() -> None:
    with pytest.raises(PositionOutOfRange):
        Instances.ground_truth([-1], [0], [BOX])


def test_check_positions__image_and_class_within_their_axes() -> None:
    truth = Instances.ground_truth([2], [1], [BOX])
    check_positions(truth, n_images=3, n_classes=2)
    with pytest.raises(PositionOutOfRange, match="axis of 2"):
        check_positions(truth, n_images=2)
    with pytest.raises(PositionOutOfRange, match="'class_' reaches past its axis of 1"):
        check_positions(truth, n_classes=1)


@pytest.mark.parametrize("area", [None, [1.0]])
def test_both__a_box_whose_area_no_number_holds(area: list[float] | None) -> None:
    huge = [[0.0, 0.0, 1e200, 1e200]]
    with pytest.raises(NotFinite, match="width"):
        Instances.ground_truth([0], [0], huge, area=area)
    with pytest.raises(NotFinite, match="width"):
        Instances.predictions([0], [0], huge, score=[0.9], area=area)


def test_plain_constructor__small_integers_become_large_ones() -> None:
    truth = Instances.ground_truth([0], [200], [BOX])
    same = replace(truth, score=truth.score)
    assert same.class_ is truth.class_
    small = replace(truth, class_=truth.class_.astype(np.uint8), crowd=np.array([1]))
    assert (small.class_ * 3).tolist() == [600]
    assert small.crowd.tolist() == [True]


def test_mask_length__truth_values_only() -> None:
    assert mask_length(np.array([True, False])) == 2
    assert mask_length(None) is None
    with pytest.raises(MismatchedColumns, match="int64"):
        mask_length(np.array([1, 0]))
