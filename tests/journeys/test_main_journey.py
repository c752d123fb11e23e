"""The whole way: import a project and two prediction sets, read the deltas, share the view."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.journeys.screen import Number, Screen
from tests.journeys.slides import FIRST, SECOND, SLIDES, write_json

OpenScreen = Callable[..., Screen]
MINUS = "\N{MINUS SIGN}"


def import_project(screen: Screen, name: str, file: Path) -> None:
    """Import a project through the page, up to its report."""
    screen.go("/imports", **{"import": "Project"})
    screen.writes("Name of the project", name)
    screen.uploads(file)
    screen.presses("Look first")
    screen.sees("Nothing has been written so far.")
    screen.presses("Import")
    screen.sees("is done.")


def look_at_predictions(screen: Screen, project: str, name: str, file: Path) -> None:
    """Upload predictions and look at their preview."""
    screen.go("/imports", project=project, **{"import": "Predictions"})
    screen.sees(f"into the project {project}")
    screen.writes("Name of the prediction set", name)
    screen.uploads(file)
    screen.presses("Look first")
    screen.sees("Class map")


def import_predictions(screen: Screen, project: str, name: str, file: Path) -> None:
    """Import predictions through the page, up to the report."""
    look_at_predictions(screen, project, name, file)
    screen.sees("Nothing has been written so far.")
    screen.presses("Import")
    screen.sees("is done.")


@pytest.fixture
def imported(open_screen: OpenScreen, tmp_path: Path) -> Screen:
    """A screen on which a project and two prediction sets have just been imported."""
    screen = open_screen()
    import_project(screen, "pebbles", write_json(tmp_path / "pebbles.json", SLIDES))
    screen.sees("2 images · 2 classes · 3 labels")
    for name, predictions in (("first", FIRST), ("second", SECOND)):
        import_predictions(
            screen, "pebbles", name, write_json(tmp_path / f"{name}.json", predictions)
        )
    return screen


def test_main_journey(imported: Screen, open_screen: OpenScreen) -> None:
    screen = imported
    screen.presses("Model Evaluation")
    screen.picks("Prediction set", "first")
    screen.picks("Compare against", "second")
    screen.picks("Prediction set", "second")
    screen.picks("Compare against", "first")
    summary(screen)
    classes(screen)
    size_buckets(screen)
    precision_recall(screen)
    images(screen)
    shared(screen, open_screen)


def summary(screen: Screen) -> None:
    screen.shows_numbers(
        {
            "TP": Number("2", "+1", "up"),
            "FP": Number("1", "0"),
            "FN": Number("1", f"{MINUS}1", "up"),
            "Precision": Number("0.667", "+0.167", "up"),
            "Recall": Number("0.667", "+0.333", "up"),
            "F1": Number("0.667", "+0.267", "up"),
        }
    )


def classes(screen: Screen) -> None:
    screen.enters("Classes")
    screen.sees("Only second predicts: nucleus")
    assert screen.columns()[:5] == ["Class", "Labels", "AP", "AP baseline", "Δ AP"]
    cell, nucleus = screen.table()
    # One of two cells found by each set, before any false positive: precision 1 up to recall .5.
    assert [float(number) for number in cell[1:5]] == pytest.approx([2, 51 / 101, 51 / 101, 0])
    assert [float(number) for number in nucleus[1:5]] == pytest.approx([1, 1, 0, 1])


def size_buckets(screen: Screen) -> None:
    screen.enters("Size buckets")


def precision_recall(screen: Screen) -> None:
    screen.enters("Precision–recall")
    expect(screen.main.get_by_test_id("stVegaLiteChart")).to_have_count(3)


def images(screen: Screen) -> None:
    screen.enters("Images")
    expect(screen.cells).to_have_count(2)


def shared(screen: Screen, open_screen: OpenScreen) -> None:
    screen.cells.first.click()
