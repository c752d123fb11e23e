from __future__ import annotations

import contextlib
import copy
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from evaluation import Instances, compare, evaluate
from evaluation.candidates import IouType
from evaluation.errors import MismatchedColumns, PositionOutOfRange, UnsupportedInput
from evaluation.inputs import open_tables
from tests.evaluation.inputs.test_detections import detections

DOCUMENT: dict[str, Any] = {
    "images": [
        {"id": 30, "file_name": "b.jpg", "width": 100, "height": 80},
        {"id": 7, "file_name": "a.jpg", "width": 100, "height": 80},
    ],
    "categories": [{"id": 9, "name": "nucleus"}, {"id": 2, "name": "cell"}],
    "annotations": [
        {
            "id": 1, "image_id": 7, "category_id": 2, "bbox": [0, 0, 10, 10], "area": 60,
            "iscrowd": 0, "segmentation": [[0, 0, 10, 0, 10, 10]],
        },
        {
            "id": 2, "image_id": 30, "category_id": 9, "bbox": [20, 20, 50, 40], "area": 2000,
            "iscrowd": 0, "segmentation": [[20, 20, 70, 20, 70, 60, 20, 60]],
        },
    ],
}  # fmt: skip
BOXES: list[dict[str, Any]] = [
    {"image_id": 30, "category_id": 9, "bbox": [20, 20, 50, 30], "score": 0.75},
    {"image_id": 7, "category_id": 2, "bbox": [0, 0, 10, 9], "score": 0.5},
    {"image_id": 7, "category_id": 9, "bbox": [50, 50, 9, 9], "score": 0.25},
]


def quietly(make: Any, *arguments: Any) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return make(*arguments)


def coco_object() -> COCO:
    coco = COCO()
    coco.dataset = copy.deepcopy(DOCUMENT)
    quietly(coco.createIndex)
    return coco


def masks() -> list[dict[str, Any]]:
    """Results with masks alone: the masks of the labels, moved."""
    coco = coco_object()
    moved = []
    for label, score in zip(coco.dataset["annotations"], (0.75, 0.5), strict=True):
        rle = coco.annToRLE(label)
        rle = {"size": rle["size"], "counts": rle["counts"].decode()}
        moved.append(
            {
                "image_id": label["image_id"],
                "category_id": label["category_id"],
                "segmentation": rle,
                "score": score,
            }
        )
    return moved


def numbers_of(truth: COCO, found: COCO, iou_type: IouType) -> list[float]:
    run = COCOeval(truth, found, iou_type)
    for step in (run.evaluate, run.accumulate, run.summarize):
        quietly(step)
    return [float(value) for value in run.stats]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "truth.json").write_text(json.dumps(DOCUMENT), encoding="utf-8")
    (tmp_path / "boxes.json").write_text(json.dumps(BOXES), encoding="utf-8")
    return tmp_path


def test_open_tables__a_path_a_document_and_an_object_are_the_same(folder: Path) -> None:
    sources = [
        (str(folder / "truth.json"), str(folder / "boxes.json")),
        (folder / "truth.json", folder / "boxes.json"),
        (DOCUMENT, BOXES),
        (coco_object(), quietly(coco_object().loadRes, copy.deepcopy(BOXES))),
    ]
    for truth, found in sources:
        tables = open_tables(truth, (found,))
        assert (tables.class_names, tables.n_images) == (("cell", "nucleus"), 2)
        assert tables.truth.image.tolist() == [0, 1]
        assert tables.truth.area.tolist() == [60, 2000]
        side = tables.sides[0]
        assert side.image.tolist() == [1, 0, 0]
        assert side.class_.tolist() == [1, 0, 1]
        assert side.area.tolist() == [1500, 90, 81]
        assert side.score.tolist() == [0.75, 0.5, 0.25]


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_evaluate__coco_objects_give_the_numbers_of_pycocotools(iou_type: IouType) -> None:
    truth = coco_object()
    rows = BOXES if iou_type == "bbox" else masks()
    found = quietly(truth.loadRes, copy.deepcopy(rows))
    ours = evaluate(truth, found, iou_type=iou_type)
    from_lists = evaluate(DOCUMENT, rows, iou_type=iou_type)
    theirs = numbers_of(truth, found, iou_type)
    assert [-1 if value is None else value for value in ours.metrics.values()] == theirs
    assert ours.to_dict() == from_lists.to_dict()


