from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ui.evaluation_controls import (
    NO_COMPARISON,
    default_against,
    shared_overlaps,
    shared_splits,
)


def prediction_set(name: str, number: int, **values: Any) -> Any:
    known = {"parent": None, "covered_splits": None, "iou_types": ("bbox",)}
    return SimpleNamespace(name=name, id=number, **{**known, **values})


V1, V2 = prediction_set("v1", 1), prediction_set("v2", 2)
V3 = prediction_set("v3", 3)
NEWEST_FIRST = (V3, V2, V1)


def test_default_against__the_set_before_it() -> None:
    assert default_against("v3", NEWEST_FIRST, None) == "v2"


def test_default_against__its_parent_before_the_one_before() -> None:
    child = prediction_set("v3", 3, parent="v1")
    assert default_against("v3", (child, V2, V1), None) == "v1"


def test_default_against__the_project_s_baseline_first() -> None:
    assert default_against("v3", NEWEST_FIRST, 1) == "v1"


def test_default_against__never_itself_and_nothing_before_the_first() -> None:
    assert default_against("v1", NEWEST_FIRST, 1) == NO_COMPARISON
    assert default_against("v1", NEWEST_FIRST, None) == NO_COMPARISON


def test_shared_splits__only_what_both_cover() -> None:
    both = prediction_set("v2", 2, covered_splits=("val", "test"))
    one = prediction_set("v1", 1, covered_splits=("test",))
    assert shared_splits(("train", "val", "test"), both, one) == ["test"]
    assert shared_splits(("train", "val", "test"), both, None) == ["val", "test"]
    assert shared_splits(("train",), V1, V2) == ["train"]


def test_shared_overlaps__masks_only_where_both_have_them() -> None:
    masks = prediction_set("v2", 2, iou_types=("bbox", "segm"))
    assert shared_overlaps(masks, None) == ["boxes", "masks"]
    assert shared_overlaps(masks, V1) == ["boxes"]
