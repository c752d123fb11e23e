"""Both kernels: exact against the ordinary evaluation, and bit-equal to each other."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from evaluation import (
    Instances,
    _bootstrap_kernel_numpy,
    accumulate,
    class_average_precision,
    evaluate,
    kernels,
    match,
)
from evaluation.average_precision import COCO_NUMBERS, RECALL_THRESHOLDS
from evaluation.significance import replicates as module
from evaluation.significance.counts import Sections
from evaluation.significance.resampling import image_weights
from evaluation.significance.walk import MatchedSet
from tests.evaluation.significance.resampled_scenes import (
    N_CLASSES,
    NAMES,
    random_scene,
    weighable,
    weighed,
    written_out,
)

COMPILED = kernels.kernel("bootstrap_kernel")
KERNELS = [_bootstrap_kernel_numpy, COMPILED]
needs_both = pytest.mark.skipif(
    COMPILED is _bootstrap_kernel_numpy, reason="no compiled kernel on this machine"
)


@pytest.fixture(params=KERNELS, ids=lambda kernel: kernel.__name__.removeprefix("evaluation._"))
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(module, "kernel", request.param)
    chosen: ModuleType = request.param
    return chosen


@pytest.mark.parametrize("seed", range(10))
def test_envelope_steps__weights_of_one_are_the_ordinary_curves_bit_for_bit(seed: int) -> None:
    kernel = _bootstrap_kernel_numpy
    scene = random_scene(seed)
    side = scene.matched()[0]
    laid_out = weighable(scene.truth, side, scene.n_images)
    ones = np.ones((scene.n_images, kernel.LANES), dtype=np.int32)
    sums = np.empty((laid_out.counts.n_slots, kernel.LANES), dtype=np.int32)
    kernel.weighted_counts(laid_out.counts, ones, sums)
    positives = sums[Sections.of(N_CLASSES).positives].reshape(N_CLASSES, 4, kernel.LANES)

    curves = accumulate(
        scene.truth, side.predictions, side.matches, n_classes=N_CLASSES, max_detections=(100,)
    )
    expected = np.maximum(curves.precision[..., 0], 0.0).transpose(2, 3, 0, 1)
    for curve in np.ndindex(N_CLASSES, 4, 10):
        seen = kernel.predictions_seen(laid_out.walk, ones, *curve[:2])
        met, envelope = kernel.envelope_steps(laid_out.walk, ones, positives, seen, curve)
        sampled = np.zeros(len(RECALL_THRESHOLDS))
        for up_to, precision in zip(met[:, 0].tolist(), envelope[:, 0].tolist(), strict=True):
            sampled[:up_to] = precision
        assert (sampled == expected[curve]).all()


@pytest.mark.parametrize("seed", range(6))
def test_weigh__weights_of_one_are_the_ordinary_numbers(kernel: ModuleType, seed: int) -> None:
    scene = random_scene(seed)
    side = scene.matched()[0]
    ones = np.ones((scene.n_images, 1), dtype=np.int32)
    numbers = weighed(weighable(scene.truth, side, scene.n_images), ones, kernel.LANES)
    result = evaluate(scene.truth, side.predictions, class_names=NAMES, matches=side.matches)
    assert_numbers(numbers.coco[..., 0], result.class_metrics)
    expected = np.stack([result.counts.tp, result.counts.fp, result.counts.fn], axis=-1)
    assert (numbers.tallies[..., 0] == expected).all()


@pytest.mark.parametrize("seed", range(6))
def test_weigh__an_image_written_out_k_times_is_weight_k(kernel: ModuleType, seed: int) -> None:
    scene = random_scene(seed)
    side = scene.matched()[1]
    weights = image_weights(scene.n_images, seed=seed, first=0, count=5)
    numbers = weighed(weighable(scene.truth, side, scene.n_images), weights, kernel.LANES)
    for draw in range(weights.shape[1]):
        truth, predictions = (
            written_out(table, weights[:, draw]) for table in (scene.truth, side.predictions)
        )
        result = evaluate(truth, predictions, class_names=NAMES)
        assert_numbers(numbers.coco[..., draw], result.class_metrics)
        expected = np.stack([result.counts.tp, result.counts.fp, result.counts.fn], axis=-1)
        assert (numbers.tallies[..., draw] == expected).all()


def test_weigh__agrees_with_accumulation_under_weights(kernel: ModuleType) -> None:
    scene = random_scene(3, n_images=60, n_truth=400)
    side = scene.matched()[0]
    weights = image_weights(scene.n_images, seed=1, first=0, count=4)
    numbers = weighed(weighable(scene.truth, side, scene.n_images), weights, kernel.LANES)
    for draw in range(weights.shape[1]):
        curves = accumulate(
            scene.truth,
            side.predictions,
            side.matches,
            n_classes=N_CLASSES,
            weights=weights[:, draw],
        )
        assert_numbers(numbers.coco[..., draw], class_average_precision(curves))


def assert_numbers(coco: np.ndarray, expected: dict[str, list[float | None]]) -> None:
    for row, name in enumerate(COCO_NUMBERS):
        values = np.array([np.nan if value is None else value for value in expected[name]])
        np.testing.assert_allclose(coco[row], values, rtol=0, atol=1e-14, err_msg=name)


@needs_both
@pytest.mark.parametrize("seed", range(8))
def test_kernels__give_the_same_bits(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = random_scene(seed, n_images=50, n_truth=300)
    laid_out = weighable(scene.truth, scene.matched()[0], scene.n_images)
    weights = image_weights(scene.n_images, seed=seed, first=0, count=16)
    numbers = []
    for kernel in KERNELS:
        monkeypatch.setattr(module, "kernel", kernel)
        numbers.append(weighed(laid_out, weights, kernel.LANES))
    ours, theirs = numbers
    assert (ours.coco.view(np.int64) == theirs.coco.view(np.int64)).all()
    assert (ours.tallies == theirs.tallies).all()


@pytest.mark.parametrize("n", [1, 3, 7, 20, 35, 41, 100, 101, 200, 365])
def test_envelope_sums__every_recall_meets_the_thresholds_that_doubles_say(
    kernel: ModuleType, n: int
) -> None:
    # k of n objects found, best first, nothing else: precision 1 up to recall k / n.
    truth = Instances.ground_truth(np.arange(n), [0] * n, [[0, 0, 40, 40]] * n)
    for k in {1, n // 3, n // 2, n - 1, n} - {0}:
        found = Instances.predictions(
            np.arange(k), [0] * k, [[0, 0, 40, 40]] * k, score=np.linspace(1, 0.5, k)
        )
        side = MatchedSet(found, match(truth, found))
        numbers = weighed(weighable(truth, side, n), np.ones((n, 1), np.int32), kernel.LANES)
        met = int((k / n >= RECALL_THRESHOLDS).sum())
        assert numbers.coco[0, 0, 0] == pytest.approx(met / 101, abs=1e-15)


def test_weigh__a_prediction_on_ignored_truth_counts_nowhere(kernel: ModuleType) -> None:
    # A large object found by a prediction whose own area is small, then a small false positive
    # and a small true positive: the first must not lower the small precision.
    truth = Instances.ground_truth(
        [0, 0], [0, 0], [[0, 0, 30, 30], [200, 200, 20, 20]], area=[10_000, 400]
    )
    found = Instances.predictions(
        [0, 0], [0, 0], [[0, 0, 30, 30], [200, 200, 20, 20]], score=[0.9, 0.8]
    )
    side = MatchedSet(found, match(truth, found))
    weights = np.array([[1, 2, 5]], dtype=np.int32)
    numbers = weighed(weighable(truth, side, 1), weights, kernel.LANES)
    small = list(COCO_NUMBERS).index("APs")
    assert numbers.coco[small, 0] == pytest.approx([1, 1, 1])


def test_weigh__without_predictions_or_truth(kernel: ModuleType) -> None:
    nothing = Instances.predictions([], [], [], score=[])
    truth = Instances.ground_truth([0, 1], [0, 0], [[0, 0, 9, 9]] * 2)
    weights = np.array([[1, 0], [1, 2]], dtype=np.int32)
    missed = weighed(
        weighable(truth, MatchedSet(nothing, match(truth, nothing)), 2), weights, kernel.LANES
    )
    assert missed.coco[0, 0].tolist() == [0.0, 0.0]
    assert missed.tallies.sum(axis=(0, 1)).tolist() == [[0, 0], [0, 0], [2, 2]]

    unlabelled = Instances.ground_truth([], [], [])
    false = Instances.predictions([1], [0], [[0, 0, 9, 9]], score=[0.9])
    side = MatchedSet(false, match(unlabelled, false))
    wrong = weighed(weighable(unlabelled, side, 2), weights, kernel.LANES)
    assert np.isnan(wrong.coco).all()
    assert wrong.tallies.sum(axis=(0, 1)).tolist() == [[0, 0], [1, 2], [0, 0]]


@needs_both
def test_compiled_kernel__refuses_shapes_that_do_not_fit() -> None:
    scene = random_scene(0)
    laid_out = weighable(scene.truth, scene.matched()[0], scene.n_images)
    positives = np.ones((N_CLASSES, 4, COMPILED.LANES), dtype=np.int32)
    areas = np.empty((N_CLASSES, 4, 10, COMPILED.LANES))
    narrow = np.ones((scene.n_images, COMPILED.LANES - 1), dtype=np.int32)
    few = np.ones((1, COMPILED.LANES), dtype=np.int32)
    for weights in (narrow, few):
        with pytest.raises(ValueError, match="Shapes"):
            COMPILED.envelope_sums(laid_out.walk, weights, positives, areas)
        with pytest.raises(ValueError, match="Shapes"):
            COMPILED.weighted_counts(
                laid_out.counts,
                weights,
                np.empty((laid_out.counts.n_slots, COMPILED.LANES), dtype=np.int32),
            )
