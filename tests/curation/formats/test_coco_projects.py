from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from curation.errors import UnknownFormat, UnreadableFile
from curation.formats import coco_projects
from curation.formats.records import ClassRecord, ImageRecord, ProjectRecords

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    WriteJson = Callable[[Any], Path]

IMAGE = {"id": 1, "file_name": "a.jpg", "width": 12, "height": 10}
CLASS = {"id": 3, "name": "cat"}
LABEL = {"id": 5, "image_id": 1, "category_id": 3, "bbox": [1, 2, 4, 3], "area": 11.5}
SQUARE = [2.0, 2.0, 6.0, 2.0, 6.0, 6.0, 2.0, 6.0]


def project(
    *labels: dict[str, Any], images: Any = (IMAGE,), categories: Any = (CLASS,)
) -> dict[str, Any]:
    return {"images": images, "categories": categories, "annotations": labels}


def label(**changes: Any) -> dict[str, Any]:
    merged = {**LABEL, **changes}
    return {key: value for key, value in merged.items() if value != "absent"}


def image(**changes: Any) -> dict[str, Any]:
    merged = {**IMAGE, **changes}
    return {key: value for key, value in merged.items() if value != "absent"}


def only_problem(records: ProjectRecords) -> str:
    (name,) = records.problems.counts()
    return name


def test_read__one_label(write_json: WriteJson) -> None:
    records = coco_projects.read(write_json(project(LABEL)), split="val")
    assert records.images == (ImageRecord("1", "a.jpg", 12, 10, "val", labelled=True),)
    assert records.classes == (ClassRecord("3", "cat"),)
    labels = records.labels
    assert labels.boxes.tolist() == [[1, 2, 4, 3]]
    assert labels.area.tolist() == [11.5]
    assert (labels.crowd.tolist(), labels.ignore.tolist()) == ([False], [False])
    assert labels.source_id.tolist() == [5]
    assert (labels.polygons, labels.counts) == ([None], [None])
    assert records.problems.counts() == {}


def test_read__images_and_classes_by_number_labels_in_file_order(write_json: WriteJson) -> None:
    records = coco_projects.read(
        write_json(
            project(
                label(image_id=10, category_id=90, id=0),
                label(image_id=9, category_id=3, id=1),
                images=[image(id=10, file_name="x"), image(id=9, file_name="y")],
                categories=[{"id": 90, "name": "dog"}, CLASS],
            )
        )
    )
    assert [one.source_id for one in records.images] == ["9", "10"]
    assert [one.source_id for one in records.classes] == ["3", "90"]
    assert records.labels.image.tolist() == [1, 0]
    assert records.labels.class_.tolist() == [1, 0]
    assert records.labels.source_id.tolist() == [0, 1]


def test_read__text_ids_sort_as_text_and_whole_floats_are_numbers(write_json: WriteJson) -> None:
    records = coco_projects.read(
        write_json(
            project(
                label(image_id="b10", category_id=3.0),
                label(image_id="b9", category_id="3", id=6),
                images=[image(id="b9", file_name="x"), image(id="b10", file_name="y")],
            )
        )
    )
    assert [one.source_id for one in records.images] == ["b10", "b9"]
    assert records.labels.image.tolist() == [0, 1]
    assert records.problems.counts() == {}


def test_read__polygons_become_cocos_mask_and_areas_stay(write_json: WriteJson) -> None:
    other = [7.0, 7.0, 11.0, 7.0, 11.0, 9.5]
    records = coco_projects.read(write_json(project(label(segmentation=[SQUARE, other]))))
    expected = coco_mask.merge(coco_mask.frPyObjects([SQUARE, other], 10, 12))["counts"]
    assert records.labels.counts == [expected]
    assert json.loads(records.labels.polygons[0] or b"") == [SQUARE, other]
    assert records.labels.area.tolist() == [11.5]


