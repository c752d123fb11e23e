"""What must hold for every set, whatever its numbers: boxes and masks, drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from evaluation.average_precision import accumulate
from evaluation.averages import averages
from evaluation.background import background_predictions, predicted_only_classes
from evaluation.calibration import calibration
from evaluation.candidates import IouType
from evaluation.comparison import delta
from evaluation.confidence_curves import confidence_curves
from evaluation.confusion import confusion_matrix
from evaluation.error_types import classify_errors
from evaluation.errors import MismatchedColumns
from evaluation.image_scores import IMAGE_NUMBERS, image_deltas, image_scores
from evaluation.instances import Instances
from evaluation.masks import Masks
from evaluation.matching import Matches, match
from evaluation.object_changes import Side, object_changes
from evaluation.operating_point import (
    Outcomes,
    PredictionOutcome,
    TruthOutcome,
    count,
    outcomes,
)
from evaluation.oracle_gains import oracle_gains
from evaluation.paired_comparison import compare
from evaluation.results import EvaluationResult, evaluate
from evaluation.score_sweep import score_sweep
from evaluation.significance import MatchedSet, bootstrap

N_IMAGES, SIDE = 6, 160
NAMES = ("cell", "platelet", "debris", "predicted only")
SEEDS = st.integers(0, 2**32 - 1)
THRESHOLDS = st.sampled_from([-1.0, 0.0, 0.25, 0.5, 0.9])
IOU_TYPES: tuple[IouType, ...] = ("bbox", "segm")

Tables = tuple[Instances, Instances]
both_iou_types = pytest.mark.parametrize("iou_type", IOU_TYPES)
few = settings(derandomize=True, max_examples=25)


def masks_of(boxes: NDArray[np.float64]) -> Masks:
    """Rectangles of whole pixels; an outline follows its box without being it."""
    canvas = np.zeros((SIDE, SIDE, len(boxes)), dtype=np.uint8, order="F")
    for n, (x, y, width, height) in enumerate(boxes.astype(int).tolist()):
        canvas[y : y + max(height, 1), x : x + max(width, 1), n] = 1
    texts = [rle["counts"] for rle in coco_mask.encode(canvas)] if len(boxes) else []
    return Masks.from_texts(texts, np.full((len(boxes), 2), SIDE))


def random_tables(seed: int, iou_type: IouType, *, n_found: int | None = None) -> Tables:
    """Hits, near misses, duplicates, wrong classes and inventions, at distinct scores."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 40))
    boxes = np.c_[rng.uniform(0, 60, (n, 2)), rng.uniform(4, 100, (n, 2))]
    truth = Instances.ground_truth(
        rng.integers(0, N_IMAGES, n),
        rng.integers(0, 3, n),
        boxes,
        crowd=rng.random(n) < 0.1,
        masks=masks_of(boxes) if iou_type == "segm" else None,
    )
    m = int(rng.integers(0, 90)) if n_found is None else n_found
    rows = rng.integers(0, n, m)
    moved = np.clip(boxes[rows] * rng.uniform(0.85, 1.1, (m, 4)), 0, SIDE)
    moved[:, 2:] = np.minimum(moved[:, 2:], SIDE - moved[:, :2])
    wrong = rng.random(m) < 0.2
    found = Instances.predictions(
        np.where(rng.random(m) < 0.1, rng.integers(0, N_IMAGES, m), truth.image[rows]),
        np.where(wrong, rng.integers(0, len(NAMES), m), truth.class_[rows]),
        moved,
        score=rng.permutation(m) / max(m, 1),
        masks=masks_of(moved) if iou_type == "segm" else None,
    )
    return truth, found


def run(tables: Tables, iou_type: IouType, **options: Any) -> EvaluationResult:
    return evaluate(*tables, class_names=NAMES, iou_type=iou_type, **options)


