"""Rejected records whose image is known: its labels are not complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from curation.formats import coco_projects, yolo_projects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    WriteJson = Callable[[Any], Path]
    Plant = Callable[[dict[str, str | tuple[int, int]]], Path]


def test_coco__what_is_rejected_is_a_loss_of_its_image(write_json: WriteJson) -> None:
    content = {
        "images": [
            {"id": 1, "file_name": "a.png", "width": 20, "height": 10},
            {"id": 2, "file_name": "b.png", "width": -1, "height": 10},
            {"id": 1, "file_name": "c.png", "width": 20, "height": 10},
            {"id": "4", "file_name": "d.png", "width": "wide"},
        ],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, -1, 1]},
            {"id": 2, "image_id": 1, "category_id": 1, "bbox": "none"},
            {"id": 3, "image_id": 9, "category_id": 1, "bbox": [0, 0, 1, 1]},
            {"id": 4, "image_id": 2, "category_id": 1, "bbox": [0, 0, 1, 1]},
        ],
    }
    losses = coco_projects.read(write_json(content)).losses
    assert sorted((one.image, one.kind) for one in losses) == [
        ("a.png", "box-malformed"),
        ("a.png", "box-negative"),
        ("a.png", "image-conflict"),
        ("b.png", "image-size-invalid"),
        ("c.png", "image-conflict"),
        ("d.png", "record-malformed"),
    ]


def test_coco__losses_of_one_image_are_kept_up_to_five(write_json: WriteJson) -> None:
    bad = {"image_id": 1, "category_id": 1, "bbox": [0, 0, -1, 1]}
    content = {
        "images": [{"id": 1, "file_name": "a.png"}, {"id": 2}],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [{**bad, "id": n} for n in range(9)] + [{**bad, "image_id": 2, "id": 9}],
    }
    records = coco_projects.read(write_json(content))
    assert [one.reason for one in records.losses] == ["bbox is [0.0, 0.0, -1.0, 1.0]"] * 5
    assert records.problems.counts()["box-negative"] == 10


def test_yolo__what_is_rejected_is_a_loss_of_its_image(plant: Plant) -> None:
    root = plant(
        {
            "data.yaml": "train: images/train\nval: images/val\nnames: [cell, clot]\n",
            "images/train/b.png": (20, 10),
            "images/val/a.png": "no picture",
            "labels/train/b.txt": "0 0.5\n9 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.5 0.2\n",
        }
    )
    records = yolo_projects.read(root)
    assert [(one.image, one.kind) for one in records.losses] == [
        ("images/train/b.png", "row-malformed"),
        ("images/train/b.png", "class-unknown"),
        ("images/val/a.png", "image-unreadable"),
    ]
    assert len(records.labels) == 1
