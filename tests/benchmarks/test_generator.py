"""Generated data sets: exact sizes, the same for the same seed, with the shape of real ones."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmarks.peers.generator import (
    Found,
    Model,
    Scenes,
    Shape,
    class_shares,
    draw_outlines,
    draw_predictions,
    draw_scenes,
    redraw_outlines,
)

SMALL = Shape(images=200, classes=8, truth=1500, predictions=3000)


@pytest.fixture(scope="module")
def scenes() -> Scenes:
    return draw_scenes(SMALL)


@pytest.fixture(scope="module")
def found(scenes: Scenes) -> Found:
    return draw_predictions(scenes, SMALL, Model(), seed=1)


def test_scenes__hold_exactly_the_ground_truth_that_was_asked_for(scenes: Scenes) -> None:
    assert len(scenes.image) == len(scenes.boxes) == 1500
    assert scenes.image.max() < 200
    assert set(scenes.class_.tolist()) <= set(range(8))
    assert 0 < scenes.crowd.mean() < 0.03


def test_scenes__keep_boxes_inside_their_pictures(scenes: Scenes) -> None:
    size = scenes.sizes[scenes.image]
    assert (scenes.boxes >= 0).all()
    assert (scenes.boxes[:, :2] + scenes.boxes[:, 2:] <= size + 0.02).all()


def test_scenes__have_ascending_ids_with_gaps(scenes: Scenes) -> None:
    assert (np.diff(scenes.ids) > 0).all()
    assert scenes.ids[-1] > len(scenes.ids)


@pytest.mark.parametrize("seed", [0, 5])
def test_the_same_seed__draws_the_same_data(seed: int) -> None:
    shape = dataclasses.replace(SMALL, seed=seed)
    first, second = (draw_predictions(draw_scenes(shape), shape, Model(), seed=1) for _ in range(2))
    assert all(
        np.array_equal(getattr(first, name), getattr(second, name)) for name in Found.__slots__
    )


def test_another_seed__draws_other_data(scenes: Scenes) -> None:
    other = draw_scenes(dataclasses.replace(SMALL, seed=1))
    assert not np.array_equal(other.boxes, scenes.boxes)


def test_predictions__come_image_by_image_best_score_first(found: Found) -> None:
    assert len(found.image) == 3000
    order = np.lexsort((-found.score, found.image))
    assert np.array_equal(found.score[order], found.score)


def test_predictions__are_cut_at_a_hundred_an_image(scenes: Scenes) -> None:
    many = dataclasses.replace(SMALL, predictions=30_000)
    crowded = draw_predictions(scenes, many, Model(), seed=1)
    assert np.bincount(crowded.image).max() == 100
    assert len(crowded.image) <= 20_000


def test_predictions__lie_near_the_object_they_were_drawn_from(
    scenes: Scenes, found: Found
) -> None:
    drawn = found.source >= 0
    assert 0.2 < drawn.mean() < 0.8
    assert np.array_equal(found.image[drawn], scenes.image[found.source[drawn]])
    assert not scenes.crowd[found.source[drawn]].any()


def test_class_shares__are_one_class_ahead_and_a_long_tail() -> None:
    shares = class_shares(4, first=0.4, power=1.0)
    assert shares == pytest.approx([0.4, 0.6 * 6 / 11, 0.6 * 3 / 11, 0.6 * 2 / 11])


def test_outlines__stay_in_their_boxes() -> None:
    outlines = draw_outlines(50, seed=0)
    for row in range(50):
        polygon = outlines.polygon(row, np.array([10.0, 20.0, 30.0, 40.0])).reshape(-1, 2)
        assert len(polygon) == outlines.points[row]
        assert (polygon >= [10, 20]).all()
        assert (polygon <= [40, 60]).all()


def test_redrawn_outlines__keep_the_points_of_the_object_they_copy() -> None:
    outlines = draw_outlines(3, seed=0)
    copies = redraw_outlines(outlines, np.array([2, -1, 0]), seed=1)
    assert copies.points[[0, 2]].tolist() == outlines.points[[2, 0]].tolist()
    assert copies.radii[0] == pytest.approx(outlines.radii[2], rel=0.3)
    assert not np.array_equal(copies.radii[0], outlines.radii[2])
