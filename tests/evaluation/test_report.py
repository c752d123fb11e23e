from __future__ import annotations

import re
from dataclasses import replace

import pytest

from evaluation import Comparison, Instances, compare
from evaluation.gates import judge, parse
from evaluation.report import code, markdown_report

NASTY = "<b>@team</b> | `x` [a](http://b.c)\n# h"
TRUTH = Instances.ground_truth(
    list(range(60)) * 2, [0] * 60 + [1] * 60, [[0, 0, 20, 20]] * 60 + [[0, 0, 50, 50]] * 60
)


def found(n_cells: int, n_others: int) -> Instances:
    """Predict the first cells and other objects, all exactly."""
    image = [*range(n_cells), *range(n_others)]
    class_ = [0] * n_cells + [1] * n_others
    boxes = [[0, 0, 20, 20]] * n_cells + [[0, 0, 50, 50]] * n_others
    return Instances.predictions(image, class_, boxes, score=[0.9] * len(image))


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(
        TRUTH,
        found(50, 30),
        found(20, 30),
        class_names=("cell", NASTY),
        names=("new.json", "old.json"),
        replicates=200,
    )


def rows(text: str, heading: str) -> list[list[str]]:
    """Return the table under a heading, cell by cell, without its rule."""
    part = text.split(heading, 1)[1].split("\n\n#", 1)[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if "---" not in line]


def test_report__says_first_which_is_the_baseline(comparison: Comparison) -> None:
    lines = markdown_report(comparison).splitlines()
    assert lines[0] == "## `new.json` compared against the baseline `old.json`"
    assert lines[2] == "Delta = set − baseline: positive means that the set has more."


def test_report__headline_has_numbers_signs_intervals_and_verdicts(comparison: Comparison) -> None:
    table = [[cell.strip() for cell in row] for row in rows(markdown_report(comparison), "## ")]
    assert table[0] == ["", "set", "baseline", "delta", "95% interval[^interval]", "p", ""]
    recall = next(row for row in table if row[0] == "recall[^point]")
    assert recall[1:4] == ["0.667", "0.417", "+0.2500"]
    assert re.fullmatch(r"\[\+0\.\d{4}, \+0\.\d{4}\]", recall[4])
    assert 0 < float(recall[5]) < 0.05
    assert recall[6] == "▲ better"
    misses = next(row for row in table if row[0] == "FN[^point]")
    assert (misses[3], misses[6]) == ("−30", "▲ better")


def test_report__lists_only_classes_that_moved_significantly(comparison: Comparison) -> None:
    text = markdown_report(comparison)
    assert "The AP of 1 of 2 classes moved significantly." in text
    table = rows(text, "### Classes")
    assert [row[0].strip() for row in table] == ["class", "`cell`"]
    assert table[1][-1].strip() == "▲ better"


def test_report__worse_points_down() -> None:
    worse = compare(TRUTH, found(20, 30), found(50, 30), replicates=200)
    table = rows(markdown_report(worse), "## ")
    assert {row[-1].strip() for row in table if row[0].startswith(" AP[")} == {"▼ worse"}


def test_report__names_from_outside_take_no_effect() -> None:
    nasty = compare(
        TRUTH, found(20, 50), found(20, 10), class_names=("cell", NASTY), replicates=200,
        names=(NASTY, "old`.json"),
    )  # fmt: skip
    text = markdown_report(nasty)
    assert "<b>" not in re.sub(r"``.*?``", "", text)
    assert "\n# h" not in text
    assert {len(row) for row in rows(text, "### Classes")} == {8}


def test_report__notices_take_no_effect(comparison: Comparison) -> None:
    nasty = replace(comparison, notices=(f"old.json: category_id {NASTY}", "```\n- @team"))
    lines = markdown_report(nasty).splitlines()
    assert lines[3:6] == [
        "",
        r"> - `` old.json: category_id <b>@team</b> \| `x` [a](http://b.c) # h ``",
        "> - ```` ``` - @team ````",
    ]


def test_report__tells_what_became_of_gates(comparison: Comparison) -> None:
    gates = [judge(parse(gate), comparison) for gate in ("recall>0.1", "AP<0", "precision<=0")]
    text = markdown_report(comparison, gates)
    assert "### Gates: 1 of 3 failed" in text
    states = [row[-1].strip() for row in rows(text, "### Gates")]
    assert states == ["", "**failed**", "passed", "tripped but not significant, passed"]
    assert "### Gates: none failed" in markdown_report(comparison, gates[1:])
    assert "### Gates" not in markdown_report(comparison)


def test_report__counts_changes_and_names_settings(comparison: Comparison) -> None:
    text = markdown_report(comparison)
    assert "30 gained, 0 lost. Mistakes: 0 fixed, 0 new." in text
    assert "- 60 images, 120 labels, 2 classes; overlap of boxes" in text
    assert "- operating point: score ≥ 0.3, IoU ≥ 0.5" in text
    assert "- intervals: 200 replicates, seed 0, level 0.95" in text
    assert re.search(r"^- curation \S+, NumPy \S+, Python \S+$", text, re.MULTILINE)


def test_report__without_intervals_has_none() -> None:
    plain = compare(TRUTH, found(50, 30), found(20, 30), replicates=0)
    text = markdown_report(plain)
    assert "- intervals" not in text
    assert "### Classes" not in text


def test_report__is_markdown_with_its_definitions_and_no_html(comparison: Comparison) -> None:
    text = markdown_report(comparison)
    assert not re.search(r"<[a-zA-Z/!]", text)
    used = set(re.findall(r"(?<!^)\[\^(\w+)\]", text, re.MULTILINE))
    assert used == set(re.findall(r"^\[\^(\w+)\]:", text, re.MULTILINE))
    assert text.endswith("\n")
    tables = re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE)
    assert len(tables) == 3
    for table in tables:
        assert len({len(re.split(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("red cell", "`red cell`"),
        ("a|b", r"`a\|b`"),
        ("a`b", "`` a`b ``"),
        ("a``b", "``` a``b ```"),
        ("a\nb\tc", "`a b c`"),
        ("", "` `"),
    ],
)
def test_code__keeps_text_as_it_is(text: str, written: str) -> None:
    assert code(text) == written
