from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from curation.formats.label_studio_controls import Control
from curation.formats.label_studio_predictions import RegionLabel, write_mask, write_rectangle
from curation.formats.label_studio_regions import image_size, read_regions
from evaluation.errors import MalformedMask
from evaluation.masks import Masks

SIZE = (480, 640)
RECTANGLES = Control("box", "image", "RectangleLabels", ("car",))
BRUSHES = Control("brush", "image", "BrushLabels", ("car",))
PAIR = Control("rect", "image", "Rectangle", ("car",), labels_from="name")


def label(control: Control = RECTANGLES, score: float | None = 0.5) -> RegionLabel:
    return RegionLabel("r1", "car", control, score)


def test_write_rectangle__as_the_tool_stores_one() -> None:
    assert write_rectangle((64, 96, 192, 120), SIZE, label()) == [
        {
            "id": "r1",
            "type": "rectanglelabels",
            "from_name": "box",
            "to_name": "image",
            "original_width": 640,
            "original_height": 480,
            "image_rotation": 0,
            "value": {
                "x": 10,
                "y": 20,
                "width": 30,
                "height": 25,
                "rotation": 0,
                "rectanglelabels": ["car"],
            },
            "score": 0.5,
        }
    ]


def test_write_rectangle__without_a_score_has_none() -> None:
    assert "score" not in write_rectangle((64, 96, 192, 120), SIZE, label(score=None))[0]


def test_write_rectangle__a_pair_of_controls_has_two_entries() -> None:
    drawn, named = write_rectangle((64, 96, 192, 120), SIZE, label(PAIR))
    assert (drawn["type"], drawn["from_name"]) == ("rectangle", "rect")
    assert (named["type"], named["from_name"]) == ("labels", "name")
    assert "labels" not in drawn["value"]
    assert named["value"] == drawn["value"] | {"labels": ["car"]}
    found = read_regions([drawn, named], size=SIZE)
    assert [(shape.class_name, shape.box) for shape in found.shapes] == [
        ("car", (64, 96, 192, 120))
    ]


def test_write_rectangle__what_lies_outside_is_cut() -> None:
    (entry,) = write_rectangle((-64, 240, 128, 480), SIZE, label())
    value = entry["value"]
    assert (value["x"], value["y"], value["width"], value["height"]) == (0, 50, 10, 50)


@pytest.mark.parametrize(
    "box",
    [
        (640, 0, 10, 10),
        (-10, 0, 10, 10),
        (0, 0, 0, 10),
        (5, 5, 5, -1),
        (math.nan, 0, 1, 1),
        (0, 0, math.inf, 1),
    ],
)
def test_write_rectangle__where_nothing_is_left_there_is_no_entry(box: Any) -> None:
    assert write_rectangle(box, SIZE, label()) == []


@given(
    st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)),
    st.tuples(*[st.floats(0, 0.999)] * 2),
    st.tuples(*[st.floats(0.001, 1)] * 2),
)
def test_write_rectangle__a_box_comes_back(
    size: tuple[int, int], start: tuple[float, float], share: tuple[float, float]
) -> None:
    height, width = size
    x, y = start[0] * width, start[1] * height
    box = (x, y, share[0] * (width - x), share[1] * (height - y))
    found = read_regions(write_rectangle(box, size, label()), size=size)
    assert (found.faults, found.warnings) == ((), ())
    assert found.shapes[0].box == pytest.approx(box, abs=1e-9, rel=0)
    assert found.shapes[0].class_name == "car"


@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_write_mask__a_mask_comes_back_exactly(
    picture: np.ndarray[Any, np.dtype[np.bool_]],
) -> None:
    height, width = picture.shape
    size = (height, width)
    counts = Masks.from_pictures([picture]).texts()[0]
    entries = write_mask(counts, size, label(BRUSHES))
    if not picture.any():
        assert entries == []
        return
    assert image_size(entries) == size
    (shape,) = read_regions(entries, size=size).shapes
    assert (shape.counts, shape.area, shape.kind) == (counts, picture.sum(), "mask")


def test_write_mask__as_the_tool_stores_one() -> None:
    (entry,) = write_mask(b"03", (1, 3), label(BRUSHES))
    assert (entry["type"], entry["from_name"], entry["score"]) == ("brushlabels", "brush", 0.5)
    assert entry["value"] == {
        "format": "rle",
        "rle": [0, 0, 0, 12, 57, 27, 253, 191, 240],
        "brushlabels": ["car"],
    }


def test_write_mask__refuses_one_of_another_size() -> None:
    with pytest.raises(MalformedMask):
        write_mask(b"03", (2, 3), label(BRUSHES))
