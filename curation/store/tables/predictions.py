"""Prediction sets, their shards (the truth) and projection rows (for people and SQL tools)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from curation.store.columns import Base, BigId, now
from curation.store.tables.projects import PENDING


class PredictionSet(Base):
    """One import of one model's predictions; immutable once ready."""

    __tablename__ = "prediction_set"
    __table_args__ = (
        sa.UniqueConstraint("project_id", "name"),
        sa.Index("ix_prediction_set_project_id_created", "project_id", "created"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("project.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(200))
    model: Mapped[str] = mapped_column(sa.String(200), default="")
    version: Mapped[str] = mapped_column(sa.String(100), default="")
    framework: Mapped[str] = mapped_column(sa.String(100), default="")
    parent_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("prediction_set.id", ondelete="SET NULL")
    )
    training_split: Mapped[str | None] = mapped_column(sa.String(100))
    training_revision: Mapped[int | None]
    notes: Mapped[str] = mapped_column(sa.Text, default="")
    config: Mapped[dict[str, Any]] = mapped_column(default=dict)
    source: Mapped[str] = mapped_column(sa.Text)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    format: Mapped[str] = mapped_column(sa.String(32))
    task: Mapped[str] = mapped_column(sa.String(16))
    class_map: Mapped[dict[str, Any]] = mapped_column(default=dict)
    covered_splits: Mapped[list[Any] | None]
    image_revision: Mapped[int]
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    row_floor: Mapped[float]
    color: Mapped[str] = mapped_column(sa.String(7))
    report_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("import_report.id", ondelete="SET NULL")
    )
    status: Mapped[str] = mapped_column(sa.String(16), default=PENDING)
    job_id: Mapped[str | None] = mapped_column(sa.String(64))
    created: Mapped[datetime] = mapped_column(default=now)


class Baseline(Base):
    """The prediction set that a project compares against unless another is picked."""

    __tablename__ = "baseline"

    project_id: Mapped[int] = mapped_column(
        sa.ForeignKey("project.id", ondelete="CASCADE"), primary_key=True
    )
    set_id: Mapped[int] = mapped_column(sa.ForeignKey("prediction_set.id", ondelete="CASCADE"))


class PredictionShard(Base):
    """Predictions of about 500 images as an Arrow file; boxes and masks apart."""

    __tablename__ = "prediction_shard"

    set_id: Mapped[int] = mapped_column(
        sa.ForeignKey("prediction_set.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rows: Mapped[int]
    first_image_id: Mapped[int] = mapped_column(sa.BigInteger)
    last_image_id: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    data: Mapped[bytes]


class Prediction(Base):
    """Projection of one prediction at or above its set's row floor; rebuildable from shards."""

    __tablename__ = "prediction"
    __table_args__ = (
        sa.Index("ix_prediction_set_id_class_id_score", "set_id", "class_id", "score"),
        sa.Index("ix_prediction_set_id_image_id", "set_id", "image_id"),
        {"sqlite_with_rowid": False},
    )

    set_id: Mapped[int] = mapped_column(
        sa.ForeignKey("prediction_set.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    image_id: Mapped[int] = mapped_column(BigId)
    class_id: Mapped[int]
    score: Mapped[float]
    x: Mapped[float]
    y: Mapped[float]
    width: Mapped[float]
    height: Mapped[float]
    area: Mapped[float]


class ClassMap(Base):
    """A remembered class map: what a model's class keys meant in this project last time."""

    __tablename__ = "class_map"

    project_id: Mapped[int] = mapped_column(
        sa.ForeignKey("project.id", ondelete="CASCADE"), primary_key=True
    )
    fingerprint: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    mapping: Mapped[dict[str, Any]]
    updated: Mapped[datetime] = mapped_column(default=now)
