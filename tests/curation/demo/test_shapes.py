from __future__ import annotations

import numpy as np
import pytest

from curation.demo.outlines import Outline, sample
from curation.demo.shapes import outlined, trace


def test_trace__circle_has_the_right_box_and_area() -> None:
    patch = sample(Outline(radius=20), 100, 50)
    shape = trace("red cell", patch.alpha, left=patch.left, top=patch.top)
    assert shape is not None
    assert shape.box == pytest.approx((80, 30, 40, 40), abs=0.4)
    assert shape.area == pytest.approx(np.pi * 20**2, rel=0.03)


def test_trace__box_is_the_extent_of_the_polygon() -> None:
    patch = sample(Outline(radius=17.3, stretch=1.4, angle=0.7), 61.2, 44.9)
    shape = trace("red cell", patch.alpha, left=patch.left, top=patch.top)
    assert shape is not None
    points = np.reshape(shape.polygons[0], (-1, 2))
    x, y, width, height = shape.box
    assert (x, y) == tuple(points.min(axis=0))
    assert (x + width, y + height) == pytest.approx(tuple(points.max(axis=0)))


def test_trace__two_parts_are_two_polygons() -> None:
    alpha = np.zeros((20, 40), dtype=np.float32)
    alpha[4:16, 4:16] = 1
    alpha[4:16, 24:36] = 1
    shape = trace("red cell", alpha, left=0, top=0)
    assert shape is not None
    assert len(shape.polygons) == 2
    assert shape.box == pytest.approx((4, 4, 32, 12), abs=0.3)


@pytest.mark.parametrize("alpha", [np.zeros((9, 9)), np.zeros((0, 5)), np.eye(3)])
def test_trace__nothing_to_see(alpha: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    assert trace("red cell", alpha.astype(np.float32), left=0, top=0) is None


def test_outlined__square_of_ten_pixels() -> None:
    shape = outlined("platelet", ((3.0, 4.0, 13.0, 4.0, 13.0, 14.0, 3.0, 14.0),))
    assert shape.box == (3.0, 4.0, 10.0, 10.0)
    assert shape.area == 100
