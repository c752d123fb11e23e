"""One served data folder for all journeys: the demo, and a project checked by hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.screen import Screen
from tests.journeys.slides import FIRST, SECOND, SLIDES, write_json
from tests.servers.application import COMMAND, Application, StartApplication
from tests.servers.browser import OpenPage

DEMO_IMAGES = "40"
OpenScreen = Callable[..., Screen]
RunCuration = Callable[..., dict[str, Any]]


def run_curation(
    data_dir: Path, *arguments: str | Path, settings: Mapping[str, str] | None = None
) -> str:
    """Run the command line over a data folder and return what it prints.

    Settings of the machine (`CURATION_*`) do not reach it; `settings` adds what a test needs.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("CURATION_")}
    done = subprocess.run(
        [COMMAND, *arguments],
        env=inherited | {"CURATION_DATA_DIR": str(data_dir)} | dict(settings or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def slides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the hand-checked project and both its prediction sets; to be copied."""
    data_dir, files = tmp_path_factory.mktemp("slides"), tmp_path_factory.mktemp("files")
    truth = write_json(files / "slides.json", SLIDES)
    run_curation(data_dir, "project", "import", "coco", "slides", "--annotations", truth)
    for name, predictions in (("first", FIRST), ("second", SECOND)):
        file = write_json(files / f"{name}.json", predictions)
        run_curation(data_dir, "predictions", "import", "slides", file, "--name", name)
    return data_dir


@pytest.fixture(scope="session")
def application(
    start_application: StartApplication, slides: Path, tmp_path_factory: pytest.TempPathFactory
) -> Application:
    """The application over the demo and the project `slides`, with its worker."""
    data_dir = tmp_path_factory.mktemp("served") / "data"
    shutil.copytree(slides, data_dir)
    run_curation(data_dir, "demo", "--no-serve", "--images", DEMO_IMAGES)
    return start_application(data_dir)


@pytest.fixture
def idle_application(
    start_application: StartApplication, slides: Path, tmp_path_factory: pytest.TempPathFactory
) -> Application:
    """The application over the project `slides` without a worker: jobs stay queued.

    One a test: what one leaves in the queue is not what the next one counts.
    """
    data_dir = tmp_path_factory.mktemp("idle") / "data"
    shutil.copytree(slides, data_dir)
    return start_application(data_dir, options=["--no-worker"])


@pytest.fixture
def open_screen(open_page: OpenPage, application: Application) -> Iterator[OpenScreen]:
    """Open a screen in a browser context of its own: `open_screen("/project", project="slides")`.

    Whatever happens, no page may ever show a traceback.
    """
    opened: list[Screen] = []

    def run(
        path: str = "/",
        *,
        served: Application = application,
        options: Mapping[str, Any] | None = None,
        **parameters: str,
    ) -> Screen:
        screen = Screen(open_page(served.url, **(options or {})))
        screen.go(path, **parameters)
        opened.append(screen)
        return screen

    yield run
    for screen in opened:
        assert "Traceback" not in screen.page.locator("body").inner_text()


@pytest.fixture
def curation(application: Application) -> RunCuration:
    """Run the command line over the served data folder and return its JSON."""

    def run(*arguments: str) -> dict[str, Any]:
        printed: dict[str, Any] = json.loads(
            run_curation(application.data_dir, *arguments, "--json")
        )
        return printed

    return run
