from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.confusion import BACKGROUND, OTHER, ConfusionMatrix, confusion_matrix
from evaluation.errors import (
    ClassesNotMatched,
    InvalidThreshold,
    MismatchedColumns,
    PositionOutOfRange,
)
from evaluation.instances import Instances
from evaluation.matching import match
from evaluation.operating_point import PredictionOutcome, TruthOutcome, count, outcomes
from evaluation.overlap import box_iou
from tests.evaluation.random_tables import N_CLASSES, N_IMAGES, Scene, random_scene

CAT, DOG, BIRD = 0, 1, 2
PLACE = [0.0, 0.0, 10.0, 10.0]
ELSEWHERE = [50.0, 50.0, 10.0, 10.0]
SEEDS = st.integers(0, 2**32 - 1)
SCORES = st.sampled_from([0.0, 0.3, 0.7, 1.1])


def matrix_of(
    truth: Instances,
    predictions: Instances,
    *,
    score: float = 0.3,
    iou: float = 0.5,
    strict: bool = False,
) -> ConfusionMatrix:
    matches = match(truth, predictions, strict=strict)
    return confusion_matrix(truth, predictions, matches, score=score, iou=iou, n_classes=N_CLASSES)


def of_scene(scene: Scene, *, score: float = 0.3, iou: float = 0.5) -> ConfusionMatrix:
    return matrix_of(scene.truth, scene.predictions, score=score, iou=iou)


def one_cell(matrix: ConfusionMatrix) -> tuple[int, int]:
    """Row and column of the only cell that counts something."""
    ((row, column),) = np.argwhere(matrix.counts).tolist()
    return row, column


def confusions_by_hand(
    truth: Instances, predictions: Instances, *, score: float, iou: float
) -> list[tuple[int, int]]:
    """Rows of ground truth and predictions that are taken for each other, by the plain rule."""
    at = outcomes(truth, predictions, match(truth, predictions), score=score, iou=iou)
    free = set(np.flatnonzero(at.truth == TruthOutcome.MISSED).tolist())
    wrong = np.flatnonzero(at.prediction == PredictionOutcome.FALSE_POSITIVE).tolist()
    found = []
    for row in sorted(wrong, key=lambda row: -predictions.score[row]):
        best = (-1.0, -1)
        for candidate in sorted(free):
            if truth.image[candidate] == predictions.image[row]:
                pair = predictions.boxes[[row]], truth.boxes[[candidate]]
                overlap = float(box_iou(*pair, np.array([False]))[0])
                if overlap >= iou:
                    best = max(best, (overlap, candidate))
        if best[1] >= 0:
            found.append((best[1], row))
            free.remove(best[1])
    return sorted(found)


def test_confusion_matrix__each_kind_of_cell() -> None:
    truth = Instances.ground_truth(
        [0, 0, 1, 1], [CAT, CAT, DOG, BIRD], [PLACE, ELSEWHERE, PLACE, ELSEWHERE]
    )
    predictions = Instances.predictions(
        [0, 0, 1, 1],
        [CAT, DOG, DOG, CAT],
        [PLACE, ELSEWHERE, [80.0, 80.0, 5.0, 5.0], PLACE],
        score=[0.9, 0.8, 0.7, 0.6],
    )
    matrix = matrix_of(truth, predictions)
    assert matrix.counts.tolist() == [
        [1, 1, 0, 0],  # cat: found, taken for a dog
        [1, 0, 0, 0],  # dog: taken for a cat
        [0, 0, 0, 1],  # bird: missed
        [0, 1, 0, 0],  # background: a dog is seen there
    ]
    opened = {
        at: (matrix.cell(*at).truth.tolist(), matrix.cell(*at).prediction.tolist())
        for at in ((CAT, CAT), (CAT, DOG), (DOG, CAT), (BIRD, BACKGROUND), (BACKGROUND, DOG))
    }
    assert opened == {
        (CAT, CAT): ([0], [0]),
        (CAT, DOG): ([1], [1]),
        (DOG, CAT): ([2], [3]),
        (BIRD, BACKGROUND): ([3], [-1]),
        (BACKGROUND, DOG): ([-1], [2]),
    }
    assert matrix.confusions().tolist() == [[CAT, DOG, 1], [DOG, CAT, 1]]


