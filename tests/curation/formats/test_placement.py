from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from curation.formats.placement import outside, place
from curation.formats.records import PredictionColumns

if TYPE_CHECKING:
    from numpy.typing import NDArray

SQUARE = [1.0, 1.0, 4.0, 1.0, 4.0, 3.0, 1.0, 3.0]


def columns_of(boxes: list[list[float]], **changes: Any) -> PredictionColumns:
    """Predictions on the images "a" and "b" by turns."""
    table = np.array(boxes, dtype=np.float64)
    total = len(table)
    columns = PredictionColumns(
        ordinal=np.arange(total) * 10,
        image_key=(np.arange(total) % 2).astype(np.int32),
        image_keys=["a", "b"],
        class_key=np.zeros(total, np.int32),
        class_keys=["0"],
        boxes=table,
        score=np.full(total, 0.5),
        area=table[:, 2] * table[:, 3],
    )
    return replace(columns, **changes)


def test_outside__touching_the_border_is_inside() -> None:
    boxes = np.array([[0, 0, 5, 4], [-0.1, 0, 1, 1], [0, -1, 1, 1], [4, 0, 1.1, 1], [0, 3, 1, 2.0]])
    assert outside(boxes, [(4, 5)] * 5).tolist() == [False, True, True, True, True]


def test_place__boxes_outside_are_kept_and_warned_of() -> None:
    columns = columns_of([[0, 0, 5, 4], [0, 0, 9, 4]])
    placed, log = place(columns, [(4, 5), (4, 8)], file="f")
    assert placed is columns
    assert log.counts() == {"box-outside-image": 1}
    (problem,) = log.examples()
    assert problem.record == "prediction 10"
    assert problem.reason == "bbox is [0.0, 0.0, 9.0, 4.0], image 8 x 4"


def test_place__an_unknown_size_tells_nothing() -> None:
    _, log = place(columns_of([[0, 0, 5, 4]]), [(0, 0), (0, 0)], file="f")
    assert log.counts() == {}


def test_place__shares_become_pixels() -> None:
    columns = columns_of([[0.1, 0.2, 0.5, 0.5], [0, 0, 1, 1]], normalised=True)
    placed, log = place(columns, [(100, 200), (50, 10)], file="f")
    assert placed.boxes.tolist() == [[20, 20, 100, 50], [0, 0, 10, 50]]
    assert placed.area.tolist() == [5000, 500]
    assert not placed.normalised
    assert log.counts() == {}


def test_place__shares_without_a_size_are_rejected() -> None:
    columns = columns_of([[0, 0, 1, 1], [0, 0, 1, 1]], normalised=True)
    placed, log = place(columns, [(0, 0), (50, 10)], file="f")
    assert placed.ordinal.tolist() == [10]
    assert log.counts() == {"image-size-unknown": 1}


def test_place__masks_of_another_size_are_rejected() -> None:
    sizes: NDArray[np.int32] = np.array([[1, 3], [1, 3]], np.int32)
    columns = columns_of([[0, 0, 3, 1]] * 2, counts=[b"03", b"03"], sizes=sizes)
    placed, log = place(columns, [(1, 3), (3, 1)], file="f")
    assert placed.counts == [b"03"]
    assert log.counts() == {"mask-size-differs": 1}
    assert log.examples()[0].reason == "the mask is 3 x 1, the image 1 x 3 pixels"


def test_place__polygons_become_masks_boxes_and_areas() -> None:
    shape = msgspec.json.encode([SQUARE])
    nan = float("nan")
    columns = columns_of(
        [[nan, nan, nan, nan], [0, 0, 5, 4], [0, 0, 2, 2]],
        polygons=[shape, shape, None],
        counts=[None, None, None],
    )
    placed, log = place(columns, [(4, 5), (4, 5)], file="f")
    expected = coco_mask.frPyObjects([SQUARE], 4, 5)[0]["counts"]
    assert placed.counts == [expected, expected, None]
    assert placed.sizes is not None
    assert placed.sizes.tolist() == [[4, 5], [4, 5], [0, 0]]
    assert placed.polygons is None
    assert placed.boxes.tolist() == [[1, 1, 3, 2], [0, 0, 5, 4], [0, 0, 2, 2]]
    assert placed.area.tolist() == [6, 20, 4]
    assert log.counts() == {}


def test_place__normalised_polygons() -> None:
    shape = msgspec.json.encode([[0.2, 0.25, 0.8, 0.25, 0.8, 0.75, 0.2, 0.75]])
    columns = columns_of([[0.2, 0.25, 0.6, 0.5]], polygons=[shape], normalised=True)
    placed, _ = place(columns, [(4, 5), (4, 5)], file="f")
    assert placed.counts == [coco_mask.frPyObjects([SQUARE], 4, 5)[0]["counts"]]


@pytest.mark.parametrize(
    ("polygon", "size", "kind"),
    [(SQUARE, (0, 0), "image-size-unknown"), ([*SQUARE, 51.0, 1.0], (4, 5), "mask-malformed")],
)
def test_place__polygons_that_cannot_be_drawn(
    polygon: list[float], size: tuple[int, int], kind: str
) -> None:
    columns = columns_of([[0, 0, 1, 1]] * 2, polygons=[msgspec.json.encode([polygon]), None])
    placed, log = place(columns, [size, size], file="f")
    assert placed.ordinal.tolist() == [10]
    assert log.counts() == {kind: 1}


def test_place__nothing() -> None:
    columns = columns_of([[0, 0, 1, 1]]).take(np.zeros(0, np.int64))
    placed, log = place(columns, [(4, 5), (4, 5)], file="f")
    assert len(placed) == 0
    assert log.counts() == {}
