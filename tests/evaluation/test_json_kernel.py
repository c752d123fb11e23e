"""The compiled scanner: what it accepts it reads exactly as msgspec does; the rest it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import json_fuzz
from benchmarks.json_texts import IMAGES, MASKED, NUMBERS, OBJECTS, RESULTS
from evaluation import json_scan
from evaluation.json_scan import Refused, scan_list, scan_lists, scan_text
from evaluation.scanned_columns import ScannedColumns, Shape, allocated

pytestmark = pytest.mark.skipif(json_scan.scanner() is None, reason="no compiler")

RESULT = b'{"image_id":42,"category_id":18,"bbox":[258.15,41.29,348.26,243.78],"score":0.236}'
ID = Shape(wanted=("id",), required=("id",))
NAMED = Shape(wanted=("id", "name"), required=("id",))


def is_refused(text: bytes, shape: Shape = RESULTS) -> bool:
    try:
        scan_text(text, shape)
    except Refused:
        return True
    return False


def texts(columns: ScannedColumns) -> list[bytes | None]:
    rows = zip(columns.text_start.tolist(), columns.text_length.tolist(), strict=True)
    whole = columns.text.tobytes()
    return [None if start < 0 else whole[start : start + length] for start, length in rows]


def test_scan_text__result() -> None:
    columns = scan_text(b"[" + RESULT + b"]", RESULTS)
    assert columns.image_id.tolist() == [42]
    assert columns.category_id.tolist() == [18]
    assert columns.boxes.tolist() == [258.15, 41.29, 348.26, 243.78]
    assert columns.score.tolist() == [0.236]
    assert len(columns.area) == len(columns.text_start) == 0


def test_scan_text__white_space_other_members_and_order_do_not_matter() -> None:
    text = b"""\t[ {"score" : 1, "x": {"y": [1, "}", null, true], "z": "\\u00e9\\n"} ,
        "bbox" :[ 1 ,2,3 , 4 ],"category_id":-1,"image_id":0 } ]\r\n"""
    columns = scan_text(text, RESULTS)
    assert columns.image_id.tolist() == [0]
    assert columns.category_id.tolist() == [-1]
    assert columns.boxes.tolist() == [1, 2, 3, 4]


def test_scan_text__empty_list() -> None:
    assert len(scan_text(b" [ ] ", RESULTS)) == 0


def test_scan_text__segmentations() -> None:
    rows = [
        {"size": [4, 6], "counts": "05\\3"},
        [],
        [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11.5, 12, 13]],
        {"counts": [1, 20, 3], "size": [4, 6]},
    ]
    records = [{"image_id": 1, "category_id": 1, "score": 0, "segmentation": row} for row in rows]
    columns = scan_text(json.dumps(records).encode(), MASKED)
    assert texts(columns) == [b"05\\3", None, None, b"1d03"]
    assert columns.size.reshape(-1, 2).tolist() == [[4, 6], [0, 0], [0, 0], [4, 6]]
    assert columns.n_parts.tolist() == [0, 0, 2, 0]
    assert columns.part_length.tolist() == [6, 8]
    assert columns.points.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11.5, 12, 13]


def test_scan_text__a_missing_member_is_not_seen() -> None:
    text = b'[{"id":1,"file_name":"a.jpg","width":640},{"id":2}]'
    columns = scan_text(text, IMAGES)
    assert texts(columns) == [b"a.jpg", None]
    assert columns.has("width").tolist() == [True, False]
    assert columns.size.tolist() == [640, 0, 0, 0]


@pytest.mark.parametrize("number", NUMBERS)
def test_scan_text__numbers_are_those_of_json(number: str) -> None:
    record = RESULT.replace(b"0.236", number.encode())
    try:
        value = float(json.loads(number, parse_constant=lambda _: 1 / 0))
        sound = abs(value) < float("inf") and len(number) <= 400
    except (ValueError, ZeroDivisionError):
        sound = False
    if not sound:
        assert is_refused(b"[" + record + b"]")
        return
    score = scan_text(b"[" + record + b"]", RESULTS).score
    assert score.tobytes() == np.float64(value).tobytes()


@pytest.mark.parametrize(
    "number", ["1.0", "1e0", "9223372036854775808", "-9223372036854775808", '"1"', "01", "true"]
)
def test_scan_text__ids_are_plain_integers_of_64_bits(number: str) -> None:
    assert is_refused(f'[{{"id":{number}}}]'.encode(), ID)


def test_scan_text__ids_beyond_doubles_are_exact() -> None:
    text = b'[{"id":9007199254740993},{"id":9223372036854775807},{"id":-0}]'
    assert scan_text(text, ID).id.tolist() == [2**53 + 1, 2**63 - 1, 0]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[",
        b"{}",
        b"null",
        b"[]]",
        b"[{}]",
        b"[" + RESULT + b",]",
        b"[" + RESULT + b"," + RESULT,
        b"[" + RESULT + b" " + RESULT + b"]",
        b"[" + RESULT + b"]x",
        b"[" + RESULT + b"]\x00",
        b"\xef\xbb\xbf[" + RESULT + b"]",
        b"[" + RESULT.replace(b"score", b"sc\\u006fre") + b"]",
        b"[" + RESULT.replace(b'"score"', b'"score":0.1,"score"') + b"]",
        b"[" + RESULT.replace(b",243.78", b"") + b"]",
        b"[" + RESULT.replace(b"243.78", b"243.78,1") + b"]",
        b"[" + RESULT.replace(b"[258.15,41.29,348.26,243.78]", b"null") + b"]",
        b"[" + RESULT.replace(b"0.236", b"NaN") + b"]",
        b"[" + RESULT.replace(b"0.236", b'"0.236"') + b"]",
        b"[" + RESULT.replace(b'"score":0.236', b'"other":"\xff"') + b"]",
        b"[" + RESULT.replace(b'"score"', b'"a\x1fb":0,"score"') + b"]",
        b"[" + RESULT.replace(b'"score"', b'"a":' + b"[" * 70 + b"]" * 70 + b',"score"') + b"]",
        b"[" + RESULT.replace(b'"score"', b'"a":"\\ud800","score"') + b"]",
        b"[" + RESULT.replace(b'"score"', b'"a":01,"score"') + b"]",
        b"[" + RESULT.replace(b'"score"', b'"a":{"b":1,},"score"') + b"]",
    ],
)
def test_scan_text__anything_unusual_is_refused(text: bytes) -> None:
    assert is_refused(text)


@pytest.mark.parametrize(
    "segmentation",
    [
        "null",
        "5",
        '"05"',
        "[[]]",
        "[[1,2,3,4]]",
        "[[1,2,3,4,5,6,7]]",
        "[1,2,3,4,5,6]",
        "{}",
        '{"size":[4,6]}',
        '{"counts":"05"}',
        '{"size":[4,6],"counts":"05","x":1}',
        '{"size":[4,6],"size":[4,6],"counts":"05"}',
        '{"size":[4,6,1],"counts":"05"}',
        '{"size":[4.0,6],"counts":"05"}',
        '{"size":[4,6],"counts":[]}',
        '{"size":[4,6],"counts":[1,-1]}',
        '{"size":[4,6],"counts":[1.5]}',
        '{"size":[4,6],"counts":"a\\u0041"}',
        '{"size":[4,6],"counts":"é"}',
    ],
)
def test_scan_text__unusual_segmentations_are_refused_where_they_are_read(
    segmentation: str,
) -> None:
    text = f'[{{"image_id":1,"category_id":1,"bbox":[0,0,1,1],"segmentation":{segmentation}}}]'
    assert is_refused(text.encode(), OBJECTS)
    boxes = Shape(("image_id", "bbox"), ("image_id", "bbox"))
    assert scan_text(text.encode(), boxes).boxes.tolist() == [0, 0, 1, 1]


def test_scan_text__nothing_beyond_the_region_is_looked_at() -> None:
    text = np.frombuffer(b"[" + RESULT + b"," + RESULT + b"]", dtype=np.uint8)
    for length in range(len(text)):
        assert is_refused(text[:length])  # type: ignore[arg-type]
    assert len(scan_text(text, RESULTS)) == 2


def test_scan_text__name_of_several_bytes() -> None:
    columns = scan_text('[{"id":1,"name":"日本é😀"}]'.encode(), NAMED)
    assert texts(columns) == ["日本é😀".encode()]


@pytest.mark.parametrize(
    "rooms",
    [
        [(0, 100), (0, 0), (0, 0), (0, 0)],
        [(-1, 1), (0, 0), (0, 0), (0, 0)],
        [(2, 1), (0, 0), (0, 0), (0, 0)],
        [(0, 1), (0, 9), (0, 0), (0, 0)],
        [(0, 1), (-1, 0), (0, 0), (0, 0)],
        [(0, 1), (0, 0), (0, 9), (0, 0)],
        [(0, 1), (0, 0), (-5, 0), (0, 0)],
        [(0, 1), (0, 0), (0, 0), (0, 9)],
    ],
)
def test_scan__room_that_the_columns_have_not(rooms: list[tuple[int, int]]) -> None:
    kernel = json_scan.scanner()
    assert kernel is not None
    with pytest.raises(ValueError, match=r"column|rows"):
        kernel.scan(b"[" + RESULT + b"]", allocated(60, RESULTS), rooms, RESULTS.bits, True)


def test_scan__records_for_which_there_is_no_room_are_refused() -> None:
    kernel = json_scan.scanner()
    assert kernel is not None
    columns = allocated(1000, RESULTS)
    text = b"[" + RESULT + b"," + RESULT + b"]"
    nothing = (0, 0)
    for rows, found in ((1, -1), (2, 2)):
        rooms = [(0, rows), nothing, nothing, nothing]
        assert kernel.scan(text, columns, rooms, RESULTS.bits, True)[0] == found


@pytest.mark.parametrize("window", [1, 7, 90, 200, 1000, 1 << 20])
def test_scan_list__windows_change_nothing(tmp_path: Path, window: int) -> None:
    rows = [
        {"image_id": i, "category_id": i % 3, "bbox": [i, 0, 1.5, 2], "score": i / 7, "t": "}, {"}
        for i in range(60)
    ]
    path = tmp_path / "rows.json"
    path.write_text(json.dumps(rows).replace('"t": "}, {"', '"t": "},"'))
    columns = scan_list(path, RESULTS, window=window)
    assert columns.image_id.tolist() == list(range(60))
    assert columns.score.tolist() == [i / 7 for i in range(60)]


def test_scan_list__a_cut_inside_a_record_is_noticed(tmp_path: Path) -> None:
    row = RESULT.replace(b'"score"', b'"parts":[{"a":1},{"a":2}],"score"')
    path = tmp_path / "rows.json"
    path.write_bytes(b"[" + b",".join([row] * 50) + b"]")
    assert len(scan_list(path, RESULTS)) == 50
    with pytest.raises(Refused):
        scan_list(path, RESULTS, window=100)


def test_scan_list__a_bad_record_far_behind_refuses_the_file(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(b"[" + b",".join([RESULT] * 50) + b',{"image_id":1}]')
    with pytest.raises(Refused):
        scan_list(path, RESULTS, window=200)


@pytest.mark.parametrize("window", [1, 50, 300, 1 << 20])
@pytest.mark.parametrize(
    "names", [("images", "annotations", "categories"), ("annotations", "categories", "images")]
)
def test_scan_lists__order_and_windows_change_nothing(
    tmp_path: Path, window: int, names: tuple[str, ...]
) -> None:
    lists = {
        "images": [{"id": i, "file_name": f"{i}.jpg", "height": 3, "width": 4} for i in range(9)],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": 2, "bbox": [0, 0, 1, i]} for i in range(20)
        ],
        "categories": [{"id": 2, "name": "cat", "supercategory": "animal"}],
    }
    document = {"info": {"year": "2017", "x": [{}, {}]}, **{name: lists[name] for name in names}}
    path = tmp_path / "truth.json"
    path.write_text(json.dumps({**document, "licenses": []}))
    shapes = {"images": IMAGES, "annotations": OBJECTS, "categories": NAMED}
    found = scan_lists(path, shapes, window=window)
    assert found["images"].id.tolist() == list(range(9))
    assert found["annotations"].boxes[3::4].tolist() == list(range(20))
    assert texts(found["categories"]) == [b"cat"]


@pytest.mark.parametrize(
    "text",
    [
        '{"images":[]}',
        '{"images":[],"annotations":[],"categories":[],"images":[]}',
        '{"images":[],"annotations":null,"categories":[]}',
        '{"images":[],"annotations":[],"categories":[]}x',
        '{"images":[],"annotations":[],"categories":[],}',
        '{"images":[] "annotations":[],"categories":[]}',
        '{"im\\u0061ges":[],"annotations":[],"categories":[]}',
        '{"info":NaN,"images":[],"annotations":[],"categories":[]}',
        "[]",
        "",
    ],
)
def test_scan_lists__anything_unusual_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "truth.json"
    path.write_text(text)
    shapes = {"images": IMAGES, "annotations": OBJECTS, "categories": NAMED}
    with pytest.raises(Refused):
        scan_lists(path, shapes)


def test_scan_list__a_file_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        scan_list(tmp_path / "none.json", RESULTS)


def test_fuzz__spoiled_texts_against_msgspec() -> None:
    tally = json_fuzz.texts(12_000, seed=11)
    assert tally.faults == []
    assert 0.3 < tally.accepted / tally.inputs < 0.6


def test_fuzz__numbers_against_python() -> None:
    tally = json_fuzz.numbers(60_000, seed=12)
    assert tally.faults == []
    assert tally.accepted == tally.inputs


def test_fuzz__files_by_small_windows() -> None:
    tally = json_fuzz.files(700, seed=13)
    assert tally.faults == []
    assert tally.accepted > 300
