from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluation.average_precision import accumulate, class_average_precision, summarize
from evaluation.error_types import ErrorType, ErrorTypes, classify_errors
from evaluation.errors import InvalidThreshold, MismatchedColumns, PositionOutOfRange
from evaluation.instances import Instances
from evaluation.matching import match
from evaluation.operating_point import PredictionOutcome, TruthOutcome
from evaluation.oracle_gains import REPAIRS, OracleGains, oracle_gains
from evaluation.size_buckets import bucket
from tests.evaluation.random_tables import N_CLASSES, N_IMAGES, Scene, random_scene
from tests.evaluation.tide_scene import (
    JITTERED_AP,
    JITTERED_COUNTS,
    JITTERED_GAINS,
    TIDE_AP,
    TIDE_GAINS,
    TIDE_MENDED,
    jittered_scene,
    tide_scene,
)

SEEDS = st.integers(0, 2**32 - 1)


def types_of(scene: Scene) -> ErrorTypes:
    matches = match(scene.truth, scene.predictions)
    return classify_errors(scene.truth, scene.predictions, matches, score=0.0)


def gains_of(
    scene: Scene, *, images: NDArray[np.bool_] | None = None, max_detections: int = 100
) -> OracleGains:
    matches = match(scene.truth, scene.predictions)
    types = classify_errors(scene.truth, scene.predictions, matches, score=0.5)
    return oracle_gains(
        types, matches, n_classes=N_CLASSES, images=images, max_detections=max_detections
    )


def class_ap50(truth: Instances, predictions: Instances) -> list[float | None]:
    matches = match(truth, predictions)
    curves = accumulate(truth, predictions, matches, n_classes=N_CLASSES, max_detections=(100,))
    return class_average_precision(curves)["AP50"]


def known(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]


def mend_for_real(scene: Scene, name: str, *, size: int | None = None) -> Scene:
    """Do to the tables what the oracle does to the outcomes."""
    truth, predictions, types = scene.truth, scene.predictions, types_of(scene)
    wrong = types.outcomes.prediction == PredictionOutcome.FALSE_POSITIVE
    if name == "false_positive":
        return Scene(truth, predictions.take(~wrong))
    if name == "false_negative":
        return Scene(truth.take(types.outcomes.truth != TruthOutcome.MISSED), predictions)
    kind = ErrorType[name.upper()]
    if kind == ErrorType.MISSED:
        here = True if size is None else bucket(truth.area) == size
        return Scene(truth.take(~((types.truth == kind) & here)), predictions)
    chosen = types.prediction == kind
    if size is not None:
        chosen &= bucket(predictions.area) == size
    class_, boxes = predictions.class_.copy(), predictions.boxes.copy()
    gone = chosen.copy()
    for target in np.unique(types.target[chosen]).tolist():
        repairs = np.isin(types.prediction, [ErrorType.CLASSIFICATION, ErrorType.LOCALISATION])
        rivals = np.flatnonzero(repairs & (types.target == target))
        if len(rivals) == 0 or types.outcomes.truth[target] != TruthOutcome.MISSED:
            continue
        best = max(rivals.tolist(), key=lambda row: (predictions.score[row], -row))
        if chosen[best]:
            gone[best] = False
            class_[best], boxes[best] = truth.class_[target], truth.boxes[target]
    mended = replace(predictions, class_=class_, boxes=boxes)
    return Scene(truth, mended.take(~gone))


def test_oracle_gains__as_tidecv() -> None:
    result = gains_of(tide_scene())
    assert result.ap == pytest.approx(TIDE_AP, abs=1e-12)
    assert result.gains() == pytest.approx(TIDE_GAINS, abs=1e-6)
    mended = dict(zip(REPAIRS, result.class_mended.tolist(), strict=True))
    for name, expected in TIDE_MENDED.items():
        assert mended[name] == pytest.approx(expected, abs=1e-6)


def test_oracle_gains__as_tidecv_on_a_random_scene() -> None:
    scene = jittered_scene()
    assert types_of(scene).count(n_classes=N_CLASSES).total() == JITTERED_COUNTS
    result = gains_of(scene)
    assert result.ap == pytest.approx(JITTERED_AP, abs=1e-12)
    points = {name: 100 * (gain or 0.0) for name, gain in result.gains().items()}
    assert points == pytest.approx(JITTERED_GAINS, abs=5e-3)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(seed=SEEDS)
def test_oracle_gains__without_a_repair_ap_has_the_bits_of_the_accumulator(seed: int) -> None:
    scene = random_scene(seed)
    result = gains_of(scene)
    matches = match(scene.truth, scene.predictions)
    curves = accumulate(scene.truth, scene.predictions, matches, n_classes=N_CLASSES)
    assert result.ap == summarize(curves)["AP50"]
    assert known(result.class_ap) == class_average_precision(curves)["AP50"]


@pytest.mark.parametrize("name", REPAIRS)
@settings(derandomize=True, deadline=None, max_examples=25)
@given(seed=SEEDS)
def test_oracle_gains__as_after_changing_the_tables_and_matching_again(
    name: str, seed: int
) -> None:
    scene = random_scene(seed, crowd=0.0)
    mended = mend_for_real(scene, name)
    expected = class_ap50(mended.truth, mended.predictions)
    result = known(gains_of(scene).class_mended[list(REPAIRS).index(name)])
    for value, wanted, before in zip(result, expected, gains_of(scene).class_ap, strict=True):
        # A class that a repair leaves without ground truth keeps its place in the mean, with 0.
        assert value == (0.0 if wanted is None and before == 0.0 else wanted)


