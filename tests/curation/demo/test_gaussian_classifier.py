from __future__ import annotations

import numpy as np
import pytest

from curation.demo.gaussian_classifier import fit


def test_posterior__separated_classes_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    features = np.vstack([rng.normal(0, 1, (50, 2)), rng.normal(8, 1, (50, 2))])
    model = fit(features, np.repeat([0, 1], 50), 2)
    posterior = model.posterior(np.array([[0.0, 0.0], [8.0, 8.0]]))
    assert posterior.argmax(axis=1).tolist() == [0, 1]
    assert posterior.max(axis=1) == pytest.approx([1, 1], abs=1e-3)


def test_posterior__rows_sum_to_one_also_far_away() -> None:
    rng = np.random.default_rng(1)
    model = fit(rng.normal(0, 1, (60, 3)), np.arange(60) % 3, 3)
    far = np.array([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0]])
    assert model.posterior(far).sum(axis=1) == pytest.approx([1, 1])


def test_posterior__equal_clouds_leave_the_prior() -> None:
    cloud = np.random.default_rng(1).normal(0, 1, (40, 2))
    model = fit(np.vstack([cloud, cloud, cloud]), np.repeat([0, 1, 1], 40), 2)
    assert model.posterior(np.zeros((1, 2)))[0] == pytest.approx([1 / 3, 2 / 3], abs=0.02)


def test_fit__class_without_members_is_possible_but_unlikely() -> None:
    features = np.random.default_rng(1).normal(0, 1, (40, 2))
    posterior = fit(features, np.zeros(40, dtype=np.int64), 2).posterior(features)
    assert (posterior[:, 1] < 0.1).all()
    assert (posterior > 0).all()
