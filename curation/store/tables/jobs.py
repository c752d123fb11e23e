"""Progress of durable jobs, and import reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from curation.store.columns import Base, now


class ImportReport(Base):
    """What an import would do or did: counts, warnings, and every reject with its reason."""

    __tablename__ = "import_report"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    title: Mapped[str] = mapped_column(sa.String(300))
    content: Mapped[dict[str, Any]]
    created: Mapped[datetime] = mapped_column(default=now)


class Job(Base):
    """Durable long work, seen by users as progress; the engine keeps its own checkpoints."""

    __tablename__ = "job"
    __table_args__ = (sa.Index("ix_job_created", "created"),)

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(32))
    title: Mapped[str] = mapped_column(sa.String(300))
    project_id: Mapped[int | None] = mapped_column(sa.ForeignKey("project.id", ondelete="SET NULL"))
    payload: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(sa.String(16))
    attempt: Mapped[int] = mapped_column(default=1)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(sa.Text, default="")
    error: Mapped[str] = mapped_column(sa.Text, default="")
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    report_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("import_report.id", ondelete="SET NULL")
    )
    heartbeat: Mapped[datetime] = mapped_column(default=now)
    created: Mapped[datetime] = mapped_column(default=now)
    finished: Mapped[datetime | None]
