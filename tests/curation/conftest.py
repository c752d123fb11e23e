"""A small project whose every number can be checked by hand, and how tests run jobs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from curation.evaluations import job as evaluation_job
from curation.evaluations.evaluated_sets import forget_evaluated_sets
from curation.job_engine.kinds import JobContext, kind_of
from curation.predictions.importing import PredictionImportRequest, create_prediction_import
from curation.projects.importing import ProjectImportRequest, create_project_import
from curation.settings import Settings
from curation.store import jobs
from curation.store.database import Database

assert evaluation_job.EvaluationJob.name == "evaluation"  # importing registers the kind


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture(autouse=True)
def _fresh_caches() -> None:
    forget_evaluated_sets()


RunJob = Callable[[str], dict[str, Any]]


@pytest.fixture
def run_job(database: Database, settings: Settings) -> RunJob:
    """Run a job and what follows it, call by call, without the engine's checkpoints."""

    def run(job_id: str) -> dict[str, Any]:
        row = jobs.get_job(database, job_id)
        context = JobContext(database, settings, job_id, row.payload)
        kind = kind_of(row.kind)
        plan = kind.plan(context)
        for number in range(plan["slices"]):
            kind.run_slice(context, plan, number)
        with database.write() as connection:
            result = kind.finish(context, plan, connection)
        kind.warm_up(context, plan)
        for followup in result.pop("followups", []):
            with database.write() as connection:
                followup_id = jobs.create_job(connection, **followup)
            run(followup_id)
        return result

    return run


# Two images, two classes. Image 1 holds two cells (100 px² and 1,600 px²), image 2 one nucleus.
COCO: dict[str, Any] = {
    "images": [
        {"id": 1, "file_name": "a.png", "width": 100, "height": 80},
        {"id": 2, "file_name": "b.png", "width": 100, "height": 80},
    ],
    "categories": [{"id": 7, "name": "cell"}, {"id": 9, "name": "nucleus"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 7, "bbox": [0, 0, 10, 10], "area": 100},
        {"id": 2, "image_id": 1, "category_id": 7, "bbox": [40, 20, 40, 40], "area": 1600},
        {"id": 3, "image_id": 2, "category_id": 9, "bbox": [5, 5, 20, 20], "area": 400},
    ],
}

# Finds the small cell; a false positive on image 2.
FIRST: list[dict[str, Any]] = [
    {"image_id": 1, "category_id": 7, "bbox": [0, 0, 10, 10], "score": 0.9},
    {"image_id": 2, "category_id": 7, "bbox": [60, 40, 20, 20], "score": 0.6},
]
# Loses it, finds the other two; the false positive is gone, a new one is on image 1.
SECOND: list[dict[str, Any]] = [
    {"image_id": 1, "category_id": 7, "bbox": [40, 20, 40, 40], "score": 0.8},
    {"image_id": 2, "category_id": 9, "bbox": [5, 5, 20, 20], "score": 0.7},
    {"image_id": 1, "category_id": 9, "bbox": [70, 60, 20, 20], "score": 0.4},
]


def write_json(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data))
    return path


@pytest.fixture
def import_coco(
    database: Database, tmp_path: Path, run_job: RunJob
) -> Callable[..., dict[str, Any]]:
    """Import COCO data as a project and return the job's result."""

    def run(data: dict[str, Any] | None = None, **request: Any) -> dict[str, Any]:
        name = request.pop("file", "truth.json")
        source = write_json(tmp_path / name, COCO if data is None else data)
        asked = ProjectImportRequest(
            **{"name": "slides", "format": "coco", "source": source, **request}
        )
        return run_job(create_project_import(database, asked))

    return run


@pytest.fixture
def import_predictions(
    database: Database, tmp_path: Path, run_job: RunJob
) -> Callable[..., dict[str, Any]]:
    """Import results as a prediction set, evaluate it, and return the job's result."""

    def run(project_id: int, name: str, data: Any, **request: Any) -> dict[str, Any]:
        source = write_json(tmp_path / f"{name}.json", data)
        asked = PredictionImportRequest(project_id=project_id, source=source, name=name, **request)
        return run_job(create_prediction_import(database, asked))

    return run


@pytest.fixture
def two_sets(import_coco: Any, import_predictions: Any) -> tuple[int, int, int]:
    """The small project with both sets evaluated: ids of project, first and second set."""
    project_id = import_coco()["project_id"]
    first = import_predictions(project_id, "first", FIRST)["set_id"]
    second = import_predictions(project_id, "second", SECOND)["set_id"]
    return project_id, first, second
