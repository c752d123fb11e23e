"""Rows of predictions: what they hold, and that the same objects are always recognised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.sync.annotation_tool import PreAnnotation, PushItem
from curation.sync.tools.label_studio.client import PredictionRecord
from curation.sync.tools.label_studio.predictions import (
    NotOffered,
    control_of,
    ours,
    prediction_row,
    set_name,
    shows,
)

CONTROLS: dict[str, Any] = {
    "box": {"type": "RectangleLabels", "to_name": ["image"], "labels": ["car", "person"]},
    "brush": {"type": "BrushLabels", "to_name": ["image"], "labels": ["car"]},
}
CAR = PreAnnotation("car", (10, 20, 30, 40), 0.75)
ITEM = PushItem("k1", "image-1", "/a.jpg", (80, 100), "yolo", (CAR,))

predictions = st.builds(
    PreAnnotation,
    st.sampled_from(["car", "person"]),
    st.tuples(*[st.floats(0, 40, exclude_min=True)] * 4),
    st.floats(0, 1),
)


def stored(item: PushItem, number: int = 1) -> PredictionRecord:
    """Return the row of an item as the tool gives it back."""
    row = prediction_row(item, CONTROLS)
    assert row is not None
    return msgspec.json.decode(
        msgspec.json.encode({"id": number, **row.payload()}), type=PredictionRecord
    )


def test_row__holds_the_mean_score_and_regions_in_percent() -> None:
    other = PreAnnotation("person", (0, 0, 1, 8), 0.25)
    row = prediction_row(replace(ITEM, predictions=(CAR, other)), CONTROLS)
    assert row is not None
    assert (row.model_version, row.score) == ("yolo (Curation)", 0.5)
    assert [(region["from_name"], region["score"]) for region in row.result] == [
        ("box", 0.75),
        ("box", 0.25),
    ]
    assert row.result[1]["value"] == {
        "x": 0.0, "y": 0.0, "width": 1.0, "height": 10.0, "rotation": 0,
        "rectanglelabels": ["person"],
    }  # fmt: skip


def test_row__of_nothing_is_none() -> None:
    assert prediction_row(replace(ITEM, predictions=()), CONTROLS) is None
    assert prediction_row(replace(ITEM, predictions=None), CONTROLS) is None


def test_row__of_a_class_that_no_control_takes_is_refused() -> None:
    tree = replace(CAR, class_name="tree")
    with pytest.raises(NotOffered, match="'tree'"):
        prediction_row(replace(ITEM, predictions=(CAR, tree)), CONTROLS)


@pytest.mark.parametrize(
    ("class_name", "mask", "name", "as_mask"),
    [
        ("car", True, "brush", True),
        ("car", False, "box", False),
        ("person", True, "box", False),
    ],
)
def test_control__takes_masks_where_a_brush_has_the_class(
    class_name: str, mask: bool, name: str, as_mask: bool
) -> None:
    control, found = control_of(CONTROLS, class_name, mask=mask)
    assert control is not None
    assert (control.from_name, found) == (name, as_mask)
    assert control_of(CONTROLS, "tree", mask=mask) == (None, False)


@given(st.lists(predictions, min_size=1, max_size=6))
def test_row__is_recognised_by_what_it_shows_only(found: list[PreAnnotation]) -> None:
    item = replace(ITEM, predictions=tuple(found))
    row = prediction_row(item, CONTROLS)
    assert row is not None
    assert len(row.ids) == len(found)  # equal objects too have ids of their own
    assert shows(stored(item), row)
    assert shows(stored(replace(item, key="another")), row)
    changed = replace(found[0], score=found[0].score / 2 + 0.1)
    other = replace(item, predictions=(changed, *found[1:]))
    assert shows(stored(other), row) == (changed.score == found[0].score)
    assert not shows(stored(replace(item, model="detr")), row)
    assert not shows(stored(replace(item, predictions=(*found, found[0]))), row)


def test_ours__are_told_from_other_models_by_their_name() -> None:
    robot = PredictionRecord(5, "robot", [])
    nameless = PredictionRecord(6, None, None)
    own = [stored(ITEM, 9), stored(replace(ITEM, model="detr"), 3)]
    found = ours([robot, own[0], nameless, own[1]])
    assert [(each.id, set_name(each)) for each in found] == [(3, "detr"), (9, "yolo")]
