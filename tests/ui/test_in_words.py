from __future__ import annotations

from typing import Any

from ui.certainty import Certainty
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


def certain(ap: dict[str, Any], small: dict[str, Any], **classes: dict[str, Any]) -> Certainty:
    """Return intervals of AP, of small objects, and of each class's AP."""
    return Certainty(
        {
            "metrics": {"AP": ap},
            "operating_point": {},
            "sizes": {"small": {"AP": small}},
            "classes": [{"name": name, "AP": found} for name, found in classes.items()],
            "class_sizes": [],
            "resampling": {"replicates": 1000, "seed": 0, "level": 0.95, "min_images": 20},
            "images": 40,
        }
    )


SURE = {"value": 0.125, "low": 0.0625, "high": 0.25, "p": 0.002, "support": 9, "images": 30}
UNCLEAR = {**SURE, "low": -0.0625, "p": 0.25}
BETTER, WORSE = ({**SURE, "value": value, "q": 0.01} for value in (0.125, -0.125))
UNTOLD = {**SURE, "q": 0.5}
NEW = numbers({"a": 0.5, "b": 0.25, "d": 0.5}, ap=0.5, small=0.5)
OLD = numbers({"a": 0.25, "b": 0.375, "d": 0.25}, ap=0.375, small=0.25)


def test_in_words__only_what_is_more_than_chance_counts() -> None:
    certainty = certain(SURE, SURE, a=BETTER, b=WORSE, d=UNTOLD)
    text = in_words(NEW, OLD, name="v2", against="v1", certainty=certainty)
    assert text.replace("\u202f", " ") == (
        "By AP **v2** is better than **v1**: 0.500, +0.125 "
        "(95 % interval +0.062 … +0.250, p = 0.002): more than chance. "
        "Of 3 classes 1 is clearly better: *a* (+0.250), and 1 is clearly worse: "
        "*b* (\u22120.125). *Small* objects gained most (+0.250)."
    )


def test_in_words__what_chance_explains_is_neither_better_nor_worse() -> None:
    certainty = certain(UNCLEAR, UNCLEAR, a=UNTOLD, b=UNTOLD)
    text = in_words(NEW, OLD, name="v2", against="v1", certainty=certainty)
    assert text.replace("\u202f", " ") == (
        "By AP **v2** is not distinguishable from **v1**: 0.500, +0.125 "
        "(95 % interval \u22120.062 … +0.250, p = 0.250). "
        "Of 3 classes none changed by more than chance."
    )


def test_in_words__several_classes_name_the_largest_change() -> None:
    ours = numbers({"a": 0.5, "d": 0.5}, ap=0.5, small=0.5)
    theirs = numbers({"a": 0.25, "d": 0.125}, ap=0.375, small=0.5)
    certainty = certain(SURE, SURE, a=BETTER, d=BETTER)
    text = in_words(ours, theirs, name="v2", against="v1", certainty=certainty)
    assert "Of 2 classes 2 are clearly better, most of all *d* (+0.375)." in text


def test_in_words__too_few_images() -> None:
    none = {**SURE, "low": None, "high": None, "p": None, "reason": "3 images carry it"}
    text = in_words(NEW, OLD, name="v2", against="v1", certainty=certain(none, none))
    assert "+0.125. How sure that is cannot be said: 3 images carry it." in text
