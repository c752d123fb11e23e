from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from curation.errors import (
    InputRejected,
    InvalidSetting,
    NotFound,
    UnknownFormat,
    UnreadableFile,
    UnsafePath,
)
from curation.media.sources import LocalFolder
from curation.sync.annotation_tool import PushingTool, RemoteTask, WholeTool, WindowedTool
from curation.sync.task_rows import rows_of
from curation.sync.tools.files.copies import Copies
from tests.curation.sync.tools.files.conftest import COCO, OpenFiles

CVAT = """<annotations>
  <meta><task><labels><label><name>cell</name></label></labels></task></meta>
  <image id="0" name="a.png" width="20" height="10">
    <box label="cell" xtl="1" ytl="2" xbr="4" ybr="6" rotation="90"/>
    <tag label="cell"/>
  </image>
  <image id="1" name="b.png" width="20" height="10"></image>
</annotations>"""


def digests(tasks: list[RemoteTask]) -> dict[str, str]:
    """Return by task what a pull compares."""
    return {row.remote_id: row.sha256 for row in rows_of(tasks)[0]}


def write(folder: Path, content: Any, name: str = "instances.json") -> None:
    """Replace a file as careful writers do: whole, at once."""
    partial = folder / f".{name}.part"
    partial.write_text(content if isinstance(content, str) else json.dumps(content))
    partial.rename(folder / name)


def test_tool__is_whole_and_takes_nothing(folder: Path, open_files: OpenFiles) -> None:
    tool = open_files(folder)
    assert isinstance(tool, WholeTool)
    assert not isinstance(tool, WindowedTool | PushingTool)
    assert not tool.capabilities.push


def test_project__has_the_classes_of_the_files(folder: Path, open_files: OpenFiles) -> None:
    project = open_files(folder).project()
    assert (project.title, project.classes, project.tasks) == ("labels", ("cell", "clot"), 2)


def test_tasks__one_for_each_image(folder: Path, open_files: OpenFiles) -> None:
    first, second = open_files(folder).tasks()
    assert (first.id, first.image, first.width, first.height) == ("a.png", "a.png", 20, 10)
    assert (first.status, second.status) == ("submitted", "submitted")  # no label: background
    assert (second.id, second.annotations[0].regions) == ("d/b.png", [])
    (annotation,) = first.annotations
    assert annotation.id == "labels:a.png"
    assert annotation.regions == [
        {"class": "cell", "box": [1, 2, 3.1, 4], "area": 11.7},
        {
            "class": "clot",
            "box": [0, 0, 4, 4],
            "area": 8,
            "polygons": [[0, 0, 4, 0, 0, 4]],
            "counts": annotation.regions[1]["counts"],
            "ignore": True,
        },
    ]


def test_shapes__are_those_of_the_file(folder: Path, open_files: OpenFiles) -> None:
    tool = open_files(folder)
    regions = next(tool.tasks()).annotations[0].regions
    box, polygon = tool.shapes(json.loads(json.dumps(regions)), size=(10, 20), classes={}).shapes
    assert (box.class_name, box.kind, box.box, box.area) == (
        "cell",
        "rectangle",
        (1, 2, 3.1, 4),
        11.7,
    )
    assert (polygon.polygons, polygon.area) == (((0, 0, 4, 0, 0, 4),), 8)
    assert (polygon.crowd, polygon.ignore) == (False, True)


def test_tasks__without_annotations_wait(folder: Path, open_files: OpenFiles) -> None:
    write(folder, {**COCO, "annotations": None} | {"annotations": []})
    assert [task.status for task in open_files(folder).tasks()] == ["submitted", "submitted"]
    unlabelled = {name: part for name, part in COCO.items() if name != "annotations"}
    write(folder, unlabelled)
    tasks = list(open_files(folder).tasks())
    assert [(task.status, task.annotations) for task in tasks] == [("waiting", ())] * 2


def test_fingerprint__changes_with_every_way_a_file_can(
    folder: Path, open_files: OpenFiles
) -> None:
    tool = open_files(folder)
    seen = [tool.fingerprint()]
    assert tool.fingerprint() == seen[0]
    file = folder / "instances.json"

    def step() -> None:
        seen.append(tool.fingerprint())

    os.utime(file, ns=(1, 1))
    step()
    old = file.stat()
    write(folder, file.read_text())  # moved into place with its old time
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))
    step()
    write(folder, {"images": []}, "more.json")
    step()
    (folder / "more.json").rename(folder / "other.json")
    step()
    (folder / "other.json").unlink()
    step()
    assert seen[2] == seen[5]
    assert len(set(seen)) == len(seen) - 1
    assert {len(one) for one in seen} == {64}


