"""Outlines drawn over images: where the mask's pixels are."""

from __future__ import annotations

import copy
import re

import numpy as np

from curation.evaluations.images import image_page
from curation.evaluations.overlays import image_overlays, outline_paths
from curation.evaluations.request import EvaluationRequest
from evaluation import Masks
from tests.curation.conftest import COCO


def masks_of(*pictures: np.ndarray) -> Masks:
    return Masks.from_pictures(pictures)


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def outline_path(masks: Masks) -> str | None:
    return outline_paths(masks, np.array([0]))[0]


def test_outline_path__of_a_rectangle_runs_through_its_border_pixels() -> None:
    picture = np.zeros((20, 30))
    picture[5:9, 10:20] = 1
    path = outline_path(masks_of(picture))
    assert path is not None
    assert sorted(points(path)) == [(10.5, 5.5), (10.5, 8.5), (19.5, 5.5), (19.5, 8.5)]
    assert path.startswith("M")
    assert path.endswith("Z")


def test_outline_path__a_hole_is_a_second_part() -> None:
    picture = np.zeros((40, 40))
    picture[5:35, 5:35] = 1
    picture[15:25, 15:25] = 0
    path = outline_path(masks_of(picture))
    assert path is not None
    assert path.count("M") == 2


def test_outline_paths__of_several_masks_in_the_order_asked_for() -> None:
    one, other = np.zeros((9, 9)), np.zeros((9, 9))
    one[0, 0] = 1
    other[2:6, 8] = 1
    paths = outline_paths(masks_of(one, np.zeros((9, 9)), other), np.array([2, 1, 0]))
    assert [points(path or "") for path in paths] == [
        [(8.5, 2.5), (8.5, 5.5)],
        [],
        [(0.5, 0.5)],
    ]


def test_outline_path__an_empty_mask_has_none() -> None:
    assert outline_path(masks_of(np.zeros((4, 4)))) is None


def test_overlays__of_masks_have_outlines_on_both_layers(
    database, import_coco, import_predictions
) -> None:
    data = copy.deepcopy(COCO)
    square = [5, 5, 25, 5, 25, 25, 5, 25]
    data["annotations"][2]["segmentation"] = [square]
    project_id = import_coco(data)["project_id"]
    mask = {"size": [80, 100], "counts": [405, 20] + [60, 20] * 19 + [60 * 80 - 405 + 2005]}
    total = sum(mask["counts"])
    mask["counts"][-1] += 8000 - total
    rows = [{"image_id": 2, "category_id": 9, "segmentation": mask, "score": 0.9}]
    set_id = import_predictions(project_id, "masks", rows)["set_id"]
    request = EvaluationRequest(project_id, set_id, iou_type="segm")
    page = image_page(database, request, outcome="tp")
    overlay = image_overlays(database, request, [page.rows[0].image_id])[page.rows[0].image_id]
    assert overlay.truth[0].outline is not None
    assert overlay.predictions[0].outline is not None
    assert overlay.predictions[0].iou == 1.0
    assert overlay.predictions[0].box == (5.0, 5.0, 20.0, 20.0)
