from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from tests.curation.sync.tools.files.conftest import OpenFiles, digests


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in ("images/train", "labels/train"):
        (root / name).mkdir(parents=True)
    (root / "data.yaml").write_text("train: images/train\nnames: [cell, clot]\n")
    for name in ("a", "b", "c"):
        Image.new("RGB", (20, 10)).save(root / f"images/train/{name}.png")
    (root / "labels/train/a.txt").write_text("1 0.5 0.5 0.5 0.2\n")
    (root / "labels/train/b.txt").write_text("0 0.5 0.5 0.5 0.2\n7 0.5 0.5 0.5 0.2\n")
    return root


def test_yolo__tree_with_sizes_from_the_pictures(tree: Path, open_files: OpenFiles) -> None:
    tool = open_files(tree)
    first, second, third = tool.tasks()
    assert (first.id, first.width, first.height) == ("images/train/a.png", 20, 10)
    assert first.annotations[0].regions == [{"class": "clot", "box": [5, 4, 10, 2], "area": 20}]
    assert first.fields == {"file": str(tree), "split": "train"}
    assert [task.status for task in (second, third)] == ["submitted", "waiting"]
    (fault,) = tool.shapes(second.annotations[0].regions, size=(10, 20), classes={}).faults
    assert fault.reason == "there is no class 7 (class-unknown)"


def test_yolo__one_label_file_is_the_only_change(tree: Path, open_files: OpenFiles) -> None:
    tool = open_files(tree)
    stamp, before = tool.fingerprint(), list(tool.tasks())
    (tree / "labels/train/c.txt").write_text("")
    assert tool.fingerprint() != stamp
    after = list(tool.tasks())
    changed = digests(after).items() - digests(before).items()
    assert {name for name, _ in changed} == {"images/train/c.png"}
    assert after[2].status == "submitted"
    os.utime(tree / "labels/train/c.txt", ns=(1, 1))
    assert next(t for t in tool.tasks() if t.id.endswith("c.png")).updated_at.startswith("1970")


def test_yolo__a_damaged_picture_is_not_gone(tree: Path, open_files: OpenFiles) -> None:
    (tree / "images/train/a.png").write_text("no picture")
    tool = open_files(tree)
    tasks = {task.id: task for task in tool.tasks()}
    assert len(tasks) == 3
    regions = tasks["images/train/a.png"].annotations[0].regions
    (fault,) = tool.shapes(regions, size=(10, 20), classes={}).faults
    assert fault.reason.endswith("(image-unreadable)")
