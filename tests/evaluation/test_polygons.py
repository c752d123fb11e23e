from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from evaluation.errors import MalformedMask, MismatchedColumns, PositionOutOfRange
from evaluation.mask_faults import FAULTS
from evaluation.polygons import Polygons, check_polygons, rasterise, rasterise_all
from evaluation.run_lengths import check_runs

pytestmark = pytest.mark.usefixtures("mask_kernels")

Shape = list[list[float]]

TRIANGLE = [0.0, 0.0, 4.0, 0.0, 0.0, 4.0]
SQUARE = [5.0, 5.0, 9.0, 5.0, 9.0, 9.0, 5.0, 9.0]

# Tenths and fifths meet the grid's own corners; the rest is anywhere, also outside the image.
coordinates = st.one_of(
    st.floats(-60, 60, allow_nan=False),
    st.integers(-300, 300).map(lambda n: n / 5),
    st.integers(-600, 600).map(lambda n: n / 10),
    st.integers(-20, 40).map(float),
)
parts = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=12).map(
    lambda points: [value for point in points for value in point]
)
objects = st.lists(st.lists(parts, min_size=1, max_size=4), min_size=1, max_size=4)


def theirs(shape: Shape, size: tuple[int, int]) -> bytes:
    drawn = coco_mask.frPyObjects(shape, *size)
    return bytes((drawn[0] if len(drawn) == 1 else coco_mask.merge(drawn))["counts"])


def test_rasterise__a_square_by_hand() -> None:
    # Four columns of ten pixels: rows 5 to 8 of the columns 5 to 8.
    masks, _ = rasterise_all(Polygons.from_lists([[SQUARE]]), [(10, 12)])
    assert masks.runs(0).tolist() == [55, 4, 6, 4, 6, 4, 6, 4, 31]
    assert masks.areas.tolist() == [16]
    assert masks.extents.tolist() == [[5, 5, 9, 9]]


def test_rasterise__cocos_rule_for_several_parts() -> None:
    assert rasterise([TRIANGLE, SQUARE], (10, 12)) == theirs([TRIANGLE, SQUARE], (10, 12))
    assert rasterise([TRIANGLE], (10, 12)) == theirs([TRIANGLE], (10, 12))


def test_rasterise__parts_that_overlap_are_united() -> None:
    shifted = [value + 2 for value in SQUARE]
    masks, _ = rasterise_all(Polygons.from_lists([[SQUARE, shifted]]), [(12, 12)])
    assert masks.areas.tolist() == [16 + 16 - 4]


def test_rasterise__cuts_at_the_image_border() -> None:
    beyond = [[-5.0, -5.0, 50.0, -5.0, 50.0, 50.0, -5.0, 50.0]]
    check = check_runs([rasterise(beyond, (10, 12))], [(10, 12)])
    assert check.area.tolist() == [120]


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(objects, st.tuples(st.integers(6, 40), st.integers(6, 40)))
def test_rasterise__bits_of_pycocotools(shapes: list[Shape], size: tuple[int, int]) -> None:
    masks, fault = rasterise_all(Polygons.from_lists(shapes), [size] * len(shapes))
    assert not fault.any()
    assert masks.texts() == [theirs(shape, size) for shape in shapes]
    drawn = [{"size": size, "counts": text} for text in masks.texts()]
    assert masks.areas.tolist() == coco_mask.area(drawn).tolist()
    assert masks.boxes().tolist() == coco_mask.toBbox(drawn).tolist()


def star(rng: np.random.Generator, points: int, size: tuple[int, int]) -> list[float]:
    angle = np.sort(rng.uniform(0, 2 * np.pi, points))
    reach = rng.uniform(0.2, 0.7, (points, 1)) * size[::-1]
    outline = np.array(size[::-1]) / 2 + reach * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return [float(value) for value in outline.ravel()]


def test_rasterise__large_shapes_of_many_points() -> None:
    rng = np.random.default_rng(0)
    sizes = [(480, 640), (427, 640), (900, 31), (17, 1000)] * 6
    shapes = [[star(rng, 5 + 40 * (row % 4), size)] for row, size in enumerate(sizes)]
    masks, fault = rasterise_all(Polygons.from_lists(shapes), sizes)
    assert not fault.any()
    assert masks.texts() == [theirs(*pair) for pair in zip(shapes, sizes, strict=True)]


def test_rasterise__an_outline_that_folds_over_one_column_many_times() -> None:
    # Every fold crosses the same columns: hundreds of crossings to sort in each.
    rng = np.random.default_rng(1)
    folds = [float(v) for y in rng.uniform(0, 40, 900) for v in (2, y, 6, y + rng.normal())]
    assert rasterise([folds], (40, 40)) == theirs([folds], (40, 40))


