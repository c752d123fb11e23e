"""Ground truth of COCO documents: axes, columns, wild files and faults."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from evaluation.coco_files import ground_truth_from_dict, read_ground_truth
from evaluation.errors import FaultyRecords, MalformedJson
from tests.evaluation.coco_files.documents import (
    SQUARE,
    ReadTruth,
    changed,
    document,
    kinds,
)


def test_read_ground_truth__axes_ascend_by_id(read_truth: ReadTruth) -> None:
    truth = read_truth(document())
    assert truth.image_ids.tolist() == [4, 9]
    assert truth.image_names == ("sub/a.png", "b.jpg")
    assert truth.image_sizes.tolist() == [[50, 100], [48, 64]]
    assert truth.class_ids.tolist() == [3, 7]
    assert truth.class_names == ("cat", "dog")
    assert truth.instances.image.tolist() == [1, 0]
    assert truth.instances.class_.tolist() == [0, 1]
    assert truth.notes == ()


def test_read_ground_truth__columns(read_truth: ReadTruth) -> None:
    table = read_truth(document()).instances
    assert table.boxes.tolist() == [[10, 10, 20, 30], [0.5, 0, 5, 5]]
    assert table.area.tolist() == [450.5, 25]
    assert table.crowd.tolist() == [False, True]
    assert table.id.tolist() == [0, 2**53 + 1]
    assert table.score.tolist() == [1, 1]
    assert table.masks is None


def test_read_ground_truth__masks(read_truth: ReadTruth) -> None:
    masks = read_truth(document(), masks=True).instances.masks
    assert masks is not None
    polygon = coco_mask.frPyObjects([[float(x) for x in SQUARE]], 48, 64)[0]["counts"]
    assert masks.texts() == [polygon, b"0j7^d4"]
    assert masks.sizes.tolist() == [[48, 64], [50, 100]]


def test_read_ground_truth__ignore_is_not_read(read_truth: ReadTruth) -> None:
    assert read_truth(changed(0, ignore=1)).instances.crowd.tolist() == [False, True]


def test_read_ground_truth__iscrowd_may_be_missing(read_truth: ReadTruth) -> None:
    truth = read_truth(changed(1, iscrowd=None))
    assert truth.instances.crowd.tolist() == [False, False]
    assert truth.notes == ()


@pytest.mark.parametrize("masks", [False, True])
def test_read_ground_truth__missing_area_is_that_of_the_mask(
    read_truth: ReadTruth, masks: bool
) -> None:
    truth = read_truth(changed(1, area=None), masks=masks)
    assert truth.instances.area.tolist() == [450.5, 250]
    assert [str(note) for note in truth.notes] == [
        "1 × area is missing; taken from the mask (annotations[1])"
    ]


@pytest.mark.parametrize("segmentation", [None, [], [[0, 0, 1]]])
def test_read_ground_truth__missing_area_without_a_mask_is_that_of_the_box(
    read_truth: ReadTruth, segmentation: Any
) -> None:
    truth = read_truth(changed(0, area=None, segmentation=segmentation))
    assert truth.instances.area.tolist() == [600, 25]
    assert [str(note) for note in truth.notes] == [
        "1 × area is missing; taken from the box (annotations[0])"
    ]


def test_read_ground_truth__missing_box_is_that_around_the_mask(read_truth: ReadTruth) -> None:
    truth = read_truth(changed(1, bbox=None))
    assert truth.instances.boxes.tolist() == [[10, 10, 20, 30], [0, 0, 5, 50]]
    assert truth.instances.masks is None


def test_read_ground_truth__an_empty_segmentation_is_none(read_truth: ReadTruth) -> None:
    whole = changed(0, segmentation=[])
    assert len(read_truth(whole).instances) == 2
    with pytest.raises(FaultyRecords) as error:
        read_truth(whole, masks=True)
    assert kinds(error) == [("segmentation is missing or empty", 1)]
    assert error.value.problems[0].examples == ("annotations[0]",)


def test_read_ground_truth__the_last_of_repeated_images_counts(read_truth: ReadTruth) -> None:
    whole = document()
    whole["images"].append({"id": 4, "file_name": "new.png", "width": 7, "height": 8})
    truth = read_truth(whole)
    assert truth.image_ids.tolist() == [4, 9]
    assert truth.image_names == ("new.png", "b.jpg")
    assert truth.image_sizes.tolist() == [[8, 7], [48, 64]]
    assert truth.notes[0].examples == ("images[1]: id 4",)


def test_read_ground_truth__ids_and_names_may_be_missing(read_truth: ReadTruth) -> None:
    whole = changed(0, id=None)
    whole["images"] = [{"id": 4}, {"id": 9}]
    whole["categories"] = [{"id": 3}, {"id": 7}]
    truth = read_truth(whole)
    assert truth.instances.id.tolist() == [1, 2**53 + 1]
    assert truth.image_names == ("4", "9")
    assert truth.class_names == ("3", "7")
    assert truth.image_sizes.tolist() == [[0, 0], [0, 0]]


def test_read_ground_truth__ids_that_are_texts_or_huge(read_truth: ReadTruth) -> None:
    whole = document(images=[{"id": "img2"}, {"id": "img10"}, {"id": 2**70}], annotations=[])
    for place, id_ in enumerate(["img2", 2**70, "img10"]):
        box = {"id": f"uuid-{place}", "image_id": id_, "category_id": 3, "bbox": [0, 0, 1, 1]}
        whole["annotations"].append(box)
    truth = read_truth(whole)
    assert truth.image_ids.tolist() == [2**70, "img10", "img2"]
    assert truth.instances.image.tolist() == [2, 0, 1]
    assert truth.instances.id.tolist() == [1, 2, 3]


def test_read_ground_truth__sparse_ids(read_truth: ReadTruth) -> None:
    ids = [-(2**62), 5, 2**62]
    whole = document(images=[{"id": id_} for id_ in ids], annotations=[])
    whole["annotations"] = [
        {"id": 1, "image_id": id_, "category_id": 3, "bbox": [0, 0, 1, 1], "area": 1}
        for id_ in reversed(ids)
    ]
    truth = read_truth(whole)
    assert truth.image_ids.tolist() == ids
    assert truth.instances.image.tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"image_id": 5}, "image_id is not among the file's images"),
        ({"category_id": 1}, "category_id is not among the file's categories"),
        ({"image_id": None}, "image_id is missing"),
        ({"category_id": 1.5}, "category_id is neither a whole number nor text"),
        ({"bbox": [1, 2, 3]}, "bbox is not four numbers"),
        ({"bbox": [1, 2, 3, float("nan")]}, "bbox is not finite"),
        ({"area": float("inf")}, "area is not a finite number"),
        ({"bbox": None, "segmentation": None}, "neither bbox nor segmentation"),
        ({"iscrowd": "yes"}, "iscrowd is not a number"),
    ],
)
def test_read_ground_truth__what_cannot_be_meant_is_refused(
    read_truth: ReadTruth, changes: dict[str, Any], kind: str
) -> None:
    with pytest.raises(FaultyRecords) as error:
        read_truth(changed(1, **changes))
    assert kinds(error) == [(kind, 1)]
    assert error.value.problems[0].examples[0].startswith("annotations[1]")


def test_read_ground_truth__all_problems_are_told_at_once(read_truth: ReadTruth) -> None:
    whole = document()
    whole["annotations"] += [whole["annotations"][0] | {"image_id": 77}] * 9
    whole["annotations"].append({"image_id": 9})
    with pytest.raises(FaultyRecords) as error:
        read_truth(whole)
    assert set(kinds(error)) >= {
        ("image_id is not among the file's images", 9),
        ("category_id is missing", 1),
    }
    unknown = next(found for found in error.value.problems if found.count == 9)
    assert unknown.examples == tuple(f"annotations[{k}]: image_id 77" for k in range(2, 7))


@pytest.mark.parametrize(
    ("segmentation", "kind"),
    [
        ([[0, 0, 5, 5]], "the mask is malformed: a polygon has fewer than three points"),
        ([[0, 0, 5, 5, 9, 9, 3]], "the mask is malformed: a polygon ends with half a point"),
        ([[0, 0, 5, 5, 9, 1e12]], "the mask is malformed: a coordinate is not finite"),
        ({"size": [48, 64], "counts": "0"}, "the mask is malformed: the runs do not add up"),
        ({"size": [48, 64], "counts": [1, 2]}, "the mask is malformed: the runs do not add up"),
        ({"size": [48, 64], "counts": [-1, 3073]}, "the mask is malformed: a run is negative"),
        ({"size": [64, 48], "counts": [0, 3072]}, "the mask is not of its image's size"),
        ({"size": [48, 64]}, "segmentation is neither polygons nor run lengths"),
        ("text", "segmentation is neither polygons nor run lengths"),
    ],
)
def test_read_ground_truth__faulty_masks_are_refused(
    read_truth: ReadTruth, segmentation: Any, kind: str
) -> None:
    whole = changed(0, segmentation=segmentation)
    with pytest.raises(FaultyRecords) as error:
        read_truth(whole, masks=True)
    assert error.value.problems[0].kind.startswith(kind)
    assert error.value.problems[0].examples[0].startswith("annotations[0]")
    assert len(read_truth(whole).instances) == 2  # boxes do not ask for it


@pytest.mark.parametrize("name", ["images", "annotations", "categories"])
def test_read_ground_truth__missing_list(read_truth: ReadTruth, name: str) -> None:
    whole = document()
    del whole[name]
    with pytest.raises(MalformedJson, match=f'no list "{name}"'):
        read_truth(whole)


def test_read_ground_truth__malformed_json_names_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    path.write_text(json.dumps(document()).replace('"area": 25', '"area": 25,,'))
    with pytest.raises(MalformedJson, match=r"truth\.json .* at byte \d+"):
        read_ground_truth(path)


def test_ground_truth_from_dict__is_not_changed_and_takes_numpy_numbers() -> None:
    whole = changed(0, area=np.float32(2.5), bbox=np.array([1, 2, 3, 4]), image_id=np.int64(9))
    whole["annotations"][1]["segmentation"]["size"] = np.array([50, 100])
    before = copy.deepcopy(whole)
    table = ground_truth_from_dict(whole, masks=True).instances
    assert table.area.tolist() == [2.5, 25]
    assert table.boxes[0].tolist() == [1, 2, 3, 4]
    assert repr(whole) == repr(before)


def test_ground_truth_from_dict__records_that_are_no_mappings() -> None:
    with pytest.raises(FaultyRecords) as error:
        ground_truth_from_dict(document(annotations=[7, None]))
    assert kinds(error)[0] == ("record is no mapping", 2)


def test_read_ground_truth__annotation_ids_given_again_are_told_and_kept(
    read_truth: ReadTruth,
) -> None:
    whole = document()
    first, second = whole["annotations"]
    whole["annotations"] += [first | {"bbox": [1, 1, 5, 5]}, second | {"id": 0}, second | {"id": 8}]
    truth = read_truth(whole)
    assert truth.instances.id.tolist() == [0, 2**53 + 1, 0, 0, 8]
    assert len(truth.instances) == 5
    (note,) = truth.notes
    assert str(note) == (
        "2 × annotation id given again; every record counts "
        "(annotations[2]: id 0; annotations[3]: id 0)"
    )
