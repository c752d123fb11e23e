"""The project import as a job: its report, its second attempt, its memory."""

from __future__ import annotations

import copy

import pytest

from curation.errors import Conflict, NothingToImport
from curation.job_engine.kinds import JobContext, kind_of
from curation.projects import import_job, kept_reports
from curation.projects.catalog import find_project
from curation.projects.import_validation import validate_project
from curation.projects.importing import (
    ProjectImportRequest,
    create_project_import,
    preview_project,
)
from curation.store import jobs
from curation.store.project_imports import dataset_image_ids
from curation.store.reports import get_report
from tests.curation.conftest import COCO, write_json


@pytest.fixture
def request_of_coco(tmp_path) -> ProjectImportRequest:
    return ProjectImportRequest("p", "coco", write_json(tmp_path / "a.json", COCO))


@pytest.fixture
def context(database, settings, request_of_coco) -> JobContext:
    job_id = create_project_import(database, request_of_coco)
    return JobContext(database, settings, job_id, request_of_coco.to_payload())


def test_keeping_report__of_an_import_that_leaves_nothing(
    database, settings, context, request_of_coco
) -> None:
    report = preview_project(database, settings, request_of_coco).report
    with pytest.raises(NothingToImport), kept_reports.keeping_report(context):
        raise NothingToImport("a.json", "no image is left", report=report.to_dict())
    report_id = jobs.get_job(database, context.job_id).report_id
    assert report_id is not None
    kept = get_report(database, report_id)
    assert kept.to_dict() == report.to_dict()


def test_plan__points_the_job_at_its_report(database, context) -> None:
    plan = kind_of("project import").plan(context)
    assert jobs.get_job(database, context.job_id).report_id == plan["report_id"]


def test_try_again__reads_the_mended_file(context) -> None:
    kind = kind_of("project import")
    kind.plan(context)
    kind.undo(context)
    mended = copy.deepcopy(COCO)
    del mended["annotations"][0]
    write_json(context.database.data_dir / "a.json", mended)
    assert kind.plan(context)["counts"]["labels"] == 2


def test_plan__notices_a_file_that_was_imported_meanwhile(
    database, settings, context, request_of_coco, run_job, monkeypatch
) -> None:
    """Both are checked before either is written."""
    validated = validate_project(database, settings, request_of_coco, dry_run=False)
    other = create_project_import(database, request_of_coco)
    run_job(other)
    monkeypatch.setattr(import_job, "validate_project", lambda *_, **__: validated)
    with pytest.raises(Conflict, match="meanwhile"):
        kind_of("project import").plan(context)
    assert find_project(database, "p").images == 2


def test_slices__read_the_ids_of_the_images_once(context, monkeypatch) -> None:
    reads: list[int] = []

    def read(connection, dataset_id):
        reads.append(dataset_id)
        return dataset_image_ids(connection, dataset_id)

    monkeypatch.setattr(import_job, "dataset_image_ids", read)
    monkeypatch.setattr(import_job, "LABELS_A_SLICE", 1)
    kind = kind_of("project import")
    plan = kind.plan(context)
    for number in range(plan["slices"]):
        kind.run_slice(context, plan, number)
    assert (plan["slices"], len(reads)) == (3, 1)
