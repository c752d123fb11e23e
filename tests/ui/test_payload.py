from __future__ import annotations

from dataclasses import replace

import pytest

from curation.evaluations.images import ImageRow
from curation.evaluations.overlays import ImageOverlay, OverlayObject
from ui.components.payload import (
    Sides,
    SideStyle,
    caption,
    cell_payload,
    has_outlines,
    image_payload,
    signature,
)

TRUTH = OverlayObject(
    row=5,
    box=(1.0, 2.0, 30.04, 40.0),
    outline="M0 0L1 0L1 1Z",
    class_name="<b>cell</b>",
    color="#123456",
    score=None,
    outcome="found",
    crowd=False,
    change="gained",
    iou=None,
)
PREDICTION = replace(
    TRUTH, row=9, outline=None, score=0.75, outcome="tp", change=None, iou=0.8125, crowd=False
)
OVERLAY = ImageOverlay(
    image_id=3,
    version="abc",
    file_name="a.png",
    width=100,
    height=80,
    has_pixels=True,
    truth=(TRUTH,),
    predictions=(PREDICTION,),
    against=(replace(PREDICTION, outcome="fp", change="fixed", iou=None),),
)
ROW = ImageRow(
    image_id=3,
    version="abc",
    file_name="a.png",
    width=100,
    height=80,
    split=None,
    gained=2,
    lost=1,
    new_false_positives=3,
    fixed_false_positives=0,
    tp=4,
    fp=0,
    fn=1,
    against_tp=0,
    against_fp=0,
    against_fn=0,
)


def test_image_payload__objects_in_order_without_absent_values() -> None:
    assert image_payload(OVERLAY)["o"] == [
        {
            "s": 0,
            "b": [1.0, 2.0, 30.0, 40.0],
            "c": "<b>cell</b>",
            "k": "found",
            "o": "M0 0L1 0L1 1Z",
            "d": "gained",
        },
        {
            "s": 1,
            "b": [1.0, 2.0, 30.0, 40.0],
            "c": "<b>cell</b>",
            "k": "tp",
            "p": 0.75,
            "i": 0.8125,
        },
        {
            "s": 2,
            "b": [1.0, 2.0, 30.0, 40.0],
            "c": "<b>cell</b>",
            "k": "fp",
            "p": 0.75,
            "d": "fixed",
        },
    ]


def test_image_payload__has_a_text_for_people_who_do_not_see_it() -> None:
    assert image_payload(OVERLAY)["alt"] == "Image a.png, 1 label"


def test_caption__compared_says_what_changed() -> None:
    assert caption(ROW, compared=True) == [
        ("+2 gained", "better"),
        ("\u22121 lost", "worse"),
        ("3 new FP", "worse"),
    ]


def test_caption__compared_without_change() -> None:
    unchanged = replace(ROW, gained=0, lost=0, new_false_positives=0)
    assert caption(unchanged, compared=True) == [("no change", "plain")]


def test_caption__alone_says_right_and_wrong() -> None:
    assert caption(ROW, compared=False) == [
        ("4 TP", "plain"),
        ("0 FP", "plain"),
        ("1 FN", "plain"),
    ]


def test_has_outlines__of_any_object() -> None:
    assert has_outlines(image_payload(OVERLAY))
    assert not has_outlines(image_payload(replace(OVERLAY, truth=())))


def test_signature__changes_with_what_is_drawn() -> None:
    cell = cell_payload(OVERLAY, ROW, compared=True)
    moved = cell_payload(replace(OVERLAY, truth=()), ROW, compared=True)
    assert signature([cell]) == signature([dict(cell)])
    assert signature([cell]) != signature([moved])


@pytest.mark.parametrize("against", [None, SideStyle("v1", "#ff0000")])
def test_sides__payload_names_both(against: SideStyle | None) -> None:
    payload = Sides(SideStyle("v2", "#00ff00"), against).to_payload()
    assert payload["set"] == {"name": "v2", "color": "#00ff00"}
    assert payload["against"] == (against and {"name": "v1", "color": "#ff0000"})
