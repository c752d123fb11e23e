from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curation.formats.label_studio_controls import (
    Control,
    brush_control,
    control_labels,
    offered_classes,
    rectangle_control,
)

CONFIG: Any = json.loads(
    (Path(__file__).parent / "label_studio" / "parsed_label_config.json").read_text("utf-8")
)


def control(type_: str, *labels: str, of: str = "image", about: str = "Image") -> dict[str, Any]:
    inputs = [{"type": about, "valueType": None, "value": of}]
    return {"type": type_, "to_name": [of], "inputs": inputs, "labels": [*labels]}


PAIR = {
    "rect": control("Rectangle"),
    "paint": control("Brush"),
    "name": control("Labels", "car", "bus"),
}


def test_control_labels__as_the_tool_tells_them() -> None:
    found = control_labels(CONFIG)
    assert list(found) == ["box", "poly", "brush", "ell", "kp", "scene", "caption"]
    assert found["box"] == Control("box", "image", "RectangleLabels", ("car", "person"))
    assert found["caption"] == Control("caption", "image", "TextArea", ())


def test_offered_classes__those_of_objects_each_once() -> None:
    objects = ["car", "person", "car_p", "person_p", "car_m", "person_m", "wheel"]
    assert list(offered_classes(CONFIG)) == objects
    assert offered_classes(CONFIG | {"z": control("PolygonLabels", "person", "bike")})[-1] == "bike"
    text = {"ner": control("Labels", "name", about="Text")}
    assert offered_classes(PAIR | text) == ("car", "bus")


def test_rectangle_control__the_one_that_has_the_class() -> None:
    assert rectangle_control(CONFIG, "person") == control_labels(CONFIG)["box"]
    assert rectangle_control(CONFIG, "car_m") is None
    assert rectangle_control(CONFIG, "day") is None


def test_brush_control__the_one_that_has_the_class() -> None:
    assert brush_control(CONFIG, "person_m") == control_labels(CONFIG)["brush"]
    assert brush_control(CONFIG, "person") is None


def test_rectangle_control__a_pair_of_controls() -> None:
    pair = Control("rect", "image", "Rectangle", ("car", "bus"), labels_from="name")
    assert rectangle_control(PAIR, "bus") == pair
    brush = brush_control(PAIR, "car")
    assert brush is not None
    assert (brush.from_name, brush.labels_from) == ("paint", "name")
    assert rectangle_control(PAIR, "van") is None
    assert rectangle_control(PAIR | {"rect": control("Rectangle", of="other")}, "car") is None


def test_rectangle_control__one_with_labels_of_its_own_goes_first() -> None:
    own = PAIR | {"box": control("RectangleLabels", "car")}
    found = rectangle_control(own, "car")
    assert found is not None
    assert (found.from_name, found.labels_from) == ("box", None)
    elsewhere = {"box": control("RectangleLabels", "car", about="Video")}
    assert rectangle_control(elsewhere, "car") is None


@pytest.mark.parametrize(
    "config", [None, [], {}, {"a": None}, {"a": {}}, {"a": {"to_name": 3, "labels": [None]}}]
)
def test_controls__of_a_strange_configuration_take_nothing(config: Any) -> None:
    assert offered_classes(config) == ()
    assert rectangle_control(config, "car") is None
    assert brush_control(config, "car") is None
