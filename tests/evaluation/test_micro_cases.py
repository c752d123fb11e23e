"""Tiny sets on which evaluators are known to disagree, and what ours says.

AP is pycocotools' number. Precision, recall and F1 are our own documented rule, because
pycocotools has none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evaluation.averages import Averages, averages
from evaluation.confidence_curves import confidence_curves
from evaluation.instances import Instances
from evaluation.matching import IOU_THRESHOLDS, match
from evaluation.operating_point import PredictionOutcome, Tally, outcomes
from evaluation.results import EvaluationResult, evaluate

SQUARE = [10.0, 10.0, 100.0, 100.0]
FAR = [300.0, 300.0, 100.0, 100.0]
NAMES = ("cell", "platelet")

Label = tuple[int, int, list[float]]  # image, class, box
Found = tuple[int, int, list[float], float]  # image, class, box, score


def run(
    labels: list[Label],
    found: list[Found],
    *,
    crowd: list[int] | None = None,
    score: float = 0.0,
    iou: float = 0.5,
) -> EvaluationResult:
    return evaluate(*tables(labels, found, crowd), class_names=NAMES, score=score, iou=iou)


def tables(
    labels: list[Label], found: list[Found], crowd: list[int] | None = None
) -> tuple[Instances, Instances]:
    truth = Instances.ground_truth(
        [row[0] for row in labels],
        [row[1] for row in labels],
        [row[2] for row in labels],
        crowd=crowd,
    )
    predictions = Instances.predictions(
        [row[0] for row in found],
        [row[1] for row in found],
        [row[2] for row in found],
        score=[row[3] for row in found],
    )
    return truth, predictions


def f1s(result: EvaluationResult) -> tuple[float | None, float | None, float | None]:
    """F1 as weighted, macro, micro."""
    found: Averages = averages(result.counts)
    return found.weighted.f1, found.macro.f1, found.micro.f1


def box_of(iou: float) -> list[float]:
    """A box whose IoU with `SQUARE` is this."""
    return [SQUARE[0], SQUARE[1], SQUARE[2], round(SQUARE[3] * iou)]


def test_class_of_the_predictions_alone() -> None:
    result = run([(0, 0, SQUARE)], [(0, 0, SQUARE, 0.9), (0, 1, FAR, 0.8)])
    assert result.metrics["AP"] == pytest.approx(1.0)
    # supervision's macro takes it for a class of F1 0; ours lists it and counts it in micro.
    assert f1s(result) == (1.0, 1.0, 2 / 3)
    assert averages(result.counts).predicted_only == (1,)


def test_class_of_the_ground_truth_alone() -> None:
    result = run([(0, 0, SQUARE), (0, 1, FAR)], [(0, 0, SQUARE, 0.9)])
    assert result.metrics["AP"] == pytest.approx(0.5)
    assert f1s(result) == (0.5, 0.5, 2 / 3)
    assert averages(result.counts).unpredicted == (1,)


def test_false_positive_on_a_background_image() -> None:
    result = run([(0, 0, SQUARE)], [(1, 0, SQUARE, 0.95), (0, 0, SQUARE, 0.9)])
    assert result.metrics["AP"] == pytest.approx(0.5)
    assert f1s(result) == (2 / 3, 2 / 3, 2 / 3)


def test_duplicate_with_a_lower_score() -> None:
    result = run([(0, 0, SQUARE)], [(0, 0, SQUARE, 0.9), (0, 0, SQUARE, 0.8)])
    assert result.metrics["AP"] == pytest.approx(1.0)
    assert result.counts.total() == Tally(tp=1, fp=1, fn=0)
    assert f1s(result) == (2 / 3, 2 / 3, 2 / 3)


def test_no_predictions_at_all() -> None:
    result = run([(0, 0, SQUARE)], [])
    assert result.metrics["AP"] == 0.0  # pycocotools refuses an empty list of results
    assert result.counts.total() == Tally(tp=0, fp=0, fn=1)
    assert f1s(result) == (0.0, 0.0, 0.0)
    assert averages(result.counts).micro.precision is None


def test_no_ground_truth_at_all() -> None:
    result = run([], [(0, 0, SQUARE, 0.9)])
    assert result.metrics["AP"] is None  # pycocotools writes −1
    assert f1s(result) == (None, None, 0.0)
    assert averages(result.counts).micro.recall is None


def test_missed_crowd_region() -> None:
    result = run([(0, 0, SQUARE), (0, 0, FAR)], [(0, 0, SQUARE, 0.9)], crowd=[0, 1])
    assert result.metrics["AP"] == pytest.approx(1.0)
    assert result.counts.total().recall == 1.0


def test_two_predictions_inside_a_crowd_region() -> None:
    inside = [[FAR[0] + 5, FAR[1] + 5, 40.0, 40.0], [FAR[0] + 50, FAR[1] + 50, 40.0, 40.0]]
    found = [(0, 0, inside[0], 0.95), (0, 0, inside[1], 0.93), (0, 0, SQUARE, 0.9)]
    result = run([(0, 0, SQUARE), (0, 0, FAR)], found, crowd=[0, 1])
    assert result.metrics["AP"] == pytest.approx(1.0)
    assert result.counts.total() == Tally(tp=1, fp=0, fn=0)


def test_iou_equal_to_the_threshold_is_a_match() -> None:
    result = run([(0, 0, SQUARE)], [(0, 0, box_of(0.5), 0.9)])
    assert result.metrics["AP50"] == pytest.approx(1.0)
    assert result.counts.total() == Tally(tp=1, fp=0, fn=0)


def test_iou_of_065_passes_four_thresholds() -> None:
    truth, found = tables([(0, 0, SQUARE)], [(0, 0, box_of(0.65), 0.9)])
    matches = match(truth, found)
    codes = [
        outcomes(truth, found, matches, score=0.0, iou=iou).prediction[0] for iou in IOU_THRESHOLDS
    ]
    assert codes.count(PredictionOutcome.TRUE_POSITIVE) == 4
    assert run([(0, 0, SQUARE)], [(0, 0, box_of(0.65), 0.9)]).metrics["AP"] == pytest.approx(0.4)


def test_wrong_class_with_the_larger_iou_takes_nothing_from_the_right_one() -> None:
    found = [(0, 1, SQUARE, 0.95), (0, 0, box_of(0.8), 0.9)]
    result = run([(0, 0, SQUARE)], found)
    assert result.counts.of_class(0) == Tally(tp=1, fp=0, fn=0)
    assert result.counts.of_class(1) == Tally(tp=0, fp=1, fn=0)


def test_score_equal_to_the_threshold_is_kept() -> None:
    labels: list[Label] = [(0, 0, SQUARE)]
    found: list[Found] = [(0, 0, SQUARE, 0.3)]
    assert run(labels, found, score=0.3).counts.total() == Tally(tp=1, fp=0, fn=0)
    above = float(np.nextafter(0.3, 1.0))
    assert run(labels, found, score=above).counts.total() == Tally(tp=0, fp=0, fn=1)


def test_a_threshold_below_every_score_is_no_threshold() -> None:
    labels: list[Label] = [(0, 0, SQUARE), (0, 1, SQUARE)]
    found: list[Found] = [(0, 0, SQUARE, 0.9), (0, 1, FAR, 0.2), (0, 1, SQUARE, 0.1)]
    without = run(labels, found, score=-1e300)
    assert without.to_dict()["classes"] == run(labels, found, score=0.1).to_dict()["classes"]
    assert without.counts.total() == Tally(tp=2, fp=1, fn=0)
    # AP knows no score threshold.
    assert without.metrics == run(labels, found, score=0.5).metrics


def test_annotation_id_zero_counts_like_any_other() -> None:
    truth, found = tables([(0, 0, SQUARE)], [(0, 0, SQUARE, 0.9)])
    zero = Instances.ground_truth(truth.image, truth.class_, truth.boxes, id=[0])
    assert evaluate(zero, found, class_names=NAMES).metrics["AP"] == pytest.approx(1.0)
    assert evaluate(zero, found, class_names=NAMES, strict=True).metrics["AP"] == 0.0


def test_f1_where_precision_and_recall_sum_to_less_than_one() -> None:
    labels: list[Label] = [(image, 0, SQUARE) for image in range(5)]
    found: list[Found] = [(0, 0, SQUARE, 0.9), *[(image, 0, FAR, 0.5) for image in range(9)]]
    result = run(labels, found)
    total = result.counts.total()
    assert (total.precision, total.recall) == (0.1, 0.2)
    assert f1s(result) == (2 / 15, 2 / 15, 2 / 15)


def test_best_threshold_names_its_average() -> None:
    labels: list[Label] = [*[(image, 0, SQUARE) for image in range(4)], (0, 1, SQUARE)]
    found: list[Found] = [
        *[(image, 0, SQUARE, 0.4) for image in range(4)],
        *[(image, 0, FAR, 0.4) for image in range(8)],
        *[(image, 1, FAR, 0.5) for image in range(4)],
        (0, 1, SQUARE, 0.9),
    ]
    truth, predictions = tables(labels, found)
    curves = confidence_curves(truth, predictions, match(truth, predictions), n_classes=2)
    best = {name: each and each.score for name, each in curves.best().averages.items()}
    assert best == {"micro": 0.4, "macro": 0.9, "weighted": 0.4}


@pytest.mark.parametrize(
    ("labels", "found", "crowd"),
    [
        ([(0, 0, SQUARE)], [(0, 0, SQUARE, 0.9), (0, 1, FAR, 0.8)], None),
        ([(0, 0, SQUARE), (0, 1, FAR)], [(0, 0, SQUARE, 0.9)], None),
        ([(0, 0, SQUARE)], [(1, 0, SQUARE, 0.95), (0, 0, SQUARE, 0.9)], None),
        ([(0, 0, SQUARE)], [(0, 0, SQUARE, 0.9), (0, 0, SQUARE, 0.8)], None),
        ([(0, 0, SQUARE), (0, 0, FAR)], [(0, 0, SQUARE, 0.9)], [0, 1]),
        ([(0, 0, SQUARE), (0, 0, FAR)], [(0, 0, FAR, 0.95), (0, 0, SQUARE, 0.9)], [0, 1]),
        ([(0, 0, SQUARE)], [(0, 0, box_of(0.5), 0.9)], None),
        ([(0, 0, SQUARE)], [(0, 0, box_of(0.65), 0.9)], None),
        ([(0, 0, SQUARE)], [(0, 1, SQUARE, 0.95), (0, 0, box_of(0.8), 0.9)], None),
    ],
)
def test_every_ap__is_that_of_pycocotools(
    coco: Any, labels: list[Label], found: list[Found], crowd: list[int] | None
) -> None:
    result = run(labels, found, crowd=crowd)
    document = {
        "images": [{"id": image + 1, "width": 640, "height": 480} for image in range(2)],
        "categories": [{"id": k + 1, "name": name} for k, name in enumerate(NAMES)],
        "annotations": [
            {
                "id": number,
                "image_id": image + 1,
                "category_id": class_ + 1,
                "bbox": box,
                "area": box[2] * box[3],
                "iscrowd": 0 if crowd is None else crowd[number - 1],
            }
            for number, (image, class_, box) in enumerate(labels, start=1)
        ],
    }
    results = [
        {"image_id": image + 1, "category_id": class_ + 1, "bbox": box, "score": score}
        for image, class_, box, score in found
    ]
    reference = coco.reference(document, results).stats
    ours = [-1.0 if value is None else value for value in result.metrics.values()]
    assert ours == reference
