from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.error_types import NO_ERROR, ErrorType, ErrorTypes, classify_errors
from evaluation.errors import (
    ClassesNotMatched,
    InvalidThreshold,
    MismatchedColumns,
    PositionOutOfRange,
)
from evaluation.instances import Instances
from evaluation.matching import match
from evaluation.nearest_truth import nearest_truth
from evaluation.operating_point import PredictionOutcome, TruthOutcome, count, outcomes
from evaluation.overlap import box_iou
from evaluation.size_buckets import bucket
from tests.evaluation.random_tables import N_CLASSES, N_IMAGES, Scene, random_scene
from tests.evaluation.tide_scene import TIDE_TYPES, tide_scene

if TYPE_CHECKING:
    from tests.evaluation.conftest import Coco

CAT, DOG = 0, 1
PLACE = [0.0, 0.0, 10.0, 10.0]
SEEDS = st.integers(0, 2**32 - 1)
SCORES = st.sampled_from([0.0, 0.3, 0.7, 1.1])


def types_of(scene: Scene, *, score: float = 0.0, foreground: float = 0.5) -> ErrorTypes:
    matches = match(scene.truth, scene.predictions)
    return classify_errors(
        scene.truth, scene.predictions, matches, score=score, foreground=foreground
    )


def scene_of(truth: list[tuple[int, list[float]]], found: list[tuple[int, list[float]]]) -> Scene:
    """One image: class and box of objects, class and box of predictions, best score first."""
    n = len(found)
    return Scene(
        Instances.ground_truth([0] * len(truth), [k for k, _ in truth], [b for _, b in truth]),
        Instances.predictions(
            [0] * n, [k for k, _ in found], [b for _, b in found], score=1 - np.arange(n) / 10
        ),
    )


def names(codes: np.ndarray) -> list[str]:
    return ["" if code == NO_ERROR else ErrorType(code).name.lower() for code in codes]


def types_by_hand(scene: Scene, *, score: float, foreground: float) -> list[int]:
    """The type of each prediction, by TIDE's rules one after another."""
    truth, predictions = scene.truth, scene.predictions
    at = outcomes(truth, predictions, match(truth, predictions), score=score, iou=foreground)
    types = []
    for row in range(len(predictions)):
        if at.prediction[row] != PredictionOutcome.FALSE_POSITIVE:
            types.append(NO_ERROR)
            continue
        here = np.flatnonzero((truth.image == predictions.image[row]) & ~truth.crowd)
        boxes = np.repeat(predictions.boxes[[row]], len(here), axis=0)
        overlap = box_iou(boxes, truth.boxes[here], np.zeros(len(here), dtype=np.bool_))
        own_class = truth.class_[here] == predictions.class_[row]
        same, other = (overlap[chosen].max(initial=0.0) for chosen in (own_class, ~own_class))
        used = own_class & (at.truth[here] == TruthOutcome.FOUND)
        if 0.1 <= same <= foreground:
            types.append(ErrorType.LOCALISATION)
        elif other >= foreground:
            types.append(ErrorType.CLASSIFICATION)
        elif overlap[used].max(initial=0.0) >= foreground:
            types.append(ErrorType.DUPLICATE)
        elif max(same, other) <= 0.1:
            types.append(ErrorType.BACKGROUND)
        else:
            types.append(ErrorType.BOTH)
    return [int(kind) for kind in types]


def test_classify_errors__as_tidecv() -> None:
    types = types_of(tide_scene())
    assert types.prediction.tolist() == TIDE_TYPES.prediction
    assert types.truth.tolist() == TIDE_TYPES.truth
    assert names(types.prediction) == [
        "", "duplicate", "classification", "localisation", "both", "background", "background",
        "", "localisation", "background", "localisation", "",
    ]  # fmt: skip
    assert types.target.tolist() == [-1, 0, 1, 2, 2, -1, -1, -1, 4, -1, 4, -1]


@pytest.mark.parametrize(
    ("height", "class_", "expected"),
    [
        (6.0, CAT, ""),
        (5.0, CAT, ""),  # an IoU equal to the threshold is found
        (4.0, CAT, "localisation"),
        (1.0, CAT, "localisation"),  # equal to the background threshold
        (0.5, CAT, "background"),
        (6.0, DOG, "classification"),
        (5.0, DOG, "classification"),
        (4.0, DOG, "both"),
        (1.0, DOG, "background"),
        (0.5, DOG, "background"),
    ],
)
def test_classify_errors__by_class_and_overlap(height: float, class_: int, expected: str) -> None:
    scene = scene_of([(CAT, PLACE)], [(class_, [0.0, 0.0, 10.0, height])])
    types = types_of(scene)
    assert names(types.prediction) == [expected]
    found_or_concerned = expected in ("", "localisation", "classification")
    assert names(types.truth) == ["" if found_or_concerned else "missed"]


