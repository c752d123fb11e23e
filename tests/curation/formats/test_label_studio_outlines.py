from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from curation.formats.label_studio_brush import encode_brush
from curation.formats.label_studio_outlines import (
    CUT,
    NO_PIXEL,
    NOT_CLOSED,
    brush,
    ellipse,
    point_inside,
    polygon,
    rectangle,
)
from curation.formats.label_studio_values import BadRegion
from evaluation.errors import MalformedMask
from evaluation.masks import Masks
from evaluation.polygons import rasterise
from evaluation.run_lengths import decode

SIZE = (480, 640)
HUGE = 10**400


def box_value(x: float, y: float, width: float, height: float, **further: Any) -> dict[str, Any]:
    return {"x": x, "y": y, "width": width, "height": height, **further}


def ellipse_value(
    x: float, y: float, radius_x: float, radius_y: float, rotation: float = 0
) -> dict[str, Any]:
    return {"x": x, "y": y, "radiusX": radius_x, "radiusY": radius_y, "rotation": rotation}


def picture(counts: bytes | None, size: tuple[int, int]) -> np.ndarray[Any, Any]:
    assert counts is not None
    return decode(Masks.from_texts([counts], [size]).runs(0), size)


def test_rectangle__percent_of_each_side_become_pixels() -> None:
    outline = rectangle(box_value(10, 20, 30, 25, rotation=0), SIZE)
    assert (outline.kind, outline.box, outline.area) == ("rectangle", (64, 96, 192, 120), 23040)
    assert (outline.polygons, outline.counts, outline.exact, outline.notes) == (
        None,
        None,
        None,
        (),
    )


@pytest.mark.parametrize("rotation", [None, 0, 0.0, 360, -720, -1e-20])
def test_rectangle__whole_turns_are_none(rotation: float | None) -> None:
    assert rectangle(box_value(10, 20, 30, 25, rotation=rotation), SIZE).kind == "rectangle"


def test_rectangle__what_reaches_outside_is_cut() -> None:
    outline = rectangle(box_value(-10, 50, 20, 100), SIZE)
    assert (outline.box, outline.area, outline.notes) == ((0, 240, 64, 240), 64 * 240, (CUT,))


def test_rectangle__rounding_at_the_border_is_cut_without_a_word() -> None:
    outline = rectangle(box_value(50, 50, 50.0000001, 50.0000001), SIZE)
    assert (outline.box, outline.notes) == ((320, 240, 320, 240), ())


def test_rectangle__a_quarter_turn_is_clockwise_about_the_stored_corner() -> None:
    outline = rectangle(box_value(50, 40, 20, 10, rotation=90), SIZE)
    # 128 x 48 pixels at (320, 192): what went right goes down, what went down goes left.
    assert outline.kind == "rotated rectangle"
    assert outline.polygons == ((320, 192, 320, 320, 272, 320, 272, 192),)
    assert outline.box == (272, 192, 48, 128)
    assert outline.exact == {"center": [296, 256], "size": [128, 48], "angle": 90}
    assert outline.area == 48 * 128
    assert picture(outline.counts, SIZE)[192:320, 272:320].all()


def test_rectangle__a_turn_of_three_four_five() -> None:
    # cos = 4/5 and sin = 3/5; 10 x 5 pixels at (20, 30) of a 100 x 200 image.
    angle = math.degrees(math.atan2(3, 4))
    outline = rectangle(box_value(20, 15, 10, 2.5, rotation=angle), (200, 100))
    corners = [20, 30, 28, 36, 25, 40, 17, 34]
    assert outline.polygons is not None
    assert outline.polygons[0] == pytest.approx(corners, abs=1e-12)
    assert outline.box == pytest.approx((17, 30, 11, 10), abs=1e-12)
    assert outline.exact is not None
    assert outline.exact["center"] == pytest.approx([22.5, 35], abs=1e-12)


@given(
    st.tuples(st.integers(50, 300), st.integers(50, 300)),
    st.tuples(st.floats(1, 99), st.floats(1, 99), st.floats(1, 60), st.floats(1, 60)),
    st.floats(-400, 400),
)
def test_rectangle__corners_as_complex_numbers_turn_them(
    size: tuple[int, int], percent: tuple[float, float, float, float], rotation: float
) -> None:
    assume(rotation % 360 not in {0, 360})
    height, width = size
    corner = complex(percent[0] * width, percent[1] * height) / 100
    right, down = percent[2] * width / 100, 1j * percent[3] * height / 100
    turned = [
        corner + way * cmath.exp(1j * math.radians(rotation))
        for way in (0, right, right + down, down)
    ]
    outline = rectangle(box_value(*percent, rotation=rotation), size)
    assert outline.polygons is not None
    assert outline.exact is not None
    flat = [part for z in turned for part in (z.real, z.imag)]
    assert outline.polygons[0] == pytest.approx(flat, abs=1e-9 * max(size))
    centre = sum(turned) / 4
    assert outline.exact["center"] == pytest.approx([centre.real, centre.imag], abs=1e-6)
    assert outline.area == picture(outline.counts, size).sum()