def test_fingerprint__ignores_other_files_and_hidden_ones(
    folder: Path, open_files: OpenFiles
) -> None:
    before = open_files(folder).fingerprint()
    (folder / "readme.txt").write_text("x")
    (folder / ".instances.json.part").write_text("half")
    (folder / ".cache").mkdir()
    (folder / ".cache" / "x.json").write_text("x")
    assert open_files(folder).fingerprint() == before
    assert open_files(folder, missing_label="background").fingerprint() != before


def test_touched_but_equal__gives_another_fingerprint_and_the_same_tasks(
    folder: Path, open_files: OpenFiles
) -> None:
    tool = open_files(folder)
    stamp, before = tool.fingerprint(), list(tool.tasks())
    os.utime(folder / "instances.json", ns=(1, 1))
    assert tool.fingerprint() != stamp
    after = list(tool.tasks())
    assert digests(after) == digests(before)
    assert after[0].updated_at == "1970-01-01T00:00:00.000000Z" != before[0].updated_at


def test_rewritten_in_another_order__is_no_change(folder: Path, open_files: OpenFiles) -> None:
    before = digests(list(open_files(folder).tasks()))
    annotations = [
        {**one, "id": 50 + number} for number, one in enumerate(reversed(COCO["annotations"]))
    ]
    write(folder, {**COCO, "images": COCO["images"][::-1], "annotations": annotations})
    assert digests(list(open_files(folder).tasks())) == before


def test_one_image_of_many__is_the_only_change(folder: Path, open_files: OpenFiles) -> None:
    images = [{"id": n, "file_name": f"{n}.png", "width": 9, "height": 9} for n in range(50)]
    annotations = [
        {"id": n, "image_id": n, "category_id": 7, "bbox": [1, 1, 2, 2], "area": 4}
        for n in range(50)
    ]
    whole = {**COCO, "images": images, "annotations": annotations}
    write(folder, whole)
    tool = open_files(folder)
    before = digests(list(tool.tasks()))
    annotations[17]["bbox"] = [1, 1, 2, 2.5]
    write(folder, whole)
    after = digests(list(tool.tasks()))
    assert {name for name in after if after[name] != before[name]} == {"17.png"}
    write(folder, {**whole, "images": images[1:], "annotations": annotations[1:]})
    assert before.keys() - digests(list(tool.tasks())).keys() == {"0.png"}


@pytest.mark.parametrize(
    "content", ["", "{", json.dumps(COCO)[:200], "[]", '{"info": {}}', "\x00\x01"]
)
def test_half_written_file__is_refused_by_name(
    folder: Path, open_files: OpenFiles, content: str
) -> None:
    tool = open_files(folder)
    assert len(list(tool.tasks())) == 2
    write(folder, content)
    with pytest.raises(InputRejected, match=r"labels/instances\.json"):
        list(tool.tasks())
    with pytest.raises(InputRejected, match=r"labels/instances\.json"):
        tool.project()
    write(folder, COCO)
    assert len(list(tool.tasks())) == 2


def test_two_files_on_one_image__are_refused(folder: Path, open_files: OpenFiles) -> None:
    write(folder, {**COCO, "annotations": []}, "second.json")
    with pytest.raises(UnreadableFile) as caught:
        list(open_files(folder).tasks())
    assert caught.value.file == str(folder / "second.json")
    assert caught.value.reason.startswith("it describes the image 'a.png' as instances.json does")
    chosen = open_files(folder, files="inst*.json")
    assert [task.id for task in chosen.tasks()] == ["a.png", "d/b.png"]


def test_one_file_on_one_image_twice__is_refused(folder: Path, open_files: OpenFiles) -> None:
    images = [*COCO["images"], {"id": 3, "file_name": "a.png", "width": 20, "height": 10}]
    write(folder, {**COCO, "images": images})
    with pytest.raises(UnreadableFile, match=r"describes the image 'a\.png' twice"):
        list(open_files(folder).tasks())


