from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from curation.demo.rendering import render
from curation.demo.segmentation import (
    filled,
    fitted_light,
    flat_light,
    opened,
    optical_density,
    otsu,
    split,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.demo.captures import Capture
    from curation.demo.cells import Cell, Scene


def _discs(*discs: tuple[int, int, int]) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    binary = np.zeros((240, 320), dtype=np.uint8)
    for x, y, radius in discs:
        cv2.circle(binary, (x, y), radius, color=1, thickness=cv2.FILLED)
    return binary


def _pieces(binary: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> int:
    return cv2.connectedComponents(binary, connectivity=4)[0] - 1


def test_fitted_light__follows_a_gradient_under_cells(
    slide: Callable[..., Scene], disc: Callable[..., Cell], capture: Capture
) -> None:
    scene = slide(disc(60, 60), disc(160, 120), disc(240, 200))
    image, _ = render(scene, replace(capture, gradient=0.3, vignette=0.2))
    empty, _ = render(slide(), replace(capture, gradient=0.3, vignette=0.2))
    error = np.abs(fitted_light(image) - empty.astype(np.float32))
    assert float(error.mean()) < 4
    assert float(np.abs(flat_light(image) - empty).mean()) > 3 * float(error.mean())


def test_optical_density__halved_light_is_log_two() -> None:
    image = np.full((4, 4, 3), 99, dtype=np.uint8)
    light = np.full((1, 1, 3), 199, dtype=np.float32)
    assert optical_density(image, light) == pytest.approx(np.full((4, 4, 3), np.log(2)), rel=1e-5)


def test_otsu__parts_cells_from_background_but_finds_none_on_an_empty_field() -> None:
    plane = np.full((50, 50), 0.01, dtype=np.float32)
    assert not otsu(plane).any()
    plane[10:20, 10:20] = 0.4
    assert otsu(plane).sum() == 100


def test_otsu__dark_nuclei_do_not_hide_pale_cells() -> None:
    plane = np.zeros((60, 60), dtype=np.float32)
    plane[:20] = 0.35
    plane[40:] = 1.4
    assert otsu(plane)[:20].all()


def test_filled__only_small_holes() -> None:
    ring = _discs((80, 120, 30)) - _discs((80, 120, 8))
    large = _discs((220, 120, 60)) - _discs((220, 120, 40))
    result = filled(ring + large, 1500)
    assert result[120, 80] == 1
    assert result[120, 220] == 0


def test_filled__nothing_there() -> None:
    assert not filled(np.zeros((9, 9), np.uint8), 10).any()


def test_opened__narrow_parts_vanish() -> None:
    result = opened(_discs((80, 120, 26), (200, 120, 5)), 15)
    assert _pieces(result) == 1
    assert result[120, 80] == 1


def test_split__touching_discs_come_apart_where_they_touch() -> None:
    parts = split(_discs((100, 120, 26), (146, 120, 26)), np.zeros((240, 320, 3), np.float32))
    assert _pieces(parts) == 2
    assert not parts[100:140, 123].all()
    assert parts[120, 100] == parts[120, 146] == 1


def test_split__one_disc_stays_whole_also_at_the_edge() -> None:
    parts = split(_discs((2, 120, 26), (150, 120, 26)), np.zeros((240, 320, 3), np.float32))
    assert _pieces(parts) == 2


def test_split__nucleus_keeps_a_white_cell_in_one_piece() -> None:
    binary = _discs((90, 120, 26), (170, 120, 56))
    density = np.zeros((240, 320, 3), dtype=np.float32)
    density[_discs((150, 120, 22), (190, 120, 22)) > 0] = 1.0
    assert _pieces(split(binary, density)) == 2
