from __future__ import annotations

import numpy as np
import pytest

from curation.demo.outlines import Outline, sample


def test_sample__circle_covers_its_area() -> None:
    patch = sample(Outline(radius=20), 100.3, 50.7)
    assert float(patch.alpha.sum()) == pytest.approx(np.pi * 20**2, rel=0.002)


def test_sample__stretch_keeps_the_area_and_the_long_axis_follows_the_angle() -> None:
    patch = sample(Outline(radius=20, stretch=4.0, angle=0.0), 100, 50)
    assert float(patch.alpha.sum()) == pytest.approx(np.pi * 20**2, rel=0.02)
    rows, columns = np.nonzero(patch.alpha > 0.5)
    assert columns.max() - columns.min() + 1 == pytest.approx(80, abs=1)
    assert rows.max() - rows.min() + 1 == pytest.approx(20, abs=1)


def test_sample__patch_has_room_around_the_rim() -> None:
    outline = Outline(radius=20, stretch=1.5, waves=((3, 0.2, 0.4),))
    alpha = sample(outline, 3.0, -8.0).alpha
    assert not alpha[0].any()
    assert not alpha[-1].any()
    assert not alpha[:, 0].any()
    assert not alpha[:, -1].any()
