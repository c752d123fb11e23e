"""The prediction import as a job: its report, its second attempt, and what came in between."""

from __future__ import annotations

import hashlib

import pytest

from curation.errors import Conflict, NothingToImport
from curation.job_engine.kinds import JobContext, kind_of
from curation.predictions.catalog import list_prediction_sets
from curation.predictions.importing import PredictionImportRequest, create_prediction_import
from curation.store import jobs
from curation.store.reports import get_report
from tests.curation.conftest import FIRST, write_json


@pytest.fixture
def project_id(import_coco):
    return import_coco()["project_id"]


@pytest.fixture
def context_of(database, settings, project_id, tmp_path):
    """Record an import of some rows and return its file and context."""

    def make(name, rows, **request):
        source = write_json(tmp_path / f"{name}.json", rows)
        asked = PredictionImportRequest(project_id, source, name, **request)
        job_id = create_prediction_import(database, asked)
        return source, JobContext(database, settings, job_id, asked.to_payload())

    return make


def test_plan__keeps_the_report_of_a_file_that_leaves_nothing(database, context_of) -> None:
    _, context = context_of("none", [{**row, "image_id": 55} for row in FIRST])
    with pytest.raises(NothingToImport):
        kind_of("prediction import").plan(context)
    report_id = jobs.get_job(database, context.job_id).report_id
    assert report_id is not None
    report = get_report(database, report_id)
    assert [(group.kind, group.count) for group in report.rejects] == [("image-unknown", 2)]


def test_plan__points_the_job_at_its_report(database, context_of) -> None:
    _, context = context_of("p", FIRST)
    plan = kind_of("prediction import").plan(context)
    assert jobs.get_job(database, context.job_id).report_id == plan["report_id"]


def test_try_again__reads_the_mended_file(context_of) -> None:
    source, context = context_of("p", FIRST)
    kind = kind_of("prediction import")
    kind.plan(context)
    kind.undo(context)
    write_json(source, FIRST[:1])
    plan = kind.plan(context)
    assert plan["counts"]["predictions"] == 1
    assert plan["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()


def test_plan__notices_the_same_bytes_that_were_imported_meanwhile(
    database, project_id, context_of, run_job
) -> None:
    contexts = [context_of(name, FIRST)[1] for name in ("a", "b")]
    run_job(contexts[0].job_id)
    with pytest.raises(Conflict, match="meanwhile, as 'a'"):
        run_job(contexts[1].job_id)
    run_job(context_of("c", FIRST, again=True)[1].job_id)
    assert {row.name for row in list_prediction_sets(database, project_id)} == {"a", "c"}
