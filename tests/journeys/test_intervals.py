"""Intervals: they appear beside the deltas, class by class, and stand in a shared address."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.curation.many_images import FORTY, NEW, OLD
from tests.journeys.conftest import run_curation
from tests.journeys.screen import Screen
from tests.journeys.slides import write_json
from tests.servers.application import Application

OpenScreen = Callable[..., Screen]
RunCuration = Callable[..., dict[str, Any]]
EVALUATION = "/model-evaluation"
FORTY_IMAGES = {"project": "forty", "set": "new", "against": "old"}
SLIDES = {"project": "slides", "set": "second", "against": "first"}
LEGEND = "by paired bootstrap, 1\N{NARROW NO-BREAK SPACE}000 replicates"
INTERVAL, Q = 5, 6


@pytest.fixture
def _forty(application: Application, tmp_path: Path) -> None:
    """The project of forty images, beside the others."""
    data_dir = application.data_dir
    truth = write_json(tmp_path / "truth.json", FORTY)
    run_curation(data_dir, "project", "import", "coco", "forty", "--annotations", truth)
    for name, rows in (("old", OLD), ("new", NEW)):
        file = write_json(tmp_path / f"{name}.json", rows)
        run_curation(data_dir, "predictions", "import", "forty", file, "--name", name)


@pytest.mark.usefixtures("_forty")
def test_intervals_appear_and_stand_in_a_shared_address(
    open_screen: OpenScreen, curation: RunCuration
) -> None:
    screen = open_screen(EVALUATION, **FORTY_IMAGES)
    screen.sees(LEGEND)
    expect(screen.main.get_by_text("no interval yet")).to_have_count(0)
    screen.sees(re.compile(r"^[+−]\.\d{3} … [+−]\.\d{3}$"))
    screen.enters("Classes")
    cell, nucleus = screen.table()
    shows_intervals(screen, curation)
    screen.main.get_by_text("Changed by more than chance", exact=True).click()
    screen.page.wait_for_url("**sure=true**")
    expect(screen.grid().locator("tbody tr")).to_have_count(1)
    other = open_screen()
    other.page.goto(screen.page.url)
    other.sees(LEGEND)
    expect(other.grid().locator("tbody tr")).to_have_count(1)
    assert other.table() == [cell]
    assert other.page.url == screen.page.url
    assert nucleus not in screen.table()


def shows_intervals(screen: Screen, curation: RunCuration) -> None:
    """Compare interval and q of both classes with the command line's."""
    compared = curation("compare", "forty", "new", "--against", "old")
    assert screen.columns()[Q] == "q"
    assert screen.columns()[INTERVAL].endswith("interval")
    for row, found in zip(screen.table(), compared["intervals"]["classes"], strict=True):
        assert row[0] == found["name"]
        assert row[INTERVAL].startswith("+" if found["AP"]["low"] > 0 else "−")
        assert float(row[Q]) == pytest.approx(found["AP"]["q"])


def test_intervals_wait_for_a_worker_can_be_stopped_and_asked_for_again(
    open_screen: OpenScreen, idle_application: Application
) -> None:
    screen = open_screen(EVALUATION, served=idle_application, **SLIDES)
    screen.sees("Waiting for a worker")
    expect(screen.card("TP").get_by_test_id("stMetricValue")).to_have_text("2")
    screen.presses("Cancel")
    screen.sees("No intervals: the job was cancelled.")
    screen.presses("Try again")
    screen.sees("Waiting for a worker")
