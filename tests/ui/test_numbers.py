from __future__ import annotations

import pytest

from ui import numbers


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.47149, "0.471"), (1.0, "1.000"), (0.0, "0.000"), (None, "n/a"), (float("nan"), "n/a")],
)
def test_metric__three_decimals_or_not_available(value: float | None, written: str) -> None:
    assert numbers.metric(value) == written


@pytest.mark.parametrize(
    ("value", "written"), [(0, "0"), (999, "999"), (5210, "5\u202f210"), (None, "n/a")]
)
def test_count__thin_separators_and_a_zero_is_zero(value: int | None, written: str) -> None:
    assert numbers.count(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.023, "+0.023"),
        (-0.008, "\u22120.008"),
        (0.0, "0.000"),
        (1e-5, "+<0.0001"),
        (3e-4, "+0.0003"),
        (None, "n/a"),
    ],
)
def test_delta__always_signed(value: float | None, written: str) -> None:
    assert numbers.delta(value) == written


def test_count_delta__signed_with_separators() -> None:
    assert numbers.count_delta(-1352) == "\u22121\u202f352"
    assert numbers.count_delta(0) == "0"
    assert numbers.count_delta(None) == "n/a"


def test_arrow__says_better_or_worse_not_up_or_down() -> None:
    assert numbers.arrow("AP", 0.1) == "▲"
    assert numbers.arrow("AP", -0.1) == "▼"
    assert numbers.arrow("fp", 96) == "▼"
    assert numbers.arrow("fn", -212) == "▲"


def test_arrow__none_without_a_direction() -> None:
    assert numbers.arrow("support", 12) == ""
    assert numbers.arrow("AP", 0.0) == ""
    assert numbers.arrow("AP", None) == ""


def test_delta_color__green_better_magenta_worse_grey_else() -> None:
    assert numbers.delta_color("fp", -3) == "green"
    assert numbers.delta_color("recall", -0.1) == "red"
    assert numbers.delta_color("recall", None) == "gray"


def test_share__whole_percent() -> None:
    assert numbers.share(1, 4) == "25\u202f%"
    assert numbers.share(0, 0) == "n/a"


def test_exact__every_digit() -> None:
    assert numbers.exact(0.123456789012345) == "0.123456789012345"
    assert numbers.exact(1204) == "1204"
    assert numbers.exact(None) == "n/a"
