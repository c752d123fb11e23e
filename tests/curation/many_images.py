"""A project of forty images: enough to tell one difference from chance, and another not.

Every image holds one cell (400 px²) and one nucleus (1,600 px²).
"""

from __future__ import annotations

from typing import Any

N_IMAGES = 40
CELL, NUCLEUS = 1, 2
BOXES = {CELL: [0, 0, 20, 20], NUCLEUS: [40, 20, 40, 40]}
IMAGES = range(1, N_IMAGES + 1)

FORTY: dict[str, Any] = {
    "images": [
        {"id": image, "file_name": f"{image:02}.png", "width": 100, "height": 80}
        for image in IMAGES
    ],
    "categories": [{"id": CELL, "name": "cell"}, {"id": NUCLEUS, "name": "nucleus"}],
    "annotations": [
        {"id": 2 * image + class_, "image_id": image, "category_id": class_, "bbox": box}
        for image in IMAGES
        for class_, box in BOXES.items()
    ],
}


def found(*, cells: range, nuclei: range) -> list[dict[str, Any]]:
    """Predict the cells and nuclei of some images, each exactly where it is."""
    return [
        {"image_id": image, "category_id": class_, "bbox": BOXES[class_], "score": 0.9}
        for class_, images in ((CELL, cells), (NUCLEUS, nuclei))
        for image in images
    ]


# Half of the cells; the nuclei but of the last 12 images.
OLD = found(cells=range(1, 41, 2), nuclei=range(1, 29))
# All cells; the nuclei but of the first 14 images.
NEW = found(cells=IMAGES, nuclei=range(15, 41))
