"""Jobs as users see and steer them; the rows live in the store."""

from __future__ import annotations

from curation.store.jobs import (
    CANCELLED,
    DONE,
    FAILED,
    OPEN,
    QUEUED,
    RUNNING,
    JobRow,
    cancel_job,
    get_job,
    list_jobs,
    reopen_job,
)

__all__ = [
    "CANCELLED",
    "DONE",
    "FAILED",
    "OPEN",
    "QUEUED",
    "RUNNING",
    "JobRow",
    "cancel_job",
    "get_job",
    "list_jobs",
    "reopen_job",
]
