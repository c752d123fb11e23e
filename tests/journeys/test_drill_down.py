"""From a number to its rows: cells of the matrix, error types, score bins, best thresholds."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys.screen import Screen

OpenScreen = Callable[..., Screen]
EVALUATION = "/model-evaluation"
SLIDES = {"project": "slides", "set": "second", "against": "first"}
# Where the cells of a matrix of three rows begin and end, pixels from the chart's corner.
LEFT, TOP, BOTTOM, ROWS = 92, 50, 204, 3


def clicks_cell(screen: Screen, *, row: int, column: int) -> None:
    """Click the middle of a cell; a chart is drawn on a canvas, so only its place is known."""
    chart = screen.main.get_by_test_id("stVegaLiteChart").first
    expect(chart.locator("canvas, svg").first).to_be_visible()
    box = chart.bounding_box()
    assert box is not None
    x = LEFT + (box["width"] - LEFT) * (column + 0.5) / ROWS
    y = TOP + (BOTTOM - TOP) * (row + 0.5) / ROWS
    chart.click(position={"x": x, "y": y})


def test_a_cell_of_the_matrix_opens_its_pairs(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, **SLIDES, entry="Confusion")
    screen.sees("Blue on the diagonal is right")
    clicks_cell(screen, row=2, column=1)  # nothing there, predicted as a nucleus
    screen.page.wait_for_url("**rows=confusion**")
    screen.sees("1 image with 1 such object")
    expect(screen.cells).to_have_count(1)
    expect(screen.cells).to_contain_text("a.png")
    expect(screen.main.get_by_text("predicted where no label is left")).to_be_visible()
    screen.presses("All images")
    expect(screen.cells).to_have_count(2)


def test_the_list_of_cells_opens_by_keyboard(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, **SLIDES, entry="Confusion", **{"with-background": "true"})
    screen.grid()
    screen.main.get_by_label("With background").first.focus()
    for _ in range(8):
        screen.page.keyboard.press("Tab")
        if "gridcell" in str(screen.page.evaluate("document.activeElement.outerHTML")):
            break
    screen.page.keyboard.press("Shift+Space")
    screen.page.wait_for_url("**rows=confusion**")
    screen.sees("1 image with 1 such object")


def test_error_types_open_their_rows_one_large(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, **SLIDES, entry="Error types")
    expect(screen.card("Background").get_by_test_id("stMetricValue")).to_have_text("1")
    screen.main.locator(".st-key-show-background button").click()
    screen.page.wait_for_url("**rows=error%3Aset%3Abackground**")
    screen.sees("1 image with 1 such object")
    screen.cells.first.click()
    screen.page.wait_for_url("**image=1**")
    expect(screen.page.locator(".is-chosen").first).to_be_attached()


def test_the_best_threshold_is_taken_over(open_screen: OpenScreen) -> None:
    screen = open_screen(EVALUATION, **SLIDES, entry="Confidence")
    screen.presses("Use score ≥ 0.70")
    screen.page.wait_for_url("**score=0.7**")
    expect(screen.main.get_by_role("button", name="Use score ≥ 0.70")).to_be_disabled()
