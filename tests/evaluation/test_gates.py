from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from evaluation.errors import InvalidGate
from evaluation.gates import CLASS_HEADLINE, HEADLINE, SIZE_HEADLINE, GateOutcome, judge, parse


class Numbers:
    """A comparison of which only rows are read."""

    def __init__(self, **row: Any) -> None:
        self.set = SimpleNamespace(class_names=("cell", "a:b@small", " lead", "a\nb"))
        columns = ("set", "against", "delta", "low", "high", "p")
        self._row = dict.fromkeys(columns) | {"support": 9} | row

    def headline(self) -> dict[str, Any]:
        return dict.fromkeys(("AP", "fp", "precision"), self._row)

    def by_class(self) -> list[Any]:
        return [(name, {"AP": self._row, "recall": self._row}) for name in self.set.class_names]

    def by_size(self) -> list[Any]:
        return [("small", {"AP": self._row}), ("large", {"AP": {**self._row, "delta": None}})]

    def by_class_size(self) -> list[Any]:
        return [(name, "small", {"AP": self._row}) for name in self.set.class_names]


def outcome(expression: str, **row: Any) -> GateOutcome:
    return judge(parse(expression), Numbers(**row))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("AP<-0.005", (None, "AP", None, "<", -0.005)),
        ("  fp >= 50 ", (None, "fp", None, ">=", 50.0)),
        ("AP50<=1e-3", (None, "AP50", None, "<=", 0.001)),
        ("recall > .5", (None, "recall", None, ">", 0.5)),
        ("AR@small<-0.01", (None, "AR", "small", "<", -0.01)),
        ("class:red cell:AP<0", ("red cell", "AP", None, "<", 0.0)),
        ("class:red cell:AP@large<0", ("red cell", "AP", "large", "<", 0.0)),
        ("class:a:b@small:AP<0", ("a:b@small", "AP", None, "<", 0.0)),
        ("class: lead:AP<0", (" lead", "AP", None, "<", 0.0)),
        ("class:a\nb:AP<0", ("a\nb", "AP", None, "<", 0.0)),
        ("class:x<y:f1<-1", ("x<y", "f1", None, "<", -1.0)),
    ],
)
def test_parse__reads(expression: str, parts: tuple[Any, ...]) -> None:
    gate = parse(expression)
    assert (gate.class_name, gate.name, gate.size, gate.operator, gate.bound) == parts
    assert gate.expression == expression


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "is no NAME OPERATOR NUMBER"),
        ("AP", "is no NAME OPERATOR NUMBER"),
        ("AP=-0.005", "is no NAME OPERATOR NUMBER"),
        ("AP==0", "is no NAME OPERATOR NUMBER"),
        ("<0", "is no NAME OPERATOR NUMBER"),
        ("AP<", "is no NAME OPERATOR NUMBER"),
        ("AP<-0,005", "has '-0,005' for its number"),
        ("AP<١", "has '١' for its number"),
        ("AP<-٠.٥", "has '-٠.٥' for its number"),
        ("AP<nan", "has 'nan' for its number"),
        ("AP<inf", "has 'inf' for its number"),
        ("AP<1e999", "has '1e999' for its number"),
        ("AP<0.5%", "has '0.5%' for its number"),
        ("AP<1_0", "has '1_0' for its number"),
        ("ap<0", "has no number 'ap'"),
        ("mAP<0", "has no number 'mAP'"),
        ("support<0", "has no number 'support'"),
        ("AP@tiny<0", "has no size 'tiny'"),
        ("AP50@small<0", "has no number 'AP50'"),
        ("class:cell:AR1<0", "has no number 'AR1'"),
        ("class::AP<0", "names no class"),
        ("class:AP<0", "names no class"),
    ],
)
def test_parse__refuses_what_cannot_be_meant(expression: str, reason: str) -> None:
    with pytest.raises(InvalidGate) as caught:
        parse(expression)
    assert caught.value.reason == reason
    assert caught.value.allowed