@pytest.mark.parametrize("kind", list(ErrorType))
@settings(derandomize=True, deadline=None, max_examples=10)
@given(seed=SEEDS)
def test_oracle_gains__of_one_size_as_after_changing_the_tables(kind: ErrorType, seed: int) -> None:
    scene = random_scene(seed, crowd=0.0)
    result = gains_of(scene)
    for size in range(3):
        mended = mend_for_real(scene, kind.name.lower(), size=size)
        expected = class_ap50(mended.truth, mended.predictions)
        for value, wanted in zip(
            known(result.class_mended_sizes[size, kind]), expected, strict=True
        ):
            assert value == (0.0 if wanted is None and value == 0.0 else wanted)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(seed=SEEDS, cap=st.sampled_from([1, 3]))
def test_oracle_gains__with_a_cap_as_if_the_rest_had_not_been_predicted(
    seed: int, cap: int
) -> None:
    scene = random_scene(seed)
    rank = match(scene.truth, scene.predictions).rank
    few = Scene(scene.truth, scene.predictions.take(rank < cap))
    capped, alone = gains_of(scene, max_detections=cap), gains_of(few)
    assert np.array_equal(capped.class_mended, alone.class_mended, equal_nan=True)
    assert np.array_equal(capped.class_mended_sizes, alone.class_mended_sizes, equal_nan=True)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(seed=SEEDS)
def test_oracle_gains__of_some_images_as_of_tables_of_those_images(seed: int) -> None:
    scene = random_scene(seed)
    images = np.arange(N_IMAGES) % 2 == 0
    part = gains_of(scene, images=images)
    alone = gains_of(
        Scene(
            scene.truth.take(images[scene.truth.image]),
            scene.predictions.take(images[scene.predictions.image]),
        )
    )
    assert part.ap == alone.ap
    assert np.array_equal(part.class_mended, alone.class_mended, equal_nan=True)
    everything = gains_of(scene, images=np.ones(N_IMAGES, dtype=np.bool_))
    assert np.array_equal(everything.class_mended, gains_of(scene).class_mended, equal_nan=True)


def test_gains__ground_truth_as_prediction_gains_nothing() -> None:
    truth = random_scene(5, crowd=0.0).truth
    predictions = Instances.predictions(
        truth.image, truth.class_, truth.boxes, score=np.ones(len(truth))
    )
    result = gains_of(Scene(truth, predictions))
    assert result.ap == pytest.approx(1.0)
    assert set(result.gains().values()) == {0.0}


@settings(derandomize=True, deadline=None, max_examples=25)
@given(seed=SEEDS)
def test_gains__are_never_negative_and_average_the_chosen_classes(seed: int) -> None:
    result = gains_of(random_scene(seed))
    assert all(gain is None or gain >= 0 for gain in result.gains().values())
    chosen = np.array([1])
    if np.isnan(result.class_ap[1]):
        assert set(result.gains(chosen).values()) == {None}
    else:
        raw = result.class_mended[:, 1] - result.class_ap[1]
        assert list(result.gains(chosen).values()) == pytest.approx(np.maximum(raw, 0).tolist())


def test_size_gains__of_errors_of_one_size_are_those_of_all() -> None:
    scene = tide_scene()  # all boxes are small
    result = gains_of(scene)
    sizes = result.size_gains()
    assert sizes["small"] == {kind: result.gains()[kind] for kind in sizes["small"]}
    assert set(sizes["large"].values()) == {0.0}


def test_minus__swapped_changes_the_sign() -> None:
    ours, theirs = gains_of(random_scene(1)), gains_of(random_scene(2))
    there, back = ours.minus(theirs), theirs.minus(ours)
    assert there == {name: None if gain is None else -gain for name, gain in back.items()}
    assert set(ours.minus(ours).values()) == {0.0}


def test_minus__of_what_has_no_ground_truth() -> None:
    nothing = gains_of(Scene(Instances.ground_truth([], [], []), random_scene(1).predictions))
    assert nothing.ap is None
    assert set(nothing.minus(gains_of(random_scene(1))).values()) == {None}


def test_oracle_gains__of_no_predictions() -> None:
    result = gains_of(Scene(tide_scene().truth, Instances.predictions([], [], [], score=[])))
    assert (result.ap, set(result.gains().values())) == (0.0, {0.0})


def test_oracle_gains__refuses_what_does_not_fit() -> None:
    scene, other = random_scene(1), random_scene(2, n=10)
    types = types_of(scene)
    matches = match(scene.truth, scene.predictions)
    with pytest.raises(MismatchedColumns):
        oracle_gains(types, match(other.truth, other.predictions), n_classes=N_CLASSES)
    with pytest.raises(InvalidThreshold):
        oracle_gains(types, matches, n_classes=N_CLASSES, max_detections=0)
    with pytest.raises(PositionOutOfRange):
        oracle_gains(types, matches, n_classes=1)
