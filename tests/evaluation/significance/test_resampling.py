from __future__ import annotations

import numpy as np
import pytest

from evaluation.errors import InvalidThreshold
from evaluation.significance.resampling import Resampling, image_weights


def test_image_weights__are_the_same_on_every_machine() -> None:
    assert image_weights(5, seed=0, first=0, count=4).T.tolist() == [
        [0, 2, 1, 1, 1],
        [3, 0, 0, 1, 1],
        [0, 0, 1, 3, 1],
        [0, 1, 1, 1, 2],
    ]


def test_image_weights__come_from_the_words_of_pcg64() -> None:
    # Five draws need three words; the sixth half is left over. Scaled in whole numbers of Python.
    words = [int(word) for word in np.random.PCG64(12).random_raw(3)]
    halves = [half for word in words for half in (word & 0xFFFFFFFF, word >> 32)]
    drawn = [half * 5 >> 32 for half in halves[:5]]
    assert image_weights(5, seed=12, first=0, count=1)[:, 0].tolist() == [
        drawn.count(image) for image in range(5)
    ]


def test_image_weights__a_replicate_draws_as_many_images_as_there_are() -> None:
    assert (image_weights(37, seed=3, first=0, count=50).sum(axis=0) == 37).all()


def test_image_weights__do_not_depend_on_what_else_is_drawn() -> None:
    together = image_weights(11, seed=7, first=0, count=40)
    apart = [image_weights(11, seed=7, first=first, count=8) for first in range(0, 40, 8)]
    assert (np.hstack(apart) == together).all()


def test_image_weights__are_multinomial_with_equal_chances() -> None:
    weights = image_weights(20, seed=1, first=0, count=20_000)
    # The mean of a weight is 1 and its variance 1 − 1/20; four standard errors either side.
    assert np.abs(weights.mean(axis=1) - 1).max() < 4 * np.sqrt(0.95 / 20_000)
    assert np.abs(weights.var(axis=1) - 0.95).max() < 0.05
    # Two images compete: their covariance is −1/20.
    assert np.cov(weights[0], weights[1])[0, 1] == pytest.approx(-0.05, abs=0.03)


def test_image_weights__of_one_image_and_of_none() -> None:
    assert image_weights(1, seed=0, first=5, count=3).tolist() == [[1, 1, 1]]
    assert image_weights(0, seed=0, first=0, count=3).shape == (0, 3)


@pytest.mark.parametrize(
    "setting",
    [{"replicates": 0}, {"seed": -1}, {"level": 0.0}, {"level": 1.0}, {"min_images": 1}],
    ids=str,
)
def test_resampling__refuses_settings_out_of_range(setting: dict[str, int]) -> None:
    with pytest.raises(InvalidThreshold):
        Resampling(**setting)
