"""Import predictions: look first (dry run, class map), then start the durable job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.errors import Conflict, NameTaken
from curation.predictions.class_maps import ClassMapRow
from curation.predictions.import_validation import validate_predictions
from curation.predictions.requests import PredictionImportRequest
from curation.projects.import_validation import digest
from curation.store.images import read_classes
from curation.store.jobs import create_job
from curation.store.prediction_imports import set_of_file
from curation.store.prediction_sets import (
    PredictionSetRow,
    get_prediction_set,
    list_prediction_sets,
)

if TYPE_CHECKING:
    from curation.settings import Settings
    from curation.store.database import Database
    from curation.store.reports import ImportReport

__all__ = [
    "ClassMapRow",
    "PredictionImportRequest",
    "PredictionPreview",
    "create_prediction_import",
    "imported_before",
    "preview_predictions",
    "start_prediction_import",
]


@dataclass(frozen=True, slots=True)
class PredictionPreview:
    """What an import would do: its report, its class map, and the set of the same bytes if any."""

    report: ImportReport
    class_map: tuple[ClassMapRow, ...]
    classes: tuple[str, ...]
    covered_splits: tuple[str, ...] | None
    format: str
    same_as: PredictionSetRow | None

    @property
    def importable(self) -> bool:
        """Whether anything is left to import; a file without records is an empty set."""
        counts = self.report.counts
        return counts["predictions"] > 0 or counts["records"] == 0


def preview_predictions(database: Database, request: PredictionImportRequest) -> PredictionPreview:
    """Validate an import without writing anything.

    Raises:
        InputRejected: If the file cannot be read.
        NotFound: If the project, or a class or split that the request names, does not exist.
    """
    validated = validate_predictions(database, request, dry_run=True)
    with database.read() as connection:
        classes = read_classes(connection, request.project_id)
    same = set_of_file(database, request.project_id, validated.sha256)
    return PredictionPreview(
        report=validated.report,
        class_map=validated.suggestions,
        classes=tuple(entry.name for entry in classes),
        covered_splits=validated.covered_splits,
        format=validated.format,
        same_as=get_prediction_set(database, same) if same is not None else None,
    )


def imported_before(
    database: Database, request: PredictionImportRequest
) -> PredictionSetRow | None:
    """Return the set that was made from the same bytes, if any."""
    same = set_of_file(database, request.project_id, digest(request.source))
    return get_prediction_set(database, same) if same is not None else None


def create_prediction_import(database: Database, request: PredictionImportRequest) -> str:
    """Record the job of an import without running it; return its id.

    Raises:
        NameTaken: If the project has a set of this name.
        Conflict: If the same bytes were imported before and `again` is not set.
    """
    from curation.predictions.import_job import PredictionImportJob  # noqa: PLC0415  # registers

    names = {row.name for row in list_prediction_sets(database, request.project_id)}
    same = None if request.again else imported_before(database, request)
    if same is not None:
        raise Conflict(
            f"{request.source.name} was imported before, as {same.name!r}.",
            next_step="Use that set, or import again on purpose (--again).",
        )
    if request.name in names:
        raise NameTaken("prediction set", request.name)
    with database.write() as connection:
        return create_job(
            connection,
            kind=PredictionImportJob.name,
            title=f"Import predictions {request.name}",
            payload=request.to_payload(),
            project_id=request.project_id,
        )


def start_prediction_import(
    database: Database, settings: Settings, request: PredictionImportRequest
) -> str:
    """Hand an import to the workers and return its job's id.

    Raises:
        NameTaken: If the project has a set of this name.
        Conflict: If the same bytes were imported before and `again` is not set.
    """
    from curation.job_engine.engine import enqueue  # noqa: PLC0415  # loads the job engine

    job_id = create_prediction_import(database, request)
    enqueue(database, settings, job_id)
    return job_id
