"""Lists in files: text, CSV and JSON; what is written is read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.errors import NothingToImport, UnknownFormat, UnreadableFile
from curation.selection.collection_files import (
    collection_csv,
    collection_json,
    collection_text,
    parse_entries,
    read_entries,
)
from curation.selection.named_members import Entry, spellings
from curation.store.collection_images import CollectionImage, CollectionLabel


def image(image_id: int, name: str, note: str = "", *labels: CollectionLabel) -> CollectionImage:
    return CollectionImage(image_id, name, "d", None, 100, 80, None, False, note, labels)


def test_text__a_name_a_line() -> None:
    found = parse_entries("picks.txt", "\ufeffa.png\r\n\n  b c.png \n#1.png".encode())
    assert found == (
        Entry("line 1", image="a.png"),
        Entry("line 3", image="b c.png"),
        Entry("line 4", image="#1.png"),
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv__columns_by_name_and_lines_by_number(separator: str) -> None:
    rows = ["Note,File_Name,label_id", '"two\nlines",a.png,', "", "'=1+1,b.png,7", ",,"]
    text = "\n".join(rows).replace(",", separator)
    assert parse_entries("picks.CSV", text.encode()) == (
        Entry("line 2", file_name="a.png", note="two\nlines"),
        Entry("line 5", file_name="b.png", label="7", note="=1+1"),
    )


def test_json__names_ids_and_objects() -> None:
    text = '["a.png", 7, {"image": 8, "label_id": 3, "note": "why"}, {"file_name": "b", "x": []}]'
    assert parse_entries("picks.json", text.encode()) == (
        Entry("entry 1", image="a.png"),
        Entry("entry 2", image="7"),
        Entry("entry 3", image="8", label="3", note="why"),
        Entry("entry 4", file_name="b"),
    )


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("a.txt", b"\n \n", NothingToImport, "it names no image"),
        ("a.csv", b"image\n", NothingToImport, "it names no image"),
        ("a.json", b"[]", NothingToImport, "it names no image"),
        ("a.txt", b"a\xff.png", UnreadableFile, "byte 1 is not UTF-8"),
        ("a.csv", b"photo\na.png", UnknownFormat, "a column image, file_name or label_id"),
        ("a.csv", b'image\n"a"b', UnreadableFile, "line 2"),
        ("a.json", b'{"image": 1}', UnknownFormat, "a JSON list"),
        ("a.json", b"[true]", UnknownFormat, "Entry 1 of a.json is not a name"),
        ("a.json", b"[1.5]", UnknownFormat, "Entry 1 of a.json is not a name"),
        ("a.json", b"[", UnreadableFile, "a.json cannot be read"),
        ("a.json", b"[" * 100_000, UnreadableFile, "a.json cannot be read"),
    ],
)
def test_damaged_lists__are_refused_in_words(
    name: str, content: bytes, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        parse_entries(name, content)


def test_files__that_cannot_be_opened_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="No such file"):
        read_entries(tmp_path / "gone.txt")


def test_csv__cannot_be_taken_for_formulas() -> None:
    lines = collection_csv([image(1, "=cmd.png", "@note"), image(2, "b.png")]).decode()
    assert lines.splitlines() == [
        "image,file_name,note",
        "1,'=cmd.png,'@note",
        "2,b.png,",
    ]


def test_csv__of_labels_says_class_and_box() -> None:
    label = CollectionLabel(3, "cell", (0.5, 1.0, 2.0, 4.0), "why")
    assert collection_csv([image(1, "a.png", "", label)]).decode().splitlines() == [
        "image,file_name,label_id,class,box,note",
        "1,a.png,3,cell,0.5 1.0 2.0 4.0,why",
    ]


def test_text__is_the_names() -> None:
    assert collection_text([image(1, "x/a.png"), image(2, "b.png")]) == b"x/a.png\nb.png\n"


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20).map(str.strip)
NAMES = TEXTS.filter(bool)
IMAGES = st.lists(
    st.builds(image, st.integers(1, 2**62), NAMES, TEXTS)
    | st.builds(
        lambda image_id, name, labels: image(image_id, name, "", *labels),
        st.integers(1, 2**62),
        NAMES,
        st.lists(
            st.builds(
                CollectionLabel,
                st.integers(1, 2**62),
                TEXTS,
                st.just((0.0, 0.0, 1.0, 1.0)),
                TEXTS,
            ),
            min_size=1,
            max_size=3,
        ),
    ),
    min_size=1,
    max_size=5,
)


def expected(images: list[CollectionImage]) -> list[tuple[str, str, str, str]]:
    return [
        row
        for each in images
        for row in (
            [
                (str(each.image_id), each.file_name, str(label.label_id), label.note)
                for label in each.labels
            ]
            or [(str(each.image_id), each.file_name, "", each.note)]
        )
    ]


@given(IMAGES)
def test_json__comes_back_exactly(images: list[CollectionImage]) -> None:
    found = parse_entries("a.json", collection_json(images))
    assert [(e.image, e.file_name, e.label, e.note) for e in found] == expected(images)


@given(IMAGES)
def test_csv__comes_back_but_for_the_guard_against_formulas(images: list[CollectionImage]) -> None:
    same_kind = [each for each in images if bool(each.labels) == bool(images[0].labels)]
    found = parse_entries("a.csv", collection_csv(same_kind))
    wanted = expected(same_kind)
    assert [(e.image, e.label) for e in found] == [(row[0], row[2]) for row in wanted]
    for entry, (_, name, _, note) in zip(found, wanted, strict=True):
        assert name in spellings(entry.file_name) or "\\" in name or name.startswith("./")
        # A note that itself looks guarded loses its apostrophe; nothing else is changed.
        assert entry.note in {note, note.removeprefix("'")}
