"""Prediction imports: rejects counted by kind, class maps, checksums, invisible until ready."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import pytest
import sqlalchemy as sa

from curation.errors import Conflict, NameTaken, NotFound, NothingToImport
from curation.job_engine.kinds import JobContext, kind_of
from curation.predictions.catalog import get_prediction_set, list_prediction_sets
from curation.predictions.importing import (
    PredictionImportRequest,
    create_prediction_import,
    preview_predictions,
)
from curation.store.prediction_shards import read_predictions
from curation.store.reports import get_report
from curation.store.tables import Prediction, PredictionSet, PredictionShard
from tests.curation.conftest import COCO, FIRST, write_json


@pytest.fixture
def project_id(import_coco) -> int:
    return int(import_coco()["project_id"])


def test_import__gives_a_set_with_every_prediction(database, project_id, import_predictions):
    result = import_predictions(
        project_id, "first", FIRST, model="yolo", version="1", notes="n", config={"nms": 0.7}
    )
    row = get_prediction_set(database, result["set_id"])
    assert (row.name, row.model, row.version, row.task) == ("first", "yolo", "1", "boxes")
    assert (row.predictions, row.images, row.rejected, row.config) == (2, 2, 0, {"nms": 0.7})
    stored = read_predictions(database, row.id)
    assert stored.score.tolist() == [0.9, 0.6]
    assert stored.boxes.tolist() == [[0, 0, 10, 10], [60, 40, 20, 20]]


def test_import__each_kind_of_reject_is_counted_apart(database, project_id, import_predictions):
    bad = [
        {"image_id": 99, "category_id": 7, "bbox": [0, 0, 1, 1], "score": 0.5},
        {"image_id": 1, "category_id": 8, "bbox": [0, 0, 1, 1], "score": 0.5},
        {"image_id": 1, "category_id": 7, "bbox": [0, 0, 1, 1]},
        {"image_id": 1, "category_id": 7, "bbox": [0, 0, 1, 1], "score": math.nan},
        {"image_id": 1, "category_id": 7, "bbox": [0, 0, math.inf, 1], "score": 0.5},
        {"image_id": 1, "category_id": 7, "score": 0.5},
        {"image_id": 1, "category_id": 7, "bbox": [0, 0, 1], "score": 0.5},
        {"image_id": 1, "category_id": 7, "bbox": [0, 0, 1, 1], "score": "high"},
    ]
    result = import_predictions(project_id, "first", [*FIRST, *bad])
    report = get_report(database, result["report_id"])
    assert {group.kind: group.count for group in report.rejects} == {
        "image-unknown": 1,
        "class-unknown": 1,
        "score-missing": 1,
        "score-not-finite": 1,
        "coordinate-not-finite": 1,
        "box-missing": 1,
        "box-malformed": 1,
        "score-not-number": 1,
    }
    assert result["predictions"] + result["rejected"] == result["records"] == 10


def test_import__boxes_outside_or_without_extent_are_kept(database, project_id, import_predictions):
    odd = [
        {"image_id": 1, "category_id": 7, "bbox": [90, 70, 50, 50], "score": 0.5},
        {"image_id": 1, "category_id": 7, "bbox": [5, 5, 0, 3], "score": 0.5},
    ]
    result = import_predictions(project_id, "odd", odd)
    report = get_report(database, result["report_id"])
    assert {group.kind: group.count for group in report.warnings} == {
        "box-outside-image": 1,
        "box-without-extent": 1,
    }
    assert result["predictions"] == 2


def test_import__a_mask_of_another_size_is_a_reject_not_a_hang(
    database, project_id, import_predictions
):
    good = {"size": [80, 100], "counts": [0, 8000]}
    rows = [
        {"image_id": 1, "category_id": 7, "segmentation": mask, "score": 0.5}
        for mask in (
            good,
            {"size": [80, 100], "counts": [0, 7999]},
            {"size": [40, 100], "counts": [0, 4000]},
            {"size": [80, 100], "counts": "garbage"},
        )
    ]
    result = import_predictions(project_id, "masks", rows)
    report = get_report(database, result["report_id"])
    assert result["predictions"] == 1
    assert sum(group.count for group in report.rejects) == 3
    assert get_prediction_set(database, result["set_id"]).task == "masks"


def test_import__class_map_by_hand_and_remembered(
    database, project_id, import_predictions, tmp_path
):
    data = [{**row, "category_id": 70} for row in FIRST]
    result = import_predictions(project_id, "mapped", data, class_map={"70": "nucleus"})
    assert get_prediction_set(database, result["set_id"]).class_map == {"70": "nucleus"}
    later = write_json(tmp_path / "later.json", [{**row, "score": 0.1} for row in data])
    preview = preview_predictions(database, PredictionImportRequest(project_id, later, "later"))
    assert [(row.key, row.suggestion, row.how) for row in preview.class_map] == [
        ("70", "nucleus", "remembered")
    ]


def test_import__maps_of_stems_and_of_ids_are_remembered_apart(
    database, import_coco, import_predictions, tmp_path
):
    """Ultralytics counts from 1; the same ids in plain COCO results do not."""
    data = copy.deepcopy(COCO)
    data["categories"] = [{"id": i, "name": f"c{i}"} for i in range(4)]
    for label in data["annotations"]:
        label["category_id"] = 1
    project_id = import_coco(data)["project_id"]
    stems = [{**FIRST[0], "image_id": "a", "category_id": i} for i in (1, 2, 3)]
    result = import_predictions(project_id, "ultralytics", stems)
    row = get_prediction_set(database, result["set_id"])
    assert row.class_map == {"1": "c0", "2": "c1", "3": "c2"}
    plain = [{**FIRST[0], "image_id": 1, "category_id": i} for i in (1, 2, 3)]
    source = write_json(tmp_path / "plain.json", plain)
    preview = preview_predictions(database, PredictionImportRequest(project_id, source, "plain"))
    assert [row.suggestion for row in preview.class_map] == ["c1", "c2", "c3"]


def test_import__a_class_map_to_nothing_rejects(database, project_id, import_predictions):
    data = [*FIRST, {"image_id": 1, "category_id": 9, "bbox": [0, 0, 5, 5], "score": 0.2}]
    result = import_predictions(project_id, "one class", data, class_map={"9": None})
    assert (result["predictions"], result["rejected"]) == (2, 1)


def test_import__a_class_map_to_an_unknown_class_is_refused(
    database, project_id, import_predictions
):
    with pytest.raises(NotFound, match="zebra"):
        import_predictions(project_id, "x", FIRST, class_map={"7": "zebra"})


def test_import__the_same_bytes_are_recognised(database, project_id, import_predictions, tmp_path):
    import_predictions(project_id, "first", FIRST)
    copy_of_it = write_json(tmp_path / "copy.json", FIRST)
    request = PredictionImportRequest(project_id, copy_of_it, "other")
    same = preview_predictions(database, request).same_as
    assert same is not None
    assert same.name == "first"
    with pytest.raises(Conflict, match="imported before, as 'first'"):
        create_prediction_import(database, request)
    import_predictions(project_id, "other", FIRST, again=True)
    assert {row.name for row in list_prediction_sets(database, project_id)} == {"first", "other"}


def test_import__a_taken_name_is_refused(database, project_id, import_predictions):
    import_predictions(project_id, "first", FIRST)
    with pytest.raises(NameTaken):
        import_predictions(project_id, "first", FIRST[:1])


def test_import__nothing_left_names_the_reasons(database, project_id, import_predictions):
    with pytest.raises(NothingToImport, match="2 × image-unknown"):
        import_predictions(project_id, "none", [{**row, "image_id": 55} for row in FIRST])
    assert list_prediction_sets(database, project_id) == ()


def test_preview__shows_the_class_map_also_when_it_rejects_everything(
    database, project_id, tmp_path
):
    source = write_json(tmp_path / "other.json", [{**row, "category_id": 5} for row in FIRST])
    request = PredictionImportRequest(project_id=project_id, source=source, name="x")
    preview = preview_predictions(database, request)
    assert not preview.importable
    assert [(row.key, row.suggestion) for row in preview.class_map] == [("5", None)]
    mapped = preview_predictions(database, replace(request, class_map={"5": "cell"}))
    assert mapped.importable
    assert mapped.report.rejects == ()


def test_import__an_empty_list_is_a_model_that_found_nothing(
    database, project_id, import_predictions
):
    result = import_predictions(project_id, "silent", [], covers="all")
    assert get_prediction_set(database, result["set_id"]).predictions == 0


def test_covers__the_splits_that_hold_predictions(database, import_coco, import_predictions):
    project_id = import_coco(split="train")["project_id"]
    data = copy.deepcopy(COCO)
    for image in data["images"]:
        image["file_name"] = f"test-{image['file_name']}"
        image["id"] += 10
    for label in data["annotations"]:
        label["image_id"] += 10
    import_coco(data, file="test.json", split="test")
    found = [{**row, "image_id": row["image_id"] + 10} for row in FIRST]
    result = import_predictions(project_id, "on test", found)
    assert get_prediction_set(database, result["set_id"]).covered_splits == ("test",)
    every = import_predictions(project_id, "on all", found, covers="all", again=True)
    assert get_prediction_set(database, every["set_id"]).covered_splits is None
    with pytest.raises(NotFound, match="holdout"):
        import_predictions(project_id, "x", found, covers=("holdout",), again=True)


def test_import__is_invisible_until_its_last_step(database, settings, project_id, tmp_path):
    source = write_json(tmp_path / "p.json", FIRST)
    request = PredictionImportRequest(project_id, source, "p")
    job_id = create_prediction_import(database, request)
    context = JobContext(database, settings, job_id, request.to_payload())
    kind = kind_of("prediction import")
    plan = kind.plan(context)
    for number in range(plan["slices"]):
        kind.run_slice(context, plan, number)
        kind.run_slice(context, plan, number)
        assert list_prediction_sets(database, project_id) == ()
    with database.write() as connection:
        first = kind.finish(context, plan, connection)
        assert kind.finish(context, plan, connection) == first
    assert [row.name for row in list_prediction_sets(database, project_id)] == ["p"]
    assert len(read_predictions(database, plan["set_id"])) == 2


def test_undo__removes_set_shards_and_rows(database, settings, project_id, tmp_path):
    source = write_json(tmp_path / "p.json", FIRST)
    request = PredictionImportRequest(project_id, source, "p")
    job_id = create_prediction_import(database, request)
    context = JobContext(database, settings, job_id, request.to_payload())
    kind = kind_of("prediction import")
    plan = kind.plan(context)
    kind.run_slice(context, plan, 0)
    kind.undo(context)
    with database.read() as connection:
        for table in (PredictionSet, PredictionShard, Prediction):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0


def test_import__a_file_that_changes_meanwhile_is_refused(database, settings, project_id, tmp_path):
    source = write_json(tmp_path / "p.json", FIRST)
    request = PredictionImportRequest(project_id, source, "p")
    job_id = create_prediction_import(database, request)
    context = JobContext(database, settings, job_id, request.to_payload())
    plan = kind_of("prediction import").plan(context)
    write_json(source, FIRST[:1])
    fresh = type(kind_of("prediction import"))()  # a new process has nothing in memory
    with pytest.raises(Exception, match="changed during the import"):
        fresh.run_slice(context, plan, 0)


def test_rows__only_at_or_above_the_row_floor(database, project_id, import_predictions):
    data = [
        {"image_id": 1, "category_id": 7, "bbox": [0, 0, 5, 5], "score": score}
        for score in (0.04, 0.05, 0.9)
    ]
    import_predictions(project_id, "floor", data)
    with database.read() as connection:
        scores = connection.scalars(sa.select(Prediction.score).order_by(Prediction.score)).all()
    assert list(scores) == [0.05, 0.9]


def test_sets__have_stable_colours_and_newest_first(database, project_id, import_predictions):
    import_predictions(project_id, "a", FIRST)
    import_predictions(project_id, "b", FIRST[:1])
    rows = list_prediction_sets(database, project_id)
    assert [row.name for row in rows] == ["b", "a"]
    assert rows[0].color != rows[1].color
