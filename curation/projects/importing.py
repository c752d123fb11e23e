"""Import a project: look first (dry run), then start the durable job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.projects.import_validation import digest, refuse_repeated, validate_project
from curation.projects.requests import ProjectImportRequest
from curation.store.jobs import create_job
from curation.store.project_imports import refuse_open_import

if TYPE_CHECKING:
    from curation.formats.records import Question
    from curation.settings import Settings
    from curation.store.database import Database
    from curation.store.reports import ImportReport

__all__ = [
    "ImportPreview",
    "ProjectImportRequest",
    "create_project_import",
    "preview_project",
    "start_project_import",
]


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What an import would do, and what only a person can decide."""

    report: ImportReport
    questions: tuple[Question, ...]


def preview_project(
    database: Database, settings: Settings, request: ProjectImportRequest
) -> ImportPreview:
    """Validate an import without writing anything.

    Raises:
        InputRejected: If the source cannot be read, or leaves nothing to import.
        Conflict: If the same source was imported before.
    """
    validated = validate_project(database, settings, request, dry_run=True)
    return ImportPreview(validated.report, validated.records.questions)


def create_project_import(database: Database, request: ProjectImportRequest) -> str:
    """Record the job of an import without running it; return its id.

    Raises:
        Conflict: If the same source was imported before, or an import is not finished.
    """
    from curation.projects.import_job import ProjectImportJob  # noqa: PLC0415  # loads media

    refuse_open_import(database, request.name)
    refuse_repeated(database, request, digest(request.source))
    with database.write() as connection:
        return create_job(
            connection,
            kind=ProjectImportJob.name,
            title=f"Import project {request.name}",
            payload=request.to_payload(),
        )


def start_project_import(
    database: Database, settings: Settings, request: ProjectImportRequest
) -> str:
    """Hand an import to the workers and return its job's id.

    Raises:
        Conflict: If an earlier import into the project is not finished.
    """
    from curation.job_engine.engine import enqueue  # noqa: PLC0415  # loads the job engine

    job_id = create_project_import(database, request)
    enqueue(database, settings, job_id)
    return job_id
