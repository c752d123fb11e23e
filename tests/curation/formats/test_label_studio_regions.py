from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.formats.label_studio_regions import image_size, read_regions
from curation.formats.shapes import AnnotationShapes, ImageMark, RegionFault
from evaluation.masks import Masks

SAMPLES = Path(__file__).parent / "label_studio"
SIZE = (480, 640)
BOX = {"x": 10, "y": 20, "width": 30, "height": 25, "rotation": 0}


def sample(name: str) -> Any:
    return json.loads((SAMPLES / name).read_text("utf-8"))


def entry(type_: str, value: Any, *, id: Any = "r1", **further: Any) -> dict[str, Any]:  # noqa: A002
    named = {"id": id} if id is not None else {}
    return {"type": type_, "from_name": "ask", "to_name": "image", "value": value} | named | further


def box(*labels: Any, id: Any = "r1", **further: Any) -> dict[str, Any]:  # noqa: A002
    return entry("rectanglelabels", BOX | {"rectanglelabels": [*labels]}, id=id, **further)


def read(*entries: Any) -> AnnotationShapes:
    return read_regions([*entries], size=SIZE)


def faults(found: AnnotationShapes) -> list[tuple[str, str]]:
    return [(fault.key, fault.reason) for fault in found.faults]


def named(found: AnnotationShapes) -> list[tuple[str, str]]:
    return [(shape.key, shape.class_name) for shape in found.shapes]


def test_read_regions__one_of_every_kind_that_the_tool_stored() -> None:
    result = sample("every_region.json")
    found = read_regions(result, size=SIZE)
    assert (found.faults, found.warnings) == ((), ())
    assert [(shape.key, shape.class_name, shape.kind) for shape in found.shapes] == [
        ("rect000001", "car", "rectangle"),
        ("rect000002", "person", "rotated rectangle"),
        ("poly000001", "car_p", "polygon"),
        ("brus000001", "person_m", "mask"),
        ("elli000001", "wheel", "ellipse"),
    ]
    rectangle, rotated, polygon, brush, ellipse = found.shapes
    assert (rectangle.box, rectangle.area) == ((64, 96, 192, 120), 23040)
    # 128 x 48 pixels turned by 30 degrees: 128 cos + 48 sin wide, 128 sin + 48 cos high.
    cos, sin = math.sqrt(3) / 2, 0.5
    width, height = 128 * cos + 48 * sin, 128 * sin + 48 * cos
    assert rotated.box == pytest.approx((320 - 48 * sin, 192, width, height), abs=1e-9)
    assert rotated.exact is not None
    assert rotated.exact["size"] == [128, 48]
    assert rotated.exact["angle"] == 30
    assert abs(rotated.area - 128 * 48) < 60
    assert polygon.box == (64, 48, 192, 192)
    assert (brush.box, brush.area) == ((150, 100, 150, 100), 15000)
    assert ellipse.exact == {"center": [384, 288], "radii": [32, 38.4], "angle": 15}
    assert abs(ellipse.area - math.pi * 32 * 38.4) < 10
    assert found.marks == (
        ImageMark("keyp000001", "keypoint", "kp", "nose", 160, 168, result[5]),
        ImageMark("choi000001", "choice", "scene", "day", region=result[6]),
        ImageMark("text000001", "text", "caption", "a caption", region=result[7]),
    )
    assert [shape.region for shape in found.shapes] == result[:5]


def test_read_regions__what_was_drawn_in_the_editor() -> None:
    found = read_regions(sample("drawn_in_editor.json"), size=SIZE)
    assert named(found) == [("YZSabr0vsd", "car"), ("3RFv2eND6X", "mask"), ("qpmEXO7FjY", "road")]
    rectangle, brush, polygon = found.shapes
    assert rectangle.box == (
        15.587266739846322 / 100 * 640,
        16.630076838638857 / 100 * 480,
        31.284302963776078 / 100 * 640,
        25.027442371020868 / 100 * 480,
    )
    assert brush.area == 1853
    assert polygon.kind == "polygon"
    assert (found.faults, found.warnings) == ((), ())


def test_read_regions__masks_are_sound_and_of_the_images_size() -> None:
    found = read_regions(sample("every_region.json"), size=SIZE)
    masked = [shape for shape in found.shapes if shape.counts is not None]
    masks = Masks.from_texts([shape.counts for shape in masked], [SIZE] * 4)
    assert masks.areas.tolist() == [shape.area for shape in masked]


