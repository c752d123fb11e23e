from __future__ import annotations

import importlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from evaluation import evaluate, match, oriented_boxes
from evaluation.candidates import cut_into_cells, find_candidates
from evaluation.errors import (
    MismatchedColumns,
    MissingCorners,
    NotConvex,
    NotFinite,
    PositionOutOfRange,
)
from evaluation.instances import Instances
from evaluation.oriented_boxes import (
    corners_of,
    oriented_areas,
    oriented_ground_truth,
    oriented_pairs,
    oriented_predictions,
    required_corners,
)
from evaluation.same_mistakes import same_mistakes
from evaluation.walking_order import walking_order
from tests.evaluation.exact_quadrilaterals import exact_iou
from tests.evaluation.random_tables import random_scene

SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10]]
DIAMOND = [[5, 0], [10, 5], [5, 10], [0, 5]]
SCALES = (6, 40, 200, 1000)

many = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(params=["", "_numpy"], ids=["compiled", "numpy"], autouse=True)
def _kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        kernel = importlib.import_module(f"evaluation._oriented_kernel{request.param}")
    except ModuleNotFoundError:
        pytest.skip("the install could not compile the kernels")
    monkeypatch.setattr(oriented_boxes, "kernel", kernel)


def overlap(
    corners: ArrayLike, other: ArrayLike, *, crowd: bool = False, floor: float = 1e-12
) -> float:
    """IoU of one prediction with one ground truth, 0 where they are no pair."""
    truth = oriented_ground_truth([0], [0], np.array([other]), crowd=[crowd])
    found = oriented_predictions([0], [0], np.array([corners]), score=[1])
    pairs = find_candidates(truth, found, iou_type="obb", floor=floor)
    return float(pairs.iou.sum())


