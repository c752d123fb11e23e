from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pycocotools import mask as coco_mask

from curation.errors import NotFound, UnknownFormat, UnreadableFile
from curation.formats import yolo_projects
from curation.formats.records import ClassRecord, ImageRecord
from curation.media.pixels import PictureHeader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Plant = Callable[[dict[str, str | tuple[int, int]]], Path]

YAML = "train: images/train\nval: images/val\nnames: [cell, clot]\n"
BOX = "1 0.5 0.5 0.5 0.2\n"
TREE: dict[str, str | tuple[int, int]] = {
    "data.yaml": YAML,
    "images/train/b.png": (20, 10),
    "images/val/a.png": (8, 4),
    "labels/train/b.txt": BOX,
    "labels/val/a.txt": "",
}


def test_read__boxes_in_pixels_with_their_splits(plant: Plant) -> None:
    records = yolo_projects.read(plant(TREE))
    assert records.images == (
        ImageRecord("images/train/b.png", "images/train/b.png", 20, 10, "train", labelled=True),
        ImageRecord("images/val/a.png", "images/val/a.png", 8, 4, "val", labelled=True),
    )
    assert records.classes == (ClassRecord("0", "cell"), ClassRecord("1", "clot"))
    labels = records.labels
    assert labels.boxes.tolist() == [[5, 4, 10, 2]]
    assert (labels.area.tolist(), labels.image.tolist()) == ([20], [0])
    assert (labels.class_.tolist(), labels.source_id.tolist()) == ([1], [-1])
    assert records.problems.counts() == {}
    assert records.questions == ()


def test_read__the_yaml_itself(plant: Plant) -> None:
    assert len(yolo_projects.read(plant(TREE) / "data.yaml").images) == 2


def test_read__polygons_become_cocos_masks(plant: Plant) -> None:
    row = "0 0.125 0.25 0.5 0.25 0.5 0.75\n"
    labels = yolo_projects.read(plant({**TREE, "labels/train/b.txt": row})).labels
    points = [2.5, 2.5, 10.0, 2.5, 10.0, 7.5]
    expected = coco_mask.frPyObjects([points], 10, 20)[0]
    assert labels.counts == [expected["counts"]]
    assert labels.area.tolist() == [coco_mask.area(expected)]
    assert json.loads(labels.polygons[0] or b"") == [points]
    assert labels.boxes.tolist() == [[2.5, 2.5, 7.5, 5]]


def test_read__rejected_rows_name_file_and_line(plant: Plant) -> None:
    rows = "\n".join(
        ["0 0.5 0.5", "", "7 0.5 0.5 0.5 0.5", "0 nan 0.5 0.5 0.5", "-1 0.5 0.5 0.5 0.5", BOX]
    )
    records = yolo_projects.read(plant({**TREE, "labels/train/b.txt": rows}))
    assert len(records.labels) == 1
    assert records.problems.counts() == {
        "row-malformed": 1,
        "class-unknown": 2,
        "coordinate-not-finite": 1,
    }
    (problem,) = records.problems.examples("coordinate-not-finite")
    assert (problem.file, problem.record) == ("labels/train/b.txt", "line 4")


def test_read__rows_that_are_kept_with_a_warning(plant: Plant) -> None:
    rows = "0 0.5 0.5 0.5 0.5 0.9\n0 0.9 0.5 0.5 0.5\n0 0.5 0.5 0 0.5\n"
    records = yolo_projects.read(plant({**TREE, "labels/train/b.txt": rows}))
    assert len(records.labels) == 3
    assert records.problems.counts() == {
        "extra-value-ignored": 1,
        "box-outside-image": 1,
        "box-without-extent": 1,
    }


def test_read__a_missing_label_file_is_a_question(plant: Plant) -> None:
    tree = {name: content for name, content in TREE.items() if name != "labels/val/a.txt"}
    root = plant(tree)
    asked = yolo_projects.read(root)
    (question,) = asked.questions
    assert (question.option, question.count) == ("missing_label", 1)
    assert question.choices == ("background", "unlabelled")
    assert not asked.images[1].labelled
    background = yolo_projects.read(root, missing_label="background")
    assert background.questions == ()
    assert background.images[1].labelled
    assert not yolo_projects.read(root, missing_label="unlabelled").images[1].labelled


