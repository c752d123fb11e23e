"""Ours from memory with masks as compressed text, which is how some peers hold them."""

from __future__ import annotations

from benchmarks.peers.adapters.phases import run
from benchmarks.peers.adapters.with_curation import Curation

from dataclasses import replace  # isort: skip
from typing import Any  # isort: skip
from evaluation import Masks  # isort: skip


class CurationTexts(Curation):
    def evaluate(self, truth: Any, predictions: Any, iou_type: str) -> Any:
        of_truth, of_predictions = (Masks.from_texts(*texts) for texts in self.texts)
        return super().evaluate(
            replace(truth, masks=of_truth), replace(predictions, masks=of_predictions), iou_type
        )

    def hold(self, predictions: Any, iou_type: str) -> Any:
        del iou_type
        self.texts = [self.mask_texts("truth"), self.mask_texts("predicted")]
        return predictions


if __name__ == "__main__":
    run(CurationTexts())