def rotated(
    rng: np.random.Generator, n: int, *, scale: float, around: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Rectangles of any shape and angle; with negative coordinates."""
    centre = rng.uniform(-2, 2, (n, 2)) * scale if around is None else around
    sides = scale * np.exp(rng.uniform(-3, 0, (n, 2)))
    return corners_of(np.c_[centre, sides, rng.uniform(-7, 7, n)])


def convex(rng: np.random.Generator, n: int, *, scale: float) -> NDArray[np.float64]:
    """Quadrilaterals with corners on an ellipse."""
    angle = np.sort(rng.uniform(0, 2 * np.pi, (n, 4)), axis=1)
    centre = rng.uniform(-0.5, 0.5, (n, 1, 2)) * scale
    return centre + scale * np.stack([np.cos(angle), np.sin(angle) / 2], axis=2)


def test_overlap__by_hand() -> None:
    assert overlap(SQUARE, SQUARE) == 1.0
    assert overlap(DIAMOND, SQUARE) == 0.5
    # A diamond of 50 px² around the corner (10, 10): a quarter of it lies in the square.
    assert overlap(np.array(DIAMOND) + 5, SQUARE) == 12.5 / 137.5


def test_overlap__either_way_round_and_any_first_corner() -> None:
    for corners in (DIAMOND, DIAMOND[::-1]):
        for first in range(4):
            assert overlap(np.roll(corners, first, axis=0), SQUARE[::-1]) == 0.5


def test_overlap__crowd_divides_by_the_prediction_alone() -> None:
    assert overlap(DIAMOND, SQUARE, crowd=True) == 1.0
    assert overlap(SQUARE, DIAMOND, crowd=True) == 0.5


def test_overlap__touching_and_apart() -> None:
    beside, apart = (np.array(SQUARE) + np.array([by, 0]) for by in (10, 11))
    assert overlap(SQUARE, beside) == overlap(SQUARE, apart) == 0
    # Enclosing rectangles overlap, outlines do not.
    assert overlap([[0, 0], [9, 0], [9, 0], [0, 9]], [[9, 9], [9, 1], [5, 5], [1, 9]]) == 0


@pytest.mark.parametrize(
    "flat",
    [
        [[5, 5]] * 4,
        [[0, 0], [10, 10], [10, 10], [0, 0]],
        [[0, 5], [10, 5], [10, 5], [0, 5]],
    ],
    ids=["a point", "a diagonal", "a line along an axis"],
)
def test_overlap__nothing_without_area(flat: list[list[float]]) -> None:
    assert overlap(flat, SQUARE) == overlap(SQUARE, flat) == overlap(flat, flat) == 0
    assert overlap(flat, SQUARE, crowd=True) == 0


def test_overlap__a_triangle_is_a_quadrilateral_with_a_corner_twice() -> None:
    triangle = [[0, 0], [10, 0], [10, 0], [0, 10]]
    assert overlap(triangle, SQUARE) == overlap(SQUARE, triangle) == 0.5
    assert overlap(triangle, triangle) == 1.0


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("kind", ["far", "near", "convex"])
def test_overlap__exact_at_any_scale(scale: float, kind: str) -> None:
    rng = np.random.default_rng(int(scale))
    n = 60
    make = convex if kind == "convex" else rotated
    ours = make(rng, n, scale=scale)
    theirs = make(rng, n, scale=scale)
    if kind == "near":
        theirs = ours + rng.normal(0, 0.02 * scale, (n, 1, 2)) * (rng.random((n, 1, 1)) < 0.8)
    for one, other in zip(ours, theirs, strict=True):
        assert overlap(one, other[::-1]) == pytest.approx(exact_iou(one, other), abs=1e-9)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e6, 1e9])
def test_overlap__does_not_know_the_unit(scale: float) -> None:
    rng = np.random.default_rng(5)
    for one, other in zip(rotated(rng, 20, scale=50), rotated(rng, 20, scale=50), strict=True):
        assert overlap(one * scale, other * scale) == pytest.approx(overlap(one, other), abs=1e-12)


def test_overlap__far_from_the_origin() -> None:
    away = np.array([-3e6, 2e6])
    assert overlap(np.array(DIAMOND) + away, np.array(SQUARE) + away) == 0.5


def test_overlap__too_large_to_measure_is_no_pair() -> None:
    truth = oriented_ground_truth([0], [0], [SQUARE])
    found = oriented_predictions([0], [0], [DIAMOND], score=[1])
    large = (
        replace(table, boxes=table.boxes * 1e200, corners=required_corners(table, "") * 1e200)
        for table in (truth, found)
    )
    assert len(find_candidates(*large, iou_type="obb", floor=0.1).iou) == 0


def test_oriented_ground_truth__too_large_to_measure() -> None:
    with pytest.raises(NotFinite, match="width"):
        oriented_ground_truth([0], [0], [np.array(SQUARE) * 1e200], area=[1])


@many
@given(seed=st.integers(0, 2**32 - 1), class_agnostic=st.booleans())
def test_oriented_pairs__both_kernels_have_the_same_bits(seed: int, class_agnostic: bool) -> None:
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(0, 40)), int(rng.integers(0, 20))
    truth = oriented_ground_truth(
        rng.integers(0, 3, m),
        rng.integers(0, 2, m),
        rotated(rng, m, scale=20),
        crowd=rng.random(m) < 0.2,
    )
    found = oriented_predictions(
        rng.integers(0, 3, n), rng.integers(0, 2, n), rotated(rng, n, scale=20), score=rng.random(n)
    )
    order = walking_order(found, class_agnostic=class_agnostic)
    cells = cut_into_cells(truth, found, order, class_agnostic=class_agnostic)
    kernel = oriented_boxes.kernel
    pairs = oriented_pairs(truth, found, cells, 0.01)
    oriented_boxes.kernel = importlib.import_module("evaluation._oriented_kernel_numpy")
    twin = oriented_pairs(truth, found, cells, 0.01)
    oriented_boxes.kernel = kernel
    assert all(np.array_equal(own, other) for own, other in zip(pairs, twin, strict=True))
    for row, other, iou in zip(*pairs, strict=True):
        if not truth.crowd[other]:
            assert found.corners is not None
            assert truth.corners is not None
            exact = exact_iou(found.corners[row], truth.corners[other])
            assert iou == pytest.approx(exact, abs=1e-12)


def outlined(table: Instances, rng: np.random.Generator) -> Instances:
    """The boxes of a table as oriented boxes, from any corner on, either way round."""
    x, y, w, h = table.boxes.T
    corners = np.stack([np.c_[x, y], np.c_[x + w, y], np.c_[x + w, y + h], np.c_[x, y + h]], axis=1)
    for row, by in enumerate(rng.integers(0, 4, len(table))):
        corners[row] = np.roll(corners[row], by, axis=0)[:: rng.choice([-1, 1])]
    return replace(table, corners=corners)


@many
@given(seed=st.integers(0, 2**32 - 1))
def test_match__along_the_axes_is_what_boxes_give(seed: int) -> None:
    rng, scene = np.random.default_rng(seed), random_scene(seed)
    boxes = match(scene.truth, scene.predictions)
    oriented = match(outlined(scene.truth, rng), outlined(scene.predictions, rng), iou_type="obb")
    for column in ("pred", "truth", "iou", "thresholds", "rank", "order"):
        assert np.array_equal(getattr(boxes, column), getattr(oriented, column))


def test_match__along_the_axes_at_fractions_of_a_pixel() -> None:
    rng = np.random.default_rng(1)
    boxes = np.c_[rng.uniform(-50, 50, (300, 2)), rng.uniform(1, 40, (300, 2))]
    image = rng.integers(0, 4, 300)
    truth = Instances.ground_truth(image, np.zeros(300), boxes)
    found = Instances.predictions(image, np.zeros(300), boxes + 0.3, score=rng.random(300))
    plain = find_candidates(truth, found, iou_type="bbox", floor=0.01)
    turned = find_candidates(outlined(truth, rng), outlined(found, rng), iou_type="obb", floor=0.01)
    assert np.array_equal(plain.pred, turned.pred)
    assert np.array_equal(plain.truth, turned.truth)
    assert plain.iou == pytest.approx(turned.iou, abs=1e-12)


def test_evaluate__turned_the_wrong_way() -> None:
    stick, turned = [50.0, 50, 40, 4, 0.3], [50.0, 50, 40, 4, -0.3]
    truth = oriented_ground_truth([0, 1], [0, 0], corners_of([stick, stick]))
    found = oriented_predictions([0, 1], [0, 0], corners_of([stick, turned]), score=[0.9, 0.8])
    result = evaluate(truth, found, iou_type="obb")
    assert (result.counts.total().tp, result.counts.total().fp) == (1, 1)
    assert repr(result).startswith("oriented boxes · 1 class")
    assert evaluate(truth, found).counts.total().tp == 2  # their enclosing boxes are alike


def test_same_mistakes__outlines_tell() -> None:
    corners = corners_of(np.array([[50, 50, 40, 4, 0.3], [10, 10, 0, 0, 0]]))
    first = oriented_predictions([0, 0], [0, 0], corners, score=[1, 1])
    turned = corners_of(np.array([[50, 50, 40, 4, -0.3], [10, 10, 0, 0, 0]]))
    second = oriented_predictions([0, 0], [0, 0], turned, score=[1, 1])
    alike = same_mistakes(first, first, iou_type="obb")
    assert sorted(alike[0].tolist()) == [0, 1]
    assert [side.tolist() for side in same_mistakes(first, second, iou_type="obb")] == [[1], [1]]


def test_corners_of__angle_turns_from_x_to_y() -> None:
    (corners,) = corners_of([[10, 20, 8, 2, np.pi / 4]])
    right_middle = (corners[1] + corners[2]) / 2
    assert right_middle - [10, 20] == pytest.approx(4 / np.sqrt([2, 2]))
    assert corners_of(np.empty((0, 5))).shape == (0, 4, 2)
    with pytest.raises(MismatchedColumns):
        corners_of([[0, 0, 1, 1]])


def test_oriented_areas__of_a_rotated_rectangle() -> None:
    assert oriented_areas(corners_of([[-5, 3, 8, 2, 1.1]])) == pytest.approx(16)


def test_table__area_and_boxes_follow_from_corners() -> None:
    found = oriented_predictions([0], [0], [DIAMOND], score=[1])
    assert (found.area.tolist(), found.boxes.tolist()) == ([50], [[0, 0, 10, 10]])
    assert oriented_ground_truth([0], [0], [DIAMOND], area=[7]).area.tolist() == [7]
    kept = found.take(np.array([0, 0])).corners
    assert kept is not None
    assert kept.shape == (2, 4, 2)


def test_table__without_rows() -> None:
    none = oriented_ground_truth([], [], [])
    found = oriented_predictions([], [], [], score=[])
    assert len(find_candidates(none, found, iou_type="obb", floor=0.5).iou) == 0


@pytest.mark.parametrize(
    ("corners", "error"),
    [
        ([[0, 0], [10, 10], [10, 0], [0, 10]], NotConvex),  # crosses itself
        ([[0, 0], [10, 0], [2, 2], [0, 10]], NotConvex),  # has a dent
        ([[0, 0], [10, 0], [10, np.nan], [0, 10]], NotFinite),
        ([[0, 0], [10, 0], [10, 10]], MismatchedColumns),
    ],
)
def test_table__refuses_what_is_no_convex_outline(
    corners: list[list[float]], error: type[Exception]
) -> None:
    with pytest.raises(error):
        oriented_ground_truth([0], [0], [corners])


def test_table__rounded_corners_are_no_dent() -> None:
    oriented_ground_truth([0], [0], np.array([[[0, 0], [50, 1e-9], [100, 0], [50, 40]]]))


def test_match__tables_without_corners_are_refused() -> None:
    plain = Instances.ground_truth([0], [0], [[0, 0, 10, 10]])
    with pytest.raises(MissingCorners, match="ground truth"):
        match(plain, oriented_predictions([0], [0], [SQUARE], score=[1]), iou_type="obb")
    short = replace(oriented_ground_truth([0], [0], [SQUARE]), corners=np.empty((0, 4, 2)))
    with pytest.raises(MismatchedColumns):
        match(short, oriented_predictions([0], [0], [SQUARE], score=[1]), iou_type="obb")


def test_oriented_pairs__cells_of_other_tables_are_refused() -> None:
    truth = oriented_ground_truth([0], [0], [SQUARE])
    found = oriented_predictions([0], [0], [SQUARE], score=[1])
    cells = cut_into_cells(truth, found, walking_order(found))
    with pytest.raises(MismatchedColumns):
        oriented_pairs(truth.take(np.array([0, 0])), found, cells, 0.5)
    with pytest.raises(PositionOutOfRange):
        oriented_pairs(truth, found, replace(cells, truth_order=np.array([1])), 0.5)
    with pytest.raises(PositionOutOfRange):
        oriented_pairs(truth, found, replace(cells, shared=np.array([[0, 1, 0, 2]])), 0.5)