def test_evaluate__after_pycocotools_has_used_the_objects() -> None:
    truth = coco_object()
    found = quietly(truth.loadRes, masks())
    theirs = numbers_of(truth, found, "segm")  # writes run-length masks into its annotations
    ours = evaluate(truth, found, iou_type="segm").metrics
    assert [-1 if value is None else value for value in ours.values()] == theirs


def test_open_tables__inputs_are_left_as_they_were() -> None:
    document, rows = copy.deepcopy(DOCUMENT), copy.deepcopy(BOXES)
    open_tables(document, (rows,))
    assert (document, rows) == (DOCUMENT, BOXES)


def test_open_tables__no_predictions_at_all() -> None:
    tables = open_tables(DOCUMENT, ([],))
    assert len(tables.sides[0]) == 0
    assert evaluate(DOCUMENT, []).metrics["AP"] == 0


def test_open_tables__classes_that_only_predictions_have_come_last() -> None:
    extra = [{**BOXES[0], "category_id": 5}]
    tables = open_tables(DOCUMENT, (BOXES, extra))
    assert tables.class_names == ("cell", "nucleus", "5")
    assert [side.class_.tolist() for side in tables.sides] == [[1, 0, 1], [2]]
    assert "not among the classes" in tables.notices[0]
    comparison = compare(DOCUMENT, BOXES, extra, replicates=0)
    assert comparison.delta["only_in_against"] == ["5"]
    assert comparison.notices == tables.notices


def test_open_tables__other_names_for_the_classes() -> None:
    assert open_tables(DOCUMENT, (BOXES,), class_names=["a", "b"]).class_names == ("a", "b")
    with pytest.raises(MismatchedColumns):
        open_tables(DOCUMENT, (BOXES,), class_names=["a"])


def test_open_tables__arrays_on_the_axes_of_the_file() -> None:
    found = Instances.predictions([1], [1], [[20, 20, 50, 30]], score=[0.75])
    assert open_tables(DOCUMENT, (found,)).sides == (found,)
    with pytest.raises(PositionOutOfRange):
        open_tables(DOCUMENT, (Instances.predictions([2], [0], np.ones((1, 4)), score=[1]),))


def test_open_tables__detections_by_ascending_image_id_and_class_position() -> None:
    found = [
        detections((0, 0, 10, 9), class_id=[0], confidence=[0.5]),
        detections((20, 20, 70, 50), class_id=[1], confidence=[0.75]),
    ]
    assert evaluate(DOCUMENT, found).metrics == evaluate(DOCUMENT, BOXES[:2]).metrics
    with pytest.raises(MismatchedColumns):
        open_tables(DOCUMENT, (found[:1],))


@pytest.mark.parametrize("found", [None, 3, {"annotations": []}, [1, 2]])
def test_open_tables__predictions_of_no_known_kind(found: object) -> None:
    with pytest.raises(UnsupportedInput, match="the path of a COCO results file, a list of res"):
        open_tables(DOCUMENT, (found,))


def test_open_tables__detections_of_which_some_lack_areas() -> None:
    found = [
        detections((0, 0, 10, 9), class_id=[0], confidence=[0.5], data={"area": [90]}),
        detections((20, 20, 70, 50), class_id=[1], confidence=[0.75]),
    ]
    tables = open_tables(DOCUMENT, (found,))
    assert tables.sides[0].area.tolist() == [90, 1500]
    assert [notice.split(" ×")[0] for notice in tables.notices] == ["the predictions: 1"]


def test_open_tables__notices_are_one_line_whatever_names_hold(tmp_path: Path) -> None:
    found = tmp_path / "new\n.json"
    found.write_text(json.dumps([{**BOXES[0], "category_id": "x\n\n# PASSED"}]), encoding="utf-8")
    (notice,) = open_tables(DOCUMENT, (found,)).notices
    assert notice == (
        r"new\n.json: 1 × category_id is not among the classes of the ground truth "
        r"(results[0]: category_id x\n\n# PASSED)"
    )