def numbers_in(value: object) -> Iterator[float | None]:
    """Every number of nested plain data, in order."""
    if isinstance(value, dict):
        for each in value.values():
            yield from numbers_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from numbers_in(each)
    elif not isinstance(value, str):
        yield value  # type: ignore[misc]  # what is left are numbers and None


@both_iou_types
@few
@given(seed=SEEDS, score=THRESHOLDS)
def test_a_set_against_itself__is_zero_everywhere(
    iou_type: IouType, seed: int, score: float
) -> None:
    truth, found = random_tables(seed, iou_type)
    first, again = (run((truth, found), iou_type, score=score) for _ in range(2))
    difference = delta(first, again)
    assert set(numbers_in(difference)) <= {0, None}
    assert (difference["only_in_set"], difference["only_in_against"]) == ([], [])
    side = Side(found, first.outcomes)
    changes = object_changes(truth, side, side, n_images=N_IMAGES, iou_type=iou_type)
    assert not changes.per_image.any()
    scores = image_scores(first.outcomes, truth, found, n_images=N_IMAGES)
    deltas = image_deltas(scores, scores)
    assert not any(np.nansum(np.abs(getattr(deltas, name))) for name in IMAGE_NUMBERS)


@both_iou_types
@few
@given(seed=SEEDS, score=THRESHOLDS)
def test_swapping_the_sides__flips_every_sign(iou_type: IouType, seed: int, score: float) -> None:
    truth, found = random_tables(seed, iou_type)
    other = found.take(np.arange(len(found)) % 3 > 0)
    ours, theirs = (run((truth, each), iou_type, score=score) for each in (found, other))
    there, back = (list(numbers_in(delta(*pair))) for pair in ((ours, theirs), (theirs, ours)))
    assert there == [None if number is None else -number for number in back]
    our_side, their_side = Side(found, ours.outcomes), Side(other, theirs.outcomes)
    changes, reverse = (
        object_changes(truth, *pair, n_images=N_IMAGES, iou_type=iou_type)
        for pair in ((our_side, their_side), (their_side, our_side))
    )
    assert changes.gained.tolist() == reverse.lost.tolist()
    assert changes.lost.tolist() == reverse.gained.tolist()


@both_iou_types
@few
@given(seed=SEEDS, score=THRESHOLDS)
def test_buckets_and_classes_and_images__sum_to_the_total(
    iou_type: IouType, seed: int, score: float
) -> None:
    tables = random_tables(seed, iou_type)
    result = run(tables, iou_type, score=score)
    shown = result.to_dict()
    scores = image_scores(result.outcomes, *tables, n_images=N_IMAGES)
    for name in ("tp", "fp", "fn"):
        total = shown["operating_point"][name]
        assert sum(row[name] for row in shown["classes"]) == total
        assert sum(row[name] for row in shown["sizes"].values()) == total
        assert sum(row[name] for row in shown["class_sizes"]) == total
        assert int(getattr(scores, name).sum()) == total
    # Images in batches of any size add up as well.
    parts = [
        run(tables, iou_type, score=score, images=np.isin(np.arange(N_IMAGES), batch))
        for batch in np.array_split(np.arange(N_IMAGES), 1 + seed % N_IMAGES)
    ]
    for name in ("tp", "fp", "fn", "support"):
        together = sum(getattr(part.counts, name) for part in parts)
        assert np.array_equal(together, getattr(result.counts, name))


@both_iou_types
@few
@given(seed=SEEDS, score=THRESHOLDS)
def test_every_count__is_the_length_of_the_list_it_opens(
    iou_type: IouType, seed: int, score: float
) -> None:
    truth, found = random_tables(seed, iou_type)
    result = run((truth, found), iou_type, score=score)
    at, total = result.outcomes, result.counts.total()
    true = np.flatnonzero(at.prediction == PredictionOutcome.TRUE_POSITIVE)
    assert len(true) == total.tp
    assert np.count_nonzero(at.prediction == PredictionOutcome.FALSE_POSITIVE) == total.fp
    assert np.count_nonzero(at.truth == TruthOutcome.MISSED) == total.fn
    # Matches are one to one, and each knows its partner.
    assert at.matched_prediction[at.matched_truth[true]].tolist() == true.tolist()
    reliability = calibration(at, found, n_classes=len(NAMES)).overall
    assert int(reliability.count.sum()) == total.tp + total.fp
    assert int(reliability.correct.sum()) == total.tp


