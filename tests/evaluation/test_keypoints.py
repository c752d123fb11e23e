from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval, Params

from evaluation import accumulate, evaluate, match
from evaluation.errors import MismatchedColumns, MissingKeypoints, NotFinite
from evaluation.instances import Instances
from evaluation.keypoint_precision import keypoint_numbers
from evaluation.keypoints import (
    COCO_SIGMAS,
    keypoint_ground_truth,
    keypoint_predictions,
    keypoint_similarity,
)
from evaluation.object_changes import Side, object_changes
from evaluation.operating_point import PredictionOutcome, TruthOutcome, outcomes

IMAGES, CLASSES = (40, 7, 12, 3), (1, 5)
ONLY = np.array([0])

Rows = list[dict[str, Any]]


def random_poses(rng: np.random.Generator, *, with_boxes: bool, n_points: int) -> tuple[Rows, Rows]:
    """Labels, of which some have no labelled point, and poses near some of them."""
    labels = []
    for number in range(int(rng.integers(1, 30))):
        x, y, w, h = (*rng.integers(0, 60, 2), *rng.integers(10, 130, 2))
        seen = rng.choice(3, n_points) * (rng.random() < 0.8)
        places = np.c_[x + rng.integers(0, w, n_points), y + rng.integers(0, h, n_points)]
        points = np.c_[places * (seen[:, None] > 0), seen]
        labels.append(
            {
                "id": number + 1,
                "image_id": int(rng.choice(IMAGES[:-1])),
                "category_id": int(rng.choice(CLASSES)),
                "bbox": [float(side) for side in (x, y, w, h)],
                "area": float(rng.choice([w * h * 0.6, 1024.0, 9216.0])),
                "iscrowd": int(rng.random() < 0.1),
                "keypoints": points.ravel().tolist(),
                "num_keypoints": int((seen > 0).sum()),
            }
        )
    return labels, [_near(rng, labels, with_boxes=with_boxes) for _ in range(60)]


def _near(rng: np.random.Generator, labels: Rows, *, with_boxes: bool) -> dict[str, Any]:
    label = labels[int(rng.integers(len(labels)))]
    points = np.array(label["keypoints"], dtype=np.float64).reshape(-1, 3)
    points[:, :2] += rng.normal(0, 6, (len(points), 2)) * (rng.random() < 0.8)
    row = {
        "image_id": label["image_id"] if rng.random() < 0.9 else int(rng.choice(IMAGES)),
        "category_id": label["category_id"],
        "keypoints": points.ravel().tolist(),
        "score": float(rng.integers(0, 11)) / 10,
    }
    return row | ({"bbox": label["bbox"]} if with_boxes else {})


def tables(
    labels: Rows, results: Rows, sigmas: NDArray[np.float64] | None
) -> tuple[Instances, Instances]:
    def place(rows: Rows, key: str, ids: tuple[int, ...]) -> NDArray[np.int64]:
        return np.searchsorted(sorted(ids), [row[key] for row in rows])

    def points(rows: Rows) -> NDArray[np.float64]:
        return np.array([row["keypoints"] for row in rows], dtype=float).reshape(len(rows), -1, 3)

    truth = keypoint_ground_truth(
        place(labels, "image_id", IMAGES),
        place(labels, "category_id", CLASSES),
        points(labels),
        boxes=[label["bbox"] for label in labels],
        area=[label["area"] for label in labels],
        crowd=[label["iscrowd"] for label in labels],
        id=[label["id"] for label in labels],
        sigmas=sigmas,
    )
    found = keypoint_predictions(
        place(results, "image_id", IMAGES),
        place(results, "category_id", CLASSES),
        points(results),
        score=[result["score"] for result in results],
        boxes=[result["bbox"] for result in results] if "bbox" in results[0] else None,
    )
    return truth, found


