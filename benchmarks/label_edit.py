"""Matching again after a label edit against a full evaluation, both from arrays, in one run.

    python benchmarks/label_edit.py TRUTH.json PREDICTIONS.json [--share 0.01] [--rounds 15]

Boxes of the edited images move, a fifth of them goes. Both sides end with COCO's twelve numbers,
which are compared digit by digit.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from evaluation import Instances, match
from evaluation.average_precision import coco_numbers
from evaluation.coco_files import read_ground_truth, read_predictions
from evaluation.rematching import rematch


def edited(truth: Instances, n_images: int, share: float) -> tuple[Instances, Any, Any]:
    """Return the edited ground truth, where each old row went, and which images changed."""
    rng = np.random.default_rng(1)
    changed = np.zeros(n_images, dtype=np.bool_)
    changed[rng.choice(n_images, max(1, round(n_images * share)), replace=False)] = True
    inside = changed[truth.image]
    kept = ~inside | (rng.random(len(truth)) > 0.2)
    moved = np.where(kept, np.cumsum(kept) - 1, -1)
    boxes = np.where(inside[:, None], truth.boxes * rng.uniform(0.95, 1.05, (len(truth), 4)), 0)
    boxes = np.where(inside[:, None], boxes, truth.boxes)
    after = Instances.ground_truth(
        truth.image[kept],
        truth.class_[kept],
        boxes[kept],
        area=truth.area[kept],
        crowd=truth.crowd[kept],
        id=truth.id[kept],
    )
    return after, moved, changed


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    value = call()
    return 1000 * (time.perf_counter() - started), value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", type=Path)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--share", type=float, default=0.01)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    file = read_ground_truth(given.truth)
    predictions = read_predictions(given.predictions, file).instances
    n_classes = len(file.class_ids)
    after, moved, changed = edited(file.instances, len(file.image_ids), given.share)
    before = match(file.instances, predictions)

    def full() -> dict[str, float | None]:
        return coco_numbers(after, predictions, n_classes=n_classes)

    def again() -> dict[str, float | None]:
        matches = rematch(after, predictions, before, moved=moved, changed=changed)
        return coco_numbers(after, predictions, n_classes=n_classes, matches=matches)

    sides: dict[str, Callable[[], dict[str, float | None]]] = {"full": full, "rematch": again}
    times: dict[str, list[float]] = {name: [] for name in sides}
    numbers = {}
    for _ in range(given.rounds):
        for name, call in sides.items():
            took, numbers[name] = timed(call)
            times[name].append(took)
    if numbers["full"] != numbers["rematch"]:
        raise SystemExit(f"the numbers differ: {numbers}")
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"{int(changed.sum())} of {len(changed)} images changed, {len(predictions)} predictions")
    for name, median in medians.items():
        print(f"{name}: median {median:.1f} ms, best {min(times[name]):.1f} ms")
    print(f"ratio {medians['rematch'] / medians['full']:.3f}")


if __name__ == "__main__":
    main()
