from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluation import (
    EvaluationResult,
    Instances,
    _bootstrap_kernel_numpy,
    delta,
    evaluate,
    kernels,
    match,
)
from evaluation.errors import InvalidThreshold, MismatchedColumns, PositionOutOfRange
from evaluation.significance import (
    Interval,
    Intervals,
    MatchedSet,
    Resampling,
    bootstrap_delta,
    replicates,
)
from evaluation.significance import bootstrap as front
from evaluation.significance.numbers import NAMES as NUMBERS
from evaluation.significance.numbers import RATES, plain
from evaluation.significance.resampling import image_weights
from evaluation.significance.small_samples import interval_rank
from tests.evaluation.significance.resampled_scenes import NAMES, Scene, random_scene, written_out

FEW = Resampling(replicates=200, min_images=2, level=0.8)


def resampled(scene: Scene, resampling: Resampling = FEW, **settings) -> Intervals:
    ours, theirs = scene.matched()
    return bootstrap_delta(
        scene.truth, ours, theirs, class_names=NAMES, resampling=resampling, **settings
    )


def every_interval(intervals: Intervals) -> list[Interval]:
    rows = (*intervals.classes, *intervals.class_sizes)
    parts = [intervals.metrics, *intervals.sizes.values(), intervals.operating_point]
    return [
        interval for part in (*parts, *(row.numbers for row in rows)) for interval in part.values()
    ]


def pair_of(scene: Scene, **settings) -> list[EvaluationResult]:
    return [
        evaluate(scene.truth, side.predictions, class_names=NAMES, matches=side.matches, **settings)
        for side in scene.matched()
    ]


@pytest.mark.parametrize("seed", range(3))
def test_bootstrap_delta__values_are_the_plain_delta(seed: int) -> None:
    scene = random_scene(seed)
    intervals = resampled(scene, score=0.5, iou=0.75).to_dict()
    expected = delta(*pair_of(scene, score=0.5, iou=0.75))
    for level, names in NUMBERS.items():
        for name in names:
            values = [row["value"] for row in plain(intervals, level, name)]  # type: ignore[index]
            assert values == plain(expected, level, name), (level, name)


def test_bootstrap_delta__a_set_against_itself_is_exactly_zero() -> None:
    scene = random_scene(4)
    same = replace(scene, sides=(scene.sides[0], scene.sides[0]))
    known = [row for row in every_interval(resampled(same)) if row.value is not None]
    assert len(known) > 50
    for interval in known:
        assert interval.value == 0
        if interval.reason is None:
            assert (interval.low, interval.high, interval.p) == (0, 0, 1)
            assert interval.q in {1, None}


def test_bootstrap_delta__swapping_the_sides_mirrors_everything() -> None:
    scene = random_scene(5)
    ours = every_interval(resampled(scene))
    theirs = every_interval(resampled(replace(scene, sides=scene.sides[::-1])))
    for first, second in zip(ours, theirs, strict=True):
        assert first.value == (None if second.value is None else -second.value)
        if first.low is not None and second.low is not None:
            assert (first.low, first.high) == (-second.high, -second.low)  # type: ignore[operator]
        assert (first.p, first.q, first.reason) == (second.p, second.q, second.reason)
        assert (first.support, first.images) == (second.support, second.images)


def test_bootstrap_delta__agrees_with_evaluating_every_replicate_anew() -> None:
    # 39 replicates at level 0.5: ranks far from the ends, and some replicates lack whole classes.
    scene = random_scene(6, n_images=12, n_truth=40)
    setting = Resampling(replicates=39, seed=3, level=0.5, min_images=2)
    intervals = resampled(scene, setting, images=np.ones(12, np.bool_))
    weights = image_weights(12, seed=3, first=0, count=39)
    draws = [anew(scene, weights[:, draw]) for draw in range(39)]
    compared = 0
    for level, names in NUMBERS.items():
        for name in names:
            rows: Any = zip(*(plain(draw, level, name) for draw in draws), strict=True)
            columns: Any = plain(intervals.to_dict(), level, name)
            for values, interval in zip(rows, columns, strict=True):
                known = sorted(value for value in values if value is not None)
                if interval["low"] is None:
                    continue
                ends = interval["low"], interval["high"]
                assert np.isclose(np.subtract.outer(known, ends), 0, atol=1e-12).any(0).all()
                if level in {"classes", "class_sizes"} and name not in RATES:
                    n = interval["images"]
                    rank = interval_rank(0.5, len(known), n, np.sqrt(n / (n - 1)))
                    assert ends == pytest.approx((known[rank - 1], known[-rank]), abs=1e-12)
                compared += 1
    assert compared > 60


