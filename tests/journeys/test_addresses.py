"""Addresses: what they name is shown, or said to be missing; Back goes back."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys.screen import Number, Screen

OpenScreen = Callable[..., Screen]
EVALUATION = "/model-evaluation"
SLIDES = {"project": "slides", "set": "second", "against": "first"}


IN_VAIN: list[tuple[str, dict[str, str], str]] = [
    (EVALUATION, {"project": "gone"}, "There is no project 'gone'."),
    ("/project", {"project": "gone"}, "There is no project 'gone'."),
    (EVALUATION, SLIDES | {"set": "gone"}, "There is no prediction set 'gone'."),
    (EVALUATION, SLIDES | {"against": "gone"}, "There is no prediction set 'gone'."),
    (EVALUATION, SLIDES | {"entry": "Images", "image": "99999"}, "There is no image 99999."),
    (EVALUATION, SLIDES | {"split": "moon"}, "The address asks for moon"),
    (EVALUATION, SLIDES | {"classes": "moon"}, "The address asks for moon"),
    ("/imports", {"project": "slides", "job": "gone"}, "There is no job 'gone'."),
]


def test_what_an_address_names_in_vain_is_said(open_screen: OpenScreen) -> None:
    screen = open_screen()  # one browser for all: a new one would load the app each time
    for path, asked, said in IN_VAIN:
        screen.go(path, **asked)
        screen.sees(said)


def test_after_a_wrong_address_a_choice_goes_on(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, project="gone")
    screen.picks("Current project", "slides")
    screen.sees("2 images in common")
    screen = open_screen(EVALUATION, **SLIDES | {"set": "gone"})
    screen.picks("Prediction set", "first")
    screen.shows_numbers({"TP": Number("1")})


def test_another_project_leaves_the_first_ones_sets(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, **SLIDES)
    screen.picks("Current project", "blood-smear")
    screen.sees("images in common")
    expect(screen.main.get_by_text("There is no prediction set")).to_have_count(0)


def test_back_closes_an_opened_image(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, **SLIDES, entry="Images")
    screen.cells.first.click()
    screen.sees("1 of 2 on this page")
    screen.page.go_back()
    expect(screen.cells).to_have_count(2)
    screen.page.go_forward()
    screen.sees("1 of 2 on this page")