@pytest.mark.parametrize(("iou", "expected"), [(0.5, (CAT, DOG)), (0.55, None)])
def test_confusion_matrix__an_iou_equal_to_the_threshold_pairs(
    iou: float, expected: tuple[int, int] | None
) -> None:
    truth = Instances.ground_truth([0], [CAT], [PLACE])
    predictions = Instances.predictions([0], [DOG], [[0, 0, 10, 5]], score=[0.9])
    matrix = matrix_of(truth, predictions, iou=iou)
    if expected is None:
        assert np.argwhere(matrix.counts).tolist() == [[CAT, 3], [3, DOG]]
    else:
        assert one_cell(matrix) == expected


def test_confusion_matrix__iou_of_nine_tenths_is_met_by_nine_tenths() -> None:
    truth = Instances.ground_truth([0], [CAT], [PLACE])
    predictions = Instances.predictions([0], [DOG], [[0, 0, 10, 9]], score=[0.9])
    assert one_cell(matrix_of(truth, predictions, iou=0.9)) == (CAT, DOG)


def test_confusion_matrix__a_score_equal_to_the_threshold_is_kept() -> None:
    truth = Instances.ground_truth([0], [CAT], [PLACE])
    predictions = Instances.predictions([0], [DOG], [PLACE], score=[0.3])
    assert one_cell(matrix_of(truth, predictions, score=0.3)) == (CAT, DOG)
    assert one_cell(matrix_of(truth, predictions, score=0.31)) == (CAT, 3)


def test_confusion_matrix__the_right_class_is_found_before_a_wrong_one_is_confused() -> None:
    truth = Instances.ground_truth([0], [CAT], [PLACE])
    predictions = Instances.predictions(
        [0, 0], [DOG, CAT], [PLACE, [0.0, 0.0, 10.0, 8.0]], score=[0.9, 0.8]
    )
    assert np.argwhere(matrix_of(truth, predictions).counts).tolist() == [[CAT, CAT], [3, DOG]]


def test_confusion_matrix__the_best_score_is_confused_first() -> None:
    truth = Instances.ground_truth([0], [CAT], [PLACE])
    boxes = [PLACE, [0.0, 0.0, 10.0, 8.0]]
    predictions = Instances.predictions([0, 0], [DOG, BIRD], boxes, score=[0.8, 0.9])
    matrix = matrix_of(truth, predictions)
    assert np.argwhere(matrix.counts).tolist() == [[CAT, BIRD], [3, DOG]]


def test_confusion_matrix__crowd_regions_are_in_no_row_and_what_is_on_them_in_no_column() -> None:
    truth = Instances.ground_truth([0], [CAT], [[0, 0, 90, 90]], crowd=[True])
    boxes = [PLACE, ELSEWHERE, PLACE]
    predictions = Instances.predictions([0, 0, 0], [CAT, CAT, DOG], boxes, score=[1, 1, 1])
    assert one_cell(matrix_of(truth, predictions)) == (3, DOG)


def test_confusion_matrix__a_class_that_only_the_predictions_have() -> None:
    truth = Instances.ground_truth([0], [CAT], [PLACE])
    predictions = Instances.predictions([0, 0], [CAT, BIRD], [PLACE, ELSEWHERE], score=[1, 1])
    matrix = matrix_of(truth, predictions)
    assert matrix.counts[BIRD].tolist() == [0, 0, 0, 0]
    assert matrix.counts[:, BIRD].tolist() == [0, 0, 0, 1]


def test_confusion_matrix__strict_leaves_annotation_id_zero_to_the_background() -> None:
    truth = Instances.ground_truth([0], [CAT], [PLACE], id=[0])
    predictions = Instances.predictions([0], [CAT], [PLACE], score=[1])
    matrix = matrix_of(truth, predictions, strict=True)
    assert np.argwhere(matrix.counts).tolist() == [[CAT, 3], [3, CAT]]


