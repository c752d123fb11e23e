"""The whole way: import a project and two prediction sets, read the deltas, share the view.

Every number is worked out by hand from `slides.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.importing import import_all
from tests.journeys.screen import Number, Screen

OpenScreen = Callable[..., Screen]
MINUS = "\N{MINUS SIGN}"
# One of two cells is found, before any false positive: precision 1 up to recall .5, then 0.
HALF = 51 / 101


def test_main_journey(open_screen: OpenScreen, tmp_path: Path) -> None:
    screen = open_screen()
    import_all(screen, "pebbles", tmp_path)
    screen.presses("Model Evaluation")
    screen.picks("Prediction set", "first")
    screen.picks("Compare against", "(none)")
    screen.picks("Prediction set", "second")
    screen.picks("Compare against", "first")
    summary(screen)
    classes(screen)
    size_buckets(screen)
    precision_recall(screen)
    images(screen)
    opened_image(screen)
    shared(screen, open_screen)


def summary(screen: Screen) -> None:
    # Two images are too few to tell better from worse: no difference has an arrow.
    screen.shows_numbers(
        {
            "AP": Number("0.752", "+0.500"),
            "AP50": Number("0.752", "+0.500"),
            "AR": Number("0.750", "+0.500"),
            "Precision": Number("0.667", "+0.167"),
            "Recall": Number("0.667", "+0.333"),
            "F1": Number("0.667", "+0.267"),
            "TP": Number("2", "+1"),
            "FP": Number("1", "0"),
            "FN": Number("1", f"{MINUS}1"),
        }
    )
    screen.sees("By AP second is better than first: 0.752, +0.500. How sure that is cannot be said")
    screen.card("Recall").get_by_role("button", name="Help for Recall").hover()
    hint = screen.page.get_by_test_id("stTooltipContent")
    for part in ("TP / (TP + FN)", "score ≥ 0.30", "2 images, label revision 1", "n = 3 labels"):
        expect(hint).to_contain_text(part)
    expect(hint).to_contain_text("No interval: 2 images carry it; at least 20 are needed.")
    screen.page.mouse.move(0, 0)


def classes(screen: Screen) -> None:
    screen.enters("Classes")
    screen.sees("Only second predicts: nucleus")
    assert screen.columns()[:5] == ["Class", "Labels", "AP", "AP baseline", "Δ AP"]
    cell, nucleus = screen.table()
    assert [float(number) for number in cell[1:5]] == pytest.approx([2, HALF, HALF, 0])
    assert [float(number) for number in nucleus[1:5]] == pytest.approx([1, 1, 0, 1])


def size_buckets(screen: Screen) -> None:
    screen.enters("Size buckets")
    small, medium, large = (screen.block(size) for size in ("Small", "Medium", "Large"))
    expect(small).to_contain_text("2 labels")
    # The small cell is lost, the small nucleus gained; each set has one small false positive.
    unchanged = Number("1", "0")
    same = {"AP": Number("0.500", "0.000"), "Precision": Number("0.500", "0.000")}
    screen.shows_numbers({**same, "TP": unchanged, "FP": unchanged, "FN": unchanged}, within=small)
    screen.shows_numbers(
        {
            "AP": Number("1.000", "+1.000"),
            "Precision": Number("1.000", "n/a"),  # the first set predicts nothing of this size
            "Recall": Number("1.000", "+1.000"),
            "TP": Number("1", "+1"),
            "FN": Number("0", f"{MINUS}1"),
        },
        within=medium,
    )
    nothing = Number("n/a", "n/a")
    screen.shows_numbers({"AP": nothing, "Recall": nothing, "TP": Number("0", "0")}, within=large)


def precision_recall(screen: Screen) -> None:
    screen.enters("Precision–recall")
    screen.sees("AP, the area under the curve: 0.752 +0.500")
    screen.sees("cell · 0.505 0.000")
    screen.sees("nucleus · 1.000 +1.000")
    expect(screen.main.get_by_test_id("stVegaLiteChart")).to_have_count(3)
    screen.picks("Curve", "nucleus")
    screen.sees("AP, the area under the curve: 1.000 +1.000")


def images(screen: Screen) -> None:
    screen.enters("Images")
    expect(screen.cells).to_have_count(2)
    expect(screen.cells.nth(0)).to_contain_text(f"+1 gained{MINUS}1 lost1 new FP")
    expect(screen.cells.nth(1)).to_contain_text("+1 gained1 fixed")


def opened_image(screen: Screen) -> None:
    screen.cells.first.click()
    screen.sees("1 of 2 on this page")
    assert [row[0] for row in screen.table()] == ["lost", "newly wrong", "gained"]
    screen.page.get_by_role("button", name="one picture").click()
    screen.page.get_by_role("button", name="ground truth").click()
    expect(screen.page.locator("g.object.truth").first).to_be_hidden()
    screen.page.wait_for_url("**layers=sb**")


def shared(screen: Screen, open_screen: OpenScreen) -> None:
    other = open_screen()
    other.page.goto(screen.page.url)
    other.sees("1 of 2 on this page")
    expect(other.page.get_by_role("button", name="ground truth")).to_be_visible()
    assert other.table() == screen.table()
    assert other.text() == screen.text()
    assert other.layers() == screen.layers()
    assert other.layers()["ground truth"] == "false"
    assert other.page.url == screen.page.url
