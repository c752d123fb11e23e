from __future__ import annotations

import numpy as np

from evaluation.size_buckets import SIZE_BUCKETS, bucket


def test_bucket__limits_belong_to_the_larger_one() -> None:
    areas = [0, 32**2 - 0.001, 32**2, 96**2 - 0.001, 96**2, 1e12]
    assert [SIZE_BUCKETS[code] for code in bucket(areas)] == [
        "small", "small", "medium", "medium", "large", "large",
    ]  # fmt: skip


def test_bucket__every_area_is_in_one() -> None:
    areas = np.random.default_rng(0).uniform(0, 20_000, 500)
    assert np.bincount(bucket(areas), minlength=3).sum() == 500


def test_bucket__nothing() -> None:
    assert bucket([]).tolist() == []
