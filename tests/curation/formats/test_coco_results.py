from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from curation.errors import UnknownFormat, UnreadableFile
from curation.formats import coco_results
from curation.formats.placement import outside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    WriteJson = Callable[[Any], Path]

RESULT = {"image_id": 7, "category_id": 2, "bbox": [1.5, 2.25, 4, 3], "score": 0.1}
PICTURE = np.zeros((4, 5), dtype=np.uint8, order="F")
PICTURE[1:3, 1:4] = 1
MASK = {"size": [4, 5], "counts": coco_mask.encode(PICTURE)["counts"].decode()}
SQUARE = [1.0, 1.0, 4.0, 1.0, 4.0, 3.0, 1.0, 3.0]


def result(**changes: Any) -> dict[str, Any]:
    merged = {**RESULT, **changes}
    return {key: value for key, value in merged.items() if value != "absent"}


def test_read__columns_hold_the_files_own_numbers(write_json: WriteJson) -> None:
    results = [RESULT, result(image_id=3, score=0.30000000000000004), result(category_id=9)]
    columns, log = coco_results.read(write_json(results))
    assert columns.ordinal.tolist() == [0, 1, 2]
    assert [columns.image_keys[key] for key in columns.image_key] == ["7", "3", "7"]
    assert [columns.class_keys[key] for key in columns.class_key] == ["2", "2", "9"]
    assert columns.boxes[0].tolist() == [1.5, 2.25, 4, 3]
    assert columns.score.tolist() == [0.1, 0.30000000000000004, 0.1]
    assert columns.area.tolist() == [12, 12, 12]
    assert (columns.counts, columns.sizes, columns.polygons) == (None, None, None)
    assert log.counts() == {}


def test_read__nothing(write_json: WriteJson) -> None:
    columns, log = coco_results.read(write_json([]))
    assert len(columns) == 0
    assert columns.boxes.shape == (0, 4)
    assert log.counts() == {}


def test_read__file_stems_and_names_of_ultralytics(write_json: WriteJson) -> None:
    results = [
        result(image_id="img133", file_name="img133.jpg"),
        result(image_id=7.0),
        result(image_id="7"),
    ]
    columns, log = coco_results.read(write_json(results))
    assert columns.image_keys == ["img133", "7"]
    assert columns.image_key.tolist() == [0, 1, 1]
    assert columns.image_names == ["img133.jpg", None]
    assert log.counts() == {}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"score": "absent"}, "score-missing"),
        ({"score": None}, "score-missing"),
        ({"score": "0.5"}, "score-not-number"),
        ({"score": True}, "score-not-number"),
        ({"score": [0.5]}, "score-not-number"),
        ({"score": float("nan")}, "score-not-finite"),
        ({"score": float("inf")}, "score-not-finite"),
        ({"bbox": [1, 2, float("nan"), 3]}, "coordinate-not-finite"),
        ({"bbox": [1, 2, float("-inf"), 3]}, "coordinate-not-finite"),
        ({"bbox": [1, 2, 3]}, "box-malformed"),
        ({"bbox": [1, 2, 3, 4, 5]}, "box-malformed"),
        ({"bbox": [1, 2, None, 4]}, "box-malformed"),
        ({"bbox": [1, 2, "x", 4]}, "box-malformed"),
        ({"bbox": {"x": 1}}, "box-malformed"),
        ({"bbox": "absent"}, "box-missing"),
        ({"bbox": None}, "box-missing"),
        ({"image_id": "absent"}, "id-malformed"),
        ({"image_id": 1.5}, "id-malformed"),
        ({"image_id": float("nan")}, "id-malformed"),
        ({"image_id": ""}, "id-malformed"),
        ({"category_id": None}, "id-malformed"),
        ({"category_id": [2]}, "id-malformed"),
        ({"segmentation": {"size": [4, 5], "counts": "04"}}, "mask-malformed"),
        ({"segmentation": {"size": [4, 5], "counts": "\u20ac"}}, "mask-malformed"),
        ({"segmentation": {"size": [4, 5], "counts": [3]}}, "mask-malformed"),
        ({"segmentation": {"size": [100000, 100000], "counts": "04"}}, "mask-malformed"),
        ({"segmentation": {"size": [4, 2**40], "counts": "04"}}, "mask-malformed"),
        ({"segmentation": {"size": [4], "counts": "04"}}, "mask-malformed"),
        ({"segmentation": [[1, 2, 3, 4]]}, "mask-malformed"),
        ({"segmentation": [[1, 2, 3, float("nan"), 5, 6]]}, "mask-malformed"),
        ({"segmentation": "mask.png"}, "mask-malformed"),
    ],
)
def test_read__rejects_each_under_its_kind(
    change: dict[str, Any], kind: str, write_json: WriteJson
) -> None:
    columns, log = coco_results.read(write_json([result(**change), RESULT]))
    assert columns.ordinal.tolist() == [1]
    assert log.counts() == {kind: 1}
    assert log.rejects == 1
    assert log.examples()[0].record == "results[0]"


@pytest.mark.parametrize("record", ["null", "7", '"x"', "[1]"])
def test_read__records_that_are_no_objects(record: str, write_json: WriteJson) -> None:
    columns, log = coco_results.read(write_json(f"[{record}, {json.dumps(RESULT)}]"))
    assert len(columns) == 1
    assert log.counts() == {"record-malformed": 1}


def test_read__numbers_beyond_64_bits_are_not_finite(write_json: WriteJson) -> None:
    content = json.dumps([RESULT]).replace("0.1", "1e999")
    columns, log = coco_results.read(write_json(content))
    assert len(columns) == 0
    assert log.counts() == {"score-not-finite": 1}


