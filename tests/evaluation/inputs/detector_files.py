"""COCO files of one validation set and two detectors, made up but always the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

N_IMAGES = 60
CATEGORIES = [{"id": 1, "name": "cell"}, {"id": 4, "name": "nucleus"}]


def ground_truth() -> dict[str, Any]:
    """Four objects an image, of two classes and all sizes."""
    rng = np.random.default_rng(0)
    labels = []
    for n in range(4 * N_IMAGES):
        x, y, width, height = (int(side) for side in rng.integers(10, 150, 4))
        labels.append(
            {
                "id": n + 1,
                "image_id": n % N_IMAGES + 1,
                "category_id": int(rng.choice([1, 4])),
                "bbox": [x, y, width, height],
                "area": width * height,
                "iscrowd": 0,
            }
        )
    images = [{"id": n + 1, "width": 400, "height": 300} for n in range(N_IMAGES)]
    return {"images": images, "categories": CATEGORIES, "annotations": labels}


def results(truth: dict[str, Any], *, found: float, seed: int) -> list[dict[str, Any]]:
    """Detect a share of the labels, a little beside the mark; one in ten times something else."""
    rng = np.random.default_rng(seed)
    rows = []
    for label in truth["annotations"]:
        detected, mistaken = (int(draw) for draw in rng.random(2) < (found, 0.1))
        beside = np.abs(label["bbox"] + rng.normal(0, 1, 4))
        elsewhere = [*rng.uniform(200, 250, 2), *rng.uniform(20, 50, 2)]
        for box, best in ((beside, 1.0),) * detected + ((elsewhere, 0.7),) * mistaken:
            rows.append(
                {
                    "image_id": label["image_id"],
                    "category_id": label["category_id"],
                    "bbox": [round(float(side), 2) for side in box],
                    "score": round(float(rng.uniform(0.2, best)), 3),
                }
            )
    return rows


def write_files(folder: Path, **found: float) -> None:
    """Write `val.json` and, for each name, the results of a detector that finds that share."""
    truth = ground_truth()
    documents: dict[str, Any] = {"val": truth}
    for seed, (name, share) in enumerate(found.items(), start=1):
        documents[name] = results(truth, found=share, seed=seed)
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
