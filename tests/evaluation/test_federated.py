from __future__ import annotations

import numpy as np
import pytest

from evaluation.calibration import calibration
from evaluation.confidence_curves import confidence_curves
from evaluation.confusion import confusion_matrix
from evaluation.error_types import classify_errors
from evaluation.errors import MismatchedColumns, PositionOutOfRange, UnknownChoice
from evaluation.federated import Verification, federated_numbers, federated_predictions
from evaluation.instances import IGNORED_AREA, Instances
from evaluation.matching import match
from evaluation.operating_point import Tally, count, outcomes
from evaluation.oracle_gains import oracle_gains
from evaluation.overlap import box_iou
from evaluation.score_sweep import score_sweep
from tests.evaluation.random_tables import N_CLASSES, N_IMAGES, random_scene

BOX, FAR = [0, 0, 10, 10], [60, 60, 10, 10]
NOBODY_LOOKED = Verification.of([], [])


def random_verification(seed: int) -> Verification:
    rng = np.random.default_rng(seed)
    cells = np.argwhere(np.ones((N_IMAGES, N_CLASSES)))
    return Verification.of(cells[rng.random(len(cells)) < 0.4], cells[rng.random(len(cells)) < 0.3])


def average_precision_50(
    truth: Instances, found: Instances, verified: Verification, class_: int
) -> float | None:
    """LVIS' rules for one class at IoU 0.5 and any area, one prediction at a time."""
    absent, partly = (
        {tuple(cell) for cell in cells.tolist()}
        for cells in (verified.absent, verified.not_exhaustive)
    )
    labels = [row for row in range(len(truth)) if truth.class_[row] == class_]
    if not labels:
        return None
    rows = [row for row in range(len(found)) if found.class_[row] == class_]
    taken: set[int] = set()
    hits = []
    for row in sorted(rows, key=lambda row: (-found.score[row], found.image[row], row)):
        image = int(found.image[row])
        here = [label for label in labels if truth.image[label] == image]
        if not here and (image, class_) not in absent:
            continue
        overlaps = {
            label: box_iou(found.boxes[[row]], truth.boxes[[label]], np.array([False]))[0]
            for label in here
            if label not in taken
        }
        near = [label for label, overlap in overlaps.items() if overlap >= 0.5]
        if near:
            best = max(near, key=lambda label: (overlaps[label], label))
            taken.add(best)
            hits.append(True)
        elif (image, class_) not in partly:
            hits.append(False)
    true = np.cumsum(hits)
    precision = true / np.arange(1, len(hits) + 1)
    recall = true / len(labels)
    levels = np.linspace(0, 1, 101)
    reached = [precision[recall >= level].max(initial=0) for level in levels]
    return float(np.mean(reached))


@pytest.mark.parametrize("seed", range(30))
def test_federated_numbers__one_prediction_at_a_time(seed: int) -> None:
    scene, verified = random_scene(seed, crowd=0), random_verification(seed)
    expected = [
        average_precision_50(scene.truth, scene.predictions, verified, class_)
        for class_ in range(N_CLASSES)
    ]
    for class_, group in enumerate("rcf"):
        only = [row for row in range(len(scene.truth)) if scene.truth.class_[row] == class_]
        truth = scene.truth.take(np.array(only, dtype=np.int64))
        numbers = federated_numbers(truth, scene.predictions, verified, frequency=["r", "c", "f"])
        assert numbers["AP50"] == pytest.approx(expected[class_])
        others = {name for name in ("APr", "APc", "APf") if name != f"AP{group}"}
        assert {numbers[name] for name in others} == {None}


def test_federated_predictions__the_best_of_an_image_over_all_classes() -> None:
    found = Instances.predictions([0, 0, 0, 1], [0, 1, 0, 0], [BOX] * 4, score=[0.5, 0.9, 0.5, 0.1])
    everywhere = Verification.of([[0, 0], [0, 1], [1, 0]], [])
    none = found.take(np.array([], dtype=np.int64))
    kept = federated_predictions(none, found, everywhere, most=2)
    assert kept.id.tolist() == [0, 1, 3]  # ties in file order


def test_federated_predictions__labelled_or_verified_classes_only() -> None:
    truth = Instances.ground_truth([0], [0], [BOX])
    found = Instances.predictions([0, 0, 0, 1], [0, 1, 2, 0], [FAR] * 4, score=[0.9] * 4)
    kept = federated_predictions(truth, found, Verification.of([[0, 2]], []))
    assert list(zip(kept.image.tolist(), kept.class_.tolist(), strict=True)) == [(0, 0), (0, 2)]


