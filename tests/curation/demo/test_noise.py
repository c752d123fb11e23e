from __future__ import annotations

import numpy as np
import pytest

from curation.demo.noise import cloud, speckles


def test_cloud__mean_zero_and_same_for_the_same_seed() -> None:
    first = cloud(np.random.default_rng(1), (200, 300), grain=5)
    again = cloud(np.random.default_rng(1), (200, 300), grain=5)
    assert first.shape == (200, 300)
    assert np.array_equal(first, again)
    assert float(first.mean()) == pytest.approx(0, abs=0.1)


def test_cloud__coarser_grain_is_smoother() -> None:
    fine = cloud(np.random.default_rng(1), (200, 200), grain=2)
    coarse = cloud(np.random.default_rng(1), (200, 200), grain=20)
    assert np.abs(np.diff(coarse)).mean() < np.abs(np.diff(fine)).mean() / 3


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_speckles__cover_their_share(share: float) -> None:
    spots = speckles(np.random.default_rng(2), (300, 300), grain=4, share=share)
    assert 0 <= spots.min() <= spots.max() <= 1
    assert float((spots > 0).mean()) == pytest.approx(share, abs=0.02)
