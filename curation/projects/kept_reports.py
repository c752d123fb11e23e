"""Keeps the report of an import with its job, also of an import that left nothing to write."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from curation.errors import NothingToImport
from curation.store.jobs import note_report
from curation.store.reports import ImportReport, save_report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from curation.job_engine.kinds import JobContext
    from curation.store.database import Connection


def keep_report(connection: Connection, job_id: str, report: ImportReport) -> int:
    """Keep a report, point its job at it, and return its id."""
    report_id = save_report(connection, report)
    note_report(connection, job_id, report_id)
    return report_id


@contextmanager
def keeping_report(context: JobContext) -> Iterator[None]:
    """Keep the report of a validation that leaves nothing to import, then fail as before."""
    try:
        yield
    except NothingToImport as error:
        if error.report is not None:
            with context.database.write() as connection:
                keep_report(connection, context.job_id, ImportReport.from_dict(error.report))
        raise
