from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from curation.errors import NotFound, UnknownFormat
from curation.formats.registry import (
    PREDICTION_FORMATS,
    PROJECT_FORMATS,
    ProjectOptions,
    detect_predictions,
    detect_project,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Plant = Callable[[dict[str, str | tuple[int, int]]], Path]


def test_detect__every_kind_of_source(plant: Plant) -> None:
    root = plant(
        {
            "coco.json": '{"info": {}, "images": []}',
            "results.json": " [ ]",
            "yolo/data.yaml": "names: [a]",
            "bare/images/a.png": (2, 2),
            "bare/labels/a.txt": "",
            "run/a.txt": "0 0.5 0.5 0.5 0.5 0.5",
        }
    )
    assert detect_project(root / "coco.json").name == "coco"
    for name in ("yolo", "yolo/data.yaml", "bare"):
        assert detect_project(root / name).name == "yolo"
    assert detect_predictions(root / "results.json").name == "coco-results"
    assert detect_predictions(root / "run").name == "yolo-txt"


@pytest.mark.parametrize("content", ["", "x", '{"annotations": []}', "[]", "\x00"])
def test_detect_project__nothing_that_is_known(content: str, plant: Plant) -> None:
    root = plant({"a.json": content, "folder/a.md": "x"})
    for name in ("a.json", "folder"):
        with pytest.raises(UnknownFormat, match="COCO or YOLO"):
            detect_project(root / name)


@pytest.mark.parametrize("content", ["", "x", "{}"])
def test_detect_predictions__nothing_that_is_known(content: str, plant: Plant) -> None:
    root = plant({"a.json": content, "folder/a.md": "x"})
    for name in ("a.json", "folder"):
        with pytest.raises(UnknownFormat):
            detect_predictions(root / name)


def test_detect__nothing_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        detect_project(tmp_path / "absent")


def test_formats__read_with_the_same_options(plant: Plant) -> None:
    root = plant(
        {
            "a.json": '{"images": [{"id": 1}], "annotations": []}',
            "images/a.png": (2, 2),
            "labels/b.txt": "",
        }
    )
    options = ProjectOptions(split="test", missing_label="background")
    for name, path in (("coco", root / "a.json"), ("yolo", root)):
        records = PROJECT_FORMATS[name].read(path, options)
        assert records.format == name
        assert [(image.split, image.labelled) for image in records.images] == [("test", True)]


def test_formats__are_listed_under_their_names() -> None:
    for formats in (PROJECT_FORMATS, PREDICTION_FORMATS):
        for name, one in formats.items():
            assert name == one.name
            assert one.title
            assert one.description.endswith(".")
