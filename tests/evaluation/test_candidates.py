from __future__ import annotations

import numpy as np
import pytest

from evaluation.candidates import Cells, find_candidates
from evaluation.errors import MissingMasks
from evaluation.instances import Instances

CELLS = Cells(np.array([0, 1]), np.array([0, 3]), np.array([0, 1, 2]), np.array([0, 0, 3]))


def test_find_candidates__one_cell_enough_overlap_best_first_then_later_first() -> None:
    truth = Instances.ground_truth(
        [0, 0, 3], [0, 0, 0], [[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 4]]
    )
    found = Instances.predictions([0, 3], [0, 0], [[0, 0, 10, 8], [0, 0, 10, 10]], score=[1, 1])
    near = find_candidates(truth, found, CELLS, iou_type="bbox", floor=0.5)
    assert near.pred.tolist() == [0, 0]
    assert near.truth.tolist() == [1, 0]
    assert near.iou.tolist() == [0.8, 0.8]


def test_find_candidates__masks_are_needed_for_masks() -> None:
    truth = Instances.ground_truth([0, 0, 3], [0, 0, 0], np.ones((3, 4)))
    found = Instances.predictions([0, 3], [0, 0], np.ones((2, 4)), score=[1, 1])
    with pytest.raises(MissingMasks, match="predictions have no masks"):
        find_candidates(truth, found, CELLS, iou_type="segm", floor=0.5)