@pytest.mark.parametrize(
    ("height", "expected"), [(6.0, "duplicate"), (5.0, "localisation"), (4.0, "localisation")]
)
def test_classify_errors__of_an_object_that_is_found_already(height: float, expected: str) -> None:
    scene = scene_of([(CAT, PLACE)], [(CAT, PLACE), (CAT, [0.0, 0.0, 10.0, height])])
    assert names(types_of(scene).prediction) == ["", expected]


def test_classify_errors__badly_placed_on_its_class_and_well_on_another_is_localisation() -> None:
    scene = scene_of([(CAT, PLACE), (DOG, [0.0, 0.0, 10.0, 4.0])], [(DOG, PLACE)])
    assert names(types_of(scene).prediction) == ["localisation"]


def test_classify_errors__on_a_crowd_region_is_no_error() -> None:
    truth = Instances.ground_truth([0], [CAT], [[0, 0, 90, 90]], crowd=[True])
    predictions = Instances.predictions([0, 0], [CAT, DOG], [PLACE, PLACE], score=[1, 1])
    assert names(types_of(Scene(truth, predictions)).prediction) == ["", "background"]


def test_classify_errors__strict_takes_annotation_id_zero_for_a_duplicate_and_missed() -> None:
    truth = Instances.ground_truth([0], [CAT], [PLACE], id=[0])
    predictions = Instances.predictions([0], [CAT], [PLACE], score=[1])
    matches = match(truth, predictions, strict=True)
    types = classify_errors(truth, predictions, matches, score=0.5)
    assert (names(types.prediction), names(types.truth)) == (["duplicate"], ["missed"])


def test_classify_errors__ground_truth_as_prediction_has_none() -> None:
    truth = random_scene(5, crowd=0.0).truth
    predictions = Instances.predictions(
        truth.image, truth.class_, truth.boxes, score=np.ones(len(truth))
    )
    types = types_of(Scene(truth, predictions))
    assert set(types.count(n_classes=N_CLASSES).total().values()) == {0}


@settings(derandomize=True, deadline=None, max_examples=60)
@given(seed=SEEDS, score=SCORES, foreground=st.sampled_from([0.5, 0.75]))
def test_classify_errors__by_the_rules_one_after_another(
    seed: int, score: float, foreground: float
) -> None:
    scene = random_scene(seed)
    types = types_of(scene, score=score, foreground=foreground)
    assert types.prediction.tolist() == types_by_hand(scene, score=score, foreground=foreground)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(seed=SEEDS, score=SCORES)
def test_count__reconciles_with_the_operating_point(seed: int, score: float) -> None:
    scene = random_scene(seed)
    types = types_of(scene, score=score)
    counts = types.count(n_classes=N_CLASSES)
    point = count(types.outcomes, scene.truth, scene.predictions, n_classes=N_CLASSES)
    assert counts.false_positives.tolist() == point.fp.tolist()
    assert counts.false_negatives.tolist() == point.fn.tolist()
    # What is not found is missed, or the object of an error that finds the place or the class.
    missed = counts.errors[..., ErrorType.MISSED]
    assert (missed <= counts.false_negatives).all()
    mends = np.isin(types.prediction, [ErrorType.CLASSIFICATION, ErrorType.LOCALISATION])
    targets = np.unique(types.target[mends])
    concerned = types.outcomes.truth[targets] == TruthOutcome.MISSED
    assert missed.sum() + concerned.sum() == counts.false_negatives.sum()


@settings(derandomize=True, deadline=None, max_examples=30)
@given(seed=SEEDS)
def test_rows__open_what_is_counted(seed: int) -> None:
    scene = random_scene(seed)
    types = types_of(scene, score=0.3)
    images = np.arange(N_IMAGES) != 2
    counts = types.count(n_classes=N_CLASSES, images=images)
    for kind in ErrorType:
        table = scene.truth if kind == ErrorType.MISSED else scene.predictions
        for class_ in range(N_CLASSES):
            for size in range(3):
                rows = types.rows(kind, class_=class_, size=size, images=images)
                assert len(rows) == counts.errors[class_, size, kind]
                assert set(table.class_[rows].tolist()) <= {class_}
                assert set(bucket(table.area[rows]).tolist()) <= {size}
                assert table.image[rows].tolist() == sorted(table.image[rows].tolist())
        assert len(types.rows(kind, images=images)) == counts.errors[..., kind].sum()