@pytest.mark.parametrize("box", [[1, 2, 0, 3], [1, 2, 4, 0], [187.077, 0.0, 31.716, -6.413]])
def test_read__boxes_without_extent_are_kept(box: list[float], write_json: WriteJson) -> None:
    columns, log = coco_results.read(write_json([result(bbox=box)]))
    assert columns.boxes.tolist() == [box]
    assert log.counts() == {"box-without-extent": 1}
    assert log.rejects == 0


def test_read__masks_with_boxes_keep_the_boxes_area(write_json: WriteJson) -> None:
    plain = {"size": [4, 5], "counts": [5, 2, 2, 2, 2, 2, 5]}
    results = [result(segmentation=MASK), result(segmentation=plain)]
    columns, log = coco_results.read(write_json(results))
    assert columns.counts == [MASK["counts"].encode()] * 2
    assert columns.sizes is not None
    assert columns.sizes.tolist() == [[4, 5], [4, 5]]
    assert columns.area.tolist() == [12, 12]
    assert log.counts() == {}


@pytest.mark.parametrize("bbox", ["absent", [], None])
def test_read__if_the_first_has_no_box_areas_are_the_masks(
    bbox: Any, write_json: WriteJson
) -> None:
    results = [result(segmentation=MASK, bbox=bbox), result(segmentation=MASK)]
    columns, log = coco_results.read(write_json(results))
    assert columns.boxes.tolist() == [[1, 1, 3, 2], [1.5, 2.25, 4, 3]]
    assert columns.area.tolist() == [6, 6]
    assert log.counts() == {}


def test_read__a_box_missing_among_boxes_is_the_masks_and_told(write_json: WriteJson) -> None:
    results = [RESULT, result(segmentation=MASK, bbox="absent")]
    columns, log = coco_results.read(write_json(results))
    assert columns.boxes[1].tolist() == [1, 1, 3, 2]
    assert columns.area.tolist() == [12, 6]
    assert columns.counts == [None, MASK["counts"].encode()]
    assert log.counts() == {"box-from-mask": 1, "mask-missing": 1}


def test_read__polygons_wait_for_the_image(write_json: WriteJson) -> None:
    results = [result(segmentation=[SQUARE], bbox="absent"), result(segmentation=[SQUARE])]
    columns, log = coco_results.read(write_json(results))
    assert columns.counts == [None, None]
    assert [json.loads(one or b"") for one in columns.polygons or ()] == [[SQUARE], [SQUARE]]
    assert np.isnan(columns.boxes[0]).all()
    assert log.counts() == {}


@pytest.mark.parametrize("content", ["{}", '{"annotations": []}', "7", "[", "[{]", ""])
def test_read__what_is_no_results_file(content: str, write_json: WriteJson) -> None:
    with pytest.raises((UnknownFormat, UnreadableFile)):
        coco_results.read(write_json(content))


def test_read__more_than_one_window(write_json: WriteJson) -> None:
    results = [result(image_id=n // 7, score=n / 30_000) for n in range(30_000)]
    results[20_000]["score"] = None
    columns, log = coco_results.read(write_json(results))
    assert len(columns) == 29_999
    assert columns.ordinal[[19_999, 20_000]].tolist() == [19_999, 20_001]
    assert log.examples()[0].record == "results[20000]"
    assert len(columns.image_keys) == 30_000 // 7 + 1


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "total", "counts"),
    [
        ("voc2007test/yolov2_htt1084_ep150.json", 101_139, {}),
        ("voc2007test/yolov2_htt1084_ep260.json", 98_023, {}),
        ("voc2007test/yolov3_zengyian3.json", 87_765, {"box-without-extent": 3}),
        ("txl_pbc/yolov8n_val_predictions.json", 15_046, {"box-without-extent": 2121}),
        ("coco_val2014_100/instances_val2014_fakebbox100_results.json", 734, {}),
        ("coco_val2014_100/instances_val2014_fakesegm100_results.json", 734, {}),
        ("coco_val2017_yolact100/yolact_base.json", 3380, {}),
        ("coco_val2017_yolact100/yolact_darknet53.json", 3545, {}),
        ("coco_val2017_yolact100/yolact_im700.json", 2766, {}),
        ("coco_val2017_yolact100/yolact_resnet50.json", 3834, {}),
    ],
)
def test_read__real_files(name: str, total: int, counts: dict[str, int], shared_data: Path) -> None:
    path = shared_data / name
    columns, log = coco_results.read(path)
    assert len(columns) == total
    assert log.counts() == counts
    content = json.loads(path.read_text("utf-8"))
    assert columns.score.tolist() == [one["score"] for one in content]
    if "bbox" in content[0]:
        assert columns.boxes.tolist() == [one["bbox"] for one in content]
        areas = [one["bbox"][2] * one["bbox"][3] for one in content]
        assert columns.area.tolist() == areas
    if "segmentation" in content[0]:
        assert columns.counts == [one["segmentation"]["counts"].encode() for one in content]
    keys = [columns.image_keys[key] for key in columns.image_key]
    assert keys == [str(one["image_id"]) for one in content]


@pytest.mark.shared_data
def test_outside__real_boxes_reach_out_of_their_images(shared_data: Path) -> None:
    folder = shared_data / "voc2007test"
    content = json.loads((folder / "instances_voc2007test.json").read_text("utf-8"))
    sizes = {str(one["id"]): (one["height"], one["width"]) for one in content["images"]}
    columns, _ = coco_results.read(folder / "yolov2_htt1084_ep150.json")
    per_row = [sizes[columns.image_keys[key]] for key in columns.image_key]
    assert int(outside(columns.boxes, per_row).sum()) == 16_702