@pytest.mark.parametrize("empty", ["truth", "predictions", "both"])
def test_confusion_matrix__of_nothing(empty: str) -> None:
    truth = Instances.ground_truth(
        *(([], [], []) if empty != "predictions" else ([0], [0], [PLACE]))
    )
    predictions = (
        Instances.predictions([0], [0], [PLACE], score=[1])
        if empty == "truth"
        else Instances.predictions([], [], [], score=[])
    )
    assert matrix_of(truth, predictions).counts.sum() == (empty != "both")


@settings(derandomize=True, deadline=None, max_examples=60)
@given(seed=SEEDS, score=SCORES, iou=st.sampled_from([0.5, 0.75]))
def test_confusion_matrix__diagonal_rows_and_columns_reconcile(
    seed: int, score: float, iou: float
) -> None:
    scene = random_scene(seed)
    truth, predictions = scene.truth, scene.predictions
    matrix = of_scene(scene, score=score, iou=iou)
    at = outcomes(truth, predictions, match(truth, predictions), score=score, iou=iou)
    counts = count(at, truth, predictions, n_classes=N_CLASSES)
    kept = (predictions.score >= score) & (at.prediction != PredictionOutcome.IGNORED)
    assert matrix.counts.diagonal()[:-1].tolist() == counts.tp.sum(axis=1).tolist()
    assert matrix.counts.diagonal()[-1] == 0
    assert matrix.counts.sum(axis=1)[:-1].tolist() == counts.support.sum(axis=1).tolist()
    assert (
        matrix.counts.sum(axis=0)[:-1].tolist()
        == np.bincount(predictions.class_[kept], minlength=N_CLASSES).tolist()
    )


@settings(derandomize=True, deadline=None, max_examples=60)
@given(seed=SEEDS, score=SCORES, iou=st.sampled_from([0.5, 0.75]))
def test_confusion_matrix__confuses_what_the_plain_rule_confuses(
    seed: int, score: float, iou: float
) -> None:
    scene = random_scene(seed)
    matrix = of_scene(scene, score=score, iou=iou)
    confused = (matrix.row != matrix.column) & (matrix.truth >= 0) & (matrix.prediction >= 0)
    pairs = zip(matrix.truth[confused].tolist(), matrix.prediction[confused].tolist(), strict=True)
    by_hand = confusions_by_hand(scene.truth, scene.predictions, score=score, iou=iou)
    assert sorted(pairs) == by_hand


@settings(derandomize=True, deadline=None, max_examples=30)
@given(seed=SEEDS)
def test_cell__opens_what_it_counts(seed: int) -> None:
    scene = random_scene(seed)
    matrix = of_scene(scene)
    labels = [*range(N_CLASSES), BACKGROUND]
    seen_truth, seen_predictions = [], []
    for row, truth_class in enumerate(labels):
        for column, predicted_class in enumerate(labels):
            rows = matrix.cell(truth_class, predicted_class)
            assert len(rows) == matrix.counts[row, column]
            here = scene.truth.class_[rows.truth[rows.truth >= 0]]
            assert set(here.tolist()) <= {truth_class}
            there = scene.predictions.class_[rows.prediction[rows.prediction >= 0]]
            assert set(there.tolist()) <= {predicted_class}
            seen_truth += rows.truth[rows.truth >= 0].tolist()
            seen_predictions += rows.prediction[rows.prediction >= 0].tolist()
    assert len(set(seen_truth)) == len(seen_truth)
    assert len(set(seen_predictions)) == len(seen_predictions)


