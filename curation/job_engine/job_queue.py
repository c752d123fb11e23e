"""The queue between those who ask for jobs and the workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dbos import DBOSClient, DBOSPortableJSONSerializer, run_dbos_database_migrations

from curation.store import jobs

if TYPE_CHECKING:
    from curation.settings import Settings
    from curation.store.database import Database

QUEUE: Final = "curation-jobs"
STEPS_VERSION: Final = "2"
"""Version of the steps; open work of another version is undone, not taken up."""


def engine_url(settings: Settings) -> str:
    """Return the URL of the engine's own tables, with the driver that we install."""
    return settings.jobs_url().replace("postgresql://", "postgresql+psycopg://", 1)


def enqueue(database: Database, settings: Settings, job_id: str) -> None:
    """Hand a job to the workers; the second time does nothing."""
    job = jobs.get_job(database, job_id)
    url = engine_url(settings)
    run_dbos_database_migrations(system_database_url=url)
    client = DBOSClient(system_database_url=url, serializer=DBOSPortableJSONSerializer())
    try:
        client.enqueue(
            {
                "queue_name": QUEUE,
                "workflow_name": "run_job",
                "workflow_id": job.workflow_id,
                "app_version": STEPS_VERSION,
            },
            job_id,
        )
    finally:
        client.destroy()
