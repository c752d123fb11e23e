from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.formats.yolo_rows import BadRow, Row, label_row, lines_of, prediction_row

if TYPE_CHECKING:
    from pathlib import Path


def label(text: str) -> Row:
    return label_row(1, text.split())


def prediction(text: str) -> Row:
    return prediction_row(1, text.split())


def test_label_row__a_box_from_its_centre() -> None:
    assert label("2 0.5 0.5 0.25 0.5") == Row(1, 2, (0.375, 0.25, 0.25, 0.5), None)


def test_label_row__a_polygon_and_its_extent() -> None:
    row = label("0 0.25 0.25 0.75 0.25 0.75 0.5")
    assert row.polygon == (0.25, 0.25, 0.75, 0.25, 0.75, 0.5)
    assert row.box == (0.25, 0.25, 0.5, 0.25)
    assert not row.extra


def test_label_row__one_value_too_many_is_ignored() -> None:
    box = label("0 0.5 0.5 0.25 0.5 0.9")
    assert (box.box, box.polygon, box.extra) == ((0.375, 0.25, 0.25, 0.5), None, True)
    polygon = label("0 0.25 0.25 0.75 0.25 0.75 0.5 17")
    assert polygon.polygon == (0.25, 0.25, 0.75, 0.25, 0.75, 0.5)
    assert polygon.extra


def test_label_row__keypoints_are_left_away() -> None:
    words = ["0", "0.5", "0.5", "0.25", "0.5", "0.1", "0.2", "2", "0.3", "0.4", "1"]
    assert label_row(1, words, boxes_only=True) == Row(1, 0, (0.375, 0.25, 0.25, 0.5), None)


def test_label_row__whole_floats_are_classes() -> None:
    assert label("3.0 0.5 0.5 0.25 0.5").class_ == 3


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0 0.5 0.5 0.25", "row-malformed"),
        ("0 0.5 x 0.25 0.5", "row-malformed"),
        ("cat 0.5 0.5 0.25 0.5", "row-malformed"),
        ("1.5 0.5 0.5 0.25 0.5", "id-malformed"),
        ("nan 0.5 0.5 0.25 0.5", "id-malformed"),
        ("0 nan 0.5 0.25 0.5", "coordinate-not-finite"),
        ("0 0.1 0.1 0.2 0.1 0.2 inf", "coordinate-not-finite"),
        ("0 0.5 0.5 -0.25 0.5", "box-negative"),
        ("0 320 240 64 48", "box-far-away"),
        ("0 1 1 2 2 640 480", "box-far-away"),
    ],
)
def test_label_row__refuses(text: str, kind: str) -> None:
    with pytest.raises(BadRow) as caught:
        label(text)
    assert caught.value.kind.name == kind


def test_prediction_row__the_last_value_is_the_confidence() -> None:
    assert prediction("2 0.5 0.5 0.25 0.5 0.875").score == 0.875
    polygon = prediction("2 0.25 0.25 0.75 0.25 0.75 0.5 0.125")
    assert polygon.polygon == (0.25, 0.25, 0.75, 0.25, 0.75, 0.5)
    assert polygon.score == 0.125


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0 0.5 0.5 0.25", "row-malformed"),
        ("0 0.5 0.5 0.25 0.5", "score-missing"),
        ("0 0.1 0.1 0.2 0.1 0.2 0.2", "score-missing"),
        ("0 0.5 0.5 0.25 0.5 nan", "score-not-finite"),
        ("0 0.5 0.5 0.25 0.5 high", "row-malformed"),
        ("0 0.5 0.5 0.25 -0.5 0.5", "box-negative"),
    ],
)
def test_prediction_row__refuses(text: str, kind: str) -> None:
    with pytest.raises(BadRow) as caught:
        prediction(text)
    assert caught.value.kind.name == kind


@given(st.lists(st.text(min_size=1, max_size=6) | st.floats().map(str), max_size=12))
def test_rows__anything_is_a_row_or_refused(words: list[str]) -> None:
    for read in (label_row, prediction_row):
        with contextlib.suppress(BadRow):
            assert len(read(1, words).box) == 4


def test_lines_of__numbers_lines_and_skips_blank_ones(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf0 1\r\n\r\n   \n1 2")
    assert lines_of(path) == [(1, ["0", "1"]), (4, ["1", "2"])]


def test_lines_of__refuses_what_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xff\xfe0")
    for unreadable in (path, tmp_path, tmp_path / "absent.txt"):
        with pytest.raises(BadRow):
            lines_of(unreadable)
