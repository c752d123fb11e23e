from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.averages import Averages, averages
from evaluation.best_thresholds import BestThreshold, BestThresholds
from evaluation.confidence_curves import ConfidenceCurves, confidence_curves, shared_scores
from evaluation.errors import InvalidThreshold, MismatchedColumns, PositionOutOfRange
from evaluation.instances import IGNORED_AREA, Instances
from evaluation.matching import IOU_THRESHOLDS, Matches, match
from evaluation.operating_point import OperatingCounts, count, outcomes

SQUARE = [0.0, 0.0, 10.0, 10.0]
FAR = [500.0, 500.0, 9.0, 9.0]
NEAR = [30.0, 30.0, 10.0, 10.0]
N_IMAGES, N_CLASSES = 5, 4


def curves_of(truth: Instances, predictions: Instances, n_classes: int = 1) -> ConfidenceCurves:
    return confidence_curves(truth, predictions, match(truth, predictions), n_classes=n_classes)


def random_tables(seed: int, *, ties: bool = True) -> tuple[Instances, Instances]:
    """Crowd regions, misses, duplicates, excused areas; class 3 is only in the predictions."""
    rng = np.random.default_rng(seed)
    n_truth, n_found = int(rng.integers(1, 40)), int(rng.integers(0, 90))
    truth = Instances.ground_truth(
        rng.integers(0, N_IMAGES, n_truth),
        rng.integers(0, 3, n_truth),
        np.c_[rng.integers(0, 3, (n_truth, 2)) * 30, np.full((n_truth, 2), 20)],
        crowd=rng.random(n_truth) < 0.1,
    )
    rows = rng.integers(0, n_truth, n_found)
    boxes = truth.boxes[rows] * np.c_[np.ones((n_found, 3)), rng.integers(5, 11, n_found) / 10]
    class_ = np.where(rng.random(n_found) < 0.2, rng.integers(0, 4, n_found), truth.class_[rows])
    score = rng.integers(0, 11, n_found) / 10 if ties else rng.permutation(n_found) / 100
    area = np.where(rng.random(n_found) < 0.1, IGNORED_AREA, 400.0)
    image = truth.image[rows]
    return truth, Instances.predictions(image, class_, boxes, score=score, area=area)


def counts_at(
    truth: Instances, predictions: Instances, matches: Matches, score: float, iou: float
) -> OperatingCounts:
    at = outcomes(truth, predictions, matches, score=score, iou=iou)
    return count(at, truth, predictions, n_classes=N_CLASSES)


def by_hand(
    truth: Instances, predictions: Instances, matches: Matches, iou: float
) -> tuple[list[tuple[float, float] | None], dict[str, tuple[float, float] | None]]:
    """Best F1 and its threshold of every class and average, by trying every score."""
    tried = np.unique(predictions.score)[::-1].tolist()
    counts = [counts_at(truth, predictions, matches, score, iou) for score in tried]

    def best(values: list[float | None]) -> tuple[float, float] | None:
        found: tuple[float, float] | None = None
        for score, value in zip(tried, values, strict=True):
            if value and (found is None or value > found[0]):
                found = value, score
        return found

    at = [averages(each) for each in counts]
    classes = [best([each.of_class(k).f1 for each in counts]) for k in range(N_CLASSES)]
    return classes, {
        "micro": best([each.micro.f1 for each in at]),
        "macro": best([each.macro.f1 for each in at]),
        "weighted": best([each.weighted.f1 for each in at]),
    }


def f1_and_score(best: BestThreshold | None) -> tuple[float, float] | None:
    return None if best is None else (best.f1, best.score)


def test_of_class__by_hand() -> None:
    truth = Instances.ground_truth([0, 0], [0, 0], [SQUARE, NEAR])
    found = Instances.predictions([0] * 3, [0] * 3, [SQUARE, FAR, NEAR], score=[0.9, 0.8, 0.7])
    curve = curves_of(truth, found).of_class(0)
    assert curve.score.tolist() == [0.9, 0.8, 0.7]
    assert curve.precision.tolist() == [1.0, 0.5, 2 / 3]
    assert curve.recall.tolist() == [0.5, 0.5, 1.0]
    assert curve.f1.tolist() == [2 / 3, 0.5, 0.8]