@settings(derandomize=True, deadline=None, max_examples=30)
@given(seed=SEEDS)
def test_of_images__counts_what_a_matrix_of_those_images_counts(seed: int) -> None:
    scene = random_scene(seed)
    images = np.arange(N_IMAGES) % 2 == 0
    part = of_scene(scene).of_images(images)
    alone = matrix_of(
        scene.truth.take(images[scene.truth.image]),
        scene.predictions.take(images[scene.predictions.image]),
    )
    rest = of_scene(scene).of_images(~images)
    assert part.counts.tolist() == alone.counts.tolist()
    assert (part.counts + rest.counts).tolist() == of_scene(scene).counts.tolist()
    everything = of_scene(scene).of_images(np.ones(N_IMAGES, dtype=np.bool_))
    assert everything.counts.tolist() == of_scene(scene).counts.tolist()


@settings(derandomize=True, deadline=None, max_examples=30)
@given(seed=SEEDS)
def test_of_classes__gathers_the_others_in_one_row_and_column(seed: int) -> None:
    full = of_scene(random_scene(seed))
    some = full.of_classes([BIRD, CAT])
    order = [BIRD, CAT, DOG, -1]
    expected = full.counts[np.ix_(order, order)]
    expected[2:, 2:] = 0  # what concerns no chosen class
    assert some.counts.tolist() == expected.tolist()
    assert some.cell(OTHER, CAT).truth.tolist() == full.cell(DOG, CAT).truth.tolist()
    every = full.of_classes(np.arange(N_CLASSES))
    shown = [*range(N_CLASSES), -1]
    assert every.counts[np.ix_(shown, shown)].tolist() == full.counts.tolist()
    assert every.counts[N_CLASSES].tolist() == [0] * (N_CLASSES + 2)


def test_normalized__rows_are_recall_columns_precision() -> None:
    truth = Instances.ground_truth(
        [0, 0, 0], [CAT, CAT, DOG], [PLACE, ELSEWHERE, [90.0, 0.0, 9.0, 9.0]]
    )
    predictions = Instances.predictions(
        [0, 0], [CAT, CAT], [PLACE, [90.0, 0.0, 9.0, 9.0]], score=[1, 1]
    )
    matrix = matrix_of(truth, predictions)
    by_truth, by_prediction = matrix.normalized("truth"), matrix.normalized("prediction")
    assert by_truth[CAT].tolist() == [0.5, 0.0, 0.0, 0.5]
    assert by_prediction[:, CAT].tolist() == [0.5, 0.5, 0.0, 0.0]
    assert np.isnan(by_truth[BIRD]).all()
    assert np.isnan(by_prediction[:, DOG]).all()


def test_minus__of_a_matrix_and_itself_is_nothing() -> None:
    one, other = of_scene(random_scene(1)), of_scene(random_scene(2))
    assert not one.minus(one).any()
    assert one.minus(other).tolist() == (-other.minus(one)).tolist()


def test_minus__of_other_classes() -> None:
    matrix = of_scene(random_scene(1))
    with pytest.raises(MismatchedColumns, match="classes"):
        matrix.minus(matrix.of_classes([CAT, DOG]))


def test_cell__that_the_matrix_does_not_have() -> None:
    matrix = of_scene(random_scene(1)).of_classes([CAT, DOG])
    with pytest.raises(PositionOutOfRange):
        matrix.cell(BIRD, CAT)


def test_cell__other_classes_of_a_full_matrix() -> None:
    with pytest.raises(PositionOutOfRange):
        of_scene(random_scene(1)).cell(OTHER, CAT)


def test_of_images__mask_that_is_too_short() -> None:
    with pytest.raises(PositionOutOfRange):
        of_scene(random_scene(1)).of_images(np.ones(2, dtype=np.bool_))


def test_confusion_matrix__thresholds_out_of_range() -> None:
    with pytest.raises(InvalidThreshold, match="IoU"):
        of_scene(random_scene(1), iou=0.42)
    with pytest.raises(InvalidThreshold, match="score"):
        of_scene(random_scene(1), score=float("inf"))


def test_confusion_matrix__class_agnostic_matches() -> None:
    scene = random_scene(1)
    matches = match(scene.truth, scene.predictions, class_agnostic=True)
    with pytest.raises(ClassesNotMatched):
        confusion_matrix(
            scene.truth, scene.predictions, matches, score=0, iou=0.5, n_classes=N_CLASSES
        )