def test_read_regions__nothing_is_nothing() -> None:
    assert read() == AnnotationShapes()
    assert faults(read_regions(None, size=SIZE)) == [("", "the annotation's result is not a list")]


def test_read_regions__several_labels_are_several_shapes() -> None:
    found = read(box("car", "red", "car"), box("bus", id="r1~2"), box("van"))
    assert named(found) == [("r1", "car"), ("r1~3", "red"), ("r1~4", "van"), ("r1~2", "bus")]
    assert len({shape.box for shape in found.shapes}) == 1


def test_read_regions__another_control_names_what_one_draws() -> None:
    found = read(entry("rectangle", BOX), entry("labels", BOX | {"labels": ["car", "red"]}))
    assert named(found) == [("r1", "car"), ("r1~2", "red")]
    assert [shape.region["type"] for shape in found.shapes] == ["rectangle"] * 2
    point = read(entry("keypoint", {"x": 25, "y": 35}), entry("labels", {"labels": ["nose"]}))
    assert [(mark.value, mark.x, mark.y) for mark in point.marks] == [("nose", 160, 168)]


def test_read_regions__an_outline_beside_its_labelled_copy_says_nothing_new() -> None:
    assert named(read(entry("rectangle", BOX), box("car"))) == [("r1", "car")]
    both = read(box("car"), entry("labels", BOX | {"labels": ["red", "car"]}))
    assert named(both) == [("r1", "car"), ("r1~2", "red")]


def test_read_regions__answers_about_a_region_have_its_key() -> None:
    found = read(
        box("car"),
        entry("choices", BOX | {"choices": ["parked", "dirty"]}, from_name="state"),
        entry("textarea", BOX | {"text": ["B 12"]}, from_name="plate"),
    )
    assert named(found) == [("r1", "car")]
    assert [(mark.key, mark.kind, mark.field, mark.value) for mark in found.marks] == [
        ("r1", "choice", "state", "parked"),
        ("r1", "choice", "state", "dirty"),
        ("r1", "text", "plate", "B 12"),
    ]


@pytest.mark.parametrize(
    ("type_", "value", "kind", "answers"),
    [
        ("choices", {"choices": ["day", ["road", "wet"]]}, "choice", ["day", "road / wet"]),
        ("choices", {"choices": []}, "choice", []),
        ("textarea", {"text": "one"}, "text", ["one"]),
        ("textarea", {"text": ["one", "two"]}, "text", ["one", "two"]),
        ("number", {"number": 3}, "text", ["3"]),
        ("number", {"number": 0.1}, "text", ["0.1"]),
        ("rating", {"rating": 4}, "text", ["4"]),
        ("taxonomy", {"taxonomy": [["a"], ["a", "b"]]}, "text", ["a", "a / b"]),
        ("datetime", {"datetime": "2026-11-20"}, "text", ["2026-11-20"]),
    ],
)
def test_read_regions__answers_become_texts(
    type_: str, value: dict[str, Any], kind: str, answers: list[str]
) -> None:
    found = read(entry(type_, value))
    assert [(mark.kind, mark.value) for mark in found.marks] == [(kind, each) for each in answers]
    assert found.faults == ()


def test_read_regions__entries_without_an_id_are_told_by_their_place() -> None:
    found = read(box("car", id=None), box("bus", id=""))
    assert named(found) == [("entry 1", "car"), ("entry 2", "bus")]


def test_read_regions__another_size_is_a_warning_unless_it_is_a_mask() -> None:
    sizes = {"original_width": 320, "original_height": 240}
    found = read(box("car", **sizes), entry("choices", {"choices": ["a"]}, **sizes))
    assert found.shapes[0].box == (64, 96, 192, 120)
    assert found.warnings == (
        RegionFault(
            "r1",
            "it was drawn on 320 x 240 pixels, the image has 640 x 480; "
            "its percentages are read as those of this image",
        ),
    )
    brush = sample("every_region.json")[3]
    ((key, reason),) = faults(read_regions([brush], size=(640, 480)))
    assert key == "brus000001"
    assert reason.startswith("the brush mask is for 640 x 480, the image has 480 x 640 pixels; ")
    del brush["original_width"]
    assert "mask is without a size" in faults(read(brush))[0][1]


def test_read_regions__relations_are_left_out_aloud() -> None:
    relation = {"type": "relation", "from_id": "r1", "to_id": "r2", "direction": "right"}
    found = read(box("car"), relation)
    assert named(found) == [("r1", "car")]
    assert found.warnings == (RegionFault("entry 2", "relations between regions are not kept"),)