def pycocotools(labels: Rows, results: Rows, sigmas: NDArray[np.float64] | None) -> COCOeval:
    with contextlib.redirect_stdout(io.StringIO()):
        ground = COCO()
        ground.dataset = {
            "images": [{"id": image} for image in IMAGES],
            "categories": [{"id": number} for number in CLASSES],
            "annotations": labels,
        }
        ground.createIndex()
        run = COCOeval(ground, ground.loadRes(results), "keypoints")
        if sigmas is not None:
            run.params.kpt_oks_sigmas = sigmas
        run.evaluate()
        run.accumulate()
        run.summarize()
    return run


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    with_boxes=st.booleans(),
    n_points=st.sampled_from([1, 3, 8, 17, 17, 33]),
)
def test_keypoints__bits_of_pycocotools(seed: int, with_boxes: bool, n_points: int) -> None:
    rng = np.random.default_rng(seed)
    sigmas = None if n_points == 17 else rng.uniform(0.02, 0.1, n_points)
    labels, results = random_poses(rng, with_boxes=with_boxes, n_points=n_points)
    truth, found = tables(labels, results, sigmas)
    theirs = pycocotools(labels, results, sigmas)
    matches = match(truth, found, iou_type="keypoints")
    curves = accumulate(truth, found, matches, n_classes=len(CLASSES), max_detections=(20,))
    shared = [0, 2, 3]  # all, medium, large: COCO's keypoints know no small objects
    assert np.array_equal(curves.precision[..., shared, :], theirs.eval["precision"])
    assert np.array_equal(curves.recall[..., shared, :], theirs.eval["recall"])
    assert np.array_equal(curves.scores[..., shared, :], theirs.eval["scores"])
    numbers = keypoint_numbers(truth, found, n_classes=len(CLASSES), matches=matches).values()
    assert [-1.0 if value is None else value for value in numbers] == list(theirs.stats)


def test_keypoints__more_than_twenty_of_an_image() -> None:
    rng = np.random.default_rng(2)
    labels, results = random_poses(rng, with_boxes=False, n_points=17)
    for row in (*labels, *results):
        row["image_id"], row["category_id"] = IMAGES[0], CLASSES[0]
    truth, found = tables(labels, results, None)
    theirs = pycocotools(labels, results, None)
    assert list(keypoint_numbers(truth, found, n_classes=2).values()) == list(theirs.stats)


def test_sigmas__are_those_of_coco() -> None:
    assert np.array_equal(COCO_SIGMAS, Params("keypoints").kpt_oks_sigmas)


def pose(*points: tuple[float, float, int], area: float = 100.0) -> Instances:
    sigmas = np.full(len(points), 0.5)
    return keypoint_ground_truth(
        [0], [0], [points], boxes=[[0, 0, 10, 10]], area=[area], sigmas=sigmas
    )


def similarity(truth: Instances, *points: tuple[float, float]) -> float:
    found = keypoint_predictions([0], [0], [points], score=[1])
    assert found.keypoints is not None
    assert truth.keypoints is not None
    pairs = ONLY, ONLY
    return float(keypoint_similarity(found.keypoints, truth.keypoints, truth.boxes, pairs)[0])


def test_similarity__by_hand() -> None:
    # 2σ = 1: exp(−d² / (2 · 100)), here d² = 200 for one point of two.
    truth = pose((0, 0, 2), (5, 5, 1))
    assert similarity(truth, (10, 10), (5, 5)) == pytest.approx((np.exp(-1) + 1) / 2)


def test_similarity__points_that_are_not_labelled_do_not_count() -> None:
    assert similarity(pose((0, 0, 2), (0, 0, 0)), (0, 0), (900, 900)) == 1


def test_similarity__without_labels_the_box_grown_threefold_decides() -> None:
    nothing = pose((0, 0, 0), (0, 0, 0))
    assert similarity(nothing, (-10, 20), (20, -10)) == 1
    assert similarity(nothing, (20, 20), (30, 30)) == pytest.approx((1 + np.exp(-1)) / 2)


