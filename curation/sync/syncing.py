"""Start a sync: one run of a source at a time, over all hosts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.errors import Conflict
from curation.store.jobs import create_job
from curation.store.sources import get_source, reserve
from curation.sync.sync_job import SyncJob

if TYPE_CHECKING:
    from curation.settings import Settings
    from curation.store.database import Database


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What a run is asked to do.

    Args:
        source_id: The source.
        author: Who asked: a person, a token, the schedule.
        reconcile: Whether to compare everything, also what no time tells.
        allow_removals: Whether more than a fifth may vanish.
        dry_run: Whether to only tell what would change.
    """

    source_id: int
    author: str
    reconcile: bool = False
    allow_removals: bool = False
    dry_run: bool = False


def create_sync(database: Database, request: SyncRequest) -> tuple[str, bool]:
    """Record the job of a run without starting it.

    Returns:
        The id of the job that has the source, and whether it is this one: while a run of the
        source is open, on whatever host, there is no second.

    Raises:
        NotFound: If there is no such source.
        Conflict: If the source is switched off.
    """
    source = get_source(database, request.source_id)
    if not source.enabled:
        raise Conflict(
            f"Source {source.name!r} is switched off.",
            next_step="Switch it on: 'curation source edit NAME --enable'.",
        )
    job_id = uuid.uuid4().hex[:12]
    with database.write() as connection:
        holder = reserve(connection, source.id, job_id)
        if holder == job_id:
            create_job(
                connection,
                kind=SyncJob.name,
                title=f"{'Dry run of' if request.dry_run else 'Sync'} {source.name}",
                payload={
                    "source_id": source.id,
                    "author": request.author,
                    "reconcile": request.reconcile,
                    "allow_removals": request.allow_removals,
                    "dry_run": request.dry_run,
                },
                project_id=source.project_id,
                job_id=job_id,
            )
    return holder, holder == job_id


def start_sync(
    database: Database,
    settings: Settings,
    source_id: int,
    *,
    author: str,
    reconcile: bool = False,
    allow_removals: bool = False,
) -> str:
    """Hand a run to the workers, unless one is open, and return the id of its job.

    Raises:
        NotFound: If there is no such source.
        Conflict: If the source is switched off.
    """
    request = SyncRequest(source_id, author, reconcile, allow_removals)
    return start_run(database, settings, request)


def start_run(database: Database, settings: Settings, request: SyncRequest) -> str:
    """Hand any kind of run to the workers, unless one is open, and return the id of its job.

    Raises:
        NotFound: If there is no such source.
        Conflict: If the source is switched off.
    """
    from curation.job_engine.engine import enqueue  # noqa: PLC0415  # loads the job engine

    job_id, is_mine = create_sync(database, request)
    if is_mine:
        enqueue(database, settings, job_id)
    return job_id
