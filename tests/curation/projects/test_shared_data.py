"""Real projects with real pictures, imported whole."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from curation.predictions.importing import PredictionImportRequest, create_prediction_import
from curation.projects.catalog import project_home
from curation.projects.importing import ProjectImportRequest, create_project_import
from curation.store.label_history import labels_as_of
from curation.store.reports import get_report


def test_coco_mini_val__pictures_polygons_and_crowd(database, run_job, shared_data: Path) -> None:
    folder = shared_data / "coco_mini_val"
    request = ProjectImportRequest(
        "mini",
        "coco",
        folder / "instances_val2017_merged.json",
        images=str(folder / "images"),
        split="val",
    )
    result = run_job(create_project_import(database, request))
    assert (result["images"], result["images_with_pixels"]) == (158, 158)
    assert (result["labels"], result["labels_with_masks"], result["crowd_labels"]) == (
        1424,
        1424,
        16,
    )
    assert (result["rejected"], result["warnings"]) == (0, 0)
    home = project_home(database, result["project_id"])
    assert sum(row.labels + row.crowd for row in home.classes) == 1424
    labels = labels_as_of(database, result["project_id"], 1, masks=True)
    assert all(labels.counts or ())


def test_txl_pbc__yolo_tree_with_ultralytics_predictions(
    database, run_job, shared_data: Path
) -> None:
    folder = shared_data / "txl_pbc"
    result = run_job(create_project_import(database, ProjectImportRequest("txl", "yolo", folder)))
    assert (result["images"], result["labels"], result["rejected"]) == (288, 5334, 0)
    predictions = run_job(
        create_prediction_import(
            database,
            PredictionImportRequest(
                result["project_id"], folder / "yolov8n_val_predictions.json", "yolov8n"
            ),
        )
    )
    assert (predictions["predictions"], predictions["rejected"]) == (15046, 0)
    report = get_report(database, predictions["report_id"])
    found = Counter({group.kind: group.count for group in report.warnings})
    assert found == {
        "box-without-extent": 2121,
        "box-outside-image": 19,
        "class-counted-from-one": 3,
    }


def test_voc2007__three_sets_with_boxes_far_outside(database, run_job, shared_data: Path) -> None:
    folder = shared_data / "voc2007test"
    request = ProjectImportRequest("voc", "coco", folder / "instances_voc2007test.json")
    result = run_job(create_project_import(database, request))
    assert (result["images"], result["labels"], result["classes"]) == (4952, 14976, 20)
    expected = {
        "yolov2_htt1084_ep150": 101_139,
        "yolov2_htt1084_ep260": 98_023,
        "yolov3_zengyian3": 87_765,
    }
    for name, count in expected.items():
        predictions = run_job(
            create_prediction_import(
                database,
                PredictionImportRequest(result["project_id"], folder / f"{name}.json", name),
            )
        )
        assert (predictions["predictions"], predictions["rejected"]) == (count, 0)
