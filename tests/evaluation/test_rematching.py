"""Matching again where labels changed gives what matching everything gives, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import Instances, match
from evaluation.accumulation import prepare_walk
from evaluation.average_precision import coco_numbers
from evaluation.errors import MismatchedColumns
from evaluation.rematching import rematch


def _random(rng: np.random.Generator, n_images: int) -> tuple[Instances, Instances]:
    def table(n: int):
        image, class_ = rng.integers(0, n_images, n), rng.integers(0, 3, n)
        corner, size = rng.integers(0, 12, (n, 2)), rng.integers(1, 12, (n, 2))
        return image, class_, np.concatenate([corner, size], axis=1)

    truth = table(40)
    crowd = rng.random(40) < 0.1
    score = rng.integers(0, 8, 90) / 8
    return (
        Instances.ground_truth(*truth, crowd=crowd),
        Instances.predictions(*table(90), score=score),
    )


def _edited(
    rng: np.random.Generator, truth: Instances, n_images: int
) -> tuple[Instances, np.ndarray, np.ndarray]:
    """Drop, move and add ground truth on some images; where every old row went."""
    changed = rng.random(n_images) < 0.4
    inside = changed[truth.image]
    kept = ~inside | (rng.random(len(truth)) < 0.7)
    boxes = truth.boxes.copy()
    boxes[inside] += rng.integers(-2, 3, (int(inside.sum()), 4)).clip(min=-2)
    boxes[:, 2:] = boxes[:, 2:].clip(min=1)
    moved = np.where(kept, np.cumsum(kept) - 1, -1)
    fresh = np.flatnonzero(changed)
    edited = Instances.ground_truth(
        np.concatenate([truth.image[kept], fresh]),
        np.concatenate([truth.class_[kept], np.zeros(len(fresh), dtype=np.int64)]),
        np.concatenate([boxes[kept], np.full((len(fresh), 4), 5.0)]),
        crowd=np.concatenate([truth.crowd[kept], np.zeros(len(fresh), dtype=np.bool_)]),
    )
    return edited, moved, changed


@given(seed=st.integers(0, 2**32 - 1), strict=st.booleans())
def test_rematch__is_a_full_match(seed: int, strict: bool) -> None:
    rng = np.random.default_rng(seed)
    truth, predictions = _random(rng, 9)
    edited, moved, changed = _edited(rng, truth, 9)
    before = match(truth, predictions, strict=strict)
    again = rematch(edited, predictions, before, moved=moved, changed=changed)
    full = match(edited, predictions, strict=strict)
    for column in ("rank", "pred", "truth", "iou", "thresholds"):
        np.testing.assert_array_equal(getattr(again, column), getattr(full, column))


@given(seed=st.integers(0, 2**32 - 1))
def test_rematch__with_a_prepared_walk_gives_the_numbers_of_a_full_run(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, predictions = _random(rng, 9)
    edited, moved, changed = _edited(rng, truth, 9)
    before = match(truth, predictions)
    walk = prepare_walk(predictions, before)
    again = rematch(edited, predictions, before, moved=moved, changed=changed)
    numbers = coco_numbers(edited, predictions, n_classes=3, matches=again, walk=walk)
    assert numbers == coco_numbers(edited, predictions, n_classes=3)


def test_rematch__without_a_change_gives_the_same_pairs() -> None:
    truth, predictions = _random(np.random.default_rng(5), 9)
    before = match(truth, predictions)
    again = rematch(
        truth,
        predictions,
        before,
        moved=np.arange(len(truth)),
        changed=np.zeros(9, dtype=np.bool_),
    )
    np.testing.assert_array_equal(again.pred, before.pred)
    np.testing.assert_array_equal(again.truth, before.truth)


def test_rematch__of_other_predictions_is_refused() -> None:
    truth, predictions = _random(np.random.default_rng(5), 9)
    nothing = np.zeros(9, dtype=np.bool_)
    with pytest.raises(MismatchedColumns):
        rematch(
            truth,
            predictions.take(np.arange(3)),
            match(truth, predictions),
            moved=np.arange(len(truth)),
            changed=nothing,
        )
