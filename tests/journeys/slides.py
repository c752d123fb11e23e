"""A project of two images, small enough that every number can be checked by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# Image 1 holds two cells (100 px² and 1,600 px²), image 2 one nucleus (400 px²).
SLIDES: dict[str, Any] = {
    "images": [
        {"id": 1, "file_name": "a.png", "width": 100, "height": 80},
        {"id": 2, "file_name": "b.png", "width": 100, "height": 80},
    ],
    "categories": [{"id": 7, "name": "cell"}, {"id": 9, "name": "nucleus"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 7, "bbox": [0, 0, 10, 10], "area": 100},
        {"id": 2, "image_id": 1, "category_id": 7, "bbox": [40, 20, 40, 40], "area": 1600},
        {"id": 3, "image_id": 2, "category_id": 9, "bbox": [5, 5, 20, 20], "area": 400},
    ],
}

# Finds the small cell; a false positive on image 2. TP 1, FP 1, FN 2.
FIRST: list[dict[str, Any]] = [
    {"image_id": 1, "category_id": 7, "bbox": [0, 0, 10, 10], "score": 0.9},
    {"image_id": 2, "category_id": 7, "bbox": [60, 40, 20, 20], "score": 0.6},
]
# Loses it and finds the other two; the false positive is gone, a new one is on image 1.
# TP 2, FP 1, FN 1.
SECOND: list[dict[str, Any]] = [
    {"image_id": 1, "category_id": 7, "bbox": [40, 20, 40, 40], "score": 0.8},
    {"image_id": 2, "category_id": 9, "bbox": [5, 5, 20, 20], "score": 0.7},
    {"image_id": 1, "category_id": 9, "bbox": [70, 60, 20, 20], "score": 0.4},
]


def write_json(path: Path, data: Any) -> Path:
    """Write a file to import."""
    path.write_text(json.dumps(data))
    return path
