from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from curation.errors import NotFound, UnknownFormat
from curation.formats import yolo_predictions
from curation.formats.placement import place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Plant = Callable[[dict[str, str | tuple[int, int]]], Path]


def test_read__a_file_an_image(plant: Plant) -> None:
    root = plant(
        {
            "img2.txt": "4 0.5 0.5 0.5 0.25 0.75\n",
            "img1.txt": "0 0.5 0.5 0.5 0.25 0.5\n4 0.25 0.5 0.5 0.25 0.125\n",
            "empty.txt": "",
        }
    )
    columns, log = yolo_predictions.read(root)
    assert columns.image_keys == ["empty", "img1", "img2"]
    assert columns.image_key.tolist() == [1, 1, 2]
    assert [columns.class_keys[key] for key in columns.class_key] == ["0", "4", "4"]
    assert columns.boxes[0].tolist() == [0.25, 0.375, 0.5, 0.25]
    assert columns.score.tolist() == [0.5, 0.125, 0.75]
    assert columns.normalised
    assert columns.polygons is None
    assert log.counts() == {}
    placed, _ = place(columns, [(0, 0), (8, 8), (16, 8)], file="run")
    assert placed.boxes.tolist() == [[2, 3, 4, 2], [0, 3, 4, 2], [2, 6, 4, 4]]


def test_read__polygons(plant: Plant) -> None:
    root = plant({"a.txt": "0 0.25 0.25 0.75 0.25 0.75 0.75 0.5\n0 0.5 0.5 0.5 0.5 0.5"})
    columns, _ = yolo_predictions.read(root)
    assert columns.polygons is not None
    assert json.loads(columns.polygons[0] or b"") == [[0.25, 0.25, 0.75, 0.25, 0.75, 0.75]]
    assert columns.polygons[1] is None
    placed, log = place(columns, [(8, 8)], file="run")
    assert placed.counts is not None
    assert [text is None for text in placed.counts] == [False, True]
    assert log.counts() == {}


def test_read__rejects_name_file_and_line_and_count_in_the_order(plant: Plant) -> None:
    rows = "0 0.5 0.5 0.5 0.5\n0 0.5 0.5 0.5 0.5 0.5\n-1 0.5 0.5 0.5 0.5 0.5\n0 0.5 0.5 0 0.5 0.5"
    columns, log = yolo_predictions.read(plant({"a.txt": rows}))
    assert columns.ordinal.tolist() == [1, 3]
    assert log.counts() == {"score-missing": 1, "class-unknown": 1, "box-without-extent": 1}
    assert (log.examples()[0].file, log.examples()[0].record) == ("a.txt", "line 1")


def test_read__nested_folders_keep_their_path(plant: Plant) -> None:
    columns, _ = yolo_predictions.read(plant({"labels/val/a.txt": "0 0.5 0.5 0.5 0.5 0.5"}))
    assert columns.image_keys == ["labels/val/a"]


def test_read__links_out_of_the_folder_are_refused(plant: Plant, tmp_path: Path) -> None:
    root = plant({"a.txt": ""})
    (tmp_path / "secret.txt").write_text("0 0.5 0.5 0.5 0.5 0.5")
    (root / "b.txt").symlink_to(tmp_path / "secret.txt")
    columns, log = yolo_predictions.read(root)
    assert columns.image_keys == ["a"]
    assert log.counts() == {"file-name-unsafe": 1}


def test_read__what_is_no_folder_of_predictions(plant: Plant, tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat):
        yolo_predictions.read(plant({"a.md": "x"}))
    with pytest.raises(NotFound):
        yolo_predictions.read(tmp_path / "absent")


def test_read__files_without_predictions_only(plant: Plant) -> None:
    columns, log = yolo_predictions.read(plant({"a.txt": "\n"}))
    assert (len(columns), columns.image_keys) == (0, ["a"])
    assert columns.boxes.shape == (0, 4)
    assert columns.boxes.dtype == np.float64
    assert log.counts() == {}
