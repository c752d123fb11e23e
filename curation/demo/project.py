"""The demo as a project of the store: three imports, two prediction sets, a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from curation.demo.dataset import DATASET_NAME, DemoFiles, DemoPredictions, build
from curation.errors import Conflict
from curation.evaluations import job as evaluation_job
from curation.job_engine.engine import run_here
from curation.job_engine.jobs import DONE
from curation.predictions.catalog import list_prediction_sets, set_baseline
from curation.predictions.importing import PredictionImportRequest, create_prediction_import
from curation.projects.catalog import list_projects, project_home
from curation.projects.importing import ProjectImportRequest, create_project_import

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.settings import Settings
    from curation.store.database import Database

    Progress = Callable[[str], None]

FOLLOWS: Final = evaluation_job.EvaluationJob.name
"""Imports are followed by evaluations; naming the kind here makes sure it is registered."""
DESCRIPTION: Final = "Rendered stained blood smears; a classical detector in two versions."
SPLITS: Final = ("train", "val", "test")


def build_demo_project(
    database: Database, settings: Settings, *, images: int = 300, say: Progress
) -> int:
    """Render the demo and import it, or go on where an earlier call stopped.

    Args:
        database: The store.
        settings: The settings; files go below its data directory.
        images: How many pictures to render.
        say: Called with one line for each step.

    Returns:
        The project's id.
    """
    reported: set[int] = set()

    def progress(done: int, total: int, message: str) -> None:
        tenth = 10 * done // max(total, 1)
        if tenth not in reported:
            reported.add(tenth)
            say(f"{message} {done}/{total}")

    known = _find(database)
    splits = _imported_splits(database, known)
    sets = {row.name for row in list_prediction_sets(database, known)} if known else set()
    files = build(settings.data_dir / "demo", images=images, progress=progress)
    for split in SPLITS:
        if split not in splits:
            say(f"Importing {split}")
            _run(database, settings, create_project_import(database, _project(files, split)))
    project_id = _find(database) or 0
    for predictions in files.predictions:
        if predictions.name not in sets:
            say(f"Importing and evaluating {predictions.name}")
            request = _predictions(database, project_id, predictions)
            _run(database, settings, create_prediction_import(database, request))
    if len(sets) < len(files.predictions):
        first = files.predictions[0].name
        rows = list_prediction_sets(database, project_id)
        set_baseline(database, project_id, next(row.id for row in rows if row.name == first))
    return project_id


def _find(database: Database) -> int | None:
    cards = [card for card in list_projects(database) if card.name == DATASET_NAME]
    return cards[0].id if cards else None


def _imported_splits(database: Database, project_id: int | None) -> set[str | None]:
    if project_id is None:
        return set()
    return {row.split for row in project_home(database, project_id).splits}


def _project(files: DemoFiles, split: str) -> ProjectImportRequest:
    return ProjectImportRequest(
        name=DATASET_NAME,
        format="coco",
        source=files.annotations[split],
        images=str(files.images),
        split=split,
        description=DESCRIPTION,
        author="demo",
    )


def _predictions(
    database: Database, project_id: int, predictions: DemoPredictions
) -> PredictionImportRequest:
    metadata = predictions.metadata
    parents = {row.name: row.id for row in list_prediction_sets(database, project_id)}
    return PredictionImportRequest(
        project_id=project_id,
        source=predictions.results,
        name=predictions.name,
        model=metadata["model"],
        version=metadata["version"],
        framework=metadata["framework"],
        notes=metadata["notes"],
        parent_id=parents.get(metadata["parent"]),
        training_split=metadata["training_split"],
        config=metadata["config"],
        covers=tuple(metadata["predicted_splits"]),
    )


def _run(database: Database, settings: Settings, job_id: str) -> None:
    job = run_here(database, settings, job_id)
    if job.status != DONE:
        raise Conflict(
            f"The demo could not be imported: {job.error}",
            next_step="Remove the data directory and build it again.",
        )
