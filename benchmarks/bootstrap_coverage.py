"""Do the intervals of the paired bootstrap cover the truth as often as they say?

    python benchmarks/bootstrap_coverage.py [--images 100 500 2000] [--pairs 1000 500 200]

A synthetic detector is run twice on the same simulated images with noise of its own (the two
halves of one detector's noise): the true difference is 0. Then it is run against a worse one,
whose true difference is measured on a very large set. Each time the paired bootstrap makes its
intervals; counted is how many cover the truth, and how many find the difference.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from evaluation import Instances, delta, evaluate, match  # after the path is known
from evaluation.significance import (
    Interval,
    Intervals,
    MatchedSet,
    Resampling,
    bootstrap,
    bootstrap_delta,
)
from evaluation.significance.small_samples import (
    corrected_tail,
    interval_rank,
)

# Share of images with objects of each class: from everywhere to a few in a thousand.
PRESENCE = np.array([0.6, 0.35, 0.2, 0.1, 0.06, 0.04, 0.025, 0.015, 0.008, 0.004])
CLASSES = [f"class {row}" for row in range(len(PRESENCE))]
SCORE = 0.4
LEVEL = 0.95
LARGE_SET = 20_000
BINS = (1, 4, 6, 8, 10, 15, 20, 30, 50, 100, 10**9)
OVERALL = ("AP", "AP50", "APs", "APm", "APl", "AR100")
BY_CLASS = ("AP", "AP50", "AR100", "precision", "recall", "f1", "tp", "fp")


@dataclass(frozen=True)
class Detector:
    """A synthetic detector: finds what is easy, jitters boxes, sees things in clutter."""

    quality: float = 1.2
    jitter: float = 0.07
    clutter: float = 1.5


SAME = Detector()
OTHERS = {"slightly worse": Detector(1.1, 0.072), "worse": Detector(0.9, 0.078)}


@dataclass(frozen=True)
class Scene:
    """Simulated images: their objects, how hard those are, and how cluttered the images are."""

    truth: Instances
    hardness: NDArray[np.float64]
    clutter: NDArray[np.float64]


def simulated_scene(rng: np.random.Generator, n_images: int) -> Scene:
    """Objects of an image share its crowdedness and its hardness: images, not objects, differ."""
    crowdedness = rng.gamma(1.2, 1.0, (n_images, 1))
    here = rng.random((n_images, len(PRESENCE))) < PRESENCE
    n_objects = np.where(here, 1 + rng.poisson(crowdedness, here.shape), 0)
    image, class_ = (
        np.repeat(axis.ravel(), n_objects.ravel()) for axis in np.indices(n_objects.shape)
    )
    n = len(image)
    size = np.exp(rng.normal(np.log(50), 0.9, (n, 1)))
    shape = np.exp(rng.normal(0, 0.35, (n, 1)))
    wide_high = np.clip(np.hstack([size * np.sqrt(shape), size / np.sqrt(shape)]), 4, 600)
    truth = Instances.ground_truth(image, class_, np.hstack([rng.random((n, 2)) * 2000, wide_high]))
    hardness = rng.normal(0, 0.8, n_images)[image] + rng.normal(0, 0.8, n)
    return Scene(truth, hardness, rng.gamma(1.0, 1.0, n_images))


def detected(rng: np.random.Generator, scene: Scene, detector: Detector) -> MatchedSet:
    truth = scene.truth
    margin = detector.quality - scene.hardness + rng.normal(0, 0.6, len(truth))
    found = np.flatnonzero(margin > 0)
    boxes = truth.boxes[found]
    spread = detector.jitter * np.exp(rng.normal(0, 0.5, (len(found), 1)))
    noise = rng.normal(0, 1, (len(found), 4)) * spread
    moved = np.hstack(
        [boxes[:, :2] + noise[:, :2] * boxes[:, 2:], boxes[:, 2:] * np.exp(noise[:, 2:])]
    )
    logit = margin[found] - 0.4 + rng.normal(0, 0.5, len(found))

    n_false = rng.poisson(detector.clutter * scene.clutter)
    image = np.repeat(np.arange(len(n_false)), n_false)
    weight = PRESENCE + 0.02
    side = np.exp(rng.normal(np.log(50), 0.9, (len(image), 1)))
    false = np.hstack([rng.random((len(image), 2)) * 2000, side, side])
    score = 1 / (1 + np.exp(-np.concatenate([logit, rng.normal(-1.2, 1.0, len(image))])))
    predictions = Instances.predictions(
        np.concatenate([truth.image[found], image]),
        np.concatenate(
            [truth.class_[found], rng.choice(len(weight), len(image), p=weight / weight.sum())]
        ),
        np.concatenate([moved, false]),
        score=np.round(score, 4),
    )
    return MatchedSet(predictions, match(truth, predictions))


@dataclass(frozen=True)
class Case:
    """What is simulated: how many images, which second detector, how many replicates."""

    n_images: int
    other: Detector
    replicates: int


Record = tuple[str, str, int, bool | None, bool | None, bool | None]
Truths = Mapping[tuple[str, str], float]


def one_pair(case: Case, truths: Truths, seed: int) -> list[Record]:
    """Simulate and resample one pair; one record a number."""
    rng = np.random.default_rng([seed, case.n_images])
    scene = simulated_scene(rng, case.n_images)
    ours, theirs = (detected(rng, scene, detector) for detector in (SAME, case.other))
    resampling = Resampling(replicates=case.replicates, seed=seed, level=LEVEL, min_images=2)
    settings = {"images": np.ones(case.n_images, np.bool_), "score": SCORE}
    change = bootstrap_delta(
        scene.truth, ours, theirs, class_names=CLASSES, resampling=resampling, **settings
    )
    records = [record(key, interval, truths, case) for key, interval in listed(change)]
    alone = bootstrap(scene.truth, ours, class_names=CLASSES, resampling=resampling, **settings)
    records += [
        record((f"one set, {place}", name), interval, truths, case)
        for (place, name), interval in listed(alone)
    ]
    return records


def listed(intervals: Intervals) -> Iterator[tuple[tuple[str, str], Interval]]:
    for name in OVERALL:
        yield ("overall", name), intervals.metrics[name]
    for name, interval in intervals.operating_point.items():
        yield ("overall", name), interval
    for row in intervals.classes:
        for name in BY_CLASS:
            yield (row.name, name), row.numbers[name]
    for row in intervals.class_sizes:
        for name in ("AP", "recall"):
            yield (f"{row.name} {row.size}", name), row.numbers[name]


def record(key: tuple[str, str], interval: Interval, truths: Truths, case: Case) -> Record:
    """Whether the interval covers, whether a plain percentile interval would, whether it finds."""
    place, name = key
    truth = truths.get(key, 0.0) * (case.n_images if name in {"tp", "fp", "fn"} else 1)
    if interval.low is None or interval.high is None:
        return place, name, interval.images, None, None, None
    covers = interval.low <= truth <= interval.high
    plain = None
    if truth == 0 and interval.p is not None and place != "overall":
        n = interval.images
        rank = interval_rank(LEVEL, case.replicates, 10**9, 1.0) / (case.replicates + 1)
        plain = interval.p > 2 * corrected_tail(rank, n, (n / (n - 1)) ** 0.5)
    return place, name, interval.images, covers, plain, interval.excludes_zero


def population(other: Detector, n_sets: int, seed: int = 10**6) -> dict[tuple[str, str], float]:
    """Measure the true numbers and differences on very many images; counts an image."""
    rng = np.random.default_rng([seed])
    sums: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _ in range(n_sets):
        scene = simulated_scene(rng, LARGE_SET)
        results = [
            evaluate(
                scene.truth,
                side.predictions,
                class_names=CLASSES,
                matches=side.matches,
                score=SCORE,
            )
            for side in (detected(rng, scene, detector) for detector in (SAME, other))
        ]
        for prefix, numbers in (("", delta(*results)), ("one set, ", results[0].to_dict())):
            for key, value in named(numbers):
                per_image = LARGE_SET if key[1] in {"tp", "fp", "fn"} else 1
                sums[prefix + key[0], key[1]].append(value / per_image)
    return {key: float(np.mean(values)) for key, values in sums.items()}


def named(numbers: Mapping[str, object]) -> Iterator[tuple[tuple[str, str], float]]:
    """Read plain numbers under the keys of `listed`."""
    data: dict[str, dict[str, float]] = {
        "overall": {**numbers["metrics"], **numbers["operating_point"]},
        **{row["name"]: row for row in numbers["classes"]},
        **{f"{row['name']} {row['size']}": row for row in numbers["class_sizes"]},
    }
    for place, row in data.items():
        for name, value in row.items():
            if isinstance(value, int | float):
                yield (place, name), value


def share(flags: list[bool]) -> str:
    return f"{np.mean(flags):.3f}" if len(flags) >= 50 else "–"


def report(title: str, records: list[Record], *, power: bool) -> None:
    """Print coverage overall and by the number of images that carry a number."""
    overall: dict[tuple[str, str], list[Record]] = defaultdict(list)
    binned: dict[tuple[str, str, int], list[Record]] = defaultdict(list)
    for one in records:
        place, name, images = one[:3]
        kind = "one set, " if place.startswith("one set, ") else ""
        part = place.removeprefix(kind)
        if part == "overall":
            overall[kind, name].append(one)
            continue
        level = "class × size" if part.split()[-1] in {"small", "medium", "large"} else "class"
        at = int(np.searchsorted(BINS, images, side="right")) - 1
        if at >= 0:
            binned[kind + level, name, at].append(one)
    print(f"\n### {title}\n")
    print("| overall | intervals | cover | find |\n|---|---|---|---|")
    for (kind, name), rows in overall.items():
        known = [row for row in rows if row[3] is not None]
        found = share([bool(row[5]) for row in known]) if power and not kind else ""
        print(f"| {kind}{name} | {len(known)} | {share([bool(r[3]) for r in known])} | {found} |")
    head = [
        f"{low}–{high - 1}" if high < 10**9 else f"{low}+" for low, high in itertools.pairwise(BINS)
    ]
    for column, what in ((3, "cover"), (4, "cover, plain percentiles"), (5, "find")):
        if column == 5 and not power:
            continue
        print(f"\n{what}, by images that carry it:\n\n| | {' | '.join(head)} |")
        print("|---" * (len(head) + 1) + "|")
        for place, name in dict.fromkeys((key[0], key[1]) for key in binned):
            cells = [
                share(
                    [
                        bool(row[column])
                        for row in binned[place, name, at]
                        if row[column] is not None
                    ]
                )
                for at in range(len(head))
            ]
            if set(cells) != {"–"}:
                print(f"| {place}, {name} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--pairs", type=int, nargs="+", default=[1000, 500, 200])
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--large-sets", type=int, default=10)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    started = time.perf_counter()
    everything: dict[str, list[Record]] = defaultdict(list)
    with ProcessPoolExecutor(options.processes) as pool:
        others = {"the same detector": SAME} | OTHERS
        measured = dict(
            zip(
                others,
                pool.map(partial(population, n_sets=options.large_sets), others.values()),
                strict=True,
            )
        )
        for title, other in others.items():
            truths = measured[title]
            print(
                f"{title}: true difference of AP {truths['overall', 'AP']:+.4f}, "
                f"F1 {truths['overall', 'f1']:+.4f}"
            )
            if other == SAME:  # exactly 0 by symmetry; the large set only estimates it
                truths = {k: v for k, v in truths.items() if k[0].startswith("one set, ")}
            for n_images, n_pairs in zip(options.images, options.pairs, strict=True):
                case = Case(n_images, other, options.replicates)
                records = [
                    row
                    for rows in pool.map(
                        partial(one_pair, case, truths), range(n_pairs), chunksize=8
                    )
                    for row in rows
                ]
                everything[title] += records
                report(f"{title}, {n_images} images, {n_pairs} pairs", records, power=other != SAME)
            report(f"{title}, all", everything[title], power=other != SAME)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
