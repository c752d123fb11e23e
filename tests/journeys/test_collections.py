"""From what Model Evaluation shows to a collection with its pictures, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys.screen import Screen

OpenScreen = Callable[..., Screen]
VIEW = {"project": "slides", "set": "second", "against": "first", "entry": "Images"}


def test_what_is_shown_becomes_a_collection(open_screen: OpenScreen) -> None:
    screen = open_screen("/model-evaluation", **VIEW, outcome="gained")
    screen.presses("Save as collection")
    dialog = screen.page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("gains [1](http://x)")
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog.get_by_text("holds 2 labels on 2 images")).to_be_visible()
    dialog.get_by_text("Open the collection").click()
    screen.page.wait_for_url("**/collections?**collection=gains**")
    expect(screen.cells).to_have_count(2)
    expect(screen.main.get_by_role("heading", name="gains [1](http://x)")).to_be_visible()
    expect(screen.cells.first).to_contain_text("found by second, not by first")
    screen.cells.first.click()
    screen.sees("1 of 2 on this page")
    expect(screen.page.locator(".pane .object")).to_have_count(1)
    screen.page.keyboard.press("ArrowRight")
    screen.sees("2 of 2 on this page")
    screen.presses("All images")
    screen.presses("Open the view it is from")
    screen.page.wait_for_url("**/model-evaluation?**outcome=gained**")
    screen.sees("2 images with 2 such objects")


def test_a_row_of_the_table_opens_its_collection(
    open_screen: OpenScreen, curation: Callable[..., dict[str, object]]
) -> None:
    curation("collection", "create", "slides", "all of them", "--all")
    screen = open_screen("/collections", project="slides")
    screen.sees("Pick a row to see its images.")
    screen.pick_row(0)
    screen.page.wait_for_url("**collection=**")
    expect(screen.cells).to_have_count(2)
    screen.page.reload()
    expect(screen.cells).to_have_count(2)
    screen.presses("Send to annotation")
    screen.page.wait_for_url("**/annotation?**collection=all**")
    screen.page.go_back()
    expect(screen.cells).to_have_count(2)
    screen.pick_row(0)
    screen.sees("Pick a row to see its images.")