@settings(derandomize=True, deadline=None, max_examples=20)
@given(seed=SEEDS)
def test_count__images_add_up_and_all_images_change_nothing(seed: int) -> None:
    types = types_of(random_scene(seed))
    everything = types.count(n_classes=N_CLASSES)
    images = np.arange(N_IMAGES) < 3
    some, rest = (types.count(n_classes=N_CLASSES, images=part) for part in (images, ~images))
    assert (some.errors + rest.errors).tolist() == everything.errors.tolist()
    every = types.count(n_classes=N_CLASSES, images=np.ones(N_IMAGES, dtype=np.bool_))
    assert every.errors.tolist() == everything.errors.tolist()
    assert everything.take(np.array([1])).errors[0].tolist() == everything.errors[1].tolist()


@settings(derandomize=True, deadline=None, max_examples=20)
@given(seed=SEEDS)
def test_classify_errors__a_score_threshold_changes_no_type(seed: int) -> None:
    scene = random_scene(seed)
    every, some = types_of(scene), types_of(scene, score=0.5)
    kept = scene.predictions.score >= 0.5
    assert some.prediction[kept].tolist() == every.prediction[kept].tolist()
    assert set(some.prediction[~kept].tolist()) <= {NO_ERROR}


def test_minus__swapped_changes_the_sign() -> None:
    ours, theirs = (types_of(random_scene(seed)).count(n_classes=N_CLASSES) for seed in (1, 2))
    difference, back = ours.minus(theirs), theirs.minus(ours)
    assert difference.errors.tolist() == (-back.errors).tolist()
    assert not ours.minus(ours).errors.any()
    assert (
        difference.total()["background"]
        == ours.total()["background"] - (theirs.total()["background"])
    )
    with pytest.raises(MismatchedColumns):
        ours.minus(theirs.take(np.array([0])))


def test_classify_errors__with_another_background_threshold() -> None:
    scene = scene_of([(CAT, PLACE)], [(CAT, [0.0, 0.0, 10.0, 2.0])])
    nearest = nearest_truth(scene.truth, scene.predictions, floor=0.3)
    matches = match(scene.truth, scene.predictions)
    types = classify_errors(scene.truth, scene.predictions, matches, score=0, nearest=nearest)
    assert names(types.prediction) == ["background"]


def test_classify_errors__background_not_below_foreground() -> None:
    scene = random_scene(0)
    nearest = nearest_truth(scene.truth, scene.predictions, floor=0.6)
    matches = match(scene.truth, scene.predictions)
    with pytest.raises(InvalidThreshold, match="background"):
        classify_errors(scene.truth, scene.predictions, matches, score=0, nearest=nearest)


def test_classify_errors__nearest_of_other_tables() -> None:
    scene = random_scene(0)
    nearest = nearest_truth(scene.truth, scene.predictions)
    few = scene.predictions.take(np.arange(3))
    with pytest.raises(PositionOutOfRange, match="nearest"):
        classify_errors(scene.truth, few, match(scene.truth, few), score=0, nearest=nearest)


def test_count__class_or_image_outside_the_axis() -> None:
    types = types_of(random_scene(0))
    with pytest.raises(PositionOutOfRange):
        types.count(n_classes=1)
    with pytest.raises(PositionOutOfRange):
        types.rows(ErrorType.BOTH, images=np.ones(2, dtype=np.bool_))


def test_classify_errors__class_agnostic_matches() -> None:
    scene = random_scene(1)
    matches = match(scene.truth, scene.predictions, class_agnostic=True)
    with pytest.raises(ClassesNotMatched):
        classify_errors(scene.truth, scene.predictions, matches, score=0)


@pytest.mark.shared_data
def test_classify_errors__real_detections_as_tidecv(coco: Coco, shared_data: Path) -> None:
    folder = shared_data / "coco_val2017_yolact100"
    document, results = (
        json.loads((folder / name).read_bytes())
        for name in ("instances_100_boxes.json", "yolact_base.json")
    )
    tables = coco.tables(document, results)
    types = types_of(Scene(tables.truth, tables.predictions), score=-1.0)
    assert types.count(n_classes=tables.n_classes).total() == {
        "classification": 166,
        "localisation": 787,
        "both": 285,
        "duplicate": 23,
        "background": 1607,
        "missed": 106,
    }
