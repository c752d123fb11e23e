from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from curation.demo.captures import retaken
from curation.demo.cells import PLATELET, WHITE_CELL, Speck
from curation.demo.rendering import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.demo.captures import Capture
    from curation.demo.cells import Cell, Scene

    Slide = Callable[..., Scene]
    Disc = Callable[..., Cell]


def test_render__empty_field_is_the_light(slide: Slide, capture: Capture) -> None:
    picture, shapes = render(slide(), capture)
    assert picture.shape == (240, 320, 3)
    assert shapes == []
    assert picture.reshape(-1, 3).mean(axis=0) == pytest.approx((226, 228, 236), abs=6)


def test_render__same_seed_same_picture(slide: Slide, capture: Capture, disc: Disc) -> None:
    scene = slide(disc(100, 100), disc(200, 120, radius=60, kind=(WHITE_CELL, "neutrophil")))
    first, _ = render(scene, capture)
    again, _ = render(scene, capture)
    assert np.array_equal(first, again)


def test_render__red_cell_absorbs_green_and_nucleus_absorbs_red(
    slide: Slide, capture: Capture, disc: Disc
) -> None:
    white = disc(220, 120, radius=50, kind=(WHITE_CELL, "lymphocyte"))
    picture, _ = render(slide(disc(80, 120), white), capture)
    empty, red_cell, nucleus = picture[20, 20], picture[120, 97], picture[120, 220]
    assert red_cell[1] < 0.75 * empty[1]
    assert red_cell[2] > 0.8 * empty[2]
    assert nucleus[2] < 0.5 * empty[2]


def test_render__overlap_of_red_cells_is_darker_and_both_keep_their_shape(
    slide: Slide, capture: Capture, disc: Disc
) -> None:
    picture, shapes = render(slide(disc(100, 120), disc(142, 120)), capture)
    assert picture[120, 121, 1] < min(picture[120, 84, 1], picture[120, 158, 1])
    assert [shape.area for shape in shapes] == pytest.approx([np.pi * 26**2] * 2, rel=0.03)


def test_render__white_cell_hides_what_lies_under_it(
    slide: Slide, capture: Capture, disc: Disc
) -> None:
    white = disc(180, 120, radius=60, kind=(WHITE_CELL, "monocyte"))
    _, (red, seen) = render(slide(disc(110, 120), white), capture)
    assert red.area < 0.95 * np.pi * 26**2
    assert red.box[0] + red.box[2] < 130
    assert seen.area == pytest.approx(np.pi * 60**2, rel=0.02)


def test_render__shape_ends_at_the_image(slide: Slide, capture: Capture, disc: Disc) -> None:
    _, (shape,) = render(slide(disc(2, 120)), capture)
    assert shape.box[0] >= 0
    assert shape.box[2] == pytest.approx(28, abs=0.5)


def test_render__cell_outside_the_image_is_no_label(
    slide: Slide, capture: Capture, disc: Disc
) -> None:
    _, shapes = render(slide(disc(-60, 120)), capture)
    assert shapes == []


def test_render__dirt_is_seen_and_not_labelled(slide: Slide, capture: Capture) -> None:
    specks = (Speck(160, 120, 3, 1.0, dust=False), Speck(-90, 0, 3, 1.0, dust=True))
    picture, shapes = render(slide(specks=specks), capture)
    assert shapes == []
    assert picture[120, 160, 1] < 0.7 * picture[20, 20, 1]


def test_render__platelet_is_violet(slide: Slide, capture: Capture, disc: Disc) -> None:
    platelet = disc(160, 120, radius=9, kind=(PLATELET, "platelet"))
    picture, (shape,) = render(slide(platelet), capture)
    blue, green, red = picture[118:123, 158:163].reshape(-1, 3).mean(axis=0)
    assert blue > red > green
    assert shape.area < 32**2


def test_render__vignette_darkens_the_corners(slide: Slide, capture: Capture) -> None:
    picture, _ = render(slide(), replace(capture, vignette=0.3))
    assert picture[:20, :20].mean() < 0.85 * picture[110:130, 150:170].mean()


def test_retaken__nearly_the_same_picture(slide: Slide, capture: Capture, disc: Disc) -> None:
    first, _ = render(slide(disc(100, 100)), capture)
    second, _ = render(slide(disc(100, 100)), retaken(capture, np.random.default_rng(1)))
    difference = np.abs(first.astype(int) - second.astype(int))
    assert difference.any()
    assert difference.mean() < 8
