from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from pycocotools import mask as coco_mask

from curation.errors import UnknownFormat, UnreadableFile
from curation.formats import cvat_xml
from curation.formats.records import ClassRecord, ImageRecord, Loss, MarkRecord
from curation.formats.registry import detect_project
from evaluation.masks import Masks
from evaluation.run_lengths import decode

if TYPE_CHECKING:
    from pathlib import Path

    from curation.formats.records import ProjectRecords

LABELS = """
  <meta><task><name>t</name><labels>
    <label><name>cell</name><type>any</type><attributes></attributes></label>
    <label><name>clot</name></label>
  </labels></task></meta>"""
BOX = '<box label="cell" occluded="0" xtl="1" ytl="2" xbr="4" ybr="6" z_order="0"></box>'


def image(content: str = "", name: str = "a.png", *, size: str = 'width="20" height="10"') -> str:
    return f'<image id="0" name="{name}" {size}>{content}</image>'


@pytest.fixture
def write(tmp_path: Path):
    """Write an XML file from what stands below its root."""

    def written(content: str, head: str = LABELS) -> Path:
        path = tmp_path / "annotations.xml"
        text = f'<?xml version="1.0" encoding="utf-8"?>\n<annotations>{head}{content}</annotations>'
        path.write_text(text, "utf-8")
        return path

    return written


def kinds(records: ProjectRecords) -> dict[str, int]:
    return records.problems.counts()


def test_read__images_classes_and_boxes(write) -> None:
    second = '<image id="1" name="d/b.png" subset="Validation" width="8" height="4"></image>'
    records = cvat_xml.read(write(image(BOX) + second), split="train")
    assert records.images == (
        ImageRecord("a.png", "a.png", 20, 10, "train", labelled=True),
        ImageRecord("d/b.png", "d/b.png", 8, 4, "val", labelled=False),
    )
    assert records.classes == (ClassRecord("0", "cell"), ClassRecord("1", "clot"))
    labels = records.labels
    assert (labels.boxes.tolist(), labels.area.tolist()) == ([[1, 2, 3, 4]], [12])
    assert (labels.image.tolist(), labels.class_.tolist()) == ([0], [0])
    assert (labels.source_id.tolist(), labels.exact) == ([-1], [None])
    assert (labels.crowd.tolist(), labels.ignore.tolist()) == ([False], [False])
    assert kinds(records) == {}


def test_read__polygons_and_turned_boxes_have_cocos_mask(write) -> None:
    polygon = '<polygon label="clot" points="2.5,2.5;10,2.5;10,7.5"></polygon>'
    turned = BOX.replace('z_order="0"', 'rotation="90"')
    labels = cvat_xml.read(write(image(polygon + turned))).labels
    outlines = [[2.5, 2.5, 10, 2.5, 10, 7.5], [4.5, 2.5, 4.5, 5.5, 0.5, 5.5, 0.5, 2.5]]
    expected = [coco_mask.frPyObjects([outline], 10, 20)[0] for outline in outlines]
    assert [json.loads(text or b"") for text in labels.polygons] == [[one] for one in outlines]
    assert labels.counts == [one["counts"] for one in expected]
    assert labels.area.tolist() == [coco_mask.area(one) for one in expected]
    assert labels.boxes.tolist() == [[2.5, 2.5, 7.5, 5], [0.5, 2.5, 4, 3]]


def test_read__masks_and_ellipses(write) -> None:
    mask = '<mask label="cell" rle="0, 3, 1, 2" left="4" top="1" width="3" height="2"></mask>'
    ellipse = '<ellipse label="cell" cx="10" cy="5" rx="1" ry="1"></ellipse>'
    labels = cvat_xml.read(write(image(mask + ellipse))).labels
    assert (labels.area.tolist(), labels.polygons) == ([5, 4], [None, None])
    assert labels.boxes.tolist() == [[4, 1, 3, 2], [9, 4, 2, 2]]
    masks = Masks.from_texts(labels.counts, [(10, 20)] * 2)
    decoded = [decode(masks.runs(row), (10, 20)) for row in range(2)]
    assert decoded[0][1:3, 4:7].tolist() == [[1, 1, 1], [0, 1, 1]]
    assert decoded[1][4:6, 9:11].tolist() == [[1, 1], [1, 1]]
    assert [int(one.sum()) for one in decoded] == [5, 4]


