from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluation._accumulation_kernel_numpy import _Goal
from evaluation.average_precision import RECALL_THRESHOLDS

Columns = dict[str, Any]
N_CLASSES, N_IMAGES, N_THRESHOLDS = 3, 8, 4
RANGES = np.array([[0, 100], [0, 30], [30, 60], [60, 100.0]])


@pytest.fixture(params=["_accumulation_kernel", "_accumulation_kernel_numpy"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    try:
        return importlib.import_module(f"evaluation.{request.param}")
    except ModuleNotFoundError:
        pytest.skip("the install could not compile the kernels")


def random_columns(seed: int, *, weighted: bool) -> Columns:
    """Matches as they cannot all come from a matcher: the kernel must not mind."""
    rng = np.random.default_rng(seed)
    n, n_pairs = 90, 60
    class_ = rng.integers(0, N_CLASSES, n)
    score = rng.integers(0, 30, n) / 30
    image = rng.integers(0, N_IMAGES, n)
    order = np.lexsort((-score, class_))
    return {
        "order": order,
        "start": np.searchsorted(class_[order], np.arange(N_CLASSES + 1)),
        "rank": ranks_of(order, class_, image),
        "area": rng.integers(0, 13, n) * 10.0,
        "score": score,
        "image": image,
        "weight": rng.integers(0, 4, N_IMAGES).astype(np.int32) if weighted else None,
        "pred": np.sort(rng.integers(0, n, n_pairs)),
        "thresholds": rng.integers(0, 1 << N_THRESHOLDS, (n_pairs, 4)).astype(np.uint16),
        "counted": (rng.random((n_pairs, 4)) < 0.7).astype(np.uint8),
        "caps": np.array([2, 5]),
        "ranges": RANGES,
        "recalls": RECALL_THRESHOLDS,
        "positives": rng.integers(0, 3, (N_CLASSES, 4)) * 25,
    }


def ranks_of(
    order: NDArray[np.int64], class_: NDArray[np.int64], image: NDArray[np.int64]
) -> NDArray[np.int32]:
    cell = class_ * N_IMAGES + image
    rank = np.zeros(len(order), dtype=np.int32)
    for place, row in enumerate(order.tolist()):
        rank[row] = np.count_nonzero(cell[order[:place]] == cell[row])
    return rank


def one_pair_a_threshold(columns: Columns) -> None:
    """Leave a prediction at most one match at a threshold and area range, as a matcher does."""
    seen: dict[tuple[int, int], int] = {}
    for pair, pred in enumerate(columns["pred"].tolist()):
        for area in range(4):
            bits = int(columns["thresholds"][pair, area]) & ~seen.get((pred, area), 0)
            columns["thresholds"][pair, area] = bits
            seen[pred, area] = seen.get((pred, area), 0) | bits


def run(
    kernel: ModuleType,
    columns: Columns,
    *,
    sampled: int = 2,
    leaps: tuple[NDArray[np.int32], NDArray[np.int32]] | tuple[None, None] = (None, None),
) -> list[NDArray[np.float64]]:
    curves = (N_CLASSES, 4, sampled, N_THRESHOLDS, len(RECALL_THRESHOLDS))
    ends = (N_CLASSES, 4, 2, N_THRESHOLDS)
    out = [np.full(shape, 7.0) for shape in (curves, curves, ends)]
    for classes in (np.array([2, 0]), np.array([1])):
        kernel.sample_curves(classes, *columns.values(), *out, *leaps)
    return out


def walk(columns: Columns, class_: int) -> Iterator[tuple[int, int]]:
    """The predictions of a class that count at all, and their weights."""
    for row in columns["order"][columns["start"][class_] : columns["start"][class_ + 1]].tolist():
        weight = columns["weight"]
        times = 1 if weight is None else int(weight[columns["image"][row]])
        if times:
            yield row, times


def curve_one_by_one(
    columns: Columns, class_: int, area: int, cap: int, t: int
) -> tuple[list[float], list[float], float]:
    """COCO's accumulation, prediction by prediction; each copy of an image steps on its own."""
    positives = int(columns["positives"][class_, area])
    if positives == 0:
        return [-1.0] * 101, [-1.0] * 101, -1.0
    low, high = RANGES[area]
    tp = fp = 0
    recalls, precisions, scores = [], [], []
    for row, times in walk(columns, class_):
        if columns["rank"][row] >= cap:
            continue
        pairs = np.flatnonzero(columns["pred"] == row)
        hit = [pair for pair in pairs if columns["thresholds"][pair, area] >> t & 1]
        true = bool(hit) and bool(columns["counted"][hit[0], area])
        counts = true or (not hit and low <= columns["area"][row] <= high)
        for _ in range(times):
            tp, fp = tp + (counts and true), fp + (counts and not true)
            recalls.append(tp / positives)
            precisions.append(tp / (tp + fp + np.spacing(1)))
            scores.append(float(columns["score"][row]))
    envelope = np.maximum.accumulate(np.array(precisions)[::-1])[::-1]
    places = np.searchsorted(recalls, RECALL_THRESHOLDS, side="left")
    at = [(envelope[p], scores[p]) if p < len(scores) else (0.0, 0.0) for p in places.tolist()]
    return [float(p) for p, _ in at], [s for _, s in at], tp / positives


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_sample_curves__as_one_by_one(kernel: ModuleType, seed: int, weighted: bool) -> None:
    columns = random_columns(seed, weighted=weighted)
    one_pair_a_threshold(columns)
    precision, scores, recall = run(kernel, columns)
    for place in np.ndindex(N_CLASSES, 4, 2, N_THRESHOLDS):
        class_, area, m, t = place
        cap = int(columns["caps"][m])
        curve, reached_at, reached = curve_one_by_one(columns, class_, area, cap, t)
        assert precision[place].tolist() == curve
        assert scores[place].tolist() == reached_at
        assert recall[place] == reached


@pytest.mark.parametrize("sampled", [0, 1])
def test_sample_curves__of_the_largest_caps_only(kernel: ModuleType, sampled: int) -> None:
    columns = random_columns(9, weighted=False)
    precision, scores, recall = run(kernel, columns)
    fewer = run(kernel, columns, sampled=sampled)
    assert np.array_equal(fewer[0], precision[:, :, 2 - sampled :])
    assert np.array_equal(fewer[1], scores[:, :, 2 - sampled :])
    assert np.array_equal(fewer[2], recall)


@pytest.mark.parametrize("seed", range(6))
def test_sample_curves__a_prepared_walk_changes_nothing(kernel: ModuleType, seed: int) -> None:
    columns = random_columns(seed, weighted=False)
    order, rank, area = (columns[name] for name in ("order", "rank", "area"))
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order))
    kept = rank[order] < columns["caps"][-1]
    each = [kept & (area[order] >= low) & (area[order] <= high) for low, high in RANGES]
    inside = np.zeros((len(order) + 1, 4), dtype=np.int32)
    inside[1:] = np.cumsum(np.stack(each, axis=1), axis=0)
    plain = run(kernel, columns, sampled=1)
    leaping = run(kernel, columns, sampled=1, leaps=(place, inside))
    for one, other in zip(plain, leaping, strict=True):
        assert np.array_equal(one, other)


