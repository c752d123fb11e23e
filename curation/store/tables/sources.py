"""Sources (connections to annotation tools), and what each tool holds: tasks and annotations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from curation.store.columns import Base, BigId, now


class Source(Base):
    """One connection of a project to an annotation tool, with its secret's place and its cursor.

    `fence` grows whenever a process takes the source's work up: who holds an older one may not
    write. `high_water` is the tool's own time up to which everything was pulled; `window_low`,
    `window_high` and `last_key` are those of a pull that is not finished. Of files, `high_water`
    is the fingerprint. `dataset_id` is the dataset of the images that the source brought.
    """

    __tablename__ = "source"
    __table_args__ = (
        sa.UniqueConstraint("project_id", "name"),
        sa.Index("ix_source_due", "due"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("project.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(200))
    kind: Mapped[str] = mapped_column(sa.String(32))
    location: Mapped[str] = mapped_column(sa.Text)
    tool_project: Mapped[str] = mapped_column(sa.String(200), default="")
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)
    secret_kind: Mapped[str] = mapped_column(sa.String(16), default="none")
    secret: Mapped[str] = mapped_column(sa.Text, default="")
    hook_sha256: Mapped[str | None] = mapped_column(sa.String(64))
    schedule: Mapped[str | None] = mapped_column(sa.String(100))
    due: Mapped[datetime | None]
    enabled: Mapped[bool] = mapped_column(default=True)
    attention: Mapped[str] = mapped_column(sa.Text, default="")
    job_id: Mapped[str | None] = mapped_column(sa.String(64))
    fence: Mapped[int] = mapped_column(default=0)
    high_water: Mapped[str | None] = mapped_column(sa.String(64))
    window_low: Mapped[str | None] = mapped_column(sa.String(40))
    window_high: Mapped[str | None] = mapped_column(sa.String(40))
    last_key: Mapped[str | None] = mapped_column(sa.String(500))
    reconciled: Mapped[datetime | None]
    dataset_id: Mapped[int | None] = mapped_column(sa.ForeignKey("dataset.id", ondelete="SET NULL"))
    created: Mapped[datetime] = mapped_column(default=now)


class RemoteTask(Base):
    """One task of a tool as it was last seen: an image to annotate, and where its work stands.

    `dirty`: it differs from what the labels were last made from. `deleted`: the tool has it no
    more. `published`: its image's labels are this task's. `held`: why its labels wait (an
    unanswered class, a region that cannot be read).
    """

    __tablename__ = "remote_task"
    __table_args__ = (
        sa.Index("ix_remote_task_source_id_dirty", "source_id", "dirty"),
        sa.Index("ix_remote_task_source_id_image_id", "source_id", "image_id"),
    )

    source_id: Mapped[int] = mapped_column(
        sa.ForeignKey("source.id", ondelete="CASCADE"), primary_key=True
    )
    remote_id: Mapped[str] = mapped_column(sa.String(500), primary_key=True)
    created_at: Mapped[str] = mapped_column(sa.String(40))
    updated_at: Mapped[str] = mapped_column(sa.String(40))
    image: Mapped[str] = mapped_column(sa.Text)
    image_key: Mapped[str | None] = mapped_column(sa.String(64))
    image_id: Mapped[int | None] = mapped_column(
        sa.BigInteger, sa.ForeignKey("image.id", ondelete="SET NULL")
    )
    width: Mapped[int | None]
    height: Mapped[int | None]
    status: Mapped[str] = mapped_column(sa.String(16))
    status_by: Mapped[str | None] = mapped_column(sa.String(200))
    status_at: Mapped[str | None] = mapped_column(sa.String(40))
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    annotations: Mapped[int] = mapped_column(default=0)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    dirty: Mapped[bool] = mapped_column(default=True)
    deleted: Mapped[bool] = mapped_column(default=False)
    published: Mapped[bool] = mapped_column(default=False)
    held: Mapped[str] = mapped_column(sa.Text, default="")


class RemoteAnnotation(Base):
    """One annotation of a task with its regions exactly as the tool gave them (compact JSON)."""

    __tablename__ = "remote_annotation"
    __table_args__ = (sa.Index("ix_remote_annotation_source_id_task_id", "source_id", "task_id"),)

    source_id: Mapped[int] = mapped_column(
        sa.ForeignKey("source.id", ondelete="CASCADE"), primary_key=True
    )
    remote_id: Mapped[str] = mapped_column(sa.String(500), primary_key=True)
    task_id: Mapped[str] = mapped_column(sa.String(500))
    updated_at: Mapped[str] = mapped_column(sa.String(40))
    author: Mapped[str | None] = mapped_column(sa.String(200))
    cancelled: Mapped[bool]
    ground_truth: Mapped[bool]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    regions: Mapped[bytes]


class SourceClass(Base):
    """What a tool's class means in the project; without an answer it is a question.

    `answer`: `class` (the project's `class_id`), `new` (a class of this name, made by the next
    sync), `ignore` (its regions are left out on purpose), or null while nobody has answered.
    """

    __tablename__ = "source_class"

    source_id: Mapped[int] = mapped_column(
        sa.ForeignKey("source.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(sa.String(200), primary_key=True)
    answer: Mapped[str | None] = mapped_column(sa.String(16))
    class_id: Mapped[int | None] = mapped_column(sa.ForeignKey("class.id", ondelete="CASCADE"))
    offered: Mapped[bool] = mapped_column(default=True)
    answered_by: Mapped[str | None] = mapped_column(sa.String(200))
    seen: Mapped[datetime] = mapped_column(default=now)


class LabelOrigin(Base):
    """Where a label came from: the annotation and region of a tool, the raw region beside it."""

    __tablename__ = "label_origin"
    __table_args__ = (sa.Index("ix_label_origin_source_id_task_id", "source_id", "task_id"),)

    label_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("label.id", ondelete="CASCADE"), primary_key=True
    )
    source_id: Mapped[int] = mapped_column(sa.ForeignKey("source.id", ondelete="CASCADE"))
    task_id: Mapped[str] = mapped_column(sa.String(500))
    annotation_id: Mapped[str] = mapped_column(sa.String(500))
    region_key: Mapped[str] = mapped_column(sa.String(200))
    region: Mapped[bytes]


class SyncRun(Base):
    """One pull (and publish) or push with a source: what it found, survived and changed."""

    __tablename__ = "sync_run"
    __table_args__ = (sa.Index("ix_sync_run_source_id_started", "source_id", "started"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(sa.ForeignKey("source.id", ondelete="CASCADE"))
    job_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(16))
    author: Mapped[str] = mapped_column(sa.String(200))
    status: Mapped[str] = mapped_column(sa.String(16))
    started: Mapped[datetime] = mapped_column(default=now)
    finished: Mapped[datetime | None]
    window_low: Mapped[str | None] = mapped_column(sa.String(40))
    window_high: Mapped[str | None] = mapped_column(sa.String(40))
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    faults: Mapped[dict[str, Any]] = mapped_column(default=dict)
    problems: Mapped[list[Any]] = mapped_column(default=list)
    revision: Mapped[int | None]
    error: Mapped[str] = mapped_column(sa.Text, default="")
