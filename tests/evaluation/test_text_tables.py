from __future__ import annotations

from typing import get_args

import pytest

from evaluation.candidates import IouType
from evaluation.text_tables import (
    OVERLAPS,
    SPACE,
    aligned,
    interval_text,
    interval_title,
    number,
    probability_text,
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "n/a"),
        (0.0, "0.000"),
        (0.25, "0.250"),
        (-0.25, "−0.250"),
        (3, "3"),
        (1234567, f"1{SPACE}234{SPACE}567"),
    ],
)
def test_number__of_a_result(value: float | None, written: str) -> None:
    assert number(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "n/a"),
        (0.0, "0.000"),
        (0, "0"),
        (0.25, "+0.250"),
        (-0.25, "−0.250"),
        (0.0004, "+<0.001"),
        (-0.0004, "−<0.001"),
        (0.0005, "+0.001"),
        (-3, "−3"),
    ],
)
def test_number__of_a_difference_has_a_sign_and_is_0_only_where_it_is(
    value: float | None, written: str
) -> None:
    assert number(value, signed=True) == written


def test_intervals__are_written_with_signs() -> None:
    assert interval_text(-0.02, 0.01) == "[−0.0200, +0.0100]"
    assert interval_text(None, None) == "n/a"
    assert (interval_title(0.95), interval_title(0.999)) == ("95% interval", "99.9% interval")
    assert interval_title(None) == "interval"


def test_probability__is_never_written_as_0() -> None:
    assert [probability_text(p) for p in (0.0001, 0.001, 1.0)] == ["<0.001", "0.001", "1.000"]


def test_aligned__first_column_left_the_others_right() -> None:
    assert aligned(("a", "b"), [("xyz", "1"), ("x", "222")]).splitlines() == [
        "a      b",
        "xyz    1",
        "x    222",
    ]


def test_overlaps__every_kind_has_a_word() -> None:
    assert OVERLAPS.keys() == set(get_args(IouType))
