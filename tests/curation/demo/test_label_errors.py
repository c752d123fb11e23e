from __future__ import annotations

import numpy as np
import pytest

from curation.demo.label_errors import Label, LabelError, plant
from curation.demo.shapes import outlined
from curation.demo.slides import Field

SIZE = (640, 480)


def _square(x: float, y: float, side: float) -> tuple[float, ...]:
    return (x, y, x + side, y, x + side, y + side, x, y + side)


FIELDS = [
    Field(number, 0, ("train", "val", "test")[number % 3], f"{number}.jpg", False, None)
    for number in range(1, 13)
]
LABELS = [
    Label(10 * field.image_id + place, field.image_id, outlined(name, (_square(x, 50, 40),)))
    for field in FIELDS
    for place, (name, x) in enumerate([("red cell", 50), ("white cell", 200), ("platelet", 400)])
]
SIZES = dict.fromkeys(range(1, 13), SIZE)


@pytest.fixture
def planted() -> tuple[list[Label], dict[str, LabelError]]:
    labels, errors = plant(LABELS, FIELDS, SIZES, np.random.default_rng(1))
    return labels, {error.kind: error for error in errors}


def test_plant__one_of_each_kind_in_images_of_their_own(
    planted: tuple[list[Label], dict[str, LabelError]],
) -> None:
    _, errors = planted
    assert set(errors) == {"missed", "wrong class", "shifted box", "duplicate"}
    assert len({error.truth.image_id for error in errors.values()}) == 4


def test_plant__missed_label_is_gone(
    planted: tuple[list[Label], dict[str, LabelError]],
) -> None:
    labels, errors = planted
    assert errors["missed"].written is None
    assert errors["missed"].truth.annotation_id not in {label.annotation_id for label in labels}


def test_plant__wrong_class_keeps_the_box(
    planted: tuple[list[Label], dict[str, LabelError]],
) -> None:
    labels, errors = planted
    written, truth = errors["wrong class"].written, errors["wrong class"].truth
    assert written in labels
    assert written is not None
    assert written.shape.class_name != truth.shape.class_name
    assert written.shape.box == truth.shape.box


def test_plant__shifted_box_moves_by_a_third_to_a_half_and_stays_inside(
    planted: tuple[list[Label], dict[str, LabelError]],
) -> None:
    labels, errors = planted
    written, truth = errors["shifted box"].written, errors["shifted box"].truth
    assert written in labels
    assert written is not None
    assert 0.29 * 40 <= abs(written.shape.box[0] - truth.shape.box[0]) <= 0.51 * 40
    assert 0.29 * 40 <= abs(written.shape.box[1] - truth.shape.box[1]) <= 0.51 * 40
    assert written.shape.box[2:] == truth.shape.box[2:]


def test_plant__duplicate_gets_an_id_of_its_own_beside_the_first(
    planted: tuple[list[Label], dict[str, LabelError]],
) -> None:
    labels, errors = planted
    written, truth = errors["duplicate"].written, errors["duplicate"].truth
    assert truth in labels
    assert written in labels
    assert written is not None
    assert written.annotation_id > max(label.annotation_id for label in LABELS)
    assert written.shape.box == pytest.approx(truth.shape.box, abs=1)


def test_plant__all_other_labels_are_untouched(
    planted: tuple[list[Label], dict[str, LabelError]],
) -> None:
    labels, errors = planted
    spoiled = {error.truth.annotation_id for error in errors.values()}
    untouched = [label for label in LABELS if label.annotation_id not in spoiled]
    assert set(untouched) <= set(labels)
    assert len(labels) == len(LABELS)  # one gone, one added


def test_plant__near_duplicates_and_cut_objects_are_spared() -> None:
    fields = [FIELDS[0], Field(2, 0, "val", "2.jpg", False, 1), FIELDS[2]]
    cut = Label(1, 3, outlined("red cell", (_square(0, 50, 40),)))
    labels = [cut, *(label for label in LABELS if label.image_id in {1, 2})]
    after, errors = plant(labels, fields, SIZES, np.random.default_rng(1))
    assert errors == []
    assert sorted(after, key=str) == sorted(labels, key=str)
