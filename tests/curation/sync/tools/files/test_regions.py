from __future__ import annotations

import json

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curation.formats.records import LabelColumns, Loss, MarkRecord
from curation.formats.shapes import ImageMark
from curation.sync.tools.files.regions import (
    in_order,
    label_region,
    loss_region,
    mark_region,
    shapes_of,
)
from evaluation.polygons import rasterise

SIZE = (10, 20)
TRIANGLE = [[0.0, 0.0, 4.0, 0.0, 0.0, 4.0]]


def one_label(
    box: list[float],
    *,
    area: float = 1.0,
    polygons: list[list[float]] | None = None,
    counts: bytes | None = None,
    exact: bytes | None = None,
    crowd: bool = False,
    ignore: bool = False,
) -> LabelColumns:
    return LabelColumns(
        image=np.zeros(1, np.int64),
        class_=np.zeros(1, np.int64),
        boxes=np.array([box], np.float64),
        area=np.array([area]),
        crowd=np.array([crowd]),
        ignore=np.array([ignore]),
        source_id=np.array([-1]),
        polygons=[None if polygons is None else msgspec.json.encode(polygons)],
        counts=[counts],
        exact=None if exact is None else [exact],
    )


def test_label_region__leaves_out_what_a_label_does_not_have() -> None:
    assert label_region(one_label([1, 2, 3.5, 4], area=14), 0, "cell") == {
        "class": "cell",
        "box": [1, 2, 3.5, 4],
        "area": 14,
    }


finite = st.floats(-1e6, 1e6)


@given(
    box=st.lists(finite, min_size=4, max_size=4),
    area=st.floats(0, 1e9),
    crowd=st.booleans(),
    ignore=st.booleans(),
    outlined=st.booleans(),
    points=st.lists(st.floats(-50, 50), min_size=6, max_size=12).filter(lambda p: len(p) % 2 == 0),
)
def test_shapes_of__what_was_kept_as_json_comes_back_exactly(
    box: list[float], area: float, crowd: bool, ignore: bool, outlined: bool, points: list[float]
) -> None:
    counts = rasterise([points], SIZE)
    labels = one_label(
        box,
        area=area,
        polygons=[points] if outlined else None,
        counts=counts,
        crowd=crowd,
        ignore=ignore,
    )
    kept = json.loads(json.dumps([label_region(labels, 0, "cell")]))
    read = shapes_of(kept, SIZE)
    (shape,) = read.shapes
    assert (list(shape.box), shape.area, shape.class_name) == (box, area, "cell")
    assert (shape.crowd, shape.ignore, shape.counts) == (crowd, ignore, counts)
    assert shape.polygons == ((tuple(points),) if outlined else None)
    assert (shape.kind, read.faults) == ("polygon" if outlined else "mask", ())
    assert shape.region == kept[0]


def test_shapes_of__turned_boxes_and_ellipses_say_so() -> None:
    counts = rasterise(TRIANGLE, SIZE)
    box = [0.0, 0.0, 4.0, 4.0]
    kinds = []
    for exact in (
        b'{"center":[2.0,2.0],"size":[4.0,4.0],"angle":45.0}',
        b'{"center":[2.0,2.0],"radii":[2.0,2.0],"angle":0.0}',
    ):
        labels = one_label(box, polygons=TRIANGLE, counts=counts, exact=exact)
        (shape,) = shapes_of([label_region(labels, 0, "cell")], SIZE).shapes
        assert shape.exact == json.loads(exact)
        kinds.append(shape.kind)
    (plain,) = shapes_of([label_region(one_label(box), 0, "cell")], SIZE).shapes
    assert [*kinds, plain.kind] == ["rotated rectangle", "ellipse", "rectangle"]


def test_shapes_of__a_polygon_that_waited_is_drawn_on_its_image() -> None:
    region = label_region(one_label([0, 0, 4, 4], polygons=TRIANGLE), 0, "cell")
    (shape,) = shapes_of([region], SIZE).shapes
    assert shape.counts == rasterise(TRIANGLE, SIZE)
    flat = label_region(one_label([0, 0, 4, 4], polygons=[[0, 0, 1, 1]]), 0, "cell")
    (fault,) = shapes_of([flat], SIZE).faults
    assert "fewer than three points" in fault.reason


def test_shapes_of__a_mask_of_another_size_is_a_fault() -> None:
    counts = rasterise(TRIANGLE, (10, 21))
    region = label_region(one_label([0, 0, 4, 4], counts=counts), 0, "cell")
    (fault,) = shapes_of([region], SIZE).faults
    assert (
        fault.reason == "its mask does not fit the image: the runs do not add up to height x width"
    )
    assert shapes_of([region], (10, 21)).faults == ()


def test_shapes_of__marks_and_rejected_records() -> None:
    tag = MarkRecord(0, "choice", "tag", "dim")
    point = MarkRecord(0, "keypoint", "points", "eye", 1.5, 2)
    regions = [
        mark_region(tag),
        mark_region(point),
        loss_region(Loss("a.png", "box-negative", "width -1")),
    ]
    read = shapes_of(regions, SIZE)
    first, second = read.marks
    assert first == ImageMark(first.key, "choice", "tag", "dim", None, None, regions[0])
    assert (second.kind, second.value, second.x, second.y) == ("keypoint", "eye", 1.5, 2)
    assert [one.reason for one in read.faults] == ["width -1 (box-negative)"]


def test_keys__stay_when_others_come_and_are_unique() -> None:
    regions = [label_region(one_label([n, 0, 1, 1]), 0, "cell") for n in (1, 2, 2)]
    before = [shape.key for shape in shapes_of(in_order(regions), SIZE).shapes]
    more = [*regions, label_region(one_label([0, 0, 1, 1]), 0, "cell")]
    after = [shape.key for shape in shapes_of(in_order(more), SIZE).shapes]
    assert len(set(before)) == 3
    assert set(before) < set(after)


@given(st.permutations(range(6)))
def test_in_order__does_not_depend_on_the_order_of_the_file(order: list[int]) -> None:
    regions = [label_region(one_label([n % 4, n, 1, 1]), 0, "cell") for n in range(6)]
    assert in_order([regions[n] for n in order]) == in_order(regions)