def test_read__orphan_label_files_are_told(plant: Plant) -> None:
    orphans = {"labels/val/z.txt": BOX, "labels/val/classes.txt": "cell"}
    records = yolo_projects.read(plant({**TREE, **orphans}))
    (problem,) = records.problems.examples()
    assert (problem.kind, problem.file) == ("label-file-orphan", "labels/val/z.txt")


def test_read__labels_of_an_unreadable_image_are_rejected(plant: Plant) -> None:
    records = yolo_projects.read(plant({**TREE, "images/train/b.png": "no picture"}))
    assert [image.source_id for image in records.images] == ["images/val/a.png"]
    assert records.problems.counts() == {"image-unreadable": 1, "image-rejected": 1}


def test_read__keypoints_are_left_away(plant: Plant) -> None:
    rows = "0 0.5 0.5 0.5 0.5 0.1 0.1 2 0.2 0.2 2\n"
    tree = {**TREE, "data.yaml": YAML + "kpt_shape: [2, 3]\n", "labels/train/b.txt": rows}
    records = yolo_projects.read(plant(tree))
    assert records.labels.counts == [None]
    assert records.problems.counts() == {"keypoints-ignored": 1}


@pytest.mark.parametrize(
    "yaml",
    [
        "train: [images/train]\nval: ./images/val/\nnames: {0: cell, 1: clot}",
        "path: .\ntrain: images/train\nval: images/val\nnames: [cell, clot]",
        "path: ../datasets/tree\ntrain: images/train\nval: images/val\nnames: [cell, clot]",
        "path: images\ntrain: train\nval: val\nnames: [cell, clot]",
        "train: ../images/train\nvalid: ../images/val\nnames: [cell, clot]",
        "train: train.txt\nval: lists/val.txt\nnames: [cell, clot]",
    ],
)
def test_read__ways_to_name_a_split(yaml: str, plant: Plant) -> None:
    lists = {"train.txt": "./images/train/b.png\n", "lists/val.txt": "../images/val/a.png"}
    records = yolo_projects.read(plant({**TREE, "data.yaml": yaml, **lists}))
    assert [image.split for image in records.images] == ["train", "val"]
    assert records.problems.counts() == {}


def test_read__splits_outside_or_missing_are_not_read(plant: Plant, tmp_path: Path) -> None:
    outside = tmp_path / "outside" / "images"
    outside.mkdir(parents=True)
    yaml = f"path: /elsewhere\ntrain: {outside}\nval: images/val\ntest: images/test\nnames: [a, b]"
    records = yolo_projects.read(plant({**TREE, "data.yaml": yaml}))
    assert [image.split for image in records.images] == ["val"]
    assert records.problems.counts() == {"path-ignored": 1, "split-missing": 2}


def test_read__lists_may_not_lead_out(plant: Plant) -> None:
    lines = "./images/train/b.png\n../../secret.png\n/etc/passwd\nimages/none.png\n..\\a.png\n"
    tree = {**TREE, "data.yaml": "train: train.txt\nnames: [a, b]", "train.txt": lines}
    records = yolo_projects.read(plant(tree))
    assert [image.source_id for image in records.images] == ["images/train/b.png"]
    assert records.problems.counts() == {"file-name-unsafe": 3, "image-unknown": 1}


def test_read__links_out_of_the_folder_are_refused(plant: Plant, tmp_path: Path) -> None:
    root = plant(TREE)
    secret = tmp_path / "secret.txt"
    secret.write_text(BOX)
    (root / "images" / "val" / "c.png").symlink_to(secret)
    (root / "labels" / "val" / "a.txt").unlink()
    (root / "labels" / "val" / "a.txt").symlink_to(secret)
    records = yolo_projects.read(root)
    assert [image.source_id for image in records.images] == ["images/train/b.png"]
    assert records.problems.counts() == {"file-name-unsafe": 2}


