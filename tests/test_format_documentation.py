"""docs/formats.md lists every format and every kind of problem, and its examples can be read."""

from __future__ import annotations

import re
from pathlib import Path

from PIL import Image

from curation.formats import coco_projects, coco_results, cvat_xml
from curation.formats.problems import KINDS
from curation.formats.registry import PREDICTION_FORMATS, PROJECT_FORMATS
from curation.formats.yolo_projects import read as read_yolo

PAGE = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")


def _rows(heading: str) -> dict[str, tuple[str, str]]:
    """Return the table of problem kinds under a heading: meaning and advice by name."""
    section = PAGE.split(f"### {heading}")[1].split("###")[0]
    found = re.findall(r"^\| `([a-z-]+)` \| (.+) \| (.+) \|$", section, re.MULTILINE)
    return {name: (meaning, advice) for name, meaning, advice in found}


def _kinds(severity: str) -> dict[str, tuple[str, str]]:
    return {
        kind.name: (kind.meaning, kind.advice)
        for kind in KINDS.values()
        if kind.severity == severity
    }


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_rejects__are_all_listed_with_their_meaning() -> None:
    assert _rows("Rejected") == _kinds("reject")


def test_warnings__are_all_listed_with_their_meaning() -> None:
    assert _rows("Warned of") == _kinds("warning")


def test_formats__are_all_listed() -> None:
    named = set(re.findall(r"^\| .+ \| `([a-z-]+)` \|", PAGE.split("##")[0], re.MULTILINE))
    assert named == {*PROJECT_FORMATS, *PREDICTION_FORMATS}


def test_coco_example__is_read_without_a_reject(tmp_path: Path) -> None:
    file = tmp_path / "instances.json"
    file.write_text(_blocks("json")[0])
    records = coco_projects.read(file)
    assert records.problems.counts() == {"area-computed": 1}
    assert [one.name for one in records.classes] == ["red cell", "platelet"]
    assert records.labels.area.tolist() == [1004.0, 64.0]


def test_coco_results_example__keeps_the_box_without_extent(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    file.write_text(_blocks("json")[1])
    columns, log = coco_results.read(file)
    assert len(columns) == 2
    assert log.counts() == {"box-without-extent": 1}


def test_yolo_example__has_a_box_and_a_polygon(tmp_path: Path) -> None:
    for folder in ("images/val", "labels/val"):
        (tmp_path / folder).mkdir(parents=True)
    Image.new("RGB", (100, 50)).save(tmp_path / "images/val/a.png")
    (tmp_path / "data.yaml").write_text(_blocks("yaml")[0])
    (tmp_path / "labels/val/a.txt").write_text(_blocks("text")[1])
    records = read_yolo(tmp_path)
    assert records.problems.counts() == {}
    assert records.labels.boxes[0].tolist() == [40, 15, 20, 20]
    assert [polygon is not None for polygon in records.labels.polygons] == [False, True]


def test_cvat_example__has_every_shape_and_no_reject(tmp_path: Path) -> None:
    file = tmp_path / "annotations.xml"
    file.write_text(_blocks("xml")[0])
    records = cvat_xml.read(file)
    assert records.problems.counts() == {}
    assert [one.name for one in records.classes] == ["red cell", "platelet"]
    assert records.labels.boxes.tolist() == [
        [10, 20, 30.5, 40],
        [110, 90, 20, 40],
        [180, 190, 40, 20],
        [300, 300, 20, 10],
        [10, 10, 3, 2],
    ]
    assert records.images[0].split == "train"