@both_iou_types
@few
@given(seed=SEEDS)
def test_the_order_of_rows_and_images__changes_nothing(iou_type: IouType, seed: int) -> None:
    truth, found = random_tables(seed, iou_type)
    rng = np.random.default_rng(seed)
    images = rng.permutation(N_IMAGES)
    shuffled = [table.take(rng.permutation(len(table))) for table in (truth, found)]
    moved = [
        Instances(
            images[table.image],
            table.class_,
            table.boxes,
            table.area,
            table.score,
            table.crowd,
            table.id,
            table.masks,
        )
        for table in shuffled
    ]
    before, after = (run(tables, iou_type) for tables in ((truth, found), (moved[0], moved[1])))
    assert after.to_dict() == before.to_dict()
    assert np.array_equal(after.precision_curves, before.precision_curves)
    best = [
        confidence_curves(*tables, result.matches, n_classes=len(NAMES)).best()
        for tables, result in (((truth, found), before), ((moved[0], moved[1]), after))
    ]
    assert best[0] == best[1]
    errors = [
        calibration(result.outcomes, table, n_classes=len(NAMES)).overall.ece
        for result, table in ((before, found), (after, moved[1]))
    ]
    assert errors[0] == errors[1]


@both_iou_types
@few
@given(seed=SEEDS)
def test_perfect_predictions__give_one(iou_type: IouType, seed: int) -> None:
    truth, _ = random_tables(seed, iou_type, n_found=0)
    truth = truth.take(~truth.crowd)
    rng = np.random.default_rng(seed)
    found = Instances.predictions(
        truth.image, truth.class_, truth.boxes,
        score=rng.uniform(0.3, 1.0, len(truth)), area=truth.area, masks=truth.masks,
    )  # fmt: skip
    result = run((truth, found), iou_type)
    known = {name: value for name, value in result.metrics.items() if value is not None}
    # AR1 and AR10 are capped below the number of objects of a class on an image.
    for name in known.keys() - {"AR1", "AR10"}:
        assert known[name] == pytest.approx(1.0, abs=1e-12), name
    shown = averages(result.counts)
    assert set(numbers_in(shown.to_dict())) == ({1.0} if len(truth) else {None})


@both_iou_types
@few
@given(seed=SEEDS)
def test_no_predictions__give_zero_and_no_precision(iou_type: IouType, seed: int) -> None:
    truth, found = random_tables(seed, iou_type, n_found=0)
    result = run((truth, found), iou_type)
    assert set(result.metrics.values()) <= {0.0, None}
    total = result.counts.total()
    assert (total.tp, total.fp, total.precision) == (0, 0, None)
    if total.fn:
        assert result.metrics["AP"] == 0.0
        assert (total.recall, total.f1) == (0.0, 0.0)


@both_iou_types
@few
@given(seed=SEEDS, score=THRESHOLDS)
def test_a_filter_that_selects_everything__changes_nothing(
    iou_type: IouType, seed: int, score: float
) -> None:
    tables = random_tables(seed, iou_type)
    plain = run(tables, iou_type, score=score)
    filtered = run(
        tables,
        iou_type,
        score=score,
        images=np.ones(N_IMAGES, dtype=np.bool_),
        classes=np.arange(len(NAMES)),
    )
    assert filtered.to_dict() == plain.to_dict()
    assert np.array_equal(filtered.precision_curves, plain.precision_curves)


