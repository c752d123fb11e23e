from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from curation.demo.cells import CLASS_NAMES, PLATELET, RED_CELL, WHITE_CELL
from curation.demo.detector import LOWEST_SCORE, Detector, TrainingLabels, train
from curation.demo.detector_versions import DETECTOR_VERSIONS, WATERSHED, DetectorVersion
from curation.demo.rendering import render
from curation.demo.slides import plan_fields, take

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.demo.captures import Capture
    from curation.demo.cells import Cell, Scene

    Slide = Callable[..., Scene]
    Disc = Callable[..., Cell]


def _trained(version: DetectorVersion) -> Detector:
    lessons = []
    for field in plan_fields(12, 7)[:6]:
        image, shapes, _ = take(field, slide=field.slide, seed=7)
        boxes = np.array([shape.box for shape in shapes]).reshape(-1, 4)
        classes = np.array([CLASS_NAMES.index(s.class_name) for s in shapes], dtype=np.int64)
        lessons.append((version.find(image), TrainingLabels(boxes, classes)))
    return train(version, lessons, n_classes=len(CLASS_NAMES))


@pytest.fixture(scope="module")
def watershed() -> Detector:
    return _trained(WATERSHED)


@pytest.mark.parametrize("version", DETECTOR_VERSIONS, ids=lambda version: version.version)
def test_find__isolated_cell(
    version: DetectorVersion, slide: Slide, disc: Disc, capture: Capture
) -> None:
    image, (shape,) = render(slide(disc(150, 110)), capture)
    candidates = version.find(image)
    assert len(candidates) == 1
    overlap = coco_mask.iou(candidates.boxes, np.array([shape.box]), [0])
    assert overlap[0, 0] > 0.9


def test_find__only_the_second_version_parts_touching_cells(
    slide: Slide, disc: Disc, capture: Capture
) -> None:
    image, _ = render(slide(disc(120, 110), disc(168, 110)), capture)
    assert [len(version.find(image)) for version in DETECTOR_VERSIONS] == [1, 2]


def test_find__only_the_first_version_keeps_the_smallest_platelets(
    slide: Slide, disc: Disc, capture: Capture
) -> None:
    platelet = disc(60, 60, radius=6, kind=(PLATELET, "platelet"))
    image, _ = render(slide(disc(180, 110), platelet), capture)
    assert [len(version.find(image)) for version in DETECTOR_VERSIONS] == [2, 1]


def test_detect__classes_of_drawn_cells(
    watershed: Detector, slide: Slide, disc: Disc, capture: Capture
) -> None:
    scene = slide(
        disc(60, 60),
        disc(200, 120, radius=55, kind=(WHITE_CELL, "neutrophil")),
        disc(60, 190, radius=11, kind=(PLATELET, "platelet")),
    )
    image, shapes = render(scene, capture)
    found = watershed.detect(image)
    overlap = coco_mask.iou(found.boxes, np.array([shape.box for shape in shapes]), [0] * 3)
    best = [int(np.flatnonzero(overlap[:, place] > 0.6)[0]) for place in range(3)]
    names = [CLASS_NAMES[found.classes[index]] for index in best]
    assert names == [RED_CELL, WHITE_CELL, PLATELET]


def test_detect__deterministic_and_best_first(watershed: Detector) -> None:
    field = plan_fields(12, 7)[7]
    image, _, _ = take(field, slide=field.slide, seed=7)
    first, again = watershed.detect(image), watershed.detect(image)
    assert len(first) > 0
    assert np.array_equal(first.scores, again.scores)
    assert np.array_equal(first.boxes, again.boxes)
    assert first.counts == again.counts
    assert (np.diff(first.scores) <= 0).all()
    assert LOWEST_SCORE <= first.scores.min() <= first.scores.max() <= 1


def test_detect__box_is_the_extent_of_the_mask(watershed: Detector) -> None:
    field = plan_fields(12, 7)[0]
    image, _, _ = take(field, slide=field.slide, seed=7)
    found = watershed.detect(image)
    masks = [{"size": list(found.size), "counts": counts} for counts in found.counts]
    assert np.array_equal(coco_mask.toBbox(masks), found.boxes)


def test_detect__empty_field(watershed: Detector, slide: Slide, capture: Capture) -> None:
    image, _ = render(slide(), capture)
    assert len(watershed.detect(image)) == 0