def test_read_regions__notes_of_outlines_are_warnings() -> None:
    wide = entry("rectanglelabels", BOX | {"width": 100, "rectanglelabels": ["car"]})
    assert [warning.key for warning in read(wide).warnings] == ["r1"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (None, "it is not a region"),
        ({"type": "rectangle", "id": 7}, "its id is not a text"),
        ({"type": "rectangle", "id": "x" * 151}, "its id has more than 150 characters"),
        (entry("videorectangle", {}), "regions of type 'videorectangle' are not read"),
        (entry("audio", {}), "regions of type 'audio' are not read"),
        ({"id": "r1", "value": {}}, "regions of type 'None' are not read"),
        (entry("rectanglelabels", None), "it has no value"),
        (box("car", image_rotation=90), "drawn on the image turned by 90°"),
        (box("car", item_index=1), "on a further image of its task"),
        (box(), "it has no label"),
        (entry("rectangle", BOX), "it has no label"),
        (entry("keypointlabels", {"x": 1, "y": 1}), "it has no label"),
        (box(None), "a label is not a text"),
        (box(""), "a label is empty"),
        (box("a\0"), "a label holds a character that cannot be kept"),
        (box("\ud800"), "a label holds a character that cannot be kept"),
        (entry("labels", {"start": 1, "end": 3, "labels": ["name"]}), "labels but no shape"),
        (box("car") | {"value": BOX | {"rectanglelabels": {}}}, "rectanglelabels is not a list"),
        (box("car") | {"value": {"rectanglelabels": ["car"]}}, "x is not a number"),
        (entry("choices", {}), "choices is not a list"),
        (entry("choices", {"choices": [[]]}), "choices has an empty choice"),
        (entry("choices", {"choices": [3]}), "choices is not a list"),
        (entry("choices", {"choices": ["a"]}, from_name=None), "its from_name is not a text"),
        (entry("number", {"number": math.nan}), "number is not finite"),
        (entry("number", {"number": "3"}), "number is not a number"),
        (entry("textarea", {"text": ["a\0"]}), "textarea holds a character"),
        (
            entry("brushlabels", {"rle": [1] * 9, "brushlabels": ["car"]})
            | {"original_width": 640, "original_height": 480},
            "its mask is malformed: it holds 16843009 values",
        ),
    ],
)
def test_read_regions__a_fault_stops_its_region_only(wrong: Any, reason: str) -> None:
    found = read(box("bus", id="good"), wrong)
    assert named(found) == [("good", "bus")]
    ((key, said),) = faults(found)
    assert reason in said
    assert key in {"r1", "entry 2"}


def test_read_regions__a_region_is_at_fault_once() -> None:
    turned = {"image_rotation": 90}
    found = read(entry("rectangle", BOX, **turned), entry("labels", {"labels": ["car"]}))
    assert [key for key, _ in faults(found)] == ["r1"]
    assert found.shapes == ()


def test_image_size__where_all_agree() -> None:
    def sized(width: Any, height: Any) -> dict[str, Any]:
        return {"original_width": width, "original_height": height}

    assert image_size([sized(640, 480), {}, None, sized(640.0, 480)]) == SIZE
    assert image_size([sized(640, 480), sized(480, 640)]) is None
    assert image_size([sized(0, 480), sized(-1, 2), sized("640", 480), sized(True, 1)]) is None
    assert image_size([sized(math.nan, 480), sized(math.inf, 480), sized(1.5, 480)]) is None
    assert image_size([]) is None
    assert image_size(None) is None


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
TYPES = ("rectanglelabels", "labels", "polygon", "brushlabels", "choices", "number", "relation")
KEYS = ("x", "y", "width", "height", "points", "rle", "choices", "labels", "rectanglelabels")
regions = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES) | scalars},
    optional={
        "id": st.sampled_from(["a", "a~2"]) | anything,
        "from_name": st.just("ask") | anything,
        "value": st.dictionaries(st.sampled_from(KEYS), st.floats(0, 100) | anything) | anything,
        "original_width": anything,
        "original_height": anything,
        "image_rotation": anything,
        "item_index": anything,
    },
)


@given(st.lists(regions | anything, max_size=5) | anything)
def test_read_regions__whatever_comes_is_read_or_at_fault(result: Any) -> None:
    found = read_regions(result, size=(5, 7))
    keys = [shape.key for shape in found.shapes]
    assert len(keys) == len(set(keys))
    assert all(shape.class_name for shape in found.shapes)
    assert image_size(result) is None or min(image_size(result) or ()) > 0
