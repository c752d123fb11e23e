"""Jobs in the page: cancel, try again, and the worker that takes them up."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.journeys.importing import look_at_predictions
from tests.journeys.screen import Screen
from tests.journeys.slides import FIRST, write_json
from tests.servers.application import COMMAND, Application

OpenScreen = Callable[..., Screen]


def test_a_waiting_import_is_cancelled_and_tried_again(
    idle_application: Application, open_screen: OpenScreen, tmp_path: Path
) -> None:
    file = write_json(tmp_path / "third.json", FIRST[:1])
    screen = open_screen(served=idle_application)
    look_at_predictions(screen, "slides", "third", file)
    screen.presses("Import")
    screen.sees("queued")
    screen.sees("waiting for a worker")
    import_address = screen.page.url
    expect(screen.page.get_by_text("1 job running")).to_be_visible()

    jobs = open_screen("/jobs", served=idle_application)
    jobs.sees("Import predictions third")
    jobs.presses("Cancel")
    jobs.sees("Nothing is running.")

    screen.sees("cancelled")
    screen.go("/project", project="slides")
    assert "third" not in str(screen.table())
    screen.page.goto(import_address)
    screen.presses("Try again")
    screen.sees("queued")

    inherited = {k: v for k, v in os.environ.items() if not k.startswith("CURATION_")}
    worker = subprocess.Popen(
        [COMMAND, "worker"],
        env=inherited | {"CURATION_DATA_DIR": str(idle_application.data_dir)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        screen.sees("is done.")
        screen.sees("1 predictions")
    finally:
        worker.terminate()
        worker.wait(30)
    screen.presses("Open the project")
    assert screen.table()[0][0] == "third"


def test_a_running_import_is_cancelled(open_screen: OpenScreen, tmp_path: Path) -> None:
    predictions = [{**FIRST[0], "score": round(1 - n / 1_200_000, 6)} for n in range(600_000)]
    file = write_json(tmp_path / "many.json", predictions)
    screen = open_screen()
    look_at_predictions(screen, "slides", "many", file)
    screen.presses("Import")
    screen.presses("Cancel")
    screen.sees("cancelled")
    expect(screen.main.get_by_role("button", name="Try again")).to_be_visible()
    screen.go("/project", project="slides")
    assert "many" not in str(screen.table())


def test_an_ended_job_shows_its_report(open_screen: OpenScreen) -> None:
    screen = open_screen("/jobs")
    place = next(
        n
        for n, row in enumerate(screen.table())
        if row[0].startswith("Import") and row[1] == "done"
    )
    screen.pick_row(place)
    screen.sees("rejected")