def test_read__run_lengths_compressed_or_not(write_json: WriteJson) -> None:
    picture = np.zeros((10, 12), dtype=np.uint8, order="F")
    picture[2:5, 3:7] = 1
    text = coco_mask.encode(picture)["counts"]
    plain = [32, 3, 7, 3, 7, 3, 7, 3, 55]
    records = coco_projects.read(
        write_json(
            project(
                label(segmentation={"size": [10, 12], "counts": text.decode()}),
                label(segmentation={"size": [10, 12], "counts": plain}, iscrowd=1, id=6),
            )
        )
    )
    assert records.labels.counts == [text, text]
    assert records.labels.polygons == [None, None]
    assert records.labels.crowd.tolist() == [False, True]


@pytest.mark.parametrize("empty", [[], [[]], None, "absent"])
def test_read__empty_segmentation_is_no_mask(empty: Any, write_json: WriteJson) -> None:
    records = coco_projects.read(write_json(project(label(segmentation=empty))))
    assert records.labels.counts == [None]
    assert records.problems.counts() == {}


def test_read__missing_area_comes_from_the_mask_else_the_box(write_json: WriteJson) -> None:
    records = coco_projects.read(
        write_json(
            project(
                label(area="absent"),
                label(area=None, segmentation=[SQUARE], id=6),
                label(area=-4, id=7),
            )
        )
    )
    assert records.labels.area.tolist() == [12, 16, 12]
    assert records.problems.counts() == {"area-computed": 3}


def test_read__a_missing_box_comes_from_the_mask(write_json: WriteJson) -> None:
    records = coco_projects.read(write_json(project(label(bbox="absent", segmentation=[SQUARE]))))
    assert records.labels.boxes.tolist() == [[2, 2, 4, 4]]
    assert only_problem(records) == "box-from-mask"


def test_read__ignore_and_crowd_flags(write_json: WriteJson) -> None:
    flags: list[dict[str, Any]] = [
        {"iscrowd": 1},
        {"ignore": 1},
        {"iscrowd": True, "ignore": 0.0},
        {"iscrowd": None},
    ]
    labels = [label(**flag, id=place) for place, flag in enumerate(flags)]
    records = coco_projects.read(write_json(project(*labels)))
    assert records.labels.crowd.tolist() == [True, False, True, False]
    assert records.labels.ignore.tolist() == [False, True, False, False]


def test_read__info_is_not_looked_at(write_json: WriteJson) -> None:
    odd = {"info": {"year": "2017", "x": [1]}, "licenses": "none", **project(LABEL)}
    assert len(coco_projects.read(write_json(odd)).labels) == 1


def test_read__repeated_annotation_ids_are_both_kept(write_json: WriteJson) -> None:
    records = coco_projects.read(write_json(project(LABEL, label(bbox=[0, 0, 1, 1]))))
    assert records.labels.source_id.tolist() == [5, 5]
    (problem,) = records.problems.examples()
    assert (problem.kind, problem.record) == ("label-id-repeated", "annotations[1]")


@pytest.mark.parametrize("odd", [None, "x7", 1.5, -2, 10**30])
def test_read__unusable_annotation_ids_are_kept_without(odd: Any, write_json: WriteJson) -> None:
    records = coco_projects.read(write_json(project(label(id=odd))))
    assert records.labels.source_id.tolist() == [-1]
    assert only_problem(records) == "label-id-unusable"


def test_read__repeated_images(write_json: WriteJson) -> None:
    records = coco_projects.read(write_json(project(LABEL, images=[IMAGE, IMAGE, image(width=99)])))
    assert len(records.images) == len(records.labels) == 1
    assert records.images[0].width == 12
    assert records.problems.counts() == {"image-repeated": 1, "image-conflict": 1}


