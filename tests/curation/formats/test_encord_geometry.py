from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curation.formats.encord_geometry import CUT, NO_EXTENT, NO_PIXEL
from curation.formats.shapes import RegionFault
from evaluation.masks import Masks
from evaluation.polygons import rasterise
from evaluation.run_lengths import decode
from tests.curation.encord_rows import (
    CAR,
    LAKE,
    POND,
    ROAD,
    SHIP,
    SIZE,
    WHEEL,
    BitmaskCoordinates,
    altered,
    box_at,
    draw,
    geometry,
    image_row,
    one_shape,
    points,
    read,
)


def test_box__shares_become_pixels() -> None:
    row = image_row(SIZE)
    coordinates = geometry.BoundingBoxCoordinates(
        height=0.5, width=0.25, top_left_x=0.125, top_left_y=0.25
    )
    car = draw(row, CAR, coordinates, confidence=0.75, manual_annotation=False)
    shape = one_shape(row)
    assert (shape.key, shape.class_name, shape.kind) == (car.object_hash, "Car", "rectangle")
    assert shape.box == (8.0, 12.0, 16.0, 24.0)
    assert shape.area == 384.0
    assert (shape.polygons, shape.counts, shape.exact) == (None, None, None)
    assert shape.region["confidence"] == 0.75
    assert shape.region["manualAnnotation"] is False


@given(st.data())
def test_box__pixels_come_back_exactly(data) -> None:
    size = data.draw(st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)))
    x, y = (data.draw(st.integers(0, side - 1)) for side in reversed(size))
    width = data.draw(st.integers(1, size[1] - x))
    height = data.draw(st.integers(1, size[0] - y))
    row = image_row(size)
    draw(row, CAR, box_at(x, y, width, height, size))
    assert one_shape(row, size).box == (x, y, width, height)


@pytest.mark.parametrize(("item", "theta"), [(CAR, None), (SHIP, 0), (SHIP, 30)])
def test_box__without_extent_is_a_fault(item, theta) -> None:
    row = image_row(SIZE)
    drawn = draw(row, item, box_at(8, 12, 0, 24, theta=theta))
    assert read(row).faults == (RegionFault(drawn.object_hash, NO_EXTENT),)


def test_box__is_cut_at_the_border() -> None:
    row = image_row(SIZE)
    car = draw(row, CAR, box_at(-8, 40, 16, 16))
    found = read(row)
    assert found.shapes[0].box == (0.0, 40.0, 8.0, 8.0)
    assert found.shapes[0].area == 64.0
    assert found.warnings == (RegionFault(car.object_hash, CUT),)


def test_box__outside_the_image_is_a_fault() -> None:
    row = image_row(SIZE)
    draw(row, CAR, box_at(64, 12, 16, 24))
    [fault] = read(row).faults
    assert fault.reason == "it lies outside the image; move it into the image or delete it"


def test_rotated_box__turns_about_its_centre() -> None:
    row = image_row((100, 200))
    draw(row, SHIP, box_at(80, 40, 40, 20, (100, 200), theta=90))
    shape = one_shape(row, (100, 200))
    assert shape.kind == "rotated rectangle"
    assert shape.exact == {"center": [100.0, 50.0], "size": [40.0, 20.0], "angle": 90.0}
    # Clockwise: the top left corner goes to the top right.
    assert shape.polygons == ((110.0, 30.0, 110.0, 70.0, 90.0, 70.0, 90.0, 30.0),)
    assert shape.box == (90.0, 30.0, 20.0, 40.0)
    assert shape.area == 800.0
    assert picture(shape, (100, 200))[30:70, 90:110].all()


def test_rotated_box__not_turned_is_a_rectangle() -> None:
    row = image_row(SIZE)
    draw(row, SHIP, box_at(8, 12, 16, 24, theta=360))
    shape = one_shape(row)
    assert (shape.kind, shape.box, shape.exact) == ("rectangle", (8.0, 12.0, 16.0, 24.0), None)


