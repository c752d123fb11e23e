"""vernier's native API, strict mode, all cores: https://github.com/NoeFontana/vernier.

Predictions go in as the bytes of their file; from memory as its (N, 7) matrix for boxes and as
its arrays an image for masks, which skip the JSON.
"""

from __future__ import annotations

from benchmarks.peers.adapters.phases import Evaluator, run

import os  # isort: skip
from typing import Any  # isort: skip
from vernier.instance import Bbox, CocoDataset, Evaluator as Vernier, Segm  # type: ignore[import-not-found]  # isort: skip

MOST_TO_PARSE = 1 << 28  # bytes; above it Python's objects of the rows would not fit in memory
IOU = {"bbox": Bbox, "segm": Segm}


class VernierEvaluator(Evaluator):
    def load_truth(self, path: str) -> Any:
        return CocoDataset.from_json(_read(path))

    def load_predictions(self, truth: Any, path: str) -> Any:
        del truth
        return _read(path)

    def hold(self, predictions: Any, iou_type: str) -> Any:
        if len(predictions) > MOST_TO_PARSE:
            return predictions
        import json

        rows = json.loads(predictions)
        return _matrix(rows) if iou_type == "bbox" else _images(rows)

    def evaluate(self, truth: Any, predictions: Any, iou_type: str) -> Any:
        evaluator = Vernier(iou=IOU[iou_type](), parity_mode="strict")
        return evaluator.evaluate(truth, predictions, num_threads=len(os.sched_getaffinity(0)))

    def summarize(self, evaluated: Any) -> Any:
        return evaluated.stats


def _read(path: str) -> bytes:
    with open(path, "rb") as stream:  # noqa: PTH123  # as a user's script would without pathlib
        return stream.read()


def _matrix(rows: Any) -> Any:
    import numpy as np

    return np.array(
        [[row["image_id"], *row["bbox"], row["score"], row["category_id"]] for row in rows],
        dtype=np.float64,
    )


def _images(rows: Any) -> Any:
    import numpy as np

    images: dict[int, list[Any]] = {}
    for row in rows:
        images.setdefault(row["image_id"], []).append(row)
    return [
        {
            "image_id": image,
            "boxes": np.array([row["bbox"] for row in found], dtype=np.float64),
            "scores": np.array([row["score"] for row in found], dtype=np.float64),
            "labels": np.array([row["category_id"] for row in found], dtype=np.int64),
            "rles": [
                {
                    "counts": row["segmentation"]["counts"].encode(),
                    "size": tuple(row["segmentation"]["size"]),
                }
                for row in found
            ],
        }
        for image, found in images.items()
    ]


if __name__ == "__main__":
    run(VernierEvaluator())
