"""Project imports: everything is reported, nothing is half visible, nothing is written twice."""

from __future__ import annotations

import copy
from pathlib import Path

import cv2
import numpy as np
import pytest
import sqlalchemy as sa

from curation.errors import Conflict, NothingToImport, UnreadableFile
from curation.job_engine.kinds import JobContext, kind_of
from curation.projects.catalog import find_project, list_projects, project_home
from curation.projects.importing import (
    ProjectImportRequest,
    create_project_import,
    preview_project,
)
from curation.store import jobs
from curation.store.images import read_images
from curation.store.label_history import labels_as_of
from curation.store.reports import get_report
from curation.store.tables import Base
from tests.curation.conftest import COCO, write_json


def rows_in(database) -> dict[str, int]:
    """Count the rows of every table but jobs and reports."""
    with database.read() as connection:
        return {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
            if table.name not in {"job", "import_report"}
        }


def picture(path: Path, width: int = 100, height: int = 80) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), 200, np.uint8))
    return path


def test_import__counts_labels_and_classes(database, import_coco) -> None:
    result = import_coco()
    home = project_home(database, result["project_id"])
    assert (home.card.images, home.card.labels, home.card.classes) == (2, 3, 2)
    assert [(c.name, c.labels, c.small, c.medium) for c in home.classes] == [
        ("cell", 2, 1, 1),
        ("nucleus", 1, 1, 0),
    ]
    assert [(r.number, r.kind, r.labels_added) for r in home.revisions] == [(1, "import", 3)]


def test_import__the_report_is_kept_with_every_reject(database, import_coco) -> None:
    data = copy.deepcopy(COCO)
    data["annotations"] += [
        {"id": 4, "image_id": 99, "category_id": 7, "bbox": [0, 0, 1, 1]},
        {"id": 5, "image_id": 1, "category_id": 8, "bbox": [0, 0, 1, 1]},
    ]
    result = import_coco(data)
    report = get_report(database, result["report_id"])
    assert {group.kind: group.count for group in report.rejects} == {
        "image-unknown": 1,
        "class-unknown": 1,
    }
    file, record, reason = report.rejects[0].examples[0]
    assert file == "truth.json"
    assert record
    assert reason
    assert report.counts["labels"] == 3


def test_preview__writes_nothing(database, settings, tmp_path) -> None:
    before = rows_in(database)
    request = ProjectImportRequest("p", "coco", write_json(tmp_path / "a.json", COCO))
    preview = preview_project(database, settings, request)
    assert preview.report.dry_run
    assert preview.report.counts["labels"] == 3
    assert rows_in(database) == before


def test_import__is_invisible_until_its_last_step(database, settings, tmp_path) -> None:
    request = ProjectImportRequest("p", "coco", write_json(tmp_path / "a.json", COCO))
    job_id = create_project_import(database, request)
    context = JobContext(database, settings, job_id, request.to_payload())
    kind = kind_of("project import")
    plan = kind.plan(context)
    assert list_projects(database) == ()
    for number in range(plan["slices"]):
        kind.run_slice(context, plan, number)
        kind.run_slice(context, plan, number)  # a crash may repeat any slice
        assert list_projects(database) == ()
    for _ in range(2):
        with database.write() as connection:
            kind.finish(context, plan, connection)
    assert project_home(database, plan["project_id"]).card.labels == 3


def test_undo__leaves_no_trace(database, settings, tmp_path) -> None:
    before = rows_in(database)
    request = ProjectImportRequest("p", "coco", write_json(tmp_path / "a.json", COCO))
    context = JobContext(
        database, settings, create_project_import(database, request), request.to_payload()
    )
    kind = kind_of("project import")
    plan = kind.plan(context)
    kind.run_slice(context, plan, 0)
    kind.undo(context)
    assert rows_in(database) == before


def test_import__a_second_file_adds_to_the_project(database, import_coco) -> None:
    first = import_coco(split="train")
    data = {
        "images": [{"id": 1, "file_name": "c.png", "width": 10, "height": 10}],
        "categories": [{"id": 1, "name": "nucleus"}, {"id": 2, "name": "debris"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 2, "bbox": [1, 1, 2, 2]}],
    }
    second = import_coco(data, file="more.json", split="test")
    assert second["project_id"] == first["project_id"]
    home = project_home(database, first["project_id"])
    assert home.card.revision == 2
    assert [c.name for c in home.classes] == ["cell", "nucleus", "debris"]
    assert [(s.split, s.images, s.labels) for s in home.splits] == [
        ("train", 2, 3),
        ("test", 1, 1),
    ]
    assert len(labels_as_of(database, first["project_id"], 1)) == 3
    with database.read() as connection:
        assert len(read_images(connection, first["project_id"], revision=1)) == 2


def test_import__the_same_file_twice_is_recognised(database, import_coco) -> None:
    import_coco()
    with pytest.raises(Conflict, match="was imported into 'slides' before"):
        import_coco()


def test_import__images_of_known_names_are_rejected_not_doubled(database, import_coco) -> None:
    import_coco()
    data = copy.deepcopy(COCO)
    data["images"][1]["file_name"] = "new.png"
    result = import_coco(data, file="again.json")
    report = get_report(database, result["report_id"])
    assert {g.kind: g.count for g in report.rejects} == {"image-exists": 1, "image-rejected": 2}
    assert (result["images"], result["labels"]) == (1, 1)