def test_read__repeated_classes_and_names(write_json: WriteJson) -> None:
    categories = [CLASS, CLASS, {"id": 3, "name": "dog"}, {"id": 4, "name": "cat"}]
    records = coco_projects.read(write_json(project(LABEL, categories=categories)))
    assert records.classes == (ClassRecord("3", "cat"), ClassRecord("4", "cat"))
    assert records.problems.counts() == {
        "class-repeated": 1,
        "class-conflict": 1,
        "class-name-repeated": 1,
    }


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"image_id": 2}, "image-unknown"),
        ({"category_id": 4}, "class-unknown"),
        ({"image_id": 1.5}, "id-malformed"),
        ({"image_id": "absent"}, "id-malformed"),
        ({"category_id": True}, "id-malformed"),
        ({"bbox": [1, 2, -4, 3]}, "box-negative"),
        ({"bbox": [1, 2, float("nan"), 3]}, "coordinate-not-finite"),
        ({"bbox": [1, 2, float("inf"), 3]}, "coordinate-not-finite"),
        ({"bbox": [1, 2, 3]}, "box-malformed"),
        ({"bbox": [1, 2, "3", 4]}, "box-malformed"),
        ({"bbox": [1, 2, None, 4]}, "box-malformed"),
        ({"bbox": "absent"}, "box-missing"),
        ({"bbox": [], "segmentation": []}, "box-missing"),
        ({"segmentation": [[1, 2, 3, 4]]}, "mask-malformed"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}, "mask-malformed"),
        ({"segmentation": [[1, 2, 3, 4, 5, float("nan")]]}, "mask-malformed"),
        ({"segmentation": [[1, 2, 3, 4, 5, 1e9]]}, "mask-malformed"),
        ({"segmentation": [1, 2, 3, 4, 5, 6]}, "mask-malformed"),
        ({"segmentation": {"size": [10, 12], "counts": [3, 4]}}, "mask-malformed"),
        ({"segmentation": {"size": [10, 12], "counts": "04"}}, "mask-malformed"),
        ({"segmentation": {"size": [10, 12]}}, "mask-malformed"),
        ({"segmentation": {"size": [12, 10], "counts": [120]}}, "mask-size-differs"),
        ({"iscrowd": "yes"}, "record-malformed"),
    ],
)
def test_read__rejected_labels_each_under_its_kind(
    change: dict[str, Any], kind: str, write_json: WriteJson
) -> None:
    records = coco_projects.read(write_json(project(label(**change), label(id=6))))
    assert records.labels.source_id.tolist() == [6]
    assert only_problem(records) == kind
    assert records.problems.rejects == 1
    (problem,) = records.problems.examples()
    assert problem.record == "annotations[0]"


def test_read__boxes_without_extent_are_kept_and_warned_of(write_json: WriteJson) -> None:
    records = coco_projects.read(write_json(project(label(bbox=[1, 2, 0, 3]))))
    assert len(records.labels) == 1
    assert only_problem(records) == "box-without-extent"


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "/etc/passwd", "..\\a.jpg", "C:\\a.jpg", "a\0.jpg", "\\\\host\\a.jpg"],
)
def test_read__unsafe_file_names_are_refused_with_their_labels(
    name: str, write_json: WriteJson
) -> None:
    records = coco_projects.read(write_json(project(LABEL, images=[image(file_name=name)])))
    assert records.images == ()
    assert records.problems.counts() == {"file-name-unsafe": 1, "image-rejected": 1}


def test_read__sizes_may_be_missing_and_their_polygons_wait(write_json: WriteJson) -> None:
    records = coco_projects.read(
        write_json(
            project(
                label(segmentation=[SQUARE], bbox="absent"),
                images=[image(width="absent", height=None)],
            )
        )
    )
    assert (records.images[0].width, records.images[0].height) == (0, 0)
    assert records.labels.counts == [None]
    assert records.labels.boxes.tolist() == [[2, 2, 4, 4]]
    assert records.problems.counts() == {"box-from-mask": 1, "mask-pending": 1}


def test_read__a_missing_size_comes_from_a_run_length_mask(write_json: WriteJson) -> None:
    def mask(size: list[int], runs: list[int]) -> dict[str, Any]:
        return {"segmentation": {"size": size, "counts": runs}}

    records = coco_projects.read(
        write_json(
            project(
                label(**mask([10, 13], [120])),
                label(**mask([10, 12], [120]), id=6),
                label(**mask([12, 10], [120]), id=7),
                label(segmentation=[SQUARE], id=8),
                images=[image(width="absent", height="absent")],
            )
        )
    )
    assert (records.images[0].width, records.images[0].height) == (12, 10)
    assert records.labels.source_id.tolist() == [6, 8]
    assert None not in records.labels.counts
    assert records.problems.counts() == {"mask-size-differs": 2}


