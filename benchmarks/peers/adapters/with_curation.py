"""Ours from memory: `match`, `accumulate` and `summarize` over Instances, the package's lean path.

Loading is not what is measured here, so columns are read where the generator wrote them, and
real data is read with the plain json module.
"""

from __future__ import annotations

from benchmarks.peers.adapters.phases import Evaluator, run

import json  # isort: skip
from pathlib import Path  # isort: skip
from typing import Any, Literal  # isort: skip
import numpy as np  # isort: skip
from evaluation import Instances, Masks, accumulate, match, summarize  # isort: skip


class Curation(Evaluator):
    def load_truth(self, path: str) -> Any:
        columns = Path(path).with_name("columns.npz")
        self.columns: Any = np.load(columns) if columns.exists() else None
        if self.columns is None:
            return self._truth_of_json(path)
        self.n_classes = int(self.columns["n_classes"])
        names = ("image", "class", "boxes", "area", "crowd")
        image, class_, boxes, area, crowd = (self.columns[f"truth_{name}"] for name in names)
        return Instances.ground_truth(
            image, class_, boxes, area=area, crowd=crowd, masks=self._masks("truth")
        )

    def load_predictions(self, truth: Any, path: str) -> Any:
        del truth
        if self.columns is None:
            return self._predictions_of_json(path)
        names = ("image", "class", "boxes", "score")
        image, class_, boxes, score = (self.columns[f"predicted_{name}"] for name in names)
        return Instances.predictions(
            image, class_, boxes, score=score, masks=self._masks("predicted")
        )

    def evaluate(self, truth: Any, predictions: Any, iou_type: str) -> Any:
        matches = match(truth, predictions, iou_type=iou_of(iou_type))
        return accumulate(truth, predictions, matches, n_classes=self.n_classes)

    def summarize(self, evaluated: Any) -> Any:
        return list(summarize(evaluated).values())

    def _masks(self, side: str) -> Masks | None:
        if self.columns is None or f"{side}_mask_text" not in self.columns:
            return None
        return Masks.from_texts(*self.mask_texts(side))

    def mask_texts(self, side: str) -> tuple[list[bytes], Any]:
        """Return compressed masks and their (N, 2) heights and widths."""
        text = self.columns[f"{side}_mask_text"].tobytes()
        ends = self.columns[f"{side}_mask_ends"].tolist()
        counts = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
        return counts, self.columns[f"{side}_mask_sizes"]

    def _truth_of_json(self, path: str) -> Any:
        document = json.loads(Path(path).read_bytes())
        self.image_at = _positions(document["images"])
        self.class_at = _positions(document["categories"])
        self.n_classes = len(self.class_at)
        rows = document["annotations"]
        return Instances.ground_truth(
            [self.image_at[row["image_id"]] for row in rows],
            [self.class_at[row["category_id"]] for row in rows],
            [row["bbox"] for row in rows],
            area=[row["area"] for row in rows],
            crowd=[row["iscrowd"] for row in rows],
            id=[row["id"] for row in rows],
        )

    def _predictions_of_json(self, path: str) -> Any:
        rows = json.loads(Path(path).read_bytes())
        return Instances.predictions(
            [self.image_at[row["image_id"]] for row in rows],
            [self.class_at[row["category_id"]] for row in rows],
            [row["bbox"] for row in rows],
            score=[row["score"] for row in rows],
        )


def iou_of(iou_type: str) -> Literal["bbox", "segm"]:
    return "segm" if iou_type == "segm" else "bbox"


def _positions(rows: Any) -> dict[int, int]:
    return {id_: position for position, id_ in enumerate(sorted(row["id"] for row in rows))}


if __name__ == "__main__":
    run(Curation())