def test_read__an_image_in_two_splits_counts_once(plant: Plant) -> None:
    yaml = "train: images/train\nval: images/train\nnames: [a, b]"
    records = yolo_projects.read(plant({**TREE, "data.yaml": yaml}))
    assert [image.split for image in records.images] == ["train"]
    assert records.problems.counts() == {"image-in-two-splits": 1}


@pytest.mark.parametrize("nest", ["images/{}/{}", "{}/images/{}"])
def test_read__bare_folders(nest: str, plant: Plant) -> None:
    tree: dict[str, str | tuple[int, int]] = {
        nest.format("valid", "a.png"): (8, 4),
        nest.replace("images", "labels").format("valid", "a.txt"): "3 0.5 0.5 0.5 0.5",
        nest.format("train", "b.png"): (8, 4),
        nest.replace("images", "labels").format("train", "b.txt"): "1 0.5 0.5 0.5 0.5",
    }
    records = yolo_projects.read(plant(tree))
    assert sorted(str(image.split) for image in records.images) == ["train", "val"]
    assert records.classes == (ClassRecord("1", "1"), ClassRecord("3", "3"))
    assert sorted(records.labels.class_.tolist()) == [0, 1]
    assert records.problems.counts() == {"class-name-missing": 2}


def test_read__flat_folders_take_the_split_that_is_asked_for(plant: Plant) -> None:
    root = plant({"images/a.png": (8, 4), "labels/a.txt": BOX, "classes.txt": "cell\nblood clot"})
    records = yolo_projects.read(root, split="test")
    assert [image.split for image in records.images] == ["test"]
    assert [one.name for one in records.classes] == ["cell", "blood clot"]


def test_read__other_picture_formats_are_told(plant: Plant) -> None:
    records = yolo_projects.read(plant({**TREE, "images/val/c.heic": "x", "images/val/d.md": "x"}))
    assert records.problems.counts() == {"image-format-unsupported": 1}


def test_read__names_and_their_count(plant: Plant) -> None:
    yaml = "train: images/train\nnc: 5\nnames: [cell, cell]"
    records = yolo_projects.read(plant({**TREE, "data.yaml": yaml}))
    assert records.problems.counts() == {"class-count-differs": 1, "class-name-repeated": 1}
    only_count = "train: images/train\nnc: 2"
    records = yolo_projects.read(plant({**TREE, "data.yaml": only_count}))
    assert [one.name for one in records.classes] == ["class_0", "class_1"]


@pytest.mark.parametrize(
    "yaml",
    [
        "[1, 2]",
        "{",
        "names: !!python/object/apply:os.system [ls]",
        "names: cell",
        "names: [[a], b]",
        "names: {x: a}",
        "a: &a [1]\nnames: [*a, *a]",
        "[" * 2000,
    ],
)
def test_read__broken_yaml(yaml: str, plant: Plant) -> None:
    with pytest.raises((UnreadableFile, UnknownFormat)):
        yolo_projects.read(plant({**TREE, "data.yaml": yaml}))


def test_read__what_is_no_yolo_folder(plant: Plant, tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat):
        yolo_projects.read(plant({"a.txt": BOX}))
    with pytest.raises(NotFound):
        yolo_projects.read(tmp_path / "absent")


@pytest.mark.shared_data
def test_read__real_folder(shared_data: Path) -> None:
    records = yolo_projects.read(shared_data / "txl_pbc")
    assert len(records.images) == 288
    assert [one.name for one in records.classes] == ["WBC", "RBC", "Platelet"]
    assert len(records.labels) == 5334
    assert {image.split for image in records.images} == {"val"}
    assert records.problems.counts() == {"split-missing": 2}
    assert records.questions == ()


def test_read__sizes_from_elsewhere(plant: Plant) -> None:
    root = plant({name: "" if name.endswith("png") else text for name, text in TREE.items()})
    asked = []

    def header_of(path: Path) -> PictureHeader:
        asked.append(path.name)
        return PictureHeader(100, 50, 100, 50, "PNG", 1)

    records = yolo_projects.read(root, header_of=header_of)
    assert records.labels.boxes.tolist() == [[25, 20, 50, 10]]
    assert asked == ["b.png", "a.png"]
