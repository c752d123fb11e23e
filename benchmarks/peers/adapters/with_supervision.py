"""supervision's MeanAveragePrecision over Detections: https://github.com/roboflow/supervision.

It gives average precision only. Masks are not tried: it takes them as dense arrays, 15 GB here.
"""

from __future__ import annotations

from benchmarks.peers.adapters.phases import Evaluator, run

import json  # isort: skip
from typing import Any  # isort: skip
import numpy as np  # isort: skip
from supervision import Detections  # type: ignore[import-not-found]  # isort: skip
from supervision.metrics import MeanAveragePrecision  # type: ignore[import-not-found]  # isort: skip


class Supervision(Evaluator):
    def load_truth(self, path: str) -> Any:
        document = _parsed(path)
        images = sorted(image["id"] for image in document["images"])
        return images, _by_image(images, document["annotations"], _truth)

    def load_predictions(self, truth: Any, path: str) -> Any:
        return _by_image(truth[0], _parsed(path), _predictions)

    def evaluate(self, truth: Any, predictions: Any, iou_type: str) -> Any:
        del iou_type
        return MeanAveragePrecision().update(predictions, truth[1]).compute()

    def summarize(self, evaluated: Any) -> Any:
        sizes = (evaluated.small_objects, evaluated.medium_objects, evaluated.large_objects)
        means = (evaluated.map50_95, evaluated.map50, evaluated.map75)
        return [*means, *(size.map50_95 for size in sizes), *[None] * 6]


def _parsed(path: str) -> Any:
    with open(path, "rb") as stream:  # noqa: PTH123  # as a user's script would without pathlib
        return json.load(stream)


def _by_image(images: Any, rows: Any, build: Any) -> Any:
    found: dict[int, list[Any]] = {image: [] for image in images}
    for row in rows:
        found[row["image_id"]].append(row)
    return [build(group) if group else Detections.empty() for group in found.values()]


def _corners(rows: Any) -> Any:
    boxes = np.array([row["bbox"] for row in rows], dtype=np.float64)
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def _truth(rows: Any) -> Any:
    return Detections(
        xyxy=_corners(rows),
        class_id=np.array([row["category_id"] for row in rows]),
        data={
            "area": np.array([row["area"] for row in rows]),
            "iscrowd": np.array([row["iscrowd"] for row in rows]),
        },
    )


def _predictions(rows: Any) -> Any:
    return Detections(
        xyxy=_corners(rows),
        class_id=np.array([row["category_id"] for row in rows]),
        confidence=np.array([row["score"] for row in rows]),
    )


if __name__ == "__main__":
    run(Supervision())