def test_polygon__corners_box_and_mask() -> None:
    outline = polygon({"points": [[10, 10], [40, 12.5], [35, 50]], "closed": True}, SIZE)
    corners = (64, 48, 256, 60, 224, 240)
    assert outline.kind == "polygon"
    assert outline.polygons == (corners,)
    assert outline.box == (64, 48, 192, 192)
    assert outline.counts == rasterise([corners], SIZE)
    # By the shoelace formula 17472; the mask has whole pixels.
    assert outline.area == picture(outline.counts, SIZE).sum()
    assert abs(outline.area - 17472) < 250
    assert outline.notes == ()


def test_polygon__outside_parts_are_cut_from_mask_and_box_not_from_the_outline() -> None:
    outline = polygon({"points": [[-50, 0], [50, 0], [50, 50], [-50, 50]]}, (10, 10))
    assert (outline.box, outline.area, outline.notes) == ((0, 0, 5, 5), 25, (CUT,))
    assert outline.polygons == ((-5, 0, 5, 0, 5, 5, -5, 5),)


def test_polygon__an_open_one_is_said() -> None:
    points = [[0, 0], [50, 0], [50, 50]]
    assert polygon({"points": points, "closed": False}, (10, 10)).notes == (NOT_CLOSED,)


def test_polygon__between_pixels_has_a_box_and_no_mask() -> None:
    outline = polygon({"points": [[11, 11], [13, 11], [13, 13], [11, 13]]}, (10, 10))
    assert outline.area == 0
    assert outline.notes == (NO_PIXEL,)
    assert outline.box == pytest.approx((1.1, 1.1, 0.2, 0.2), abs=1e-12)


def test_ellipse__a_circle_on_four_pixels() -> None:
    outline = ellipse(ellipse_value(50, 50, 25, 25), (4, 4))
    assert picture(outline.counts, (4, 4)).tolist() == [
        [0, 0, 0, 0],
        [0, 1, 1, 0],
        [0, 1, 1, 0],
        [0, 0, 0, 0],
    ]
    assert (outline.kind, outline.box, outline.area) == ("ellipse", (1, 1, 2, 2), 4)
    assert outline.exact == {"center": [2, 2], "radii": [1, 1], "angle": 0}


def test_ellipse__turns_clockwise_about_its_centre() -> None:
    # A flat ellipse turned by 45 degrees goes from the upper left to the lower right.
    drawn = picture(ellipse(ellipse_value(50, 50, 50, 5, 45), (20, 20)).counts, (20, 20))
    assert drawn[4, 4] == drawn[15, 15] == 1
    assert drawn[4, 15] == drawn[15, 4] == 0
    # A quarter turn swaps the sides of its box.
    outline = ellipse(ellipse_value(50, 50, 50, 5, 90), (20, 20))
    assert outline.box == (9, 0, 2, 20)
    assert outline.area == picture(outline.counts, (20, 20))[:, 9:11].sum()


def test_ellipse__over_the_whole_image_is_one_run() -> None:
    outline = ellipse(ellipse_value(50, 50, 100, 100), (6, 4))
    assert outline.counts == Masks.from_runs([[0, 24]], [(6, 4)]).texts()[0]
    assert (outline.box, outline.notes) == ((0, 0, 4, 6), (CUT,))


def test_ellipse__between_pixel_centres_covers_none() -> None:
    outline = ellipse(ellipse_value(50, 50, 5, 5), (4, 4))
    assert (outline.area, outline.notes) == (0, (NO_PIXEL,))
    assert outline.box == pytest.approx((1.8, 1.8, 0.4, 0.4))


@given(
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
    st.tuples(st.floats(0, 100), st.floats(0, 100), st.floats(1, 120), st.floats(1, 120)),
    st.floats(-400, 400),
)
def test_ellipse__has_the_pixels_whose_centres_lie_in_it(
    size: tuple[int, int], percent: tuple[float, float, float, float], rotation: float
) -> None:
    outline = ellipse(ellipse_value(*percent, rotation), size)
    height, width = size
    centre = complex(percent[0] * width, percent[1] * height) / 100
    radii = percent[2] * width / 100, percent[3] * height / 100
    drawn = picture(outline.counts, size)
    for row in range(height):
        for column in range(width):
            straight = (complex(column + 0.5, row + 0.5) - centre) * cmath.exp(
                -1j * math.radians(rotation)
            )
            distance = (straight.real / radii[0]) ** 2 + (straight.imag / radii[1]) ** 2
            if abs(distance - 1) > 1e-6:
                assert drawn[row, column] == (distance < 1)
    rows, columns = np.nonzero(drawn)
    if len(rows):
        x, y, across, down = outline.box
        assert x <= columns.min() + 0.5 + 1e-9
        assert columns.max() + 0.5 <= x + across + 1e-9
        assert y <= rows.min() + 0.5 + 1e-9
        assert rows.max() + 0.5 <= y + down + 1e-9


