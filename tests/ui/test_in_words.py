from __future__ import annotations

from typing import Any

from ui.in_words import in_words


def numbers(classes: dict[str, float | None], *, ap: float | None, small: float) -> dict[str, Any]:
    """Return the numbers of one side."""
    return {
        "metrics": {"AP": ap},
        "operating_point": {"score": 0.3, "tp": 30, "fp": 1, "fn": 10},
        "classes": [{"name": name, "AP": value} for name, value in classes.items()],
        "sizes": {"small": {"AP": small}, "large": {"AP": None}},
    }


def test_in_words__compared() -> None:
    ours = numbers({"a": 0.5, "b_c": 0.25, "d": 0.5, "e": 0.5}, ap=0.5, small=0.5)
    theirs = numbers({"a": 0.25, "b_c": 0.375, "d": None, "e": 0.5625}, ap=0.375, small=0.25)
    assert in_words(ours, theirs, name="v2", against="v1") == (
        "By AP **v2** is better than **v1**: 0.500, +0.125. "
        "It is better on 1 of 3 classes, most on *a* (+0.250), "
        "and worse on 2, most on *b\\_c* (\u22120.125). "
        "*Small* objects gained most (+0.250)."
    )


def test_in_words__compared_without_a_common_number() -> None:
    ours = numbers({"a": 0.5}, ap=None, small=0.5)
    theirs = numbers({"b": 0.5}, ap=0.5, small=0.5)
    assert in_words(ours, theirs, name="v2", against="v1") == (
        "AP of **v2** and **v1** cannot be compared: one is n/a."
    )


def test_in_words__the_same_numbers() -> None:
    same = numbers({"a": 0.5}, ap=0.5, small=0.5)
    assert in_words(same, same, name="v2", against="v1") == (
        "By AP **v2** is equal to **v1**: 0.500, 0.000. It is better on 0 of 1 class."
    )


def test_in_words__alone() -> None:
    ours = numbers({"a": 0.5, "b": 0.25, "c": None}, ap=0.375, small=0.5)
    assert in_words(ours, None, name="v2") == (
        "**v2** has an AP of 0.375; at score ≥ 0.30 it finds 30 of 40 labels and is wrong 1 time. "
        "Its best class is *a* (0.500), its worst *b* (0.250)."
    )


def test_in_words__alone_with_one_class_names_no_best() -> None:
    ours = numbers({"a": 0.5}, ap=0.5, small=0.5)
    assert in_words(ours, None, name="v2").endswith("is wrong 1 time.")
