"""Small COCO documents, and what pycocotools makes of results."""

from __future__ import annotations

import contextlib
import copy
import io
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from pycocotools.coco import COCO

from evaluation.coco_files import GroundTruthFile, PredictionsFile
from evaluation.errors import FaultyRecords
from evaluation.instances import Instances

SQUARE = [10, 10, 30, 10, 30, 40, 10, 40]
Document: TypeAlias = dict[str, Any]
ReadTruth: TypeAlias = Callable[..., GroundTruthFile]
ReadPredictions: TypeAlias = Callable[..., PredictionsFile]


def document(**changes: Any) -> Document:
    """Two images, two classes, two objects."""
    whole: Document = {
        "info": {"year": "2017"},
        "images": [
            {"id": 9, "file_name": "b.jpg", "width": 64, "height": 48},
            {"id": 4, "file_name": "sub/a.png", "width": 100, "height": 50},
        ],
        "categories": [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}],
        "annotations": [
            {
                "id": 0,
                "image_id": 9,
                "category_id": 3,
                "bbox": [10, 10, 20, 30],
                "area": 450.5,
                "iscrowd": 0,
                "segmentation": [SQUARE],
            },
            {
                "id": 2**53 + 1,
                "image_id": 4,
                "category_id": 7,
                "bbox": [0.5, 0, 5, 5],
                "area": 25,
                "iscrowd": 1,
                "ignore": 0,
                "segmentation": {"counts": [0, 250, 4750], "size": [50, 100]},
            },
        ],
    }
    return whole | changes


def changed(row: int, **changes: Any) -> Document:
    """Give the document with members of one annotation changed; None takes a member away."""
    whole = document()
    annotation = whole["annotations"][row] | changes
    whole["annotations"][row] = {k: v for k, v in annotation.items() if v is not None}
    return whole


def result(**changes: Any) -> dict[str, Any]:
    whole = {"image_id": 9, "category_id": 3, "bbox": [1, 2, 10, 20], "score": 0.5} | changes
    return {name: value for name, value in whole.items() if value is not None}


def kinds(error: pytest.ExceptionInfo[FaultyRecords]) -> list[tuple[str, int]]:
    return [(problem.kind, problem.count) for problem in error.value.problems]


def reference(document: Document, results: list[dict[str, Any]]) -> COCO:
    """Give what pycocotools makes of results."""
    with contextlib.redirect_stdout(io.StringIO()):
        ground = COCO()
        ground.dataset = copy.deepcopy(document)
        ground.createIndex()
        return ground.loadRes(copy.deepcopy(results))


def check_against_reference(
    truth: GroundTruthFile, found: Instances, document: Document, results: list[dict[str, Any]]
) -> None:
    rows = reference(document, results).dataset["annotations"]
    assert found.boxes.tolist() == [list(map(float, row["bbox"])) for row in rows]
    assert found.area.tolist() == [float(row["area"]) for row in rows]
    assert truth.image_ids[found.image].tolist() == [row["image_id"] for row in rows]
    assert truth.class_ids[found.class_].tolist() == [row["category_id"] for row in rows]
    assert found.score.tolist() == [float(row["score"]) for row in rows]