@pytest.mark.parametrize("size", [-1, 1.5, 1e12])
def test_read__impossible_sizes_are_refused(size: float, write_json: WriteJson) -> None:
    records = coco_projects.read(write_json(project(images=[image(width=size)])))
    assert only_problem(records) == "image-size-invalid"


def test_read__odd_file_names_are_warned_of(write_json: WriteJson) -> None:
    images = [IMAGE, image(id=2), image(id=3, file_name="absent")]
    records = coco_projects.read(write_json(project(images=images)))
    assert len(records.images) == 3
    assert records.problems.counts() == {"file-name-repeated": 1, "file-name-missing": 1}


def test_read__malformed_images_and_classes(write_json: WriteJson) -> None:
    records = coco_projects.read(
        write_json(
            project(
                label(image_id=2),
                images=[IMAGE, {"file_name": "b.jpg"}, {"id": 2, "width": "wide"}, 7],
                categories=[CLASS, {"id": 4}, {"id": 5, "name": ""}, {"name": "dog"}],
            )
        )
    )
    assert len(records.images) == len(records.classes) == 1
    assert records.problems.counts() == {
        "id-malformed": 2,
        "record-malformed": 4,
        "image-rejected": 1,
    }


def test_read__without_annotations_nothing_is_labelled(write_json: WriteJson) -> None:
    records = coco_projects.read(write_json({"images": [IMAGE]}))
    assert not records.images[0].labelled
    assert len(records.labels) == 0


def test_read__an_image_without_annotations_is_background(write_json: WriteJson) -> None:
    assert coco_projects.read(write_json(project())).images[0].labelled


@pytest.mark.parametrize("content", ["[]", '{"images": 3}', '{"images": [', "", "{}x", "{"])
def test_read__what_is_no_coco_file(content: str, write_json: WriteJson) -> None:
    with pytest.raises((UnknownFormat, UnreadableFile)):
        coco_projects.read(write_json(content))


def test_read__needs_images(write_json: WriteJson) -> None:
    with pytest.raises(UnknownFormat, match="images"):
        coco_projects.read(write_json('{"annotations": []}'))


def test_read__a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        coco_projects.read(tmp_path / "absent.json")


def test_read__key_order_does_not_matter(write_json: WriteJson) -> None:
    whole = project(LABEL)
    turned = {key: whole[key] for key in ("annotations", "categories", "images")}
    assert len(coco_projects.read(write_json(turned)).labels) == 1


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("coco_mini_val/instances_val2017_merged.json", (158, 80, 1424, 16, 1424)),
        ("coco_val2014_100/instances_val2014_100.json", (100, 80, 839, 9, 839)),
        ("coco_val2017_yolact100/instances_100_boxes.json", (100, 80, 745, 0, 0)),
        ("voc2007test/instances_voc2007test.json", (4952, 20, 14976, 0, 0)),
    ],
)
def test_read__real_files(name: str, counts: tuple[int, ...], shared_data: Path) -> None:
    path = shared_data / name
    records = coco_projects.read(path)
    labels = records.labels
    masks = sum(text is not None for text in labels.counts)
    found = (len(records.images), len(records.classes), len(labels), labels.crowd.sum(), masks)
    assert found == counts
    assert records.problems.counts() == {}
    content = json.loads(path.read_text("utf-8"))["annotations"]
    assert labels.area.tolist() == [one["area"] for one in content]
    assert labels.boxes.tolist() == [one["bbox"] for one in content]
    assert labels.source_id.tolist() == [one["id"] for one in content]


@pytest.mark.shared_data
def test_read__real_masks_are_those_of_pycocotools(shared_data: Path) -> None:
    path = shared_data / "coco_val2014_100" / "instances_val2014_100.json"
    content = json.loads(path.read_text("utf-8"))
    sizes = {one["id"]: (one["height"], one["width"]) for one in content["images"]}
    labels = coco_projects.read(path).labels
    for text, one in zip(labels.counts, content["annotations"], strict=True):
        rles = coco_mask.frPyObjects(one["segmentation"], *sizes[one["image_id"]])
        assert text == (coco_mask.merge(rles) if isinstance(rles, list) else rles)["counts"]
