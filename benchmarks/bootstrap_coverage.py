"""Do the intervals of the paired bootstrap cover the truth as often as they say?

    python benchmarks/bootstrap_coverage.py [--images 100 500 2000] [--pairs 1000 500 200]

A synthetic detector is run twice on the same simulated images with noise of its own (the two
halves of one detector's noise): the true difference is 0. Then it is run against worse ones,
whose true difference is measured on a very large set. Each time the paired bootstrap makes its
intervals; counted is how many cover the truth, and how many find the difference. Last the numbers
of one set alone; their truth is the mean over all simulated sets of that size.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

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
COUNTS = ("tp", "fp", "fn")
SIZES = ("small", "medium", "large")
FEWEST = 50  # intervals that a share is worth printing of
BY_CLASS = ("AP", "AP50", "AR100", "precision", "recall", "f1", "tp", "fp")


@dataclass(frozen=True)
class Detector:
    """A synthetic detector: finds what is easy, jitters boxes, sees things in clutter."""

    quality: float = 1.2
    jitter: float = 0.07
    clutter: float = 1.5


SAME = Detector()
WORSE = {"A slightly worse detector": Detector(1.1, 0.072), "A worse one": Detector(0.9, 0.078)}


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
    """What is simulated: how many images, which second detector (none: one set alone)."""

    n_images: int
    other: Detector | None
    replicates: int


@dataclass(frozen=True)
class Record:
    """One interval of one simulated pair."""

    case: Case
    place: str
    name: str
    interval: Interval

    def covers(self, truth: float) -> bool | None:
        low, high = self.interval.low, self.interval.high
        return None if low is None or high is None else low <= truth <= high

    def covers_zero_without_correction(self) -> bool | None:
        """Whether plain percentiles would cover 0, by turning the correction of p back.

        Only COCO's numbers of a class are corrected by the number of images that carry them.
        """
        n, p = self.interval.images, self.interval.p
        if p is None or not self.name.startswith("A"):
            return None
        replicates = self.case.replicates
        rank = interval_rank(LEVEL, replicates, 10**9, 1.0) / (replicates + 1)
        return p > 2 * corrected_tail(rank, n, (n / (n - 1)) ** 0.5)


Key = tuple[str, str]


def one_pair(case: Case, seed: int) -> list[Record]:
    """Simulate and resample one pair of sets, or one set."""
    rng = np.random.default_rng([seed, case.n_images])
    scene = simulated_scene(rng, case.n_images)
    ours = detected(rng, scene, SAME)
    settings = {
        "class_names": CLASSES,
        "images": np.ones(case.n_images, np.bool_),
        "score": SCORE,
        "resampling": Resampling(case.replicates, seed=seed, level=LEVEL, min_images=2),
    }
    if case.other is None:
        intervals = bootstrap(scene.truth, ours, **settings)
    else:
        theirs = detected(rng, scene, case.other)
        intervals = bootstrap_delta(scene.truth, ours, theirs, **settings)
    return [Record(case, *key, interval) for key, interval in listed(intervals)]


def listed(intervals: Intervals) -> Iterator[tuple[Key, Interval]]:
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


def population(other: Detector, n_sets: int, seed: int = 10**6) -> dict[Key, float]:
    """Measure the true differences on very many images; counts an image."""
    rng = np.random.default_rng([seed])
    settings = {"class_names": CLASSES, "score": SCORE}
    sums: dict[Key, list[float]] = defaultdict(list)
    for _ in range(n_sets):
        scene = simulated_scene(rng, LARGE_SET)
        difference = delta(
            *(
                evaluate(scene.truth, side.predictions, matches=side.matches, **settings)
                for side in (detected(rng, scene, detector) for detector in (SAME, other))
            )
        )
        for key, value in named(difference):
            sums[key].append(value / (LARGE_SET if key[1] in COUNTS else 1))
    return {key: float(np.mean(values)) for key, values in sums.items()}


def named(numbers: Mapping[str, Any]) -> Iterator[tuple[Key, float]]:
    """Read plain numbers under the keys of `listed`."""
    data = {
        "overall": {**numbers["metrics"], **numbers["operating_point"]},
        **{row["name"]: row for row in numbers["classes"]},
        **{f"{row['name']} {row['size']}": row for row in numbers["class_sizes"]},
    }
    for place, row in data.items():
        for name, value in row.items():
            if isinstance(value, int | float):
                yield (place, name), value


def mean_values(records: list[Record]) -> dict[Key, float]:
    """Average the numbers of one set over all simulations of one size."""
    values: dict[Key, list[float]] = defaultdict(list)
    for record in records:
        if record.interval.value is not None:
            values[record.place, record.name].append(record.interval.value)
    return {key: float(np.mean(numbers)) for key, numbers in values.items()}


Judged = tuple[Record, bool | None]


def judged(records: list[Record], truths: Mapping[Key, float], n_images: int) -> list[Judged]:
    """Say of each interval whether it covers; truths of counts are those of one image."""
    return [
        (
            record,
            record.covers(
                truths.get((record.place, record.name), 0.0)
                * (n_images if record.name in COUNTS else 1)
            ),
        )
        for record in records
    ]


def share(flags: list[bool | None]) -> str:
    known = [flag for flag in flags if flag is not None]
    return f"{np.mean(known):.3f}" if len(known) >= FEWEST else "–"


def table(title: str, head: list[str], rows: Mapping[str, list[str]]) -> None:
    print(f"\n{title}\n\n| | {' | '.join(head)} |\n{'|---' * (len(head) + 1)}|")
    for name, cells in rows.items():
        if set(cells) != {"–"}:
            print(f"| {name} | {' | '.join(cells)} |")


def report(title: str, by_size: Mapping[int, list[Judged]], *, power: bool, zero: bool) -> None:
    """Print coverage and power: overall by set size, elsewhere by the images of a number."""
    overall: dict[str, dict[int, list[Judged]]] = defaultdict(lambda: defaultdict(list))
    binned: dict[str, dict[int, list[Judged]]] = defaultdict(lambda: defaultdict(list))
    for n_images, rows in by_size.items():
        for one in rows:
            record = one[0]
            if record.place == "overall":
                overall[record.name][n_images].append(one)
                continue
            level = "class × size" if record.place.split()[-1] in SIZES else "class"
            at = int(np.searchsorted(BINS, record.interval.images, side="right")) - 1
            binned[f"{level}, {record.name}"][at].append(one)
    sizes = [f"{n} images" for n in by_size]
    bins = [
        f"{low}–{high - 1}" if high < 10**9 else f"{low}+" for low, high in itertools.pairwise(BINS)
    ]

    def cells(
        groups: Mapping[int, list[Judged]], keys: Iterable[int], of: Callable[[Judged], bool | None]
    ) -> list[str]:
        return [share([of(one) for one in groups.get(key, [])]) for key in keys]

    views: dict[str, Callable[[Judged], bool | None]] = {"cover": lambda one: one[1]}
    if zero:
        views["cover with plain percentiles"] = lambda one: one[0].covers_zero_without_correction()
    if power:
        views["find"] = lambda one: None if one[1] is None else one[0].interval.excludes_zero
    for what, of in views.items():
        if "plain" not in what:
            rows = {name: cells(groups, by_size, of) for name, groups in overall.items()}
            table(f"{title}: {what}, overall", sizes, rows)
        rows = {name: cells(groups, range(len(bins)), of) for name, groups in binned.items()}
        table(f"{title}: {what}, by the images that carry a number", bins, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[100, 500, 2000])
    parser.add_argument("--pairs", type=int, nargs="+", default=[1000, 500, 200])
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--large-sets", type=int, default=10)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    started = time.perf_counter()
    with ProcessPoolExecutor(options.processes) as pool:
        measure = partial(population, n_sets=options.large_sets)
        truths: list[dict[Key, float] | None] = [{}, *pool.map(measure, WORSE.values()), None]
        sides = {"The same detector": SAME, **WORSE, "One set": None}
        for (title, other), truth in zip(sides.items(), truths, strict=True):
            if truth:
                ap, f1 = truth["overall", "AP"], truth["overall", "f1"]
                print(f"\n{title}: true difference of AP {ap:+.4f}, of F1 {f1:+.4f}")
            by_size = {}
            for n_images, n_pairs in zip(options.images, options.pairs, strict=True):
                case = Case(n_images, other, options.replicates)
                pairs = pool.map(partial(one_pair, case), range(n_pairs), chunksize=8)
                records = list(itertools.chain.from_iterable(pairs))
                if truth is None:
                    by_size[n_images] = judged(records, mean_values(records), 1)
                else:
                    by_size[n_images] = judged(records, truth, n_images)
            report(title, by_size, power=bool(truth), zero=truth == {})
            print(f"\n({time.perf_counter() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