def anew(scene: Scene, weights: NDArray[np.int32]) -> dict[str, Any]:
    """Write the drawn images out, match and evaluate them: no weights anywhere."""
    truth = written_out(scene.truth, weights)
    return delta(
        *(evaluate(truth, written_out(side, weights), class_names=NAMES) for side in scene.sides)
    )


def test_bootstrap_delta__is_the_same_on_every_kernel_and_number_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = random_scene(7, n_images=60, n_truth=300)
    expected = resampled(scene).to_dict()
    assert resampled(scene).to_dict() == expected
    monkeypatch.setattr(replicates, "_SERIAL", 0)
    for threads in (2, 5):
        monkeypatch.setattr(kernels, "threads", lambda n=threads: n)
        assert resampled(scene).to_dict() == expected
    monkeypatch.setattr(replicates, "kernel", _bootstrap_kernel_numpy)
    assert resampled(scene).to_dict() == expected


def test_bootstrap_delta__another_seed_draws_other_images() -> None:
    scene = random_scene(7)
    first, second = (resampled(scene, replace(FEW, seed=seed)).metrics["AP"] for seed in (0, 1))
    assert first.value == second.value
    assert (first.low, first.high) != (second.low, second.high)


def test_bootstrap_delta__interval_and_p_never_disagree() -> None:
    seen = set()
    for seed in range(4):
        for interval in every_interval(resampled(random_scene(seed))):
            if interval.p is not None:
                assert interval.excludes_zero == (interval.p <= 1 - FEW.level)
                assert 0 < interval.p <= 1
                seen.add(interval.excludes_zero)
    assert seen == {True, False}


def test_bootstrap_delta__images_out_of_scope_do_not_exist() -> None:
    scene = random_scene(9)
    kept = np.arange(scene.n_images) % 3 != 0
    position = np.cumsum(kept) - 1

    def restricted(table: Instances) -> Instances:
        inside = table.take(kept[table.image])
        return replace(inside, image=position[inside.image])

    alone = Scene(
        restricted(scene.truth),
        (restricted(scene.sides[0]), restricted(scene.sides[1])),
        int(kept.sum()),
    )
    everything = np.ones(alone.n_images, np.bool_)
    assert resampled(scene, images=kept).to_dict() == resampled(alone, images=everything).to_dict()


def test_bootstrap_delta__images_without_objects_are_drawn_too() -> None:
    scene = random_scene(10)
    images = np.ones(scene.n_images * 3, np.bool_)
    assert resampled(scene, images=images).n_images == scene.n_images * 3
    assert resampled(scene).n_images <= scene.n_images


def test_bootstrap_delta__classes_come_in_the_order_asked_for() -> None:
    scene = random_scene(11)
    full, part = resampled(scene), resampled(scene, classes=[2, 0])
    assert [row.name for row in part.classes] == [NAMES[2], NAMES[0]]
    without_q = [
        {name: replace(interval, q=None) for name, interval in row.numbers.items()}
        for row in (full.classes[2], full.classes[0])
    ]
    assert [
        {name: replace(interval, q=None) for name, interval in row.numbers.items()}
        for row in part.classes
    ] == without_q


def test_bootstrap_delta__the_order_of_rows_changes_nothing() -> None:
    scene = random_scene(12)
    rng = np.random.default_rng(0)

    def shuffled(table: Instances) -> Instances:
        return table.take(rng.permutation(len(table)))

    other = Scene(
        shuffled(scene.truth), (shuffled(scene.sides[0]), shuffled(scene.sides[1])), scene.n_images
    )
    assert resampled(other).to_dict() == resampled(scene).to_dict()