def test_match__object_without_labels_is_ignored() -> None:
    truth = pose((0, 0, 0), (0, 0, 0))
    found = keypoint_predictions([0, 0], [0, 0], [[(5, 5), (6, 6)]] * 2, score=[0.9, 0.8])
    at = outcomes(truth, found, match(truth, found, iou_type="keypoints"), score=0.5, iou=0.5)
    assert at.truth.tolist() == [TruthOutcome.IGNORED]
    # It is no crowd region: it excuses one prediction.
    assert at.prediction.tolist() == [PredictionOutcome.IGNORED, PredictionOutcome.FALSE_POSITIVE]


def test_evaluate__with_a_cap_of_twenty_beside_the_others() -> None:
    truth = pose((0, 0, 2), (5, 5, 1))
    found = keypoint_predictions([0], [0], [[(0, 0), (5, 5)]], score=[0.9])
    result = evaluate(truth, found, iou_type="keypoints", max_detections=(20, 100))
    assert result.metrics["AP@20"] == pytest.approx(1)
    assert repr(result).startswith("keypoints · 1 class")


def test_object_changes__false_poses_are_alike_where_their_boxes_are() -> None:
    truth = pose((0, 0, 2), (5, 5, 1))
    far = keypoint_predictions(
        [0, 0], [0, 0], [[(80, 80), (99, 99)], [(40, 0), (60, 9)]], score=[1, 1]
    )
    matches = match(truth, far, iou_type="keypoints")
    at = outcomes(truth, far, matches, score=0.5, iou=0.5)
    one = far.take(ONLY)
    of_one = match(truth, one, iou_type="keypoints")
    sides = (
        Side(far, at),
        Side(one, outcomes(truth, one, of_one, score=0.5, iou=0.5)),
    )
    changes = object_changes(truth, *sides, n_images=1, iou_type="keypoints")
    assert (len(changes.newly_wrong), len(changes.fixed)) == (1, 0)


def test_predictions__boxes_are_around_all_points() -> None:
    found = keypoint_predictions([0], [0], [[[4, 9, 0], [1, 2, 1]]], score=[1])
    assert (found.boxes.tolist(), found.area.tolist()) == ([[1, 2, 3, 7]], [21])


def test_take__keeps_the_points_of_its_rows() -> None:
    found = keypoint_predictions([0, 1], [0, 0], [[[1, 1]], [[2, 2]]], score=[1, 1])
    kept = found.take(np.array([1])).keypoints
    assert kept is not None
    assert kept.points.tolist() == [[[2, 2]]]


def test_tables__are_checked() -> None:
    boxes = [[0, 0, 1, 1]]
    with pytest.raises(MismatchedColumns, match="sigmas"):
        keypoint_ground_truth([0], [0], [[[1, 1, 2]]], boxes=boxes)
    with pytest.raises(MismatchedColumns, match="points"):
        keypoint_ground_truth([0], [0], [[[1, 1]]], boxes=boxes, sigmas=[1])
    with pytest.raises(NotFinite, match="points"):
        keypoint_predictions([0], [0], [[[1, np.inf]]], score=[1])
    with pytest.raises(NotFinite, match="sigmas"):
        keypoint_ground_truth([0], [0], [[[1, 1, 2]]], boxes=boxes, sigmas=[np.nan])


def test_match__tables_that_do_not_go_together() -> None:
    truth = pose((0, 0, 2), (5, 5, 1))
    other = keypoint_predictions([0], [0], [[[1, 1]]], score=[1])
    with pytest.raises(MismatchedColumns, match="keypoints"):
        match(truth, other, iou_type="keypoints")
    plain = Instances.predictions([0], [0], [[0, 0, 1, 1]], score=[1])
    with pytest.raises(MissingKeypoints, match="predictions"):
        match(truth, plain, iou_type="keypoints")
