"""Real detectors: numbers by the command line equal pycocotools', digit by digit."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from tests.curation.cli.conftest import Command

NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")


def oracle(truth: Path, results: Path, iou_type: str) -> dict[str, float | None]:
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(truth))
        run = COCOeval(coco, coco.loadRes(str(results)), iou_type)
        run.evaluate()
        run.accumulate()
        run.summarize()
    return {
        name: None if value == -1 else float(value)
        for name, value in zip(NAMES, run.stats, strict=True)
    }


@pytest.mark.parametrize(
    ("truth", "results", "iou_type"),
    [
        ("instances_voc2007test.json", "yolov2_htt1084_ep150.json", "bbox"),
        ("instances_voc2007test.json", "yolov2_htt1084_ep260.json", "bbox"),
    ],
)
def test_voc2007(
    curation: Command, shared_data: Path, truth: str, results: str, iou_type: str
) -> None:
    check(curation, shared_data / "voc2007test", truth, results, iou_type)


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_coco_val2014(curation: Command, shared_data: Path, iou_type: str) -> None:
    results = f"instances_val2014_fake{iou_type}100_results.json"
    folder = shared_data / "coco_val2014_100"
    check(curation, folder, "instances_val2014_100.json", results, iou_type)


@pytest.mark.parametrize("model", ["base", "darknet53", "im700", "resnet50"])
def test_yolact(curation: Command, shared_data: Path, model: str) -> None:
    folder = shared_data / "coco_val2017_yolact100"
    check(curation, folder, "instances_100_boxes.json", f"yolact_{model}.json", "bbox")


def check(curation: Command, folder: Path, truth: str, results: str, iou_type: str) -> None:
    """Import, evaluate, and compare every digit."""
    done = curation("project", "import", "coco", "p", "--annotations", folder / truth)
    assert done.code == 0, done.err
    done = curation("predictions", "import", "p", folder / results, "--name", "s")
    assert done.code == 0, done.err
    ours = curation("evaluation", "run", "p", "s", "--iou-type", iou_type, "--json").json
    expected = oracle(folder / truth, folder / results, iou_type)
    assert ours["metrics"] == expected
    assert np.isfinite(ours["metrics"]["AP"])
