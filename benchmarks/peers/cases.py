"""The data sets of the comparison: generated ones, and real ones where they are on this machine.

Only the standard library is imported: what a process weighs when it starts others is counted into
their peak memory, so data is generated in a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "bench"
SHARED_DATA = Path(os.environ.get("CURATION_SHARED_DATA", ROOT.parent / "shared" / "data"))


@dataclass(frozen=True, slots=True)
class Case:
    """One data set.

    `shape` is what the generator takes: images, classes, ground truth, predictions, masks, seed.
    `real` names ground truth and predictions below the folder of shared data. `huge` cases are
    only for tools that hold no Python object a prediction.
    """

    name: str
    title: str
    iou_type: str = "bbox"
    shape: tuple[int, ...] = ()
    real: tuple[str, ...] = ()
    huge: bool = False
    stored: bool = True


@dataclass(frozen=True, slots=True)
class Files:
    """Where a case lies; `truth_in_memory` has its masks as run lengths, for all tools."""

    truth: Path
    truth_in_memory: Path
    predictions: Path


# Changes with what the generator writes: older files are then left where they are.
GENERATED = "v1"
VOC = "voc2007test/instances_voc2007test.json"

CASES = {
    case.name: case
    for case in (
        Case(
            "boxes_50k",
            "generated, 5,000 images, 80 classes, 36,781 boxes, 50,000 predictions",
            shape=(5000, 80, 36781, 50_000, 0, 0),
        ),
        Case(
            "boxes_500k",
            "generated, 5,000 images, 80 classes, 36,781 boxes, 486,102 predictions",
            shape=(5000, 80, 36781, 500_000, 0, 0),
        ),
        Case(
            "masks_50k",
            "generated, 5,000 images, 80 classes, 36,781 polygons, 50,000 predicted masks",
            "segm",
            shape=(5000, 80, 36781, 50_000, 1, 0),
        ),
        Case(
            "voc_101k",
            "PASCAL VOC 2007 test, 14,976 boxes, 101,139 predictions of YOLOv2, epoch 150",
            real=(VOC, "voc2007test/yolov2_htt1084_ep150.json"),
        ),
        Case(
            "voc_98k",
            "PASCAL VOC 2007 test, 14,976 boxes, 98,023 predictions of YOLOv2, epoch 260",
            real=(VOC, "voc2007test/yolov2_htt1084_ep260.json"),
        ),
        Case(
            "voc_88k",
            "PASCAL VOC 2007 test, 14,976 boxes, 87,765 predictions of YOLOv3",
            real=(VOC, "voc2007test/yolov3_zengyian3.json"),
        ),
        Case(
            "objects365",
            "generated in Objects365's shape, 80,000 images, 365 classes, 1.2 million boxes, "
            "7.5 million predictions",
            shape=(80_000, 365, 1_200_000, 8_000_000, 0, 0),
            huge=True,
            stored=False,
        ),
    )
}


def prepare(case: Case, *, shared_data: Path = SHARED_DATA) -> Files | None:
    """Return the files of a case, after writing them once; None where real data is not here."""
    if case.real:
        truth, predictions = (shared_data / name for name in case.real)
        return Files(truth, truth, predictions) if truth.exists() else None
    folder = CACHE / "data" / "-".join((case.name, GENERATED, *map(str, case.shape)))
    if not folder.exists():
        writer = [sys.executable, "-m", "benchmarks.peers.dataset_files", str(folder)]
        subprocess.run([*writer, *map(str, case.shape)], cwd=ROOT, check=True)
    runs = folder / "truth_rle.json"
    truth = folder / "truth.json"
    return Files(truth, runs if runs.exists() else truth, folder / "predictions.json")