def test_several_files__make_one_list(folder: Path, open_files: OpenFiles) -> None:
    (folder / "val").mkdir()
    images = [{"id": 1, "file_name": "c.png", "width": 4, "height": 4}]
    classes = [{"id": 1, "name": "dust"}, {"id": 2, "name": "cell"}]
    write(folder / "val", {"images": images, "categories": classes, "annotations": []}, "v.json")
    tool = open_files(folder)
    assert [task.id for task in tool.tasks()] == ["a.png", "c.png", "d/b.png"]
    assert [task.fields["file"] for task in tool.tasks()][1] == "val/v.json"
    assert tool.project().classes == ("cell", "clot", "dust")


def test_rejected_label__keeps_its_image_waiting(folder: Path, open_files: OpenFiles) -> None:
    bad = [
        {"id": 3, "image_id": 1, "category_id": 8, "bbox": [1, 1, 1, 1]},
        {"id": 4, "image_id": 1, "category_id": 7, "bbox": "wide"},
        {"id": 5, "image_id": 99, "category_id": 7, "bbox": [1, 1, 1, 1]},
    ]
    write(folder, {**COCO, "annotations": [*COCO["annotations"], *bad]})
    tool = open_files(folder)
    first, second = tool.tasks()
    read = tool.shapes(first.annotations[0].regions, size=(10, 20), classes={})
    assert len(read.shapes) == 2
    assert sorted(one.reason for one in read.faults) == [
        "bbox is 'wide' (box-malformed)",
        "there is no category 8 (class-unknown)",
    ]
    assert tool.shapes(second.annotations[0].regions, size=(10, 20), classes={}).faults == ()
    counts = tool.problems.counts()
    assert counts["image-unknown"] == counts["class-unknown"] == counts["box-malformed"] == 1


def test_rejected_image__is_not_gone(folder: Path, open_files: OpenFiles) -> None:
    images = [{**COCO["images"][0], "width": -20}, COCO["images"][1]]
    write(folder, {**COCO, "images": images})
    tool = open_files(folder)
    first = next(tool.tasks())
    assert (first.id, first.width, first.status) == ("a.png", None, "submitted")
    (fault,) = tool.shapes(first.annotations[0].regions, size=(10, 20), classes={}).faults
    assert fault.reason == "width is -20.0 (image-size-invalid)"


def test_cvat__turned_boxes_and_tags(folder: Path, open_files: OpenFiles) -> None:
    (folder / "instances.json").unlink()
    write(folder, CVAT, "annotations.xml")
    tool = open_files(folder)
    first, second = tool.tasks()
    assert [(task.id, task.status) for task in (first, second)] == [
        ("a.png", "submitted"),
        ("b.png", "waiting"),
    ]
    read = tool.shapes(first.annotations[0].regions, size=(10, 20), classes={})
    assert (read.shapes[0].kind, read.shapes[0].box) == ("rotated rectangle", (0.5, 2.5, 4, 3))
    assert [(one.kind, one.field, one.value) for one in read.marks] == [("choice", "tag", "cell")]
    background = open_files(folder, missing_label="background")
    assert [task.status for task in background.tasks()] == ["submitted", "submitted"]


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


def test_format__is_asked_for_where_names_do_not_tell(folder: Path, open_files: OpenFiles) -> None:
    write(folder, CVAT, "annotations.xml")
    with pytest.raises(UnknownFormat, match=r"coco and cvat.*'format'"):
        open_files(folder).fingerprint()
    assert [task.id for task in open_files(folder, format="cvat").tasks()] == ["a.png", "b.png"]


@pytest.mark.parametrize("options", [{}, {"format": "coco"}, {"format": "yolo"}])
def test_empty_folder__is_refused_and_not_an_empty_list(
    tmp_path: Path, open_files: OpenFiles, options: dict[str, str]
) -> None:
    (tmp_path / "empty").mkdir()
    tool = open_files(tmp_path / "empty", **options)
    for read in (tool.fingerprint, tool.project, lambda: list(tool.tasks())):
        with pytest.raises(UnknownFormat, match="empty is not a folder"):
            read()


@pytest.mark.parametrize(
    "options",
    [{"format": "voc"}, {"missing_label": "maybe"}, {"files": 3}, {"format": "yolo", "files": "*"}],
)
def test_options__are_checked(folder: Path, open_files: OpenFiles, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidSetting):
        open_files(folder, **options)


