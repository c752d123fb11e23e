"""Everything by keyboard, with a focus that can be seen."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys.screen import Number, Screen
from tests.servers.browser import settle

OpenScreen = Callable[..., Screen]
EVALUATION = "/model-evaluation"
SLIDES = {"project": "slides", "set": "second", "against": "first"}
MOST_TABS = 60


def tab_to(screen: Screen, name: str) -> None:
    """Press Tab until the element of a name has the focus."""
    seen = []
    for _ in range(MOST_TABS):
        screen.page.keyboard.press("Tab")
        seen.append(screen.focused())
        if name in seen[-1]:
            assert screen.focus_is_visible(), name
            return
    raise AssertionError(f"{name} was not reached: {seen}")


def test_the_way_to_an_image_and_back(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, **SLIDES)
    keys = screen.page.keyboard
    tab_to(screen, "Compare against")
    keys.press("Control+a")
    keys.type("(none)")
    expect(screen.page.get_by_role("option")).to_have_count(1)
    keys.press("ArrowDown")
    keys.press("Enter")
    settle(screen.page)
    screen.shows_numbers({"TP": Number("2")})
    tab_to(screen, "Summary")
    keys.press("ArrowUp")  # from the first entry to the last
    settle(screen.page)
    expect(screen.page.get_by_role("radio", name="Images")).to_be_checked()
    expect(screen.cells).to_have_count(2)
    tab_to(screen, "Image a.png")
    keys.press("ArrowRight")
    assert "Image b.png" in screen.focused()
    assert screen.focus_is_visible()
    keys.press("Enter")
    screen.sees("2 of 2 on this page")
    keys.press("ArrowLeft")
    screen.sees("1 of 2 on this page")
    keys.press("ArrowRight")
    screen.sees("2 of 2 on this page")
    keys.press("Escape")
    expect(screen.cells).to_have_count(2)
    assert "Image b.png" in screen.focused()


def test_escape_closes_an_image_wherever_the_focus_is(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, **SLIDES, entry="Images")
    screen.cells.first.click()
    screen.sees("1 of 2 on this page")
    screen.main.get_by_role("radio", name="Images").focus()
    screen.page.keyboard.press("Escape")
    expect(screen.cells).to_have_count(2)


def test_keys_of_a_field_are_left_to_it(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, **SLIDES, entry="Images")
    screen.cells.first.click()
    screen.sees("1 of 2 on this page")
    box = screen.page.get_by_role("combobox", name="Sort by")
    box.click()
    expect(screen.page.get_by_role("option").first).to_be_visible()
    screen.page.keyboard.press("Escape")  # closes the list, not the image
    settle(screen.page)
    screen.sees("1 of 2 on this page")