@both_iou_types
@few
@given(seed=SEEDS, score=THRESHOLDS, classes=st.sets(st.integers(0, 3), min_size=1))
def test_a_class_subset__is_evaluating_only_these_classes(
    iou_type: IouType, seed: int, score: float, classes: set[int]
) -> None:
    tables = random_tables(seed, iou_type)
    rows = sorted(classes)
    subset = run(tables, iou_type, score=score, classes=rows)
    only = [table.take(np.isin(table.class_, rows)) for table in tables]
    alone = run((only[0], only[1]), iou_type, score=score)
    assert subset.metrics == alone.metrics
    assert subset.averages.to_dict() == alone.averages.to_dict()
    ours = {row["name"]: row for row in subset.to_dict()["classes"]}
    assert [row for row in alone.to_dict()["classes"] if row["name"] in ours] == list(ours.values())


@both_iou_types
@few
@given(seed=SEEDS)
def test_f1__lies_between_precision_and_recall(iou_type: IouType, seed: int) -> None:
    for row in run(random_tables(seed, iou_type), iou_type).to_dict()["classes"]:
        rates = [row["precision"], row["recall"]]
        if None not in rates:
            assert min(rates) - 1e-12 <= row["f1"] <= max(rates) + 1e-12


@both_iou_types
@few
@given(seed=SEEDS)
def test_a_higher_threshold__finds_no_more_and_invents_no_more(
    iou_type: IouType, seed: int
) -> None:
    tables = random_tables(seed, iou_type)
    totals = [run(tables, iou_type, score=s).counts.total() for s in (0.0, 0.3, 0.6, 0.9)]
    for name in ("tp", "fp"):
        values = [getattr(total, name) for total in totals]
        assert values == sorted(values, reverse=True)


FRONT_DOORS: dict[str, Callable[..., object]] = {
    "accumulate": accumulate,
    "confidence_curves": confidence_curves,
    "score_sweep": score_sweep,
    "calibration": lambda t, p, m, **only: calibration(at_point(t, p, m), p, **only),
    "count": lambda t, p, m, **only: count(at_point(t, p, m), t, p, **only),
    "errors": lambda t, p, m, **only: classify_errors(t, p, m, score=0.5).count(**only),
    "oracle_gains": lambda t, p, m, **only: oracle_gains(
        classify_errors(t, p, m, score=0.5), m, **only
    ),
    "background": lambda t, p, m, **only: background_predictions(t, p, score=0.5, **only),
    "predicted_only": lambda t, p, m, **only: predicted_only_classes(t, p, score=0.5, **only),
    "image_scores": lambda t, p, m, images, **_: image_scores(
        at_point(t, p, m), t, p, n_images=2, images=images
    ),
    "confusion": lambda t, p, m, images, **_: confusion_matrix(
        t, p, m, score=0.5, iou=0.5, n_classes=1
    ).of_images(images),
    "evaluate": lambda t, p, m, images, **_: evaluate(t, p, images=images),
    "compare": lambda t, p, m, images, **_: compare(t, p, p, images=images),
    "bootstrap": lambda t, p, m, images, **_: bootstrap(
        t, MatchedSet(p, m), class_names=["c"], images=images
    ),
}


def at_point(truth: Instances, predictions: Instances, matches: Matches) -> Outcomes:
    return outcomes(truth, predictions, matches, score=0.5, iou=0.5)


@pytest.mark.parametrize("name", FRONT_DOORS)
def test_images__integers_are_refused_everywhere_for_they_would_choose_rows(name: str) -> None:
    truth = Instances.ground_truth([0, 1], [0, 0], [[0, 0, 10, 10]] * 2)
    found = Instances.predictions([0, 1], [0, 0], [[0, 0, 10, 10]] * 2, score=[0.9, 0.8])
    matches = match(truth, found)
    FRONT_DOORS[name](truth, found, matches, n_classes=1, images=np.array([True, True]))
    with pytest.raises(MismatchedColumns, match="'images'"):
        FRONT_DOORS[name](truth, found, matches, n_classes=1, images=np.array([1, 1]))
