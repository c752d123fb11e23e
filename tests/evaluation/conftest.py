"""The reference: pycocotools itself, and COCO documents turned into our tables."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from evaluation import (
    accumulation,
    axes,
    candidates,
    mask_overlap,
    masks,
    matching,
    polygons,
    walking_order,
)
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
        **params: object,
    ) -> Reference:
        """Evaluate with pycocotools, which writes into what it is given: read tables before.

        `params` are those of `COCOeval.params`; with any there are no twelve numbers.
        """
        with contextlib.redirect_stdout(io.StringIO()):
            ground = COCO()
            ground.dataset = document
            ground.createIndex()
            run = COCOeval(ground, ground.loadRes(results), iou_type)
            if images is not None:
                run.params.imgIds = np.array(run.params.imgIds)[images].tolist()
            for name, value in params.items():
                setattr(run.params, name, value)
            run.evaluate()
            run.accumulate()
            if not params:
                run.summarize()
        curves = run.eval
        return Reference(curves["precision"], curves["recall"], curves["scores"], list(run.stats))

    def twins(self) -> Iterator[AbstractContextManager[object]]:
        """Give the compiled kernels of matching, if there are any, then their NumPy twins."""
        return map(_matching_kernels, _suffixes())

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


@pytest.fixture(params=["", "_numpy"], ids=["compiled", "numpy"])
def matching_kernels(request: pytest.FixtureRequest) -> Iterator[str]:
    """Compiled, then their NumPy twins: what holds for matching must hold with both."""
    if request.param not in _suffixes():
        pytest.skip("the install could not compile the kernels")
    with _matching_kernels(request.param):
        yield request.param


def _suffixes() -> list[str]:
    compiled = importlib.util.find_spec("evaluation._kernel") is not None
    return ["", "_numpy"] if compiled else ["_numpy"]


def _matching_kernels(suffix: str) -> AbstractContextManager[object]:
    stack = ExitStack()
    users = (
        (axes, "kernel", "order_kernel"),
        (walking_order, "kernel", "order_kernel"),
        (candidates, "kernel", "kernel"),
        (matching, "kernel", "kernel"),
        (accumulation, "kernel", "accumulation_kernel"),
        (accumulation, "order_kernel", "order_kernel"),
    )
    for module, attribute, name in users:
        kernel = importlib.import_module(f"evaluation._{name}{suffix}")
        stack.enter_context(mock.patch.object(module, attribute, kernel))
    return stack


@pytest.fixture(params=["", "_numpy"], ids=["compiled", "numpy"])
def mask_kernels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Compiled, then their NumPy twins: what holds for masks must hold with both."""
    users = {masks: "mask_kernel", mask_overlap: "mask_overlap_kernel", polygons: "polygon_kernel"}
    for module, name in users.items():
        try:
            kernel = importlib.import_module(f"evaluation._{name}{request.param}")
        except ModuleNotFoundError:
            pytest.skip("the install could not compile the kernels")
        monkeypatch.setattr(module, "kernel", kernel)
    return "numpy" if request.param else ""
