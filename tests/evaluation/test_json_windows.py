from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation import json_windows
from evaluation.errors import MalformedJson
from evaluation.json_windows import JsonText, elements, first_byte, open_json, sections

if TYPE_CHECKING:
    from pathlib import Path


class Row(msgspec.Struct, gc=False):
    id: int
    score: float
    note: str = ""


def text_of(content: bytes) -> JsonText:
    return JsonText("rows.json", memoryview(content))


def read(content: bytes, *, window: int = 1 << 20) -> tuple[list[Row], list[tuple[int, str]]]:
    good: list[Row] = []
    bad: list[tuple[int, str]] = []
    for chunk in elements(text_of(content), Row, window=window):
        good += chunk.elements
        bad += [(element.index, element.reason) for element in chunk.bad]
        assert len(chunk.index) == len(chunk.elements)
    return good, bad


def test_elements__good_rows_come_in_order() -> None:
    good, bad = read(b'[{"id":1,"score":0.5}, {"id":2,"score":1}]')
    assert good == [Row(1, 0.5), Row(2, 1.0)]
    assert bad == []


def test_elements__tiny_windows_give_the_same() -> None:
    rows = [{"id": i, "score": i / 7, "note": "a}b,{" * (i % 3)} for i in range(50)]
    content = json.dumps(rows).encode()
    for window in (1, 7, 40, 300):
        assert read(content, window=window) == read(content)


def test_elements__every_bad_record_is_named_and_good_ones_go_on() -> None:
    content = b'[{"id":1,"score":0.5},{"id":"x","score":1},{"id":3},null,{"id":5,"score":2}]'
    good, bad = read(content)
    assert good == [Row(1, 0.5), Row(5, 2.0)]
    assert bad == [
        (1, "Expected `int`, got `str` - at `$.id`"),
        (2, "Object missing required field `score`"),
        (3, "Expected `object`, got `null`"),
    ]


def test_elements__index_skips_bad_records() -> None:
    chunks = list(elements(text_of(b'[{"id":1,"score":0},7,{"id":3,"score":0}]'), Row))
    assert [chunk.index.tolist() for chunk in chunks] == [[0, 2]]
    assert chunks[0].bad[0].value == 7


def test_elements__nan_is_a_value_of_the_second_reading() -> None:
    good, bad = read(b'[{"id":1,"score":NaN},{"id":2,"score":-Infinity},{"id":3,"score":1e999}]')
    assert bad == []
    assert [str(row.score) for row in good] == ["nan", "-inf", "inf"]


def test_elements__other_syntax_errors_name_the_byte() -> None:
    with pytest.raises(MalformedJson, match=r"Expecting value at byte 19"):
        read(b'[{"id":1, "score": },{"id":2,"score":1}]')


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "a list is expected at byte 0"),
        (b"{}", "a list is expected at byte 0"),
        (b"[", "the file is cut short at byte 1"),
        (b"[]\v", "nothing is expected after the list at byte 2"),
        (b'[{"id":1,"score":1},]', "an element is expected after the comma at byte 20"),
        (b'[{"id":1,"score":1},    ]', "an element is expected after the comma at byte 24"),
        (b'[{"id":1,"score":1},', "an element is expected after the comma at byte 20"),
        (b'[{"id":1,"score":1}', "a comma or the end of the list is expected at byte 19"),
        (b'[{"id":1,"score":1}] x', "nothing is expected after the list at byte 21"),
        (b'[{"id":1,"score":1}{"id":1,"score":1}]', "a comma or the end of the list is expected"),
        (b'[{"id":1,"note":"abc', "a text without end starts at byte 16"),
        (b'[{"id":1,"note":"abc"', "the file is cut short at byte 21"),
        (b"[,]", "a value is expected at byte 1"),
    ],
)
def test_elements__broken_lists_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(MalformedJson, match=reason.replace("[", r"\[")):
        read(content)


def test_elements__empty_list() -> None:
    assert read(b" [ ] \n") == ([], [])


def test_elements__depth_does_not_end_the_run() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    content = b'[{"id":1,"score":0,"x":' + deep + b'},{"id":2,"score":0}]'
    assert read(content) == ([Row(2, 0.0)], [(0, "nested too deeply")])


def test_elements__text_that_is_not_utf8_is_a_bad_record() -> None:
    content = b'[{"id":1,"score":0,"note":"\xff"},{"id":2,"score":0}]'
    assert read(content) == ([Row(2, 0.0)], [(0, "text is not UTF-8")])