def test_brush__box_and_area_are_those_of_its_pixels() -> None:
    drawn = np.zeros((6, 9), dtype=np.uint8)
    drawn[1:4, 2:7] = 1
    counts = Masks.from_pictures([drawn]).texts()[0]
    outline = brush({"format": "rle", "rle": encode_brush(counts, (6, 9))}, (6, 9))
    assert (outline.kind, outline.box, outline.area) == ("mask", (2, 1, 5, 3), 15)
    assert outline.counts == counts
    assert outline.polygons is None


def test_point_inside__in_pixels() -> None:
    assert point_inside({"x": 25, "y": 35}, SIZE) == (160, 168)
    assert point_inside({"x": 100.0000001, "y": -0.0000001}, SIZE) == (640, 0)


@pytest.mark.parametrize(
    ("read", "value", "reason"),
    [
        (rectangle, {}, "x is not a number"),
        (rectangle, box_value(math.nan, 0, 1, 1), "x is not finite"),
        (rectangle, box_value(0, math.inf, 1, 1), "y is not finite"),
        (rectangle, box_value(0, 0, HUGE, 1), "width is not finite"),
        (rectangle, {"x": "1", "y": 0, "width": 1, "height": 1}, "x is not a number"),
        (rectangle, {"x": True, "y": 0, "width": 1, "height": 1}, "x is not a number"),
        (rectangle, box_value(0, 0, 0, 1), "width is not positive"),
        (rectangle, box_value(0, 0, 1, -1), "height is not positive"),
        (rectangle, box_value(1001, 0, 1, 1), "more than 10 image sides away"),
        (rectangle, box_value(0, 0, 1001, 1), "more than 10 image sides away"),
        (rectangle, box_value(0, 0, 1e9, 1, rotation=45), "more than 10 image sides away"),
        (rectangle, box_value(150, 0, 1, 1), "lies outside the image"),
        (rectangle, box_value(0, -50, 1, 50), "lies outside the image"),
        (rectangle, box_value(0, 0, 1, 1, rotation="90"), "rotation is not a number"),
        (rectangle, box_value(0, 0, 1, 1, rotation=math.nan), "rotation is not finite"),
        (polygon, {}, "fewer than three points"),
        (polygon, {"points": [[0, 0], [1, 1]]}, "fewer than three points"),
        (polygon, {"points": [[0, 0], [1, 1], [2]]}, "is not x and y"),
        (polygon, {"points": [[0, 0], [1, 1], "ab"]}, "is not x and y"),
        (polygon, {"points": [[0, 0], [1, 1], [1, math.nan]]}, "y is not finite"),
        (polygon, {"points": [[0, 0], [1, 1], [1e9, 2]]}, "more than 10 image sides away"),
        (polygon, {"points": [[0, 5], [1, 5], [2, 5]]}, "lie on one line"),
        (polygon, {"points": [[110, 0], [120, 0], [120, 9]]}, "lies outside the image"),
        (ellipse, ellipse_value(5, 5, 0, 1), "radiusX is not positive"),
        (ellipse, ellipse_value(5, 5, 1, math.nan), "radiusY is not finite"),
        (ellipse, ellipse_value(5, 5, 1, 1e9), "more than 10 image sides away"),
        (ellipse, ellipse_value(150, 5, 1, 1), "lies outside the image"),
        (brush, {"format": "png", "rle": []}, "not of the format rle"),
        (point_inside, {"x": 101, "y": 5}, "lies outside the image"),
        (point_inside, {"x": 5}, "y is not a number"),
    ],
)
def test_outlines__refuse(read: Any, value: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRegion) as caught:
        read(value, SIZE)
    assert reason in caught.value.reason


def test_brush__without_a_pixel_is_refused() -> None:
    empty = Masks.from_runs([[8]], [(2, 4)]).texts()[0]
    with pytest.raises(BadRegion, match="covers no pixel"):
        brush({"rle": encode_brush(empty, (2, 4))}, (2, 4))


def test_brush__malformed_is_refused_before_it_is_drawn() -> None:
    with pytest.raises(MalformedMask, match="no run lengths"):
        brush({"format": "rle", "rle": "eJw"}, (2, 4))


numbers = st.floats() | st.integers() | st.none() | st.text(max_size=2) | st.booleans()
values = st.fixed_dictionaries(
    dict.fromkeys(
        ("x", "y", "width", "height", "radiusX", "radiusY", "rotation", "closed"), numbers
    )
    | {"points": st.lists(st.lists(numbers, max_size=3), max_size=5) | numbers, "rle": numbers}
)


@given(values)
def test_outlines__anything_is_an_outline_or_refused(value: dict[str, Any]) -> None:
    for read in (rectangle, polygon, ellipse, brush):
        try:
            outline = read(value, (7, 5))
        except (BadRegion, MalformedMask):
            continue
        x, y, width, height = outline.box
        assert min(x, y) >= 0
        assert x + width <= 5 + 1e-9
        assert y + height <= 7 + 1e-9
        assert outline.area >= 0
