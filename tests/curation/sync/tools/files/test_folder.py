from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curation.errors import (
    InputRejected,
    InvalidSetting,
    NotFound,
    UnknownFormat,
    UnreadableFile,
    UnsafePath,
)
from curation.sync.annotation_tool import PushingTool, WholeTool, WindowedTool
from tests.curation.sync.tools.files.conftest import COCO, OpenFiles, write

CVAT = """<annotations>
  <meta><task><labels><label><name>cell</name></label></labels></task></meta>
  <image id="0" name="a.png" width="20" height="10">
    <box label="cell" xtl="1" ytl="2" xbr="4" ybr="6" rotation="90"/>
    <tag label="cell"/>
  </image>
  <image id="1" name="b.png" width="20" height="10"></image>
</annotations>"""


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