@pytest.mark.parametrize(
    ("expression", "row", "state"),
    [
        ("AP<-0.005", {"delta": -0.01, "low": -0.02, "high": -0.001}, "failed"),
        ("AP<-0.005", {"delta": -0.01, "low": -0.02, "high": 0.001}, "not significant"),
        ("AP<-0.005", {"delta": -0.01, "low": -0.02, "high": 0.0}, "not significant"),
        ("AP<-0.005", {"delta": -0.005, "low": -0.006, "high": -0.004}, "passed"),
        ("AP<=-0.005", {"delta": -0.005, "low": -0.006, "high": -0.004}, "failed"),
        ("AP<-0.005", {"delta": -0.004, "low": -0.006, "high": -0.002}, "passed"),
        ("AP<-0.005", {"delta": -0.5}, "too little support"),
        ("AP<-0.005", {"delta": 0.5}, "passed"),
        ("AP<-0.005", {}, "n/a"),
        ("AP<-0.005", {"set": 0.5}, "n/a"),
        ("AP<-0.005", {"against": 0.5}, "missing"),
        ("AP>0.5", {"against": 0.5}, "missing"),
        ("fp>50", {"delta": 60, "low": 5, "high": 110}, "failed"),
        ("fp>50", {"delta": 60, "low": -5, "high": 110}, "not significant"),
        ("fp>=60", {"delta": 60, "low": 5, "high": 110}, "failed"),
        # Gates that ask for progress: the interval must miss the bound as a whole.
        ("AP<0.01", {"delta": 0.001, "low": -0.002, "high": 0.004}, "failed"),
        ("AP<0.01", {"delta": 0.001, "low": -0.002, "high": 0.02}, "not significant"),
        ("fp>-50", {"delta": -10, "low": -40, "high": 20}, "failed"),
        ("fp>-50", {"delta": -10, "low": -60, "high": 20}, "not significant"),
    ],
)
def test_judge__fails_only_where_the_interval_agrees(
    expression: str, row: dict[str, Any], state: str
) -> None:
    judged = outcome(expression, **row)
    assert judged.state == state
    assert judged.failed == (state in {"failed", "missing"})


@pytest.mark.parametrize(
    "expression",
    ["AP@small<-0.01", "class:cell:AP<-0.01", "class:a:b@small:AP@small<-0.01"],
)
def test_judge__numbers_of_sizes_and_classes(expression: str) -> None:
    assert outcome(expression, delta=-0.1, low=-0.2, high=-0.05).failed


def test_judge__a_size_without_labels_cannot_fail() -> None:
    assert outcome("AP@large<0", delta=-0.1, low=-0.2, high=-0.05).state == "n/a"


@pytest.mark.parametrize("name", [" cell ", "cell", " lead", "lead", "a:b@small", "a\nb"])
def test_judge__a_class_by_its_name_and_with_other_spaces_around(name: str) -> None:
    assert outcome(f"class:{name}:AP<0", delta=-0.1, low=-0.2, high=-0.05).failed


def test_judge__spaces_that_two_classes_differ_by_count() -> None:
    names = ("cell", " cell")
    assert _class_named(names, "cell") == "cell"
    assert _class_named(names, " cell") == " cell"
    with pytest.raises(InvalidGate, match="names several classes"):
        _class_named(names, "cell ")


def _class_named(names: tuple[str, ...], wanted: str) -> str:
    numbers = Numbers()
    numbers.set.class_names = names
    judge(parse(f"class:{wanted}:AP<0"), numbers)  # type: ignore[arg-type]
    return wanted


def test_judge__a_number_that_only_the_baseline_has_says_so() -> None:
    judged = outcome("precision<-0.1", against=0.9)
    assert judged.sentence() == (
        "precision<-0.1: the set has no precision, the baseline has: failed "
        "(delta n/a, interval n/a)"
    )


def test_judge__a_class_that_there_is_not_names_those_there_are() -> None:
    with pytest.raises(InvalidGate, match="one of the classes: cell, a:b@small, ' lead'"):
        outcome("class:cel:AP<0", delta=-0.1)


def test_outcome__says_why_in_a_line_and_as_data() -> None:
    judged = outcome("AP<-0.005", delta=-0.0123, low=-0.02, high=0.001, p=0.08)
    assert judged.sentence() == (
        "AP<-0.005: tripped but not significant, passed "
        "(delta −0.0123, interval [−0.0200, +0.0010])"
    )
    assert judged.to_dict() == {
        "gate": "AP<-0.005",
        "state": "not significant",
        "delta": -0.0123,
        "low": -0.02,
        "high": 0.001,
        "p": 0.08,
        "support": 9,
    }


def test_gates__know_every_number_of_a_comparison() -> None:
    assert " ".join(HEADLINE) == (
        "AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl precision recall f1 tp fp fn"
    )
    assert set(CLASS_HEADLINE) < set(HEADLINE)
    assert set(SIZE_HEADLINE) - set(HEADLINE) == {"AR"}
