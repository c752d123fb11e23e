"""The reference: pycocotools itself, and COCO documents turned into our tables."""

from __future__ import annotations

import contextlib
import importlib
import io
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from evaluation import mask_overlap, masks, polygons
from evaluation.candidates import IouType
from evaluation.instances import Instances
from evaluation.masks import Masks

Document = dict[str, Any]
Results = list[dict[str, Any]]


@dataclass(frozen=True)
class Reference:
    """What pycocotools computes."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    scores: NDArray[np.float64]
    stats: list[float]


@dataclass(frozen=True)
class Tables:
    """A COCO document and its results as our columns."""

    truth: Instances
    predictions: Instances
    n_images: int
    n_classes: int


class Coco:
    """Read COCO documents as our tables, and evaluate them with pycocotools."""

    def reference(
        self,
        document: Document,
        results: Results,
        *,
        iou_type: IouType = "bbox",
        images: NDArray[np.bool_] | None = None,
    ) -> Reference:
        """Evaluate with pycocotools, which writes into what it is given: read tables before."""
        with contextlib.redirect_stdout(io.StringIO()):
            ground = COCO()
            ground.dataset = document
            ground.createIndex()
            run = COCOeval(ground, ground.loadRes(results), iou_type)
            if images is not None:
                run.params.imgIds = np.array(run.params.imgIds)[images].tolist()
            run.evaluate()
            run.accumulate()
            run.summarize()
        curves = run.eval
        return Reference(
            curves["precision"], curves["recall"], curves["scores"], run.stats.tolist()
        )

    def tables(self, document: Document, results: Results, *, iou_type: IouType = "bbox") -> Tables:
        images = {image["id"]: image for image in document["images"]}
        image_ids, class_ids = (
            np.array(sorted({row["id"] for row in document[key]}))
            for key in ("images", "categories")
        )
        labels = document["annotations"]
        segm = iou_type == "segm"
        truth_masks = (
            _masks([_label_rle(label, images[label["image_id"]]) for label in labels])
            if segm
            else None
        )
        masks = _masks([result["segmentation"] for result in results]) if segm else None
        truth = Instances.ground_truth(
            np.searchsorted(image_ids, [label["image_id"] for label in labels]),
            np.searchsorted(class_ids, [label["category_id"] for label in labels]),
            [label["bbox"] for label in labels],
            area=[label["area"] for label in labels],
            crowd=[label.get("iscrowd", 0) for label in labels],
            id=[label["id"] for label in labels],
            masks=truth_masks,
        )
        boxes, area = _result_boxes(results)
        predictions = Instances.predictions(
            np.searchsorted(image_ids, [result["image_id"] for result in results]),
            np.searchsorted(class_ids, [result["category_id"] for result in results]),
            boxes,
            score=[result["score"] for result in results],
            area=area,
            masks=masks,
        )
        return Tables(truth, predictions, len(image_ids), len(class_ids))


@pytest.fixture(scope="session")
def coco() -> Coco:
    return Coco()


def _result_boxes(results: Results) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # As COCO.loadRes: the first result decides whether boxes or masks give the area.
    if results and "bbox" in results[0]:
        boxes = np.array([result["bbox"] for result in results], dtype=np.float64)
        return boxes, boxes[:, 2] * boxes[:, 3]
    rles = [result["segmentation"] for result in results]
    area = np.array([float(coco_mask.area(rle)) for rle in rles])
    return np.array(coco_mask.toBbox(rles)).reshape(-1, 4), area


def _label_rle(label: dict[str, Any], image: dict[str, Any]) -> dict[str, Any]:
    shape = image["height"], image["width"]
    segmentation = label["segmentation"]
    if isinstance(segmentation, list):
        merged: dict[str, Any] = coco_mask.merge(coco_mask.frPyObjects(segmentation, *shape))
        return merged
    if isinstance(segmentation["counts"], list):
        packed: dict[str, Any] = coco_mask.frPyObjects(segmentation, *shape)
        return packed
    rle: dict[str, Any] = segmentation
    return rle


def _masks(rles: list[dict[str, Any]]) -> Masks:
    counts = [
        rle["counts"].encode() if isinstance(rle["counts"], str) else rle["counts"] for rle in rles
    ]
    return Masks.from_texts(counts, np.array([rle["size"] for rle in rles]).reshape(-1, 2))


@pytest.fixture(params=["_mask_kernel", "_mask_kernel_numpy"])
def mask_kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Compiled, then its NumPy twin: what holds for masks must hold with both."""
    try:
        kernel = importlib.import_module(f"evaluation.{request.param}")
    except ModuleNotFoundError:
        pytest.skip("the install could not compile the kernels")
    for module in (masks, mask_overlap, polygons):
        monkeypatch.setattr(module, "kernel", kernel)
    return kernel
