"""Broken files through the page: said in words, counted by kind, nothing half imported."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.journeys.importing import look_at_predictions, look_at_project
from tests.journeys.screen import Screen
from tests.journeys.slides import FIRST, write_json

OpenScreen = Callable[..., Screen]
RunCuration = Callable[..., Any]
BOX = {"image_id": 1, "category_id": 7, "bbox": [0, 0, 10, 10], "score": 0.9}
# Kind of problem, what the page says of it, and two records of each kind.
REJECTS: dict[str, list[dict[str, Any]]] = {
    "unknown-image": [BOX | {"image_id": 88}, BOX | {"image_id": 99}],
    "score": [BOX | {"score": None}, {k: v for k, v in BOX.items() if k != "score"}],
    "bbox": [BOX | {"bbox": [0, 0, 1e400, 10]}, BOX | {"bbox": [0, 0, 10]}],
}


def test_a_file_that_is_not_json_is_refused(
    open_screen: OpenScreen, curation: RunCuration, tmp_path: Path
) -> None:
    file = tmp_path / "holiday.json"
    file.write_bytes(b"\xff\xd8\xff\xe0 not json at all")
    before = curation("project", "list")
    screen = open_screen()
    look_at_project(screen, "holiday", file)
    screen.sees("holiday.json cannot be read")
    look_at_predictions(screen, "slides", "holiday", file)
    screen.sees("holiday.json")
    expect(screen.main.get_by_test_id("stAlert").first).to_be_visible()
    expect(screen.main.get_by_role("button", name="Import", exact=True)).to_have_count(0)
    assert curation("project", "list") == before


def test_rejects_are_counted_by_kind_and_downloadable(
    open_screen: OpenScreen, curation: RunCuration, tmp_path: Path
) -> None:
    records = [*FIRST, *(record for kind in REJECTS.values() for record in kind)]
    file = write_json(tmp_path / "half.json", records)
    screen = open_screen()
    look_at_predictions(screen, "slides", "half broken", file)
    screen.sees("6 rejected")
    screen.sees("Rejected · 6 not imported")
    groups = json.loads(screen.downloads("Report as JSON"))["rejects"]
    assert sum(group["count"] for group in groups) == 6
    assert len(groups) >= 3
    for group in groups:
        screen.sees(f"{group['meaning']} · {group['count']}")
    rows = list(csv.DictReader(io.StringIO(screen.downloads("Report as CSV"))))
    assert len(rows) == 6
    names = [row["name"] for row in curation("predictions", "list", "slides")]
    assert "half broken" not in names  # a look writes nothing
    screen.presses("Back")
    screen.sees("1 Source")


def test_a_wrong_class_map_is_mended_in_the_page(
    open_screen: OpenScreen, curation: RunCuration, tmp_path: Path
) -> None:
    # Id 5 is no class of the project: suggested is a reject, a person knows that it is `cell`.
    records = [{**record, "category_id": 5} for record in FIRST]
    screen = open_screen()
    look_at_predictions(screen, "slides", "mapped", write_json(tmp_path / "mapped.json", records))
    screen.sees("Rejected · 2 not imported")
    screen.edits_cell(row=0, column=2, option="cell")
    screen.sees("No problem was found.")
    screen.presses("Import")
    screen.sees("is done.")
    screen.sees("2 predictions")
    mapped = curation("evaluation", "run", "slides", "mapped")
    first = curation("evaluation", "run", "slides", "first")
    assert mapped["metrics"] == first["metrics"]


def test_the_same_file_is_recognised(open_screen: OpenScreen, tmp_path: Path) -> None:
    screen = open_screen()
    look_at_predictions(screen, "slides", "again", write_json(tmp_path / "other.json", FIRST))
    screen.sees("This file was imported before as first.")
    expect(screen.main.get_by_role("button", name="Import again")).to_be_visible()


def test_a_taken_name_is_said_so(open_screen: OpenScreen, tmp_path: Path) -> None:
    screen = open_screen()
    look_at_predictions(screen, "slides", "first", write_json(tmp_path / "x.json", FIRST[:1]))
    expect(screen.main.get_by_test_id("stAlert").first).to_contain_text("first")