def test_read__many_shapes_keep_their_order(write) -> None:
    count = 5_000  # more than are drawn at once
    shapes = [
        f'<polygon label="cell" points="0,0;{n % 19 + 1},0;0,5"/>' if n % 3 else BOX
        for n in range(count)
    ]
    labels = cvat_xml.read(write(image("".join(shapes)))).labels
    assert labels.boxes[:, 2].tolist() == [n % 19 + 1 if n % 3 else 3 for n in range(count)]


def test_read__an_image_without_anything_is_a_question(write) -> None:
    path = write(image(BOX) + image("", "b.png") + image('<tag label="cell"/>', "c.png"))
    records = cvat_xml.read(path)
    assert [one.labelled for one in records.images] == [True, False, True]
    (question,) = records.questions
    assert (question.option, question.count) == ("missing_label", 1)
    assert "any shape or tag" in question.text
    answered = cvat_xml.read(path, missing_label="background")
    assert [one.labelled for one in answered.images] == [True, True, True]
    assert answered.questions == ()


def test_read__what_has_no_area_is_reported_and_nothing_is_lost(write) -> None:
    content = (
        BOX
        + '<polyline label="clot" points="1,1;2,2"/><points label="clot" points="1,1;2,3"/>'
        + '<tag label="cell"><attribute name="light">dim</attribute></tag>'
    )
    records = cvat_xml.read(write(image(content)))
    assert kinds(records) == {"shape-without-area": 2, "tag-unsupported": 1}
    assert (len(records.labels), records.losses, records.marks) == (1, (), ())


def test_read__marks_on_request(write) -> None:
    content = (
        '<polyline label="clot" points="1,1;2,2"/><points label="clot" points="1,1;2.5,3"/>'
        '<tag label="cell"><attribute name="light">dim</attribute></tag>'
    )
    records = cvat_xml.read(write(image() + image(content, "b.png")), marks=True)
    assert kinds(records) == {"shape-without-area": 1}
    assert records.marks == (
        MarkRecord(1, "keypoint", "points", "clot", 1, 1),
        MarkRecord(1, "keypoint", "points", "clot", 2.5, 3),
        MarkRecord(1, "choice", "tag", "cell"),
        MarkRecord(1, "text", "cell: light", "dim"),
    )


def test_read__what_is_rejected_is_a_loss_of_its_image(write) -> None:
    content = (
        BOX
        + BOX.replace('xbr="4"', 'xbr="0"')
        + '<cuboid label="cell" xtl1="1"/><polygon label="cell" points="1,1;2,2"/>'
        + BOX.replace("cell", "unheard")
        + BOX.replace('label="cell" ', "")
        + '<mask label="cell" rle="1" left="0" top="0" width="2" height="2"/>'
    )
    records = cvat_xml.read(write(image(content)))
    assert len(records.labels) == 1
    assert kinds(records) == {
        "box-negative": 1,
        "shape-unsupported": 1,
        "mask-malformed": 2,
        "class-unknown": 1,
        "record-malformed": 1,
    }
    assert records.losses[0] == Loss("a.png", "box-negative", "width -1, height 4")
    assert {one.image for one in records.losses} == {"a.png"}
    (problem,) = records.problems.examples("shape-unsupported")
    assert (problem.file, problem.record) == ("annotations.xml", "a.png: cuboid 2")


def test_read__what_is_kept_with_a_warning(write) -> None:
    flat = BOX.replace('xbr="4"', 'xbr="1"')
    beyond = BOX.replace('xbr="4"', 'xbr="21"')
    rounded = BOX.replace('xbr="4"', 'xbr="20.01"')
    detailed = BOX.replace("></box>", '><attribute name="a">1</attribute></box>')
    records = cvat_xml.read(write(image(flat + beyond + rounded + detailed)))
    assert len(records.labels) == 4
    assert kinds(records) == {
        "box-without-extent": 1,
        "box-outside-image": 1,
        "attribute-ignored": 1,
    }
    assert records.losses == ()


def test_read__a_name_that_occurs_again_is_rejected_with_its_shapes(write) -> None:
    records = cvat_xml.read(write(image(BOX) + image(BOX + BOX)))
    assert (len(records.images), len(records.labels)) == (1, 1)
    assert kinds(records) == {"image-conflict": 1, "image-rejected": 2}
    assert records.losses == (Loss("a.png", "image-conflict", "an image 'a.png' occurs before"),)


