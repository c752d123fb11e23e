from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def write_json(tmp_path: Path) -> Callable[[Any], Path]:
    """Write a value, or a text as it is, to a JSON file."""

    def write(value: Any) -> Path:
        path = tmp_path / "file.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value), "utf-8")
        return path

    return write


@pytest.fixture
def plant(tmp_path: Path) -> Callable[[dict[str, str | tuple[int, int]]], Path]:
    """Make a folder of texts and, where a size stands for the text, of pictures."""

    def grow(files: dict[str, str | tuple[int, int]]) -> Path:
        root = tmp_path / "tree"
        root.mkdir(exist_ok=True)
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                path.write_text(content, "utf-8")
            else:
                Image.new("RGB", content).save(path)
        return root

    return grow
