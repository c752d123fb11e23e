from __future__ import annotations

import pytest

from evaluation.errors import PositionOutOfRange, UnsupportedInput
from evaluation.inputs import open_tables
from evaluation.inputs.tables import ANY_CLASS
from evaluation.instances import Instances

TRUTH = Instances.ground_truth([0, 3], [0, 1], [[0, 0, 10, 10], [5, 5, 4, 4]])
FOUND = Instances.predictions([4], [2], [[0, 0, 10, 10]], score=[0.9])


def test_open_tables__arrays_are_taken_as_they_are() -> None:
    tables = open_tables(TRUTH, (FOUND, FOUND))
    assert tables.truth is TRUTH
    assert tables.sides == (FOUND, FOUND)
    assert (tables.class_names, tables.n_images) == (("0", "1", "2"), 5)


def test_open_tables__given_names_may_be_more_than_occur_but_not_fewer() -> None:
    assert open_tables(TRUTH, (FOUND,), class_names="abcd").class_names == ("a", "b", "c", "d")
    with pytest.raises(PositionOutOfRange):
        open_tables(TRUTH, (FOUND,), class_names="ab")


def test_without_classes__every_object_is_of_one_class() -> None:
    tables = open_tables(TRUTH, (FOUND,)).without_classes()
    assert tables.class_names == (ANY_CLASS,)
    assert tables.truth.class_.tolist() == [0, 0]
    assert tables.sides[0].class_.tolist() == [0]
    assert tables.truth.boxes is TRUTH.boxes


def test_open_tables__predictions_with_ids_cannot_be_placed() -> None:
    with pytest.raises(UnsupportedInput, match=r"given as list of dict cannot be read\. Pass Ins"):
        open_tables(TRUTH, ([{"image_id": 1}],))


@pytest.mark.parametrize("truth", [None, 3.5, [], [{"image_id": 1}]])
def test_open_tables__ground_truth_of_no_known_kind(truth: object) -> None:
    with pytest.raises(UnsupportedInput, match="Pass one of: Instances, a COCO file"):
        open_tables(truth, (FOUND,))
