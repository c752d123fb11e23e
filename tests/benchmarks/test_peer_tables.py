"""Tables and gates from made-up results, whose medians and ratios can be seen at a glance."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from benchmarks.peers.contestants import OURS
from benchmarks.peers.gates import STORE, Gate, judge, verdict_words
from benchmarks.peers.measuring import Measured
from benchmarks.peers.results import CaseResult, difference, figure, load, result, save
from benchmarks.peers.tables import BEGIN, END, case_table, report, seconds, write_into

NUMBERS = [0.5] * 12


def _files(row: str, peer: str | None, *walls: float, mb: float = 100, **more: Any) -> Measured:
    runs = [{"wall": wall, "cpu": 2 * wall, "mb": mb, "numbers": NUMBERS} | more for wall in walls]
    return Measured(row, "files", peer, runs)


def _arrays(row: str, peer: str | None, again: float) -> Measured:
    run = {"first": 2 * again, "again": again, "again_cpu": again, "numbers": NUMBERS}
    return Measured(row, "arrays", peer, [run])


@pytest.fixture
def boxes() -> CaseResult:
    phases = {"truth": 0.1, "predictions": 0.2, "evaluate": 0.5, "summary": 0.1}
    return result(
        "boxes_500k",
        "made up",
        (3, 1),
        {"swift": "1.2"},
        [
            _files(OURS, None, 0.3, 0.4, 9.0, mb=90),
            _arrays(OURS, None, 0.02),
            _files("pycocotools", "pycocotools", 30.0, mb=1700),
            _files("swift", "swift", 0.6, mb=150, seconds=phases, numbers=[0.5] * 11 + [0.51]),
            _arrays("swift", "swift", 0.1),
            Measured("heavy", "files", "heavy", skipped="over 300 s"),
        ],
    )


def test_figures__are_medians_over_the_rounds(boxes: CaseResult) -> None:
    ours = boxes.find(OURS, "files")
    assert ours is not None
    assert figure(ours, "wall") == 0.4
    assert figure(ours, "seconds", "truth") is None


def test_difference__is_the_largest_of_numbers_that_both_have() -> None:
    first = Measured("a", "files", None, [{"numbers": [0.5, None, 0.25]}])
    second = Measured("b", "files", None, [{"numbers": [0.5, 0.9, 0.5]}])
    assert difference(first, second) == 0.25


def test_case_table__has_ours_first_and_peers_fastest_first(boxes: CaseResult) -> None:
    lines = case_table(boxes).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert [row[0].split()[0] for row in cells] == [OURS, "swift", "pycocotools"]
    assert cells[0][1:4] == ["400 ms", "800 ms", "90 MB"]
    assert cells[0][6:] == ["40 ms", "20 ms", "20 ms", "0"]
    assert cells[1] == [
        *("swift 1.2", "600 ms", "1.2 s", "150 MB", "300 ms", "600 ms"),
        *("200 ms", "100 ms", "100 ms", "1e-02"),
    ]


def test_report__names_who_is_left_out_and_why(boxes: CaseResult) -> None:
    text = report({"boxes_500k": boxes})
    assert "### boxes_500k\nmade up. " in text
    assert "medians of 3 rounds (1 of the slow tools)" in text
    assert "- heavy (files): over 300 s" in text
    assert "not measured: nothing of this kind takes part" in text  # nothing came from a store


def test_report__says_whose_numbers_others_are_compared_with(boxes: CaseResult) -> None:
    assert "Off by:" not in report({"boxes_500k": boxes})
    entries = [
        dataclasses.replace(entry, row="hotcoco") if entry.row == "swift" else entry
        for entry in boxes.entries
        if entry.row != "pycocotools"
    ]
    huge = dataclasses.replace(boxes, entries=entries)
    assert "Off by: from hotcoco." in report({"boxes_500k": huge})


def test_report__says_once_what_is_left_out_everywhere(boxes: CaseResult) -> None:
    masks = dataclasses.replace(boxes, case="masks_50k")
    text = report({"boxes_500k": boxes, "masks_50k": masks})
    assert text.count("over 300 s") == 1
    assert text.endswith("Left out of every case:\n- heavy (files): over 300 s")


def _gate(least: float, **more: Any) -> Gate:
    settings = {"row": OURS, "kind": "arrays", "figure": "again", "against": "arrays"} | more
    return Gate("from memory", "boxes_500k", least=least, **settings)


def test_gates__compare_with_the_best_peer(boxes: CaseResult) -> None:
    (verdict,) = judge({"boxes_500k": boxes}, (_gate(4.0),))
    assert (verdict.ours, verdict.theirs, verdict.rival) == (0.02, 0.1, "swift")
    assert verdict.ratio == pytest.approx(5)
    assert verdict.cpu_ratio == pytest.approx(5)
    assert verdict.holds
    assert verdict_words(verdict) == "held"


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        (_gate(6.0), "**missed**"),
        (_gate(4.0, stretch=5.0), "held, and the stretch"),
        (_gate(4.0, row=STORE), "not measured: nothing of this kind takes part"),
        (_gate(4.0, against="store"), "not measured: nothing to compare with"),
    ],
    ids=["missed", "stretch", "ours is missing", "theirs is missing"],
)
def test_gates__say_what_came_of_them(boxes: CaseResult, gate: Gate, words: str) -> None:
    (verdict,) = judge({"boxes_500k": boxes}, (gate,))
    assert verdict_words(verdict) == words


def test_gates__may_compare_ours_with_ours(boxes: CaseResult) -> None:
    gate = _gate(2.0, kind="files", figure="wall", against="files", rival=OURS)
    (verdict,) = judge({"boxes_500k": boxes}, (gate,))
    assert (verdict.ratio, verdict.holds) == (1.0, False)


def test_gates_of_memory__take_the_leanest_peer(boxes: CaseResult) -> None:
    gate = _gate(1.0, kind="files", figure="mb", against="files")
    (verdict,) = judge({"boxes_500k": boxes}, (gate,))
    assert (verdict.ours, verdict.theirs, verdict.cpu_ratio) == (90, 150, None)


def test_results__are_read_back_as_they_were(boxes: CaseResult, tmp_path: Path) -> None:
    save(boxes, tmp_path)
    assert load("boxes_500k", tmp_path) == boxes
    assert load("masks_50k", tmp_path) is None


def test_pages__keep_what_stands_around_the_tables(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    write_into(page, "new")
    assert page.read_text(encoding="utf-8") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


def test_pages__without_the_marks_are_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here", encoding="utf-8")
    with pytest.raises(ValueError, match="has no"):
        write_into(page, "new")


def test_the_documentation__has_the_marks() -> None:
    text = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert 0 < text.index(BEGIN) < text.index(END)


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "–"), (0.0042, "4.2 ms"), (0.3, "300 ms"), (2.54, "2.5 s"), (141.2, "141 s")],
)
def test_durations__read_as_people_say_them(value: float | None, words: str) -> None:
    assert seconds(value) == words