def test_location__is_a_full_path_that_exists(tmp_path: Path, open_files: OpenFiles) -> None:
    with pytest.raises(InvalidSetting, match="full path"):
        open_files("labels")
    with pytest.raises(NotFound):
        open_files(tmp_path / "absent")


def test_links_out_of_the_folder__are_refused(
    folder: Path, open_files: OpenFiles, tmp_path: Path
) -> None:
    (tmp_path / "secret.json").write_text(json.dumps(COCO))
    (folder / "link.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(UnsafePath, match=r"link\.json"):
        list(open_files(folder).tasks())
    (folder / "link.json").unlink()
    (folder / "inside").mkdir()
    (folder / "instances.json").rename(folder / "inside" / "real.txt")
    (folder / "link.json").symlink_to(folder / "inside" / "real.txt")
    assert len(list(open_files(folder).tasks())) == 2


def test_long_names__have_short_ids(folder: Path, open_files: OpenFiles) -> None:
    name = "/".join(["n" * 200] * 4)
    write(folder, {**COCO, "images": [{**COCO["images"][0], "file_name": name}]})
    (task,) = open_files(folder).tasks()
    assert (task.image, len(task.id), task.id[:7]) == (name, 71, "sha256:")


def test_close__leaves_no_copy_behind(folder: Path, open_files: OpenFiles, tmp_path: Path) -> None:
    tool = open_files(folder)
    list(tool.tasks())
    assert [path for path in (tmp_path / "spool").iterdir() if path.is_dir()]
    tool.close()
    assert list((tmp_path / "spool").iterdir()) == []


def test_known_files__are_not_read_again_for_their_classes(
    folder: Path, open_files: OpenFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_files(folder)
    project = first.project()
    first.close()
    monkeypatch.setattr(Copies, "refresh", None)  # reading would fail
    assert open_files(folder).project() == project
    (outline,) = (tmp_path / "spool").iterdir()
    outline.write_text("{")
    monkeypatch.undo()
    assert open_files(folder).project() == project


def test_file_that_changes_while_it_is_copied__is_copied_again(
    folder: Path, open_files: OpenFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = open_files(folder)
    copy, left = LocalFolder.copy, [2]

    def meddled(self: LocalFolder, *args: Any, **options: Any) -> str:
        version = copy(self, *args, **options)
        if left[0]:
            left[0] -= 1
            write(folder, {**COCO, "images": COCO["images"][: left[0]], "annotations": []})
        return version

    monkeypatch.setattr(LocalFolder, "copy", meddled)
    assert list(tool.tasks()) == []  # the last of the versions, whole
    assert tool.faults.counts == {"changed while read": 2}


def test_file_that_never_stands_still__is_refused(
    folder: Path, open_files: OpenFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = LocalFolder.copy

    def meddled(self: LocalFolder, *args: Any, **options: Any) -> str:
        version = copy(self, *args, **options)
        write(folder, COCO)
        return version

    monkeypatch.setattr(LocalFolder, "copy", meddled)
    with pytest.raises(UnreadableFile, match="keep changing"):
        list(open_files(folder).tasks())


def test_refreshed_all_the_time__every_reading_is_of_one_version(
    folder: Path, open_files: OpenFiles
) -> None:
    def version(number: int) -> dict[str, Any]:
        images = [{"id": n, "file_name": f"{n}.png", "width": 9, "height": 9} for n in range(200)]
        annotations = [
            {"id": n, "image_id": n, "category_id": 7, "bbox": [0, 0, 1 + number, 1]}
            for n in range(200)
        ]
        return {**COCO, "images": images, "annotations": annotations}

    write(folder, version(0))
    stop = threading.Event()

    def refresh() -> None:
        number = 0
        while not stop.wait(0.05):
            number += 1
            write(folder, version(number))

    writer = threading.Thread(target=refresh)
    writer.start()
    read = 0
    try:
        for _ in range(12):
            try:
                tasks = list(open_files(folder).tasks())
            except UnreadableFile:  # it never stood still
                continue
            widths = {task.annotations[0].regions[0]["box"][2] for task in tasks}
            assert (len(tasks), len(widths)) == (200, 1)
            read += 1
    finally:
        stop.set()
        writer.join()
    assert read
