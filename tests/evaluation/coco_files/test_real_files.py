"""Real ground truth and detector outputs against pycocotools; what a fresh process imports."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pycocotools.coco import COCO

from evaluation import json_scan
from evaluation.coco_files import (
    ground_truth_from_dict,
    predictions_from_list,
    read_ground_truth,
    read_predictions,
)
from tests.evaluation.coco_files.documents import check_against_reference, document, result

REAL = (
    ("voc2007test/instances_voc2007test.json", "voc2007test/yolov3_zengyian3.json", "bbox"),
    (
        "coco_val2017_yolact100/instances_100_boxes.json",
        "coco_val2017_yolact100/yolact_base.json",
        "bbox",
    ),
    *(
        (
            "coco_val2014_100/instances_val2014_100.json",
            f"coco_val2014_100/instances_val2014_fake{kind}100_results.json",
            kind,
        )
        for kind in ("bbox", "segm")
    ),
)


@pytest.mark.shared_data
@pytest.mark.parametrize(("truth_name", "results_name", "kind"), REAL)
def test_read_predictions__real_files(
    way: str, shared_data: Path, truth_name: str, results_name: str, kind: str
) -> None:
    truth_path, results_path = shared_data / truth_name, shared_data / results_name
    whole = json.loads(truth_path.read_bytes())
    rows = json.loads(results_path.read_bytes())
    masks = kind == "segm"
    if way == "memory":
        truth = ground_truth_from_dict(whole, masks=masks)
        found = predictions_from_list(rows, truth, masks=masks)
    else:
        truth = read_ground_truth(truth_path, masks=masks)
        found = read_predictions(results_path, truth, masks=masks)
    check_against_reference(truth, found.instances, whole, rows)
    objects = whole["annotations"]
    assert truth.instances.area.tolist() == [row["area"] for row in objects]
    assert truth.instances.id.tolist() == [row["id"] for row in objects]
    assert truth.instances.crowd.tolist() == [bool(row["iscrowd"]) for row in objects]


@pytest.mark.shared_data
def test_read_ground_truth__real_masks(way: str, shared_data: Path) -> None:
    path = shared_data / "coco_mini_val" / "instances_val2017_merged.json"
    whole = json.loads(path.read_bytes())
    if way == "memory":
        truth = ground_truth_from_dict(whole, masks=True)
    else:
        truth = read_ground_truth(path, masks=True)
    with contextlib.redirect_stdout(io.StringIO()):
        ground = COCO(str(path))
    expected = [ground.annToRLE(row)["counts"] for row in ground.dataset["annotations"]]
    assert truth.instances.masks is not None
    assert truth.instances.masks.texts() == expected


@pytest.mark.shared_data
def test_read_predictions__real_ultralytics_stems(way: str, shared_data: Path) -> None:
    folder = shared_data / "txl_pbc"
    path = folder / "yolov8n_val_predictions.json"
    rows = json.loads(path.read_bytes())
    stems = sorted({row["image_id"] for row in rows}, key=str)
    images = [{"id": i, "file_name": f"{stem}.png"} for i, stem in enumerate(stems)]
    truth = ground_truth_from_dict(
        {"images": images, "categories": [{"id": i} for i in (1, 2, 3)], "annotations": []}
    )
    found = predictions_from_list(rows, truth) if way == "memory" else read_predictions(path, truth)
    assert found.instances.image.tolist() == [stems.index(row["image_id"]) for row in rows]


def test_coco_files__boxes_of_the_common_shape_load_no_other_library(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(json.dumps(document()))
    (tmp_path / "results.json").write_text(json.dumps([result()]))
    script = (
        "import sys\n"
        "from evaluation.coco_files import read_ground_truth, read_predictions\n"
        f"truth = read_ground_truth({str(tmp_path / 'truth.json')!r})\n"
        f"read_predictions({str(tmp_path / 'results.json')!r}, truth)\n"
        "print(sorted({'msgspec', 'pandas', 'pycocotools', 'altair'} & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    expected = "[]" if json_scan.scanner() is not None else "['msgspec']"
    assert found.strip() == expected
