"""Matching again after a label edit against a full evaluation, both from arrays, in one run.

    python -m benchmarks.label_edit TRUTH.json PREDICTIONS.json [--rounds 15]

The edit is that of `make bench`: 1 % of the images. Both sides take the shortest way to COCO's
twelve numbers, which are compared digit by digit.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.peers.adapters.with_curation_incremental import corrected
from evaluation import match
from evaluation.accumulation import prepare_walk
from evaluation.average_precision import coco_numbers
from evaluation.coco_files import read_ground_truth, read_predictions
from evaluation.rematching import rematch


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    value = call()
    return 1000 * (time.perf_counter() - started), value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("truth", type=Path)
    parser.add_argument("predictions", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    file = read_ground_truth(given.truth)
    predictions = read_predictions(given.predictions, file).instances
    n_classes = len(file.class_ids)
    after, moved, changed = corrected(file.instances, n_classes)
    before = match(file.instances, predictions)
    walk = prepare_walk(predictions, before)

    def full() -> dict[str, float | None]:
        return coco_numbers(after, predictions, n_classes=n_classes)

    def again() -> dict[str, float | None]:
        matches = rematch(after, predictions, before, moved=moved, changed=changed)
        return coco_numbers(after, predictions, n_classes=n_classes, matches=matches, walk=walk)

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
