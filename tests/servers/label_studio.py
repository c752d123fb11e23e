"""A throw-away Label Studio: one server a session, one project of it a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from curation.settings import Secret
from curation.sync.connection import Connection
from tests.servers.label_studio_program import Account, LabelStudioServer, Places, running
from tests.servers.programs import label_studio

BOXES = """\
<View>
  <Header value="$curation_note"/>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image" canRotate="true">
    <Label value="car"/><Label value="person"/>
  </RectangleLabels>
</View>
"""
WIDTH, HEIGHT = 640, 480


def rectangle(
    key: str, box: tuple[float, float, float, float], name: str = "car"
) -> dict[str, Any]:
    """Return a region of `BOXES`: `box` is x, y, width and height in percent of 640 × 480."""
    x, y, width, height = box
    return {
        "id": key,
        "type": "rectanglelabels",
        "from_name": "box",
        "to_name": "image",
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
        "value": {
            "x": x,
            "y": y,
            "width": width,
            "height": height,
            "rotation": 0,
            "rectanglelabels": [name],
        },
    }


def task_data(image: str, **fields: Any) -> dict[str, Any]:
    """Return a task's data for `BOXES`: every variable of the screen must be there."""
    return {"image": image, "curation_note": "", **fields}


@dataclass(frozen=True, slots=True)
class LabelStudioProject:
    """A project of the server, and what people and scripts do to it."""

    server: LabelStudioServer
    id: int

    def connection(self, url: str | None = None, *, token: str | None = None) -> Connection:
        """Return how Curation reaches it, through another address (a proxy) if one is given."""
        address = url or self.server.url
        return Connection(
            name="label studio",
            location=address,
            tool_project=str(self.id),
            secret=Secret(token or self.server.token),
            allowed_origins=(address,),
        )

    def import_tasks(self, tasks: Sequence[dict[str, Any]]) -> list[int]:
        """Import tasks (`data`, `annotations`, `predictions`, `meta`) and return their ids."""
        path = f"/api/projects/{self.id}/import?return_task_ids=true"
        ids: list[int] = self.server.call("POST", path, list(tasks))["task_ids"]
        return ids

    def import_predictions(self, predictions: Sequence[dict[str, Any]]) -> None:
        """Import predictions (`task`, `result`, `score`, `model_version`)."""
        path = f"/api/projects/{self.id}/import/predictions"
        self.server.call("POST", path, list(predictions))

    def export(self) -> list[dict[str, Any]]:
        """Return the tool's own export of everything, as it is now."""
        query = urlencode({"exportType": "JSON", "download_all_tasks": "true"})
        tasks: list[dict[str, Any]]
        tasks = self.server.call("GET", f"/api/projects/{self.id}/export?{query}")
        return tasks

    def task(self, task_id: int) -> dict[str, Any]:
        """Return one task in full."""
        found: dict[str, Any] = self.server.call("GET", f"/api/tasks/{task_id}/")
        return found

    def annotate(self, task_id: int, result: Sequence[dict[str, Any]], **fields: Any) -> int:
        """Submit an annotation (`was_cancelled`, `ground_truth` …) and return its id."""
        payload = {"result": list(result), **fields}
        path = f"/api/tasks/{task_id}/annotations/?project={self.id}"
        return int(self.server.call("POST", path, payload)["id"])

    def draft(self, task_id: int, result: Sequence[dict[str, Any]]) -> int:
        """Save a draft and return its id."""
        path = f"/api/tasks/{task_id}/drafts?project={self.id}"
        return int(self.server.call("POST", path, {"result": list(result), "lead_time": 1})["id"])

    def change_annotation(self, annotation_id: int, **fields: Any) -> None:
        """Change an annotation."""
        self.server.call("PATCH", f"/api/annotations/{annotation_id}/", fields)

    def delete_annotation(self, annotation_id: int) -> None:
        """Delete an annotation."""
        self.server.call("DELETE", f"/api/annotations/{annotation_id}/")

    def change_task(self, task_id: int, **fields: Any) -> None:
        """Change a task; `data` replaces all of its data."""
        self.server.call("PATCH", f"/api/tasks/{task_id}/", fields)

    def delete_task(self, task_id: int) -> None:
        """Delete a task."""
        self.server.call("DELETE", f"/api/tasks/{task_id}/")

    def act(self, action: str, task_ids: Sequence[int]) -> None:
        """Run an action of the task list: `delete_tasks`, `delete_tasks_annotations` and so on."""
        payload = {
            "selectedItems": {"all": False, "included": list(task_ids)},
            "filters": {"conjunction": "and", "items": []},
            "ordering": [],
        }
        self.server.call("POST", f"/api/dm/actions?id={action}&project={self.id}", payload)

    def remove_duplicates(self, task_ids: Sequence[int]) -> None:
        """Merge tasks of equal data: annotations move to the first of them, no time changes."""
        self.act("remove_duplicates", task_ids)

    def change_screen(self, config: str) -> None:
        """Replace the labelling screen."""
        self.server.call("PATCH", f"/api/projects/{self.id}/", {"label_config": config})

    def serve_files(self, folder: str) -> str:
        """Let the project show the pictures of a folder below `files_root`.

        Returns:
            The address of a picture for a task's data, with `{name}` for its file name.
        """
        path = self.server.files_root / folder
        path.mkdir(parents=True, exist_ok=True)
        payload = {"project": self.id, "title": folder, "path": str(path), "use_blob_urls": True}
        self.server.call("POST", "/api/storages/localfiles/", payload)
        return f"/data/local-files/?d={folder}/{{name}}"


MakeProject = Callable[..., LabelStudioProject]


@pytest.fixture(scope="session")
def label_studio_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudioServer]:
    """A Label Studio for this session; the test is skipped where none can be had."""
    program = label_studio()
    if program is None:
        pytest.skip("Label Studio: not on this machine (python -m scripts.servers label-studio)")
    folder = tmp_path_factory.mktemp("label-studio")
    files: Path = folder / "files"
    files.mkdir()
    places = Places(folder / "data", files, folder / "server.log")
    with running(program, places, Account()) as server:
        yield server


@pytest.fixture
def label_studio_project(label_studio_server: LabelStudioServer) -> MakeProject:
    """A function that makes a project: `label_studio_project(config, title="...")`."""

    def make(config: str = BOXES, *, title: str = "pebbles") -> LabelStudioProject:
        payload = {"title": title, "label_config": config}
        made = label_studio_server.call("POST", "/api/projects/", payload)
        return LabelStudioProject(label_studio_server, int(made["id"]))

    return make