@given(st.data())
def test_rotated_box__corners_are_those_of_an_independent_rotation(data) -> None:
    size = data.draw(st.tuples(st.integers(10, 5000), st.integers(10, 5000)))
    width, height = data.draw(st.integers(1, size[1])), data.draw(st.integers(1, size[0]))
    x, y = data.draw(st.integers(0, size[1] - width)), data.draw(st.integers(0, size[0] - height))
    theta = data.draw(st.floats(-360, 360).filter(lambda angle: angle % 360))
    row = image_row(size)
    draw(row, SHIP, box_at(x, y, width, height, size, theta=theta))
    shape = one_shape(row, size)
    assert shape.exact is not None
    assert shape.exact["center"] == [x + width / 2, y + height / 2]
    assert shape.exact["size"] == [width, height]
    assert shape.exact["angle"] == theta % 360
    centre = complex(x + width / 2, y + height / 2)
    turn = cmath.exp(1j * math.radians(theta))
    expected = [
        centre + (complex(*corner) - centre) * turn
        for corner in ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    ]
    [outline] = shape.polygons or ((),)
    flat = [number for corner in expected for number in (corner.real, corner.imag)]
    assert outline == pytest.approx(flat, abs=1e-6)


def test_circle__radii_are_shares_of_the_width() -> None:
    row = image_row((50, 100))
    draw(row, WHEEL, geometry.CircleCoordinates(center_x=0.5, center_y=0.5, radius=0.1))
    shape = one_shape(row, (50, 100))
    assert shape.kind == "ellipse"
    assert shape.exact == {"center": [50.0, 25.0], "radii": [10.0, 10.0], "angle": 0.0}
    assert shape.box == (40.0, 15.0, 20.0, 20.0)
    # The pixels whose centres are at most ten away from the circle's.
    rows, columns = np.mgrid[:50, :100] + 0.5
    inside = (columns - 50) ** 2 + (rows - 25) ** 2 <= 100
    assert np.array_equal(picture(shape, (50, 100)), inside)
    assert shape.area == inside.sum()


def test_ellipse__a_quarter_turn_swaps_the_sides_of_its_box() -> None:
    row = image_row((50, 100))
    ellipse = geometry.EllipseCoordinates(center_x=0.5, center_y=0.5, rx=0.2, ry=0.2, theta=90)
    draw(row, POND, ellipse)
    shape = one_shape(row, (50, 100))
    assert shape.exact == {"center": [50.0, 25.0], "radii": [20.0, 10.0], "angle": 90.0}
    assert shape.box == (40.0, 5.0, 20.0, 40.0)
    columns = picture(shape, (50, 100)).any(axis=0)
    assert (int(columns.argmax()), int(columns.sum())) == (40, 20)


def test_polygon__one_outline() -> None:
    row = image_row(SIZE)
    square = points((4, 4), (12, 4), (12, 12), (4, 12))
    draw(row, LAKE, geometry.PolygonCoordinates(values=square))
    shape = one_shape(row)
    assert (shape.kind, shape.box, shape.area) == ("polygon", (4.0, 4.0, 8.0, 8.0), 64.0)
    assert shape.polygons == ((4.0, 4.0, 12.0, 4.0, 12.0, 12.0, 4.0, 12.0),)
    assert picture(shape)[4:12, 4:12].all()


def test_polygon__several_parts_are_one_object() -> None:
    row = image_row(SIZE)
    parts = [[points((0, 0), (4, 0), (4, 4), (0, 4))], [points((8, 8), (10, 8), (10, 10), (8, 10))]]
    draw(row, LAKE, geometry.PolygonCoordinates(polygons=parts))
    shape = one_shape(row)
    assert shape.area == 16.0 + 4.0
    assert shape.box == (0.0, 0.0, 10.0, 10.0)
    assert len(shape.polygons or ()) == 2