def stamps(n: int, found: list[int], false: list[int]) -> tuple[Instances, Instances]:
    """One object an image; predictions find it in some images and see a ghost in others."""
    truth = Instances.ground_truth(np.arange(n), [0] * n, [[0, 0, 40, 40]] * n)
    boxes = [[0, 0, 40, 40]] * len(found) + [[90, 90, 40, 40]] * len(false)
    n_found = len(boxes)
    return truth, Instances.predictions(
        [*found, *false], [0] * n_found, boxes, score=[0.9] * n_found
    )


def matched(truth: Instances, predictions: Instances) -> MatchedSet:
    return MatchedSet(predictions, match(truth, predictions))


def test_bootstrap_delta__support_and_images_by_hand() -> None:
    truth, ours = stamps(20, found=list(range(20)), false=[20, 21])
    theirs = ours.take(np.arange(10))
    change = bootstrap_delta(
        truth, matched(truth, ours), matched(truth, theirs), class_names=["cell"]
    )
    assert change.n_images == 22
    point = change.operating_point
    # Ground truth carries recall; the ghosts' images carry false positives and precision too.
    assert (point["recall"].support, point["recall"].images) == (20, 20)
    assert (point["fp"].support, point["fp"].images) == (20, 22)
    assert (change.metrics["APm"].support, change.metrics["APl"].support) == (20, 0)
    assert change.sizes["small"]["AP"].reason == "n/a"
    assert (point["tp"].value, point["fp"].value, point["recall"].value) == (10, 2, 0.5)


@pytest.mark.parametrize(("more", "sign_test"), [(5, 0.0625), (6, 0.03125), (8, 0.0078125)])
def test_bootstrap_delta__few_images_that_differ_are_little_evidence(
    more: int, sign_test: float
) -> None:
    # 100 images, of which a handful decides, all in favour: p of the sign test is 2 / 2ⁿ.
    truth, ours = stamps(100, found=list(range(100)), false=[])
    theirs = ours.take(np.arange(100 - more))
    recall = bootstrap_delta(
        truth, matched(truth, ours), matched(truth, theirs), class_names=["cell"]
    ).operating_point["recall"]
    assert recall.value == pytest.approx(more / 100)
    if more == 5:
        assert recall.reason == "the sets differ in 5 of 100 images only"
        return
    assert recall.p is not None
    assert sign_test / 2 < recall.p < 4 * sign_test


@pytest.mark.parametrize("n_images", [1, 19])
def test_bootstrap_delta__too_few_images_are_said_so(n_images: int) -> None:
    truth, ours = stamps(n_images, found=[0], false=[])
    change = bootstrap_delta(
        truth,
        matched(truth, ours),
        matched(truth, ours.take(np.arange(0))),
        class_names=["cell"],
    )
    ap = change.metrics["AP"]
    assert ap.value is not None
    assert (ap.low, ap.high, ap.p) == (None, None, None)
    assert ap.reason == f"{n_images} images carry it; at least 20 are needed"


def test_bootstrap_delta__without_any_predictions() -> None:
    truth, nothing = stamps(25, found=[], false=[])
    change = bootstrap_delta(
        truth, matched(truth, nothing), matched(truth, nothing), class_names=["cell"]
    )
    recall, precision = change.operating_point["recall"], change.operating_point["precision"]
    assert (recall.value, recall.low, recall.high, recall.p) == (0, 0, 0, 1)
    assert (precision.value, precision.reason) == (None, "n/a")


def test_bootstrap_delta__without_any_labels() -> None:
    _, ours = stamps(0, found=[], false=list(range(30)))
    unlabelled = Instances.ground_truth([], [], [])
    change = bootstrap_delta(
        unlabelled, matched(unlabelled, ours), matched(unlabelled, ours), class_names=["cell"]
    )
    assert change.metrics["AP"].reason == "n/a"
    assert (change.operating_point["fp"].value, change.operating_point["fp"].images) == (0, 30)


def test_bootstrap_delta__of_nothing_at_all() -> None:
    nothing = Instances.ground_truth([], [], [])
    change = bootstrap_delta(
        nothing, matched(nothing, nothing), matched(nothing, nothing), class_names=[]
    )
    assert {interval.reason for interval in change.metrics.values()} == {"n/a"}
    assert change.classes == ()


