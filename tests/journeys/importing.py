"""Imports through the page, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.journeys.screen import Screen
from tests.journeys.slides import FIRST, SECOND, SLIDES, write_json


def look_at_project(screen: Screen, name: str, file: Path) -> None:
    """Upload an annotation file and ask for its dry run."""
    screen.go("/imports", **{"import": "Project"})
    screen.writes("Name of the project", name)
    screen.uploads(file)
    screen.presses("Look first")


def import_project(screen: Screen, name: str, file: Path) -> None:
    """Import a project, up to its report."""
    look_at_project(screen, name, file)
    screen.sees("Nothing has been written so far.")
    screen.presses("Import")
    screen.sees("is done.")


def look_at_predictions(screen: Screen, project: str, name: str, file: Path) -> None:
    """Upload predictions and ask for their dry run."""
    screen.go("/imports", project=project, **{"import": "Predictions"})
    screen.sees(f"into the project {project}")
    screen.writes("Name of the prediction set", name)
    screen.uploads(file)
    screen.presses("Look first")


def import_predictions(screen: Screen, project: str, name: str, file: Path) -> None:
    """Import predictions, up to the report."""
    look_at_predictions(screen, project, name, file)
    screen.sees("Class map")
    screen.sees("Nothing has been written so far.")
    screen.presses("Import")
    screen.sees("is done.")


def import_all(screen: Screen, project: str, folder: Path) -> None:
    """Import the hand-checked project with both its prediction sets."""
    sets: dict[str, list[dict[str, Any]]] = {"first": FIRST, "second": SECOND}
    import_project(screen, project, write_json(folder / f"{project}.json", SLIDES))
    screen.sees("2 images · 2 classes · 3 labels · 0 rejected · 0 warnings")
    for name, predictions in sets.items():
        import_predictions(screen, project, name, write_json(folder / f"{name}.json", predictions))
        screen.sees("No problem was found.")
