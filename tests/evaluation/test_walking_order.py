from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation.errors import MismatchedColumns, PositionOutOfRange
from evaluation.instances import Instances
from evaluation.walking_order import walking_order

pytestmark = pytest.mark.usefixtures("matching_kernels")


def random_predictions(n: int, *, n_images: int = 7, n_classes: int = 5) -> Instances:
    rng = np.random.default_rng(n)
    return Instances.predictions(
        rng.integers(0, n_images, n),
        rng.integers(0, n_classes, n),
        np.ones((n, 4)),
        score=rng.integers(0, 40, n) / 40,  # many ties
    )


@pytest.mark.parametrize("n", [0, 1, 2, 500, 90_000])
def test_walking_order__class_score_image_file(n: int) -> None:
    table = random_predictions(n)
    expected = np.lexsort((table.image, -table.score, table.class_))
    assert np.array_equal(walking_order(table), expected)


@pytest.mark.parametrize("n", [500, 60_000])
def test_walking_order__of_a_file_sorted_by_image(n: int) -> None:
    table = random_predictions(n)
    table = table.take(np.argsort(table.image, kind="stable"))
    expected = np.lexsort((table.image, -table.score, table.class_))
    assert np.array_equal(walking_order(table), expected)


def test_walking_order__whatever_the_class() -> None:
    table = random_predictions(800)
    expected = np.lexsort((table.class_, table.image, -table.score))
    assert np.array_equal(walking_order(table, class_agnostic=True), expected)


def test_walking_order__few_objects_of_vast_axes() -> None:
    table = random_predictions(50, n_images=2**60, n_classes=2**60)
    expected = np.lexsort((table.image, -table.score, table.class_))
    assert np.array_equal(walking_order(table), expected)


@pytest.mark.parametrize(("image", "class_"), [([-1], [0]), ([0], [-1])])
def test_walking_order__negative_positions(image: list[int], class_: list[int]) -> None:
    table = Instances.predictions([0], [0], np.ones((1, 4)), score=[1])
    broken = unchecked(table, image=np.array(image), class_=np.array(class_))
    with pytest.raises(PositionOutOfRange):
        walking_order(broken)


@pytest.mark.parametrize("column", ["score", "class_", "area"])
def test_walking_order__columns_of_different_lengths(column: str) -> None:
    table = random_predictions(5)
    with pytest.raises(MismatchedColumns, match=column):
        walking_order(unchecked(table, **{column: getattr(table, column)[:3]}))


def unchecked(table: Instances, **columns: NDArray[np.generic]) -> Instances:
    """A table by the plain constructor, which trusts its columns."""
    names = ("image", "class_", "boxes", "area", "score", "crowd", "id")
    return Instances(**{name: columns.get(name, getattr(table, name)) for name in names})