@pytest.mark.parametrize(
    ("name", "size", "kind"),
    [
        ("../a.png", 'width="2" height="2"', "file-name-unsafe"),
        ("n" * 501, 'width="2" height="2"', "file-name-unsafe"),
        ("", 'width="2" height="2"', "record-malformed"),
        ("a.png", 'width="-2" height="2"', "image-size-invalid"),
        ("a.png", 'width="2.5" height="2"', "image-size-invalid"),
        ("a.png", 'width="wide" height="2"', "image-size-invalid"),
        ("a.png", 'width="nan" height="2"', "image-size-invalid"),
        ("a.png", 'width="9999999999" height="2"', "image-size-invalid"),
    ],
)
def test_read__images_that_are_rejected(write, name: str, size: str, kind: str) -> None:
    records = cvat_xml.read(write(image(BOX, name, size=size)))
    assert records.images == ()
    assert kinds(records) == {kind: 1, "image-rejected": 1}
    assert [one.kind for one in records.losses] == ([kind] if name else [])


def test_read__shapes_wait_for_a_size_only_where_they_can(write) -> None:
    content = (
        BOX
        + '<polygon label="cell" points="0,0;4,0;4,4"/>'
        + '<ellipse label="cell" cx="9" cy="9" rx="2" ry="2"/>'
    )
    records = cvat_xml.read(write(image(content, size="")))
    assert kinds(records) == {"mask-pending": 1, "image-size-unknown": 1}
    assert records.labels.area.tolist() == [12, 8]
    assert (records.images[0].width, records.labels.counts) == (0, [None, None])


def test_read__without_declared_labels_those_that_occur(write) -> None:
    content = BOX.replace("cell", "nucleus") + BOX
    records = cvat_xml.read(write(image(content), head=""))
    assert [one.name for one in records.classes] == ["cell", "nucleus"]
    assert records.labels.class_.tolist() == [1, 0]


def test_read__labels_of_a_whole_project_and_parts_of_skeletons(write) -> None:
    head = (
        "<meta><project><labels><label><name>cell</name></label>"
        "<label><name>cell</name></label><label><name>person</name><type>skeleton</type></label>"
        "<label><name>knee</name><type>points</type><parent>person</parent></label>"
        "</labels></project></meta>"
    )
    records = cvat_xml.read(write(image(BOX), head=head))
    assert [one.name for one in records.classes] == ["cell", "person"]
    assert kinds(records) == {"class-repeated": 1}


@pytest.mark.parametrize(
    ("subset", "split"),
    [("Train", "train"), ("default", None), ("", None), ("testing", "test"), ("night", "night")],
)
def test_read__subsets_are_splits(write, subset: str, split: str | None) -> None:
    path = write(image(BOX, size=f'width="20" height="10" subset="{subset}"'))
    assert cvat_xml.read(path).images[0].split == split


def test_read__video_is_refused_with_the_way_out(write) -> None:
    with pytest.raises(UnreadableFile, match=r"CVAT for video.*CVAT for images 1\.1"):
        cvat_xml.read(write('<track id="0" label="cell"><box frame="0"/></track>'))


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE a [<!ENTITY x "y">]><annotations/>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotations/>',
        "<annotations><image",
        "<annotations>",
        "",
        '<?xml version="1.0" encoding="klingon"?><annotations/>',
        "<annotations>" + "<a>" * 50 + "</a>" * 50 + "</annotations>",
    ],
)
def test_read__documents_that_are_refused(tmp_path: Path, document: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(document)
    with pytest.raises(UnreadableFile, match=r"a\.xml cannot be read"):
        cvat_xml.read(path)


@pytest.mark.parametrize("document", ["<annotation/>", "<annotations/>"])
def test_read__other_xml_is_no_cvat(tmp_path: Path, document: str) -> None:
    path = tmp_path / "a.xml"
    path.write_text(document)
    with pytest.raises(UnknownFormat, match=r"CVAT for images 1\.1"):
        cvat_xml.read(path)


def test_read__nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        cvat_xml.read(tmp_path / "absent.xml")


def test_sniff__by_the_root(write, tmp_path: Path) -> None:
    assert cvat_xml.sniff(write(image(BOX)))
    assert detect_project(write(image(BOX))).name == "cvat"
    other = tmp_path / "voc.xml"
    for text in ("<annotation></annotation>", '{"annotations": []}', "", "<annotationset/>"):
        other.write_text(text)
        assert not cvat_xml.sniff(other)
    assert not cvat_xml.sniff(tmp_path)
