"""Replicates tell how far they are, whatever the threads, and can be stopped."""

from __future__ import annotations

import pytest

from evaluation import kernels
from evaluation.significance import Resampling, bootstrap_delta, replicates
from tests.evaluation.significance.resampled_scenes import NAMES, random_scene

FEW = Resampling(replicates=100)


@pytest.mark.parametrize("threads", [1, 2])
def test_bootstrap_delta__tells_how_far_it_is_and_can_be_stopped(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicates, "_SERIAL", 0)
    monkeypatch.setattr(kernels, "threads", lambda: threads)
    scene = random_scene(3)
    sides = (scene.truth, *scene.matched())
    told: list[tuple[int, int]] = []
    bootstrap_delta(
        *sides, class_names=NAMES, resampling=FEW, progress=lambda *done: told.append(done)
    )
    assert told[-1] == (100, 100)
    assert [done for done, _ in told] == sorted({done for done, _ in told})

    def stop(done: int, asked: int) -> None:
        raise InterruptedError(done, asked)

    with pytest.raises(InterruptedError):
        bootstrap_delta(*sides, class_names=NAMES, resampling=FEW, progress=stop)
