from __future__ import annotations

import json

import numpy as np
import pytest

from evaluation import Comparison, Instances, compare, delta, evaluate
from evaluation.paired_comparison import ChangeCounts

NAMES = ("cell", "nucleus")
N_IMAGES = 40


def tables(seed: int = 0) -> tuple[Instances, Instances, Instances]:
    """Ground truth, and two detectors of which the first finds more."""
    rng = np.random.default_rng(seed)
    n = 4 * N_IMAGES
    boxes = np.c_[rng.uniform(0, 200, (n, 2)), rng.uniform(10, 120, (n, 2))]
    truth = Instances.ground_truth(rng.permutation(n) % N_IMAGES, rng.integers(0, 2, n), boxes)

    def detector(share: float) -> Instances:
        found = np.flatnonzero(rng.random(n) < share)
        return Instances.predictions(
            truth.image[found],
            truth.class_[found],
            np.abs(boxes[found] + rng.normal(0, 3, (len(found), 4))),
            score=rng.random(len(found)),
        )

    return truth, detector(0.9), detector(0.6)


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(*tables(), class_names=NAMES, replicates=200, names=("new", "old"))


def test_compare__is_both_evaluations_and_their_difference(comparison: Comparison) -> None:
    truth, new, old = tables()
    ours, theirs = (evaluate(truth, found, class_names=NAMES) for found in (new, old))
    assert comparison.set.to_dict() == ours.to_dict()
    assert comparison.against.to_dict() == theirs.to_dict()
    assert comparison.delta == delta(ours, theirs)
    assert comparison.n_images == N_IMAGES


def test_compare__a_set_against_itself_is_zero_everywhere() -> None:
    truth, new, _ = tables()
    same = compare(truth, new, new, class_names=NAMES, replicates=50)
    rows = same.headline().values()
    assert {row["delta"] for row in rows} <= {0, None}
    assert {row["verdict"] for row in rows} <= {"equal", None}
    assert {row["p"] for row in rows if row["p"] is not None} <= {1.0}
    assert same.changes == ChangeCounts(0, 0, 0, 0)


def test_compare__swapping_flips_every_sign(comparison: Comparison) -> None:
    truth, new, old = tables()
    swapped = compare(truth, old, new, class_names=NAMES, replicates=200)
    for name, row in comparison.headline().items():
        other = swapped.headline()[name]
        if row["delta"] is None:
            assert other["delta"] is None
            continue
        assert other["delta"] == -row["delta"]
        assert (row["low"] is None) == (other["low"] is None)
        if row["low"] is not None:
            assert (other["low"], other["high"]) == (-row["high"], -row["low"])
    assert swapped.changes.gained == comparison.changes.lost
    assert swapped.changes.fixed == comparison.changes.newly_wrong


def test_compare__is_sure_of_what_is_large_and_tells_what_is_not(comparison: Comparison) -> None:
    rows = comparison.headline()
    assert rows["AP"]["low"] < rows["AP"]["delta"] < rows["AP"]["high"]
    assert (rows["AP"]["verdict"], rows["AP50"]["verdict"]) == ("better", "better")
    assert rows["precision"]["verdict"] == "unclear"
    assert comparison.level == 0.95


def test_compare__one_seed_gives_one_answer(comparison: Comparison) -> None:
    again = compare(*tables(), class_names=NAMES, replicates=200, names=("new", "old"))
    assert again.to_dict() == comparison.to_dict()
    other = compare(*tables(), class_names=NAMES, replicates=200, seed=1)
    assert other.headline()["AP"]["low"] != comparison.headline()["AP"]["low"]


