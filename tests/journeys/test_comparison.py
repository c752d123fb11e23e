"""Reading a comparison: counts open their rows, controls change the numbers, all is in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.screen import Number, Screen

OpenScreen = Callable[..., Screen]
RunCuration = Callable[..., dict[str, Any]]
MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"
EVALUATION = "/model-evaluation"
SLIDES = {"project": "slides", "set": "second", "against": "first"}
DEMO = {"project": "blood-smear", "set": "smear-detector v2", "against": "smear-detector v1"}
NOUNS = {"tp": "true positives", "fp": "false positives", "fn": "missed labels"}


def written(number: int) -> str:
    """Write a count as the screens do."""
    return f"{number:,}".replace(",", THIN)


@pytest.mark.parametrize("against", ["smear-detector v1", "(none)"])
def test_a_count_opens_exactly_its_rows(
    open_screen: OpenScreen, curation: RunCuration, against: str
) -> None:
    expected = curation("compare", DEMO["project"], DEMO["set"], "--against", DEMO["against"])
    screen = open_screen(EVALUATION, **{**DEMO, "against": against})
    for count in NOUNS:
        screen.enters("Summary")
        shows_its_rows(screen, count, expected["set"]["operating_point"][count])


def shows_its_rows(screen: Screen, count: str, number: int) -> None:
    expect(screen.card(count.upper()).get_by_test_id("stMetricValue")).to_have_text(written(number))
    screen.presses(f"Show the {NOUNS[count]}")
    screen.sees(re.compile(rf"^\d+ images? with {written(number)} such objects?$"))
    images = int(re.findall(r"(\d+) images? with", screen.text())[0])
    expect(screen.cells).to_have_count(images)
    if "against=%28none%29" in screen.page.url:  # then the captions are the counts themselves
        captions = " ".join(screen.cells.all_inner_texts())
        found = re.findall(rf"([\d{THIN}]+) {count.upper()}", captions)
        assert sum(int(text.replace(THIN, "")) for text in found) == number


def test_the_same_counts_by_hand(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, **SLIDES)
    screen.presses("Show the true positives")
    screen.sees("2 images with 2 such objects")
    screen.picks("With objects", "missed")
    screen.sees("1 image with 1 such object")
    expect(screen.cells).to_have_count(1)
    expect(screen.cells).to_contain_text("a.png")
    screen.picks("Of size", "medium")
    screen.sees("No image has such an object.")


def test_a_class_opens_its_images(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, **SLIDES, entry="Classes")
    screen.pick_row(1)
    screen.page.wait_for_url("**classes=nucleus**")
    expect(screen.page.get_by_role("radio", name="Images")).to_be_checked()
    expect(screen.cells.first).to_contain_text("1 new FP")
    screen.enters("Summary")
    screen.shows_numbers({"TP": Number("1", "+1", "up"), "FP": Number("1", "+1", "down")})


def test_swapping_turns_every_sign(open_screen: OpenScreen) -> None:
    # Two images are too few for an arrow.
    screen = open_screen(EVALUATION, **SLIDES)
    screen.shows_numbers({"TP": Number("2", "+1"), "FN": Number("1", f"{MINUS}1")})
    screen.main.get_by_role("button", name="Swap the two sets").or_(
        screen.main.locator(".st-key-swap button")
    ).first.click()
    screen.shows_numbers(
        {
            "AP": Number("0.252", f"{MINUS}0.500"),
            "TP": Number("1", f"{MINUS}1"),
            "FN": Number("2", "+1"),
        }
    )


def test_none_takes_the_differences_away(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, **SLIDES)
    screen.picks("Compare against", "(none)")
    screen.shows_numbers({"AP": Number("0.752"), "TP": Number("2"), "FN": Number("1")})
    screen.enters("Classes")
    expect(screen.main.get_by_text("Only second predicts")).to_have_count(0)
    assert screen.columns()[:4] == ["Class", "Labels", "AP", "AP50"]


def test_the_score_slider_moves_by_keyboard(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, **SLIDES)
    screen.shows_numbers({"FP": Number("1", "0"), "Precision": Number("0.667", "+0.167")})
    slider = screen.main.get_by_role("slider", name="Score ≥")
    slider.focus()
    for _ in range(11):  # the false positive has a score of .40
        slider.press("ArrowRight")
    # No intervals at this score yet: the plain difference has its arrow.
    screen.shows_numbers(
        {"FP": Number("0", f"{MINUS}1", "up"), "Precision": Number("1.000", "+0.500", "up")}
    )
    screen.page.wait_for_url("**score=0.41**")
    # AP uses all scores: what is known of it holds, which is that two images are too few.
    screen.shows_numbers({"AP": Number("0.752", "+0.500")})


def test_classes_and_splits_narrow_the_numbers(
    open_screen: OpenScreen, curation: RunCuration
) -> None:
    arguments = ("compare", DEMO["project"], DEMO["set"], "--against", DEMO["against"])
    tested = curation(*arguments, "--split", "test")
    platelets = curation(*arguments, "--split", "test", "--class", "platelet")
    assert tested["set"]["operating_point"]["tp"] > platelets["set"]["operating_point"]["tp"]
    screen = open_screen(EVALUATION, **DEMO)
    screen.picks("Split", "test")
    screen.sees(f"{tested['images']} images in common")
    shows_operating_point(screen, tested)
    screen.picks("Classes", "platelet")
    screen.page.keyboard.press("Escape")
    shows_operating_point(screen, platelets)
    screen.page.wait_for_url("**split=test**")


def shows_operating_point(screen: Screen, expected: dict[str, Any]) -> None:
    ours = expected["set"]["operating_point"]
    change = expected["delta"]["operating_point"]
    for key in ("tp", "fp", "fn"):
        card = screen.card(key.upper())
        sign = "+" if change[key] > 0 else MINUS if change[key] < 0 else ""
        expect(card.get_by_test_id("stMetricValue")).to_have_text(written(ours[key]))
        text = f"{sign}{written(abs(change[key]))}"
        expect(card.get_by_test_id("stMetricDelta")).to_have_text(text)


def test_masks_are_compared_too(open_screen: OpenScreen, curation: RunCuration) -> None:
    arguments = ("compare", DEMO["project"], DEMO["set"], "--against", DEMO["against"])
    masks = curation(*arguments, "--iou-type", "segm")
    screen = open_screen(EVALUATION, **DEMO)
    screen.main.get_by_role("radio", name="masks").or_(
        screen.main.get_by_role("button", name="masks")
    ).first.click()
    shows_operating_point(screen, masks)
    screen.enters("Images")
    expect(screen.cells.first.locator("path.line").first).to_be_attached()