def test_bootstrap_delta__class_agnostic_matches_are_one_class() -> None:
    scene = random_scene(13)

    def agnostic(side: Instances) -> MatchedSet:
        return MatchedSet(side, match(scene.truth, side, class_agnostic=True))

    change = bootstrap_delta(
        scene.truth, *map(agnostic, scene.sides), class_names=["object"], resampling=FEW
    )
    one_class = Scene(*_of_one_class(scene), scene.n_images)
    expected = bootstrap_delta(
        one_class.truth, *one_class.matched(), class_names=["object"], resampling=FEW
    )
    assert change.operating_point == expected.operating_point


def _of_one_class(scene: Scene) -> tuple[Instances, tuple[Instances, Instances]]:
    first, second = (replace(side, class_=np.zeros_like(side.class_)) for side in scene.sides)
    return replace(scene.truth, class_=np.zeros_like(scene.truth.class_)), (first, second)


def test_bootstrap_delta__other_iou_thresholds_have_their_own_numbers() -> None:
    scene = random_scene(14)
    ours, theirs = (
        MatchedSet(side, match(scene.truth, side, iou_thresholds=[0.5, 0.6, 0.75]))
        for side in scene.sides
    )
    change = bootstrap_delta(scene.truth, ours, theirs, class_names=NAMES, resampling=FEW)
    expected = resampled(scene)
    for name in ("AP50", "AP75"):
        assert change.metrics[name] == expected.metrics[name]
    assert change.metrics["AP"].value != expected.metrics["AP"].value


def test_bootstrap_delta__q_is_adjusted_over_the_classes_of_one_number() -> None:
    change = resampled(random_scene(15))
    for name in NUMBERS["classes"]:
        rows = [row.numbers[name] for row in change.classes]
        tested = [row for row in rows if row.p is not None]
        for row in tested:
            assert row.q is not None
            assert row.p <= row.q <= min(1, row.p * len(tested)) + 1e-15  # type: ignore[operator]
    assert {interval.q for interval in change.metrics.values()} == {None}


def test_intervals__are_plain_data_in_the_shape_of_a_delta() -> None:
    scene = random_scene(16)
    data = json.loads(json.dumps(resampled(scene).to_dict()))
    expected = delta(*pair_of(scene))
    assert [row["name"] for row in data["classes"]] == [row["name"] for row in expected["classes"]]
    assert [(row["name"], row["size"]) for row in data["class_sizes"]] == [
        (row["name"], row["size"]) for row in expected["class_sizes"]
    ]
    assert data["metrics"].keys() == expected["metrics"].keys()
    assert {"value", "low", "high", "p", "support", "images"} <= data["metrics"]["AP"].keys()
    assert data["resampling"] == {"replicates": 200, "seed": 0, "level": 0.8, "min_images": 2}


def test_bootstrap__of_one_set() -> None:
    scene = random_scene(17)
    side = scene.matched()[0]
    intervals = front(scene.truth, side, class_names=NAMES, resampling=FEW)
    result = evaluate(scene.truth, side.predictions, class_names=NAMES, matches=side.matches)
    assert {name: row.value for name, row in intervals.metrics.items()} == result.metrics
    assert {row.p for row in every_interval(intervals)} == {None}
    recall = intervals.operating_point["recall"]
    assert recall.low is not None
    assert recall.high is not None
    assert 0 < recall.low < recall.high < 1


def test_bootstrap__refuses_what_does_not_fit() -> None:
    truth, ours = stamps(3, found=[0], false=[])
    side = matched(truth, ours)
    with pytest.raises(PositionOutOfRange):
        front(truth, side, class_names=["cell"], images=np.ones(2, np.bool_))
    with pytest.raises(PositionOutOfRange):
        front(truth, side, class_names=["cell"], classes=[1])
    with pytest.raises(MismatchedColumns):
        front(truth, side, class_names=["cell"], classes=[0, 0])
    with pytest.raises(MismatchedColumns):
        front(truth, MatchedSet(truth, side.matches), class_names=["cell"])
    with pytest.raises(InvalidThreshold):
        front(truth, side, class_names=["cell"], iou=0.42)