def test_compare__some_images_and_classes_only() -> None:
    truth, new, old = tables()
    images = np.arange(N_IMAGES) < 25
    part = compare(
        truth, new, old, class_names=NAMES, images=images, classes=[1], replicates=0
    )  # fmt: skip
    rows = images[truth.image] & (truth.class_ == 1)
    sides = (side.take(images[side.image] & (side.class_ == 1)) for side in (new, old))
    alone = compare(truth.take(rows), *sides, class_names=NAMES, classes=[1], replicates=0)
    assert part.to_dict() | {"images": 0} == alone.to_dict() | {"images": 0}
    assert part.n_images == 25


def test_compare__classes_that_one_side_alone_predicts() -> None:
    truth, new, old = tables()
    cells = new.take(new.class_ == 0)
    numbers = compare(truth, cells, old, class_names=NAMES, replicates=0).delta
    assert (numbers["only_in_set"], numbers["only_in_against"]) == ([], ["nucleus"])


def test_compare__changes_are_counted() -> None:
    truth = Instances.ground_truth([0, 0], [0, 1], [[0, 0, 9, 9], [20, 0, 9, 9]])
    old = Instances.predictions([0, 0], [0, 0], [[0, 0, 9, 9], [50, 50, 9, 9]], score=[0.9, 0.9])
    new = Instances.predictions([0, 0], [1, 1], [[20, 0, 9, 9], [70, 70, 9, 9]], score=[0.9, 0.9])
    assert compare(truth, new, old, replicates=0).changes == ChangeCounts(1, 1, 1, 1)


def test_compare__without_replicates_there_is_no_certainty() -> None:
    plain = compare(*tables(), class_names=NAMES, replicates=0)
    assert (plain.intervals, plain.level) == (None, None)
    assert plain.headline()["AP"]["verdict"] == "better"
    assert plain.to_dict()["intervals"] is None


def test_to_dict__has_plain_differences_and_intervals_beside_them(comparison: Comparison) -> None:
    numbers = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert list(numbers) == [
        "images", "iou_type", "strict", "set", "against", "delta", "intervals", "changes",
        "notices",
    ]  # fmt: skip
    assert numbers["set"]["prediction_set"] == "new"
    change = numbers["delta"]
    assert change["AP"]["value"] == change["metrics"]["AP"]
    assert list(change["AP"]) == ["value", "low", "high", "p", "support"]
    assert set(numbers["set"]["metrics"]) <= set(change)
    classes = numbers["intervals"]["classes"]
    assert [row["name"] for row in classes] == ["cell", "nucleus"]
    assert classes[0]["AP"]["q"] >= classes[0]["AP"]["p"]
    assert set(numbers["intervals"]) >= {"classes", "sizes", "class_sizes", "operating_point"}


def test_by_class__pairs_rows_of_both_sides(comparison: Comparison) -> None:
    rows = dict(comparison.by_class())
    ours, theirs = (side.to_dict()["classes"][1] for side in (comparison.set, comparison.against))
    cell = rows["nucleus"]["tp"]
    assert (cell["set"], cell["against"]) == (ours["tp"], theirs["tp"])
    assert cell["delta"] == ours["tp"] - theirs["tp"]
    sizes = {(name, size) for name, size, _ in comparison.by_class_size()}
    assert len(sizes) == 6
    assert [size for size, _ in comparison.by_size()] == ["small", "medium", "large"]


def test_repr__says_which_is_the_baseline(comparison: Comparison) -> None:
    lines = repr(comparison).splitlines()
    assert lines[:3] == ["set       new", "baseline  old", "delta     set − baseline"]
    assert lines[5].split() == ["set", "baseline", "delta", "95%", "interval", "p"]
    assert lines[6].startswith("AP")
    assert lines[6].endswith("better")


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (("runs/new.json", "runs/old.json"), ("new.json", "old.json")),
        (("new/results.json", "old/results.json"), ("new/results.json", "old/results.json")),
        (([], "old.json"), ("set", "baseline")),
    ],
)
def test_names__are_those_of_the_files(
    sources: tuple[object, object], names: tuple[str, str]
) -> None:
    from evaluation.paired_comparison import _names  # noqa: PLC0415

    assert _names(*sources) == names
