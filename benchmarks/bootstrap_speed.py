"""How long a thousand replicates of everything take, and how exact they are kept.

    python benchmarks/bootstrap_speed.py [--predictions 50000 100000 500000] [--rounds 5]

5,000 simulated images, 80 classes with a long tail, two detectors: every number of an evaluation
(overall, classes, sizes, class × size; COCO's numbers at ten IoU thresholds and the operating
point) of both sets and their difference. Sizes take turns in every round; the table shows medians
of wall seconds, CPU seconds of the process, and peak memory so far.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from evaluation import Instances, kernels, match  # after the path is known
from evaluation.significance import (
    MatchedSet,
    Resampling,
    bootstrap_delta,
    replicates,
)

N_IMAGES, N_CLASSES, N_TRUTH = 5_000, 80, 36_781


def simulated_truth(rng: np.random.Generator) -> Instances:
    chances = np.concatenate([[0.3], 0.7 * _zipf(N_CLASSES - 1)])
    crowdedness = rng.gamma(1.15, 1.0, N_IMAGES)
    side = np.exp(rng.normal(np.log(45), 1.0, (N_TRUTH, 2)))
    return Instances.ground_truth(
        np.sort(rng.choice(N_IMAGES, N_TRUTH, p=crowdedness / crowdedness.sum())),
        rng.choice(N_CLASSES, N_TRUTH, p=chances),
        np.hstack([rng.random((N_TRUTH, 2)) * 500, side]),
        crowd=rng.random(N_TRUTH) < 0.012,
    )


def _zipf(n: int) -> np.ndarray:
    weights = 1.0 / np.arange(1, n + 1) ** 0.95
    return weights / weights.sum()


def detected(
    rng: np.random.Generator, truth: Instances, n: int, *, jitter: float, found: float
) -> Instances:
    """Find a share of the objects with jitter; the rest are false positives of low scores."""
    hit = np.flatnonzero(rng.random(len(truth)) < found)
    boxes = truth.boxes[hit].copy()
    noise = rng.normal(0, jitter, boxes.shape)
    boxes[:, :2] += noise[:, :2] * boxes[:, 2:]
    boxes[:, 2:] *= np.exp(noise[:, 2:])
    n_false = max(n - len(hit), 0)
    side = np.exp(rng.normal(np.log(50), 1.0, (n_false, 2)))
    like = rng.integers(0, len(truth), n_false)
    return Instances.predictions(
        np.concatenate([truth.image[hit], rng.integers(0, N_IMAGES, n_false)]),
        np.concatenate([truth.class_[hit], truth.class_[like]]),
        np.concatenate([boxes, np.hstack([rng.random((n_false, 2)) * 500, side])]),
        score=np.round(np.concatenate([rng.beta(4, 1.6, len(hit)), rng.beta(0.6, 9, n_false)]), 5),
    )


def timed(truth: Instances, sides: list[MatchedSet], resampling: Resampling) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    bootstrap_delta(
        truth,
        *sides,
        class_names=[f"class {row}" for row in range(N_CLASSES)],
        images=np.ones(N_IMAGES, np.bool_),
        resampling=resampling,
    )
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predictions", type=int, nargs="+", default=[50_000, 100_000, 500_000])
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    resampling = Resampling(replicates=options.replicates)
    scenes = {}
    for n in options.predictions:
        rng = np.random.default_rng(0)
        truth = simulated_truth(rng)
        tables = [
            detected(rng, truth, n, jitter=jitter, found=found)
            for jitter, found in ((0.058, 0.80), (0.040, 0.88))
        ]
        scenes[n] = truth, [MatchedSet(table, match(truth, table)) for table in tables]
    times: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for _ in range(options.rounds):
        for n, (truth, sides) in scenes.items():
            times[n].append(timed(truth, sides, resampling))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{replicates.kernel.__name__}, {kernels.threads()} threads, "
        f"{options.replicates} replicates, peak {peak:.0f} MB\n"
    )
    print("| predictions a set | wall | CPU |\n|---|---|---|")
    for n, rounds in times.items():
        wall, cpu = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"| {n:,} | {wall:.2f} s | {cpu:.2f} s |")


if __name__ == "__main__":
    main()
