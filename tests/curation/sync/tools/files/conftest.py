"""A folder of annotation files, and tools that read it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from curation.sync.annotation_tool import RemoteTask
from curation.sync.connection import Connection
from curation.sync.task_rows import rows_of
from curation.sync.tools.files.tool import FilesTool
from curation.sync.tools.registry import tool_kind

OpenFiles = Callable[..., FilesTool]

# Two images of 20 x 10 pixels: a box and a polygon in the first, nothing in the second.
COCO: dict[str, Any] = {
    "images": [
        {"id": 1, "file_name": "a.png", "width": 20, "height": 10},
        {"id": 2, "file_name": "d/b.png", "width": 20, "height": 10},
    ],
    "categories": [{"id": 7, "name": "cell"}, {"id": 9, "name": "clot"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 7, "bbox": [1, 2, 3.1, 4], "area": 11.7},
        {
            "id": 2, "image_id": 1, "category_id": 9, "bbox": [0, 0, 4, 4], "area": 8,
            "segmentation": [[0, 0, 4, 0, 0, 4]], "iscrowd": 0, "ignore": 1,
        },
    ],
}  # fmt: skip


def digests(tasks: list[RemoteTask]) -> dict[str, str]:
    """Return by task what a pull compares."""
    return {row.remote_id: row.sha256 for row in rows_of(tasks)[0]}


def write(folder: Path, content: Any, name: str = "instances.json") -> None:
    """Replace a file as careful writers do: whole, at once."""
    partial = folder / f".{name}.part"
    partial.write_text(content if isinstance(content, str) else json.dumps(content))
    partial.rename(folder / name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "labels"
    root.mkdir()
    (root / "instances.json").write_text(json.dumps(COCO))
    return root


@pytest.fixture
def open_files(tmp_path: Path) -> Iterator[OpenFiles]:
    """Open a source of files as a sync does; it is closed after the test."""
    tools: list[FilesTool] = []

    def opened(location: object, **options: Any) -> FilesTool:
        connection = Connection(
            name="files",
            location=str(location),
            tool_project="",
            secret=None,
            allowed_origins=(),
            options=options,
            spool=tmp_path / "spool",
        )
        tool = tool_kind("files").open(connection)
        assert isinstance(tool, FilesTool)
        tools.append(tool)
        return tool

    yield opened
    for tool in tools:
        tool.close()