def test_rasterise__many_objects_in_threads() -> None:
    rng = np.random.default_rng(2)
    shapes = [[star(rng, 9, (40, 50))] * (1 + row % 3) for row in range(1500)]
    masks, fault = rasterise_all(Polygons.from_lists(shapes), [(40, 50)] * len(shapes))
    assert not fault.any()
    assert masks.texts() == [theirs(shape, (40, 50)) for shape in shapes]


MALFORMED: list[tuple[list[list[float]], str]] = [
    ([], "no polygon"),
    ([[]], "three points"),
    ([[1.0, 1.0, 2.0, 2.0]], "three points"),
    ([TRIANGLE, [1.0] * 5], "three points"),
    ([[*TRIANGLE, 1.0]], "half a point"),
    ([[*TRIANGLE, float("nan"), 1.0]], "not finite"),
    ([[*TRIANGLE, float("inf"), 1.0]], "not finite"),
    ([[*TRIANGLE, 1.0, float("-inf")]], "not finite"),
    ([TRIANGLE, [*TRIANGLE, 1e9, 1.0]], "beyond any image"),
    ([[*TRIANGLE, 1e300, 1.0]], "beyond any image"),
    ([[*TRIANGLE, -1e7, 1.0]], "10 image sides"),
    ([[*TRIANGLE, 121.0, 1.0]], "10 image sides"),
    ([[0.0, 0.0, 120.0, 120.0] * 20_000], "too long"),
    ([[0.0, 0.0, 120.0, 120.0] * 10_000] * 2, "too long"),
]


@pytest.mark.parametrize(("polygons", "reason"), MALFORMED)
def test_rasterise__refuses(polygons: Shape, reason: str) -> None:
    with pytest.raises(MalformedMask, match=reason):
        rasterise(polygons, (10, 12))


def test_rasterise_all__faulty_objects_do_not_spoil_others() -> None:
    shapes = [shape for malformed, _ in MALFORMED for shape in (malformed, [SQUARE])]
    masks, fault = rasterise_all(Polygons.from_lists(shapes), [(10, 12)] * len(shapes))
    assert all(
        reason in FAULTS[code] for (_, reason), code in zip(MALFORMED, fault[::2], strict=True)
    )
    assert not fault[1::2].any()
    assert masks.areas.tolist() == [0, 16] * len(MALFORMED)
    assert masks.runs(0).tolist() == [120]


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (100_000, 100_000), (2**32 + 5, 5)])
def test_rasterise__refuses_sizes(size: tuple[int, int]) -> None:
    with pytest.raises(MalformedMask, match="size"):
        rasterise([TRIANGLE], size)


def test_rasterise_all__none() -> None:
    masks, fault = rasterise_all(Polygons.from_lists([]), [])
    assert (len(masks), fault.tolist()) == (0, [])


def test_rasterise_all__sizes_of_another_number() -> None:
    with pytest.raises(MismatchedColumns, match="sizes"):
        rasterise_all(Polygons.from_lists([[TRIANGLE]]), [(5, 5), (5, 5)])


def starts(*values: int) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize(
    ("part_starts", "object_starts"),
    [
        (starts(0, 7), starts(0, 1)),
        (starts(0, 6), starts(0, 2)),
        (starts(0, 6), starts(-1, 1)),
        (starts(6, 0), starts(0, 1)),
        (starts(0, 6, 6), starts(1, 0)),
    ],
)
def test_polygons__refuse_starts_that_leave_their_array(
    part_starts: NDArray[np.int64], object_starts: NDArray[np.int64]
) -> None:
    with pytest.raises(PositionOutOfRange):
        Polygons(np.zeros(6), part_starts, object_starts)


def test_polygons__refuse_no_starts() -> None:
    with pytest.raises(MismatchedColumns):
        Polygons(np.zeros(0), starts(0), starts())


@pytest.mark.parametrize(("polygons", "reason"), MALFORMED)
def test_check_polygons__refuses_what_needs_no_image(polygons: Shape, reason: str) -> None:
    if reason in {"10 image sides", "too long"}:
        check_polygons(polygons)
        return
    with pytest.raises(MalformedMask, match=reason):
        check_polygons(polygons)


@pytest.mark.shared_data
def test_rasterise_all__real_labels(shared_data: Path) -> None:
    path = shared_data / "coco_val2014_100" / "instances_val2014_100.json"
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    sizes = {image["id"]: (image["height"], image["width"]) for image in document["images"]}
    labels = [row for row in document["annotations"] if isinstance(row["segmentation"], list)]
    shapes = [row["segmentation"] for row in labels]
    size = [sizes[row["image_id"]] for row in labels]
    masks, fault = rasterise_all(Polygons.from_lists(shapes), size)
    assert len(masks) > 700
    assert not fault.any()
    assert masks.texts() == [theirs(*pair) for pair in zip(shapes, size, strict=True)]