def test_polygon__holes_are_cut_out_of_the_mask() -> None:
    row = image_row(SIZE)
    lake = points((4, 4), (12, 4), (12, 12), (4, 12))
    island = points((6, 6), (10, 6), (10, 8), (6, 8))
    draw(row, LAKE, geometry.PolygonCoordinates(polygons=[[lake, island]]))
    shape = one_shape(row)
    assert shape.polygons is None
    assert shape.area == 64.0 - 8.0
    assert picture(shape).sum() == 56
    assert not picture(shape)[6:8, 6:10].any()


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=9, max_size=9))
def test_polygon__holes_are_those_of_pictures(corners) -> None:
    size = (25, 27)  # some corners lie outside
    lake, island, pond = (points(*corners[at : at + 3], size=size) for at in (0, 3, 6))
    row = image_row(size)
    draw(row, LAKE, geometry.PolygonCoordinates(polygons=[[lake, island], [pond]]))
    found = read(row, size)
    if not found.shapes:
        return  # the corners of an outer contour are on one line, or all outside
    parts = [
        picture_of(rasterise([[float(n) for corner in part for n in corner]], size), size)
        for part in (corners[:3], corners[3:6], corners[6:])
    ]
    expected = (parts[0] & ~parts[1]) | parts[2]
    assert np.array_equal(picture(found.shapes[0], size), expected)


@given(st.data())
def test_ellipse__has_the_pixels_whose_centres_lie_in_it(data) -> None:
    size = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    x, y = data.draw(st.floats(0, size[1])), data.draw(st.floats(0, size[0]))
    rx, ry = data.draw(st.floats(0.1, 30)), data.draw(st.floats(0.1, 30))
    theta = data.draw(st.floats(-360, 360))
    row = image_row(size)
    shares = {"rx": rx / size[1], "ry": ry / size[0], "theta": theta}
    draw(row, POND, geometry.EllipseCoordinates(x / size[1], y / size[0], **shares))
    found = read(row, size)
    if not found.shapes:
        return  # it touches the image's border from outside
    turn = cmath.exp(-1j * math.radians(theta))
    rows, columns = np.mgrid[: size[0], : size[1]] + 0.5
    own = ((columns - x) + 1j * (rows - y)) * turn
    distance = (own.real / rx) ** 2 + (own.imag / ry) ** 2
    doubtful = np.abs(distance - 1) < 1e-6  # on the line, up to rounding
    shown = picture(found.shapes[0], size)
    assert np.array_equal(shown[~doubtful], (distance <= 1)[~doubtful])


def test_polygon__of_the_older_form_is_sorted_by_number() -> None:
    row = image_row(SIZE)
    draw(row, LAKE, geometry.PolygonCoordinates(values=points((4, 4), (12, 4), (12, 12), (4, 12))))
    corners = {"10": (4, 12), "0": (4, 4), "2": (12, 12), "1": (12, 4)}
    older = {key: {"x": x / 64, "y": y / 48} for key, (x, y) in corners.items()}
    [shape] = altered(row, polygons=None, polygon=older).shapes
    assert shape.polygons == ((4.0, 4.0, 12.0, 4.0, 12.0, 12.0, 4.0, 12.0),)


def picture(shape, size=SIZE):
    return picture_of(shape.counts, size)


def picture_of(counts, size):
    return decode(Masks.from_texts([counts], [size]).runs(0), size).astype(np.bool_)


def test_bitmask__is_written_row_by_row() -> None:
    row = image_row((2, 3))
    draw(row, ROAD, BitmaskCoordinates(np.array([[0, 1, 1], [0, 0, 1]], dtype=np.bool_)))
    shape = one_shape(row, (2, 3))
    assert (shape.kind, shape.box, shape.area) == ("mask", (1.0, 0.0, 2.0, 2.0), 3.0)
    # Down the columns: two zeros, one one, one zero, two ones.
    assert shape.counts == Masks.from_runs([[2, 1, 1, 2]], [(2, 3)]).texts()[0]


@given(arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40))).filter(np.any))
def test_bitmask__every_pixel_comes_back(mask) -> None:
    size = mask.shape
    row = image_row(size)
    draw(row, ROAD, BitmaskCoordinates(mask))
    shape = one_shape(row, size)
    assert np.array_equal(picture(shape, size), mask)
    assert shape.area == mask.sum()


def test_bitmask__empty_is_a_fault() -> None:
    row = image_row(SIZE)
    road = draw(row, ROAD, BitmaskCoordinates(np.zeros(SIZE, dtype=np.bool_)))
    reason = f"{NO_PIXEL}; paint it again or delete it"
    assert read(row).faults == (RegionFault(road.object_hash, reason),)