def test_of_class__equal_scores_are_one_point() -> None:
    truth = Instances.ground_truth([0], [0], [SQUARE])
    found = Instances.predictions([0] * 3, [0] * 3, [FAR, SQUARE, FAR], score=[0.5, 0.5, 0.2])
    curve = curves_of(truth, found).of_class(0)
    assert (curve.score.tolist(), curve.precision.tolist()) == ([0.5, 0.2], [0.5, 1 / 3])


def test_of_class__predictions_on_crowd_regions_change_nothing() -> None:
    truth = Instances.ground_truth([0, 0], [0, 0], [SQUARE, NEAR], crowd=[0, 1])
    found = Instances.predictions([0, 0], [0, 0], [NEAR, SQUARE], score=[0.9, 0.8])
    curve = curves_of(truth, found).of_class(0)
    assert np.isnan(curve.precision[0])
    assert (curve.recall.tolist(), curve.f1.tolist()) == ([0.0, 1.0], [0.0, 1.0])


def test_of_class__without_ground_truth_or_predictions() -> None:
    truth = Instances.ground_truth([0], [0], [SQUARE])
    found = Instances.predictions([0], [1], [SQUARE], score=[0.5])
    curves = curves_of(truth, found, n_classes=2)
    assert len(curves.of_class(0).score) == 0
    assert (curves.of_class(1).precision.tolist(), curves.of_class(1).f1.tolist()) == ([0.0], [0.0])
    assert np.isnan(curves.of_class(1).recall).all()
    assert curves.best().classes == (None, None)
    assert set(curves.best().averages.values()) == {None}


@pytest.mark.parametrize("iou", [0.5, 0.75, 0.95])
@settings(derandomize=True, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), class_agnostic=st.booleans())
def test_every_curve__is_the_operating_point_at_each_threshold(
    iou: float, seed: int, class_agnostic: bool
) -> None:
    truth, predictions = random_tables(seed)
    matches = match(truth, predictions, class_agnostic=class_agnostic)
    curves = confidence_curves(truth, predictions, matches, n_classes=N_CLASSES, iou=iou)
    scores = np.r_[np.unique(predictions.score)[::-1], -1.0, 2.0, 0.55]
    classes, means, micro = curves.classes_at(scores), curves.averages_at(scores), curves.micro()
    for row, score in enumerate(scores.tolist()):
        counts = counts_at(truth, predictions, matches, score, iou)
        expected: Averages = averages(counts)
        for name in ("micro", "macro", "weighted"):
            same(getattr(expected, name).f1, means[name].f1[row])
            same(getattr(expected, name).precision, means[name].precision[row])
            same(getattr(expected, name).recall, means[name].recall[row])
        for class_ in range(N_CLASSES):
            tally = counts.of_class(class_)
            same(tally.precision, classes.precision[row, class_])
            same(tally.f1, classes.f1[row, class_])
            curve = curves.of_class(class_)
            if score in curve.score:
                same(tally.recall, curve.recall[curve.score == score].item())
        if score in micro.score:
            same(expected.micro.f1, micro.f1[micro.score == score].item())


def same(expected: float | None, found: float) -> None:
    """Bit-equal, where None and NaN both say n/a."""
    assert np.isnan(found) if expected is None else found == expected


@settings(derandomize=True, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1), iou=st.sampled_from(IOU_THRESHOLDS.tolist()), ties=st.booleans()
)
def test_best__is_what_trying_every_score_finds(seed: int, iou: float, ties: bool) -> None:
    truth, predictions = random_tables(seed, ties=ties)
    matches = match(truth, predictions)
    best = confidence_curves(truth, predictions, matches, n_classes=N_CLASSES, iou=iou).best()
    classes, means = by_hand(truth, predictions, matches, iou)
    assert [f1_and_score(each) for each in best.classes] == classes
    assert {name: f1_and_score(each) for name, each in best.averages.items()} == means


def test_best__of_equal_f1_the_higher_threshold() -> None:
    # 1 of 4 found and nothing wrong: 2/5; later 2 of 4 found, 4 wrong: 4/10.
    truth = Instances.ground_truth([0, 0, 1, 1], [0] * 4, [SQUARE, NEAR] * 2)
    found = Instances.predictions(
        [0, 0, 0, 0, 0, 0], [0] * 6, [SQUARE, *[FAR] * 4, NEAR],
        score=[0.9, 0.8, 0.8, 0.8, 0.8, 0.1],
    )  # fmt: skip
    best = curves_of(truth, found).best()
    assert best.classes == (BestThreshold(0.9, 1.0, 0.25, 0.4),)