def test_elements__endless_integers_are_a_bad_record() -> None:
    content = b'[{"id":' + b"9" * 5000 + b',"score":0}]'
    good, bad = read(content)
    assert good == []
    assert bad[0][0] == 0


def test_open_json__strips_the_byte_order_mark_and_counts_it(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf [1, x]")
    with open_json(path) as text:
        assert first_byte(text) == b"["
        with pytest.raises(MalformedJson, match="at byte 8"):
            list(elements(text, int))


def test_open_json__empty_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.touch()
    with pytest.raises(MalformedJson, match="empty"), open_json(path):
        pass


def test_sections__key_order_and_unknown_keys_do_not_matter() -> None:
    content = b'{"info":{"a":[1]},"b":[1, 2],"a":[3],"c":null}'
    found = sections(text_of(content), ("a", "b", "c", "d"))
    assert {name: bytes(part.view) for name, part in found.items()} == {
        "a": b"[3]",
        "b": b"[1, 2]",
    }
    assert found["b"].offset == content.index(b"[1, 2]")


def test_sections__of_a_repeated_key_the_last_counts() -> None:
    found = sections(text_of(b'{"a":[1],"a":[2]}'), ("a",))
    assert bytes(found["a"].view) == b"[2]"


def test_sections__plain_files_are_not_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(json_windows, "_walk_sections")
    found = sections(text_of(b'{"b":null,"a":[1]}'), ("a", "b"))
    assert [(name, bytes(part.view)) for name, part in found.items()] == [("a", b"[1]")]


def test_sections__nan_falls_back_to_brackets() -> None:
    content = b' {"info": NaN, "a" : [1, NaN] , "c":null, "b":"]}"}'
    found = sections(text_of(content), ("a", "b", "c"))
    assert bytes(found["a"].view) == b"[1, NaN]"
    assert found["a"].offset == content.index(b"[1,")
    assert bytes(found["b"].view) == b'"]}"'
    assert "c" not in found


def test_sections__depth_does_not_matter() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    found = sections(text_of(b'{"info":' + deep + b',"a":[1]}'), ("a",))
    assert bytes(found["a"].view) == b"[1]"


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"a"', b'{"a":', b'{"a":1', b'{"a":1,}', b'{"a" 1}', b"{1:1}", b"{} x"],
)
def test_sections__broken_objects_are_refused(content: bytes) -> None:
    with pytest.raises(MalformedJson):
        sections(text_of(content), ("a",))


ROWS = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(-5, 5), "score": st.floats(allow_nan=True)},
        optional={"note": st.text(max_size=8), "x": st.recursive(st.none(), st.lists)},
    ),
    max_size=8,
)


def same(one: Row, other: Row) -> bool:
    return repr(one) == repr(other)


def outcome(content: bytes, window: int) -> tuple[list[Row], int] | None:
    try:
        good, bad = read(content, window=window)
    except MalformedJson:
        return None
    return good, len(bad)


def lenient(content: bytes) -> list[Any] | None:
    try:
        # Bytes that are no UTF-8 spoil the text they are in, never the list around it.
        value = json.loads(content.decode("utf-8", "replace"))
    except ValueError:
        return None
    return value if isinstance(value, list) else None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=ROWS,
    window=st.integers(1, 200),
    indent=st.sampled_from([None, 0, 2]),
    mutations=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=2)), max_size=3),
)
def test_elements__agree_with_decoding_the_whole_file(
    rows: list[dict[str, Any]],
    window: int,
    indent: int | None,
    mutations: list[tuple[int, bytes]],
) -> None:
    content = json.dumps(rows, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    for place, replacement in mutations:
        content = content[:place] + replacement + content[place + 1 :]
    found = outcome(content, window)
    try:
        expected = msgspec.json.decode(content, type=list[Row])
    except (msgspec.DecodeError, UnicodeDecodeError):
        whole = lenient(content)
        if whole is not None:
            # JSON but for NaN, types or bytes: nothing is lost, whatever the window.
            assert found is not None
            assert len(found[0]) + found[1] == len(whole)
        elif found is not None:
            assert found[1] > 0
        return
    assert found is not None
    assert found[1] == 0
    assert all(map(same, found[0], expected))
    assert len(found[0]) == len(expected)