def test_federated_predictions__nothing_was_looked_for() -> None:
    found = Instances.predictions([0], [0], [BOX], score=[0.9])
    none = Instances.ground_truth([], [], [])
    assert len(federated_predictions(none, found, NOBODY_LOOKED)) == 0
    assert len(federated_predictions(none, found.take(np.array([], np.int64)), NOBODY_LOOKED)) == 0


def test_federated_predictions__unmatched_ones_may_be_right_where_labels_end() -> None:
    truth = Instances.ground_truth([0], [0], [BOX])
    found = Instances.predictions([0, 0], [0, 0], [FAR, BOX], score=[0.9, 0.8])
    partly = Verification.of([], [[0, 0]])
    assert federated_predictions(truth, found, partly).area.tolist() == [IGNORED_AREA] * 2
    excused = federated_numbers(truth, found, partly, frequency=["f"])
    judged = federated_numbers(truth, found, NOBODY_LOOKED, frequency=["f"])
    assert (excused["AP"], judged["AP"]) == pytest.approx((1, 0.5))


def test_federated_numbers__means_of_the_groups() -> None:
    truth = Instances.ground_truth([0, 0, 0], [0, 1, 2], [BOX] * 3)
    found = Instances.predictions([0, 0], [0, 1], [BOX, FAR], score=[0.9, 0.8])
    numbers = federated_numbers(truth, found, NOBODY_LOOKED, frequency=["r", "r", "f"])
    assert [numbers[name] for name in ("AP", "APr", "APf")] == pytest.approx([1 / 3, 0.5, 0])
    assert numbers["APc"] is None


def test_federated_numbers__caps_at_three_hundred() -> None:
    truth = Instances.ground_truth([0], [0], [BOX])
    boxes = [FAR] * 300 + [BOX]
    found = Instances.predictions([0] * 301, [0] * 301, boxes, score=[0.9] * 301)
    numbers = federated_numbers(truth, found, NOBODY_LOOKED, frequency=["f"])
    assert numbers["AR300"] == 0
    later = federated_numbers(truth, found.take(np.arange(1, 301)), NOBODY_LOOKED, frequency=["f"])
    assert later["AR300"] == 1


def test_verification__is_checked() -> None:
    with pytest.raises(MismatchedColumns, match="absent"):
        Verification.of([[0, 1, 2]], [])
    with pytest.raises(PositionOutOfRange, match="not_exhaustive"):
        Verification.of([], [[0, -1]])
    scene = random_scene(0)
    with pytest.raises(UnknownChoice, match="frequency"):
        federated_numbers(scene.truth, scene.predictions, NOBODY_LOOKED, frequency=["x"])


def test_excused_predictions__are_wrong_in_no_number() -> None:
    truth = Instances.ground_truth([0, 0], [0, 1], [BOX, [30, 0, 10, 10]])
    boxes = [BOX, [30, 0, 10, 10], [60, 0, 10, 10]]
    found = Instances.predictions([0] * 3, [0] * 3, boxes, score=[0.9, 0.8, 0.7])
    kept = federated_predictions(truth, found, Verification.of([], [[0, 0]]))
    matches = match(truth, kept)
    point = {"score": 0.5, "iou": 0.5}
    at = outcomes(truth, kept, matches, **point)
    assert count(at, truth, kept, n_classes=2).total() == Tally(1, 0, 1)
    sweep = score_sweep(truth, kept, matches, n_classes=2)
    assert sweep.counts_at(**point).total() == Tally(1, 0, 1)
    curves = confidence_curves(truth, kept, matches, n_classes=2)
    assert (curves.tp.tolist(), curves.kept.tolist()) == ([1, 1, 1], [1, 1, 1])
    matrix = confusion_matrix(truth, kept, matches, **point, n_classes=2)
    assert matrix.counts.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    types = classify_errors(truth, kept, matches, score=0.5)
    assert types.count(n_classes=2).total()["missed"] == 1
    assert types.count(n_classes=2).false_positives.sum() == 0
    assert calibration(at, kept, n_classes=2).overall.n == 1
    gains = oracle_gains(types, matches, n_classes=2)
    assert gains.class_ap.tolist() == pytest.approx([1.0, 0.0])
    assert gains.gains()["false_positive"] == 0.0