def test_sample_curves__an_order_that_names_no_row(kernel: ModuleType) -> None:
    columns = random_columns(1, weighted=False)
    columns["order"] = columns["order"] + 1
    with pytest.raises(IndexError):
        run(kernel, columns)


@pytest.mark.parametrize("place", [2**31 - 1, -1, 0])
def test_sample_curves__places_that_are_not_those_of_the_order(place: int) -> None:
    compiled = pytest.importorskip(  # the twin needs no places
        "evaluation._accumulation_kernel", reason="the install could not compile the kernels"
    )
    columns = random_columns(1, weighted=False)
    columns["pred"] = np.full(60, 89)
    n = len(columns["order"])
    columns["order"] = np.arange(n)
    leaps = np.full(n, place, dtype=np.int32), np.zeros((n + 1, 4), dtype=np.int32)
    with pytest.raises(IndexError):
        run(compiled, columns, sampled=1, leaps=leaps)


@settings(derandomize=True, deadline=None)
@given(positives=st.integers(1, 200_000))
def test_goal__counts_as_searchsorted_over_recalls_does(positives: int) -> None:
    recalls = np.arange(1, positives + 1) / positives
    expected = np.searchsorted(recalls, RECALL_THRESHOLDS[1:], side="left") + 1
    goal = _Goal.of(np.array([0, positives]), RECALL_THRESHOLDS)
    assert goal.classes.tolist() == [1]
    assert goal.needed[0, 1:].tolist() == expected.tolist()
    assert goal.needed[0, 0] == 0
