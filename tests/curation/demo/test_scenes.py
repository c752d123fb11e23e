from __future__ import annotations

import numpy as np
import pytest

from curation.demo.cells import PLATELET, RED_CELL, WHITE_CELL
from curation.demo.scenes import Frame, compose, draw_style, empty, shifted

FRAME = Frame(640, 480, 1.0)


def test_compose__holds_all_three_classes_in_drawing_order() -> None:
    style = draw_style(np.random.default_rng(1))
    scenes = [compose(np.random.default_rng(seed), FRAME, style) for seed in range(5)]
    names = {cell.class_name for scene in scenes for cell in scene.cells}
    assert names == {RED_CELL, WHITE_CELL, PLATELET}
    order = [RED_CELL, WHITE_CELL, PLATELET]
    for scene in scenes:
        places = [order.index(cell.class_name) for cell in scene.cells]
        assert places == sorted(places)


def test_compose__centres_keep_their_distance() -> None:
    scene = compose(np.random.default_rng(4), FRAME, draw_style(np.random.default_rng(1)))
    centres = np.array([(cell.x, cell.y) for cell in scene.cells])
    radii = np.array([cell.outline.radius for cell in scene.cells])
    distance = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    assert (distance >= 0.79 * (radii[:, None] + radii[None])).all()


def test_compose__magnification_makes_cells_larger_and_fewer() -> None:
    style = draw_style(np.random.default_rng(1))
    near = compose(np.random.default_rng(4), Frame(640, 480, 2.0), style)
    far = compose(np.random.default_rng(4), Frame(640, 480, 0.6), style)
    assert len(near.cells) < len(far.cells)
    assert max(c.outline.radius for c in near.cells) > max(c.outline.radius for c in far.cells)


def test_empty__has_no_cells() -> None:
    style = draw_style(np.random.default_rng(1))
    assert empty(np.random.default_rng(4), FRAME, style).cells == ()


def test_shifted__moves_everything() -> None:
    style = draw_style(np.random.default_rng(1))
    scene = compose(np.random.default_rng(4), FRAME, style)
    moved = shifted(scene, 3.0, -2.0)
    assert len(moved.cells) == len(scene.cells)
    assert moved.cells[0].x == pytest.approx(scene.cells[0].x + 3)
    assert moved.cells[0].y == pytest.approx(scene.cells[0].y - 2)
