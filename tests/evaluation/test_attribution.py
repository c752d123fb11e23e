from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from evaluation import Instances, delta, evaluate
from evaluation.attribution import split_delta
from evaluation.results import EvaluationResult
from tests.evaluation.significance.resampled_scenes import NAMES, random_scene

Four = tuple[EvaluationResult, EvaluationResult, EvaluationResult, EvaluationResult]

BOXES = [[0, 0, 10, 10], [20, 0, 10, 10], [40, 0, 10, 10], [60, 0, 10, 10]]


def found(boxes: list[list[int]]) -> Instances:
    n = len(boxes)
    return Instances.predictions([0] * n, [0] * n, boxes, score=[0.9] * n)


def labels(boxes: list[list[int]]) -> Instances:
    return Instances.ground_truth([0] * len(boxes), [0] * len(boxes), boxes)


def four(
    our: Instances, their: Instances, old: Instances, new: Instances, names: tuple[str, ...]
) -> Four:
    a, b, c, d = (
        evaluate(truth, side, class_names=names)
        for side, truth in ((our, old), (our, new), (their, old), (their, new))
    )
    return a, b, c, d


def random_four(seed: int) -> Four:
    scene = random_scene(seed)
    keep = np.random.default_rng(seed).random(len(scene.truth)) < 0.8
    return four(*scene.sides, scene.truth.take(keep), scene.truth, NAMES)


def leaves(numbers: Any) -> Iterator[float | None]:
    """Walk all numbers of plain data in order."""
    if isinstance(numbers, Mapping):
        for key, value in numbers.items():
            if not key.startswith("only_in_"):
                yield from leaves(value)
    elif isinstance(numbers, list):
        for value in numbers:
            yield from leaves(value)
    elif not isinstance(numbers, str):
        yield numbers


def test_split_delta__recall_by_hand() -> None:
    # Old labels: boxes 1 2. New ones: 1 2 3 4. The set finds 1 2 3, the baseline finds 1.
    # Recall of the set 2/2 and 3/4, of the baseline 1/2 and 1/4.
    split = split_delta(
        *four(found(BOXES[:3]), found(BOXES[:1]), labels(BOXES[:2]), labels(BOXES), ("cell",))
    )
    parts = [part["operating_point"]["recall"] for part in (split.model, split.labels, split.total)]
    # Model: mean of 1 − 1/2 and 3/4 − 1/4. Labels: mean of 3/4 − 1 and 1/4 − 1/2.
    assert parts == [0.5, -0.25, 0.25]
    counts = [part["operating_point"]["tp"] for part in (split.model, split.labels, split.total)]
    assert counts == [1.5, 0.5, 2]


@pytest.mark.parametrize("seed", range(5))
def test_split_delta__the_parts_add_up_number_by_number(seed: int) -> None:
    results = random_four(seed)
    split = split_delta(*results)
    assert split.total == delta(results[1], results[2])
    rows = zip(leaves(split.model), leaves(split.labels), leaves(split.total), strict=True)
    compared = 0
    for model, label, total in rows:
        if model is not None and label is not None and total is not None:
            assert math.isclose(model + label, total, rel_tol=0, abs_tol=1e-14)
            compared += 1
    assert compared > 100


def test_split_delta__the_same_labels_leave_everything_to_the_model() -> None:
    on_old, _, against_on_old, _ = random_four(1)
    split = split_delta(on_old, on_old, against_on_old, against_on_old)
    assert set(leaves(split.labels)) <= {0, None}
    assert list(leaves(split.model)) == list(leaves(split.total))


def test_split_delta__the_same_set_leaves_everything_to_the_labels() -> None:
    on_old, on_new, _, _ = random_four(2)
    split = split_delta(on_old, on_new, on_old, on_new)
    assert set(leaves(split.model)) <= {0, None}
    assert list(leaves(split.labels)) == list(leaves(split.total))


def test_split_delta__swapping_sets_and_revisions_flips_every_sign() -> None:
    a, b, c, d = random_four(3)
    split, swapped = split_delta(a, b, c, d), split_delta(d, c, b, a)
    for part in ("model", "labels", "total"):
        ours, theirs = leaves(getattr(split, part)), leaves(getattr(swapped, part))
        assert all(x == (None if y is None else -y) for x, y in zip(ours, theirs, strict=True))


def test_split_delta__a_class_of_the_new_labels_only_has_no_parts() -> None:
    old: dict[str, Any] = {
        "metrics": {},
        "classes": [],
        "sizes": {},
        "class_sizes": [],
        "operating_point": {},
    }
    new = {**old, "classes": [{"name": "cell", "AP": 0.5}]}
    split = split_delta(old, new, old, new)
    assert split.model["classes"] == [{"name": "cell", "AP": None}]
    assert split.total["classes"] == [{"name": "cell", "AP": None}]


def test_split_delta__is_plain_data() -> None:
    split = split_delta(*random_four(4))
    assert split.to_dict() == {
        "model": split.model,
        "labels": split.labels,
        "total": split.total,
    }