def test_best__each_average_has_its_own() -> None:
    """Class 0: 8 objects, found at 0.3 among 16 wrong; class 1: one, at 0.9, then 8 wrong."""
    n = 8
    truth = Instances.ground_truth([*range(n), 0], [0] * n + [1], [SQUARE] * (n + 1))
    found = Instances.predictions(
        [*range(n)] * 4 + [0],
        [0] * 3 * n + [1] * (n + 1),
        [SQUARE] * n + [FAR] * 3 * n + [SQUARE],
        score=[0.3] * 3 * n + [0.5] * n + [0.9],
    )
    best = curves_of(truth, found, n_classes=2).best()
    assert {name: f1_and_score(each) for name, each in best.averages.items()} == {
        "micro": (18 / 42, 0.3),  # against 2 / 10 at 0.9
        "macro": (0.5, 0.9),  # against (1/2 + 1/5) / 2 at 0.3
        "weighted": ((8 * 0.5 + 0.2) / 9, 0.3),  # against 1/9 at 0.9
    }
    assert [each and each.score for each in best.classes] == [0.3, 0.9]


@settings(derandomize=True, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_take__is_evaluating_these_classes_only(seed: int) -> None:
    truth, predictions = random_tables(seed)
    curves = curves_of(truth, predictions, N_CLASSES)
    classes = np.array([2, 0])
    taken = curves.take(classes)
    table = truth.take(np.isin(truth.class_, classes))
    found = predictions.take(np.isin(predictions.class_, classes))
    alone = curves_of(table, found, N_CLASSES)
    scores = np.arange(12) / 10
    for name, curve in taken.averages_at(scores).items():
        assert np.allclose(curve.f1, alone.averages_at(scores)[name].f1, equal_nan=True)
    assert taken.best().classes == tuple(alone.best().classes[row] for row in classes)


def test_some_images_only() -> None:
    truth = Instances.ground_truth([0, 1], [0, 0], [SQUARE, SQUARE])
    found = Instances.predictions([0, 1], [0, 0], [FAR, SQUARE], score=[0.9, 0.8])
    images = np.array([False, True])
    curves = confidence_curves(truth, found, match(truth, found), n_classes=1, images=images)
    assert (curves.of_class(0).score.tolist(), curves.of_class(0).f1.tolist()) == ([0.8], [1.0])


def test_shared_scores__hold_the_peaks_of_both_sets() -> None:
    truth = Instances.ground_truth([0], [0], [SQUARE])
    ours, theirs = (
        curves_of(truth, Instances.predictions([0], [0], [SQUARE], score=[score]))
        for score in (0.123, 0.77)
    )
    assert shared_scores(ours, theirs, n=2).tolist() == [0.0, 0.123, 0.77, 1.0]


def test_shared_scores__of_logits_span_the_scores() -> None:
    truth = Instances.ground_truth([0, 0], [0, 0], [SQUARE, NEAR])
    found = Instances.predictions([0, 0], [0, 0], [SQUARE, NEAR], score=[-3.0, 5.0])
    assert shared_scores(curves_of(truth, found), n=3).tolist() == [-3.0, 1.0, 5.0]


def test_nothing_at_all() -> None:
    nothing = Instances.ground_truth([], [], [])
    curves = curves_of(nothing, Instances.predictions([], [], [], score=[]), n_classes=2)
    assert curves.best() == BestThresholds(
        (None, None), {"micro": None, "macro": None, "weighted": None}
    )
    assert len(curves.micro().score) == 0
    assert shared_scores(curves, n=3).tolist() == [0.0, 0.5, 1.0]
    assert curves.best().to_dict()["classes"] == [None, None]


def test_refusals() -> None:
    truth, predictions = random_tables(0)
    matches = match(truth, predictions)
    curves = curves_of(truth, predictions, N_CLASSES)
    with pytest.raises(InvalidThreshold, match="IoU"):
        confidence_curves(truth, predictions, matches, n_classes=N_CLASSES, iou=0.52)
    with pytest.raises(InvalidThreshold, match="score"):
        curves.classes_at([float("inf")])
    with pytest.raises(PositionOutOfRange):
        confidence_curves(truth, predictions, matches, n_classes=1)
    with pytest.raises(PositionOutOfRange):
        curves.take([N_CLASSES])
    with pytest.raises(MismatchedColumns):
        confidence_curves(truth, truth, matches, n_classes=N_CLASSES)
