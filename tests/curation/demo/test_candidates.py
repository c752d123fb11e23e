from __future__ import annotations

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from curation.demo.candidates import FEATURES, measure

# pycocotools 2.0.11 decodes through an array interface that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

DENSITY = np.full((60, 80, 3), 0.1, dtype=np.float32)


def _decoded(counts: str) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    decoded: np.ndarray[tuple[int, int], np.dtype[np.uint8]] = coco_mask.decode(
        {"size": [60, 80], "counts": counts}
    )
    return decoded


def test_measure__box_and_mask_of_a_rectangle() -> None:
    binary = np.zeros((60, 80), dtype=np.uint8)
    binary[10:20, 30:50] = 1
    found = measure(binary, DENSITY, grow=False)
    assert found.boxes.tolist() == [[30, 10, 20, 10]]
    assert found.size == (60, 80)
    assert np.array_equal(_decoded(found.counts[0]), binary)


@pytest.mark.parametrize(
    ("rows", "columns"),
    [((0, 60), (0, 80)), ((0, 60), (20, 30)), ((0, 9), (0, 9)), ((50, 60), (70, 80))],
)
def test_measure__masks_at_the_edges_of_the_picture(
    rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    binary = np.zeros((60, 80), dtype=np.uint8)
    binary[slice(*rows), slice(*columns)] = 1
    found = measure(binary, DENSITY, grow=False)
    assert np.array_equal(_decoded(found.counts[0]), binary)
    pristine = coco_mask.encode(np.asfortranarray(binary))["counts"].decode()
    assert found.counts[0] == pristine


def test_measure__grown_region_gets_its_cut_line_back() -> None:
    binary = np.zeros((60, 80), dtype=np.uint8)
    binary[10:20, 30:50] = 1
    found = measure(binary, DENSITY, grow=True)
    assert found.boxes.tolist() == [[29, 9, 22, 12]]


def test_measure__features_of_a_disc() -> None:
    binary = np.zeros((60, 80), dtype=np.uint8)
    cv2.circle(binary, (40, 30), 15, color=1, thickness=cv2.FILLED)
    density = DENSITY.copy()
    density[binary > 0] = (0.2, 0.4, 0.6)
    found = measure(binary, density, grow=False)
    named = dict(zip(FEATURES, found.features[0], strict=True))
    assert named["log_area"] == pytest.approx(np.log(binary.sum()))
    assert named["circularity"] == pytest.approx(1, abs=0.15)
    assert named["solidity"] == pytest.approx(1, abs=0.05)
    assert named["elongation"] == pytest.approx(1, abs=0.01)
    assert (named["blue"], named["green"], named["red"]) == pytest.approx((0.2, 0.4, 0.6))
    assert named["violet"] == pytest.approx(1.5)
    assert named["nucleus"] == 1
    assert named["contrast"] == pytest.approx(0.3)
    assert named["relative_size"] == 0


def test_measure__holes_are_filled_and_specks_dropped() -> None:
    binary = np.zeros((60, 80), dtype=np.uint8)
    binary[10:30, 10:30] = 1
    binary[18:22, 18:22] = 0
    binary[50:53, 50:53] = 1
    found = measure(binary, DENSITY, grow=False)
    assert len(found) == 1
    assert _decoded(found.counts[0]).sum() == 400


def test_measure__nothing_there() -> None:
    found = measure(np.zeros((60, 80), dtype=np.uint8), DENSITY, grow=True)
    assert len(found) == 0
    assert found.features.shape == (0, len(FEATURES))
    assert found.boxes.shape == (0, 4)
