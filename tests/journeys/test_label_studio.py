"""A box is drawn in the real Label Studio; it is on our screen, and the delta moves."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.journeys.annotator import Annotator
from tests.journeys.conftest import run_curation
from tests.journeys.screen import Number, Screen
from tests.servers.application import Application, StartApplication
from tests.servers.label_studio import LabelStudioProject, MakeProject

OpenScreen = Callable[..., Screen]
MINUS = "\N{MINUS SIGN}"
CONFIG = """<View><Image name="image" value="$image"/>
<RectangleLabels name="box" toName="image"><Label value="cell"/><Label value="nucleus"/>
</RectangleLabels></View>"""
COMPARED = {"project": "slides", "set": "second", "against": "first"}


@dataclass(frozen=True, slots=True)
class Studio:
    """A project of Label Studio with one task without work, and the application connected to it."""

    project: LabelStudioProject
    task_id: int
    served: Application


@pytest.fixture
def studio(
    label_studio_project: MakeProject,
    slides: Path,
    start_application: StartApplication,
    tmp_path: Path,
) -> Studio:
    project = label_studio_project(CONFIG, title="slides")
    address = project.serve_files("slides")
    pixels = project.server.files_root / "slides" / "b.png"
    Image.new("RGB", (100, 80), "#d8b4c4").save(pixels)
    (task_id,) = project.import_tasks([{"data": {"image": address.format(name="b.png")}}])
    data_dir = tmp_path / "data"
    shutil.copytree(slides, data_dir)
    settings = {
        "CURATION_TOOL_ORIGINS": f'["{project.server.url}"]',
        "LABELS_TOKEN": project.server.token,
    }
    run_curation(
        data_dir, "source", "add", "slides", "labels", "--location", project.server.url,
        "--tool-project", str(project.id), "--token-env", "LABELS_TOKEN", settings=settings,
    )  # fmt: skip
    return Studio(project, task_id, start_application(data_dir, environment=settings))


def test_a_box_drawn_in_label_studio__moves_the_delta(
    studio: Studio, browser: Browser, open_screen: OpenScreen
) -> None:
    screen = open_screen("/model-evaluation", served=studio.served, **COMPARED)
    screen.shows_numbers({"TP": Number("2", "+1"), "FN": Number("1", f"{MINUS}1")})

    # The first set had found a cell there, and nobody had labelled it.
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    annotator = Annotator(page, studio.project)
    annotator.signs_in()
    annotator.draws_a_box(studio.task_id, "1", (0.6, 0.5, 0.8, 0.75))
    page.context.close()

    screen.go("/annotation", project="slides", source="labels")
    screen.presses("Sync now")
    screen.sees("revision 2")
    screen.go("/model-evaluation", **COMPARED)
    screen.sees("stale")
    screen.presses("Evaluate now")
    # Now the first set's box is right: two of three found; the second finds one of three.
    screen.shows_numbers({"TP": Number("1", f"{MINUS}1"), "FN": Number("2", "+1")})
    screen.enters("Images")
    screen.sees("b.png")
