"""Ours after a correction of labels: 1 % of the images changed, the others are not matched again.

Of the labels on changed images a fifth is dropped, a tenth renamed and the rest moved a little.
Outside the clock the twelve numbers are held against those of a full run.
"""

from __future__ import annotations

from benchmarks.peers.adapters.phases import run
from benchmarks.peers.adapters.with_curation import Curation, iou_of

from dataclasses import replace  # isort: skip
from typing import Any  # isort: skip
import numpy as np  # isort: skip
from evaluation import match  # isort: skip
from evaluation.accumulation import prepare_walk  # isort: skip
from evaluation.average_precision import coco_numbers  # isort: skip
from evaluation.rematching import rematch  # isort: skip

SHARE = 0.01


class CurationIncremental(Curation):
    def load_truth(self, path: str) -> Any:
        self.before = super().load_truth(path)
        after, self.moved, self.changed = corrected(self.before, self.n_classes)
        return after

    def load_predictions(self, truth: Any, path: str) -> Any:
        self.truth = truth
        return super().load_predictions(truth, path)

    def hold(self, predictions: Any, iou_type: str) -> Any:
        self.previous = match(self.before, predictions, iou_type=iou_of(iou_type))
        self.walk = prepare_walk(predictions, self.previous)
        full = self.summarize(super().evaluate(self.truth, predictions, iou_type))
        if full != self.evaluate(self.truth, predictions, iou_type):
            raise RuntimeError("re-evaluation differs from a full run")
        return predictions

    def evaluate(self, truth: Any, predictions: Any, iou_type: str) -> Any:
        del iou_type
        matches = rematch(truth, predictions, self.previous, moved=self.moved, changed=self.changed)
        numbers = coco_numbers(
            truth, predictions, n_classes=self.n_classes, matches=matches, walk=self.walk
        )
        return list(numbers.values())

    def summarize(self, evaluated: Any) -> Any:
        return evaluated if isinstance(evaluated, list) else super().summarize(evaluated)


def corrected(truth: Any, n_classes: int) -> tuple[Any, Any, Any]:
    """Return corrected ground truth, the new row of each row before, and which images changed."""
    rng = np.random.default_rng(0)
    images = 1 + int(truth.image.max())
    changed = np.zeros(images, dtype=np.bool_)
    changed[rng.choice(images, max(1, round(SHARE * images)), replace=False)] = True
    inside = changed[truth.image]
    kept = ~(inside & (rng.random(len(truth)) < 0.2))
    renamed = inside & (rng.random(len(truth)) < 0.1)
    shift = np.where(inside[:, None], rng.normal(0, 2, (len(truth), 2)), 0)
    boxes = truth.boxes + np.hstack([shift, np.zeros_like(shift)])
    class_ = np.where(renamed, (truth.class_ + 1) % n_classes, truth.class_)
    after = replace(truth, boxes=boxes, class_=class_).take(np.flatnonzero(kept))
    return after, np.where(kept, np.cumsum(kept) - 1, -1), changed


if __name__ == "__main__":
    run(CurationIncremental())