def test_import__nothing_left_is_an_error_not_an_empty_project(database, import_coco) -> None:
    with pytest.raises(NothingToImport):
        import_coco({"images": [], "annotations": [], "categories": []})
    assert list_projects(database) == ()


def test_import__a_broken_file_names_itself(database, settings, tmp_path) -> None:
    (tmp_path / "broken.json").write_text('{"images": [')
    request = ProjectImportRequest("p", "coco", tmp_path / "broken.json")
    with pytest.raises(UnreadableFile, match=r"broken\.json"):
        preview_project(database, settings, request)


def test_import__pixels_give_sizes_hashes_and_thumbnails(
    database, settings, import_coco, tmp_path
) -> None:
    picture(tmp_path / "pictures" / "a.png")
    picture(tmp_path / "pictures" / "b.png", 50, 40)
    result = import_coco(images=str(tmp_path / "pictures"))
    report = get_report(database, result["report_id"])
    assert [(g.kind, g.count) for g in report.warnings] == [("image-size-differs", 1)]
    assert result["images_with_pixels"] == 2
    with database.read() as connection:
        images = read_images(connection, result["project_id"])
    assert all(images.sha256)
    assert len(list((settings.data_dir / "thumbnails").rglob("*.jpg"))) == 2


def test_import__a_missing_picture_is_a_warning(database, import_coco, tmp_path) -> None:
    picture(tmp_path / "pictures" / "a.png")
    result = import_coco(images=str(tmp_path / "pictures"))
    report = get_report(database, result["report_id"])
    assert [(g.kind, g.count) for g in report.warnings] == [("image-file-missing", 1)]


def test_import__sizes_and_masks_come_from_pixels_when_the_file_has_none(
    database, import_coco, tmp_path
) -> None:
    data = copy.deepcopy(COCO)
    for image in data["images"]:
        del image["width"], image["height"]
    data["annotations"][0]["segmentation"] = [[0, 0, 10, 0, 10, 10, 0, 10]]
    picture(tmp_path / "pictures" / "a.png")
    picture(tmp_path / "pictures" / "b.png")
    result = import_coco(data, images=str(tmp_path / "pictures"))
    labels = labels_as_of(database, result["project_id"], 1, masks=True)
    assert [mask is not None for mask in labels.counts or []] == [True, False, False]
    with database.read() as connection:
        assert read_images(connection, result["project_id"]).width.tolist() == [100, 100]


def test_import__without_sizes_and_pixels_an_image_is_rejected(database, import_coco) -> None:
    data = copy.deepcopy(COCO)
    del data["images"][0]["width"]
    result = import_coco(data)
    report = get_report(database, result["report_id"])
    assert {g.kind: g.count for g in report.rejects} == {
        "image-size-unknown": 1,
        "image-rejected": 2,
    }


def test_import__two_open_imports_into_one_project_are_refused(
    database, settings, tmp_path
) -> None:
    request = ProjectImportRequest("p", "coco", write_json(tmp_path / "a.json", COCO))
    context = JobContext(
        database, settings, create_project_import(database, request), request.to_payload()
    )
    kind_of("project import").plan(context)
    with pytest.raises(Conflict, match="not finished"):
        create_project_import(database, request)


def test_import_yolo__a_missing_label_file_is_asked_about(
    database, settings, tmp_path, run_job
) -> None:
    root = tmp_path / "tree"
    for name in ("a", "b"):
        picture(root / "images" / "val" / f"{name}.png")
    (root / "labels" / "val").mkdir(parents=True)
    (root / "labels" / "val" / "a.txt").write_text("0 0.5 0.5 0.2 0.25\n")
    (root / "data.yaml").write_text("val: images/val\nnames: [cell]\n")
    request = ProjectImportRequest("cells", "yolo", root)
    preview = preview_project(database, settings, request)
    assert [(q.option, q.count) for q in preview.questions] == [("missing_label", 1)]
    with pytest.raises(Conflict, match="missing-label"):
        run_job(create_project_import(database, request))
    answered = ProjectImportRequest("cells", "yolo", root, missing_label="unlabelled")
    result = run_job(create_project_import(database, answered))
    home = project_home(database, result["project_id"])
    assert [(s.split, s.images, s.labels, s.unlabelled) for s in home.splits] == [("val", 2, 1, 1)]
    labels = labels_as_of(database, result["project_id"], 1)
    assert labels.boxes.tolist() == [[40.0, 30.0, 20.0, 20.0]]


def test_job__a_failed_import_can_start_again(database, settings, tmp_path) -> None:
    request = ProjectImportRequest("p", "coco", tmp_path / "later.json")
    job_id = create_project_import(database, request)
    jobs.finish_job(database, job_id, jobs.FAILED, error="no file")
    write_json(tmp_path / "later.json", COCO)
    jobs.reopen_job(database, job_id)
    context = JobContext(database, settings, job_id, request.to_payload())
    kind = kind_of("project import")
    plan = kind.plan(context)
    for number in range(plan["slices"]):
        kind.run_slice(context, plan, number)
    with database.write() as connection:
        kind.finish(context, plan, connection)
    assert find_project(database, "p").labels == 3
