"""Evaluations, their dense matches, findings (one row an outcome) and comparisons."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from curation.store.columns import Base, BigId, now


class Evaluation(Base):
    """Numbers of one prediction set on one label revision under one set of settings."""

    __tablename__ = "evaluation"
    __table_args__ = (
        sa.UniqueConstraint("prediction_set_id", "revision", "settings_key"),
        sa.Index("ix_evaluation_project_id", "project_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("project.id", ondelete="CASCADE"))
    prediction_set_id: Mapped[int] = mapped_column(
        sa.ForeignKey("prediction_set.id", ondelete="CASCADE")
    )
    revision: Mapped[int]
    settings_key: Mapped[str] = mapped_column(sa.String(64))
    settings: Mapped[dict[str, Any]]
    iou_type: Mapped[str] = mapped_column(sa.String(8))
    evaluator_version: Mapped[str] = mapped_column(sa.String(16))
    result: Mapped[dict[str, Any]]
    seconds: Mapped[float]
    created: Mapped[datetime] = mapped_column(default=now)


class Comparison(Base):
    """Intervals of the deltas of two evaluations in one scope: made once, never changed."""

    __tablename__ = "comparison"
    __table_args__ = (
        sa.UniqueConstraint("evaluation_id", "against_id", "settings_key"),
        sa.Index("ix_comparison_against_id", "against_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    evaluation_id: Mapped[int] = mapped_column(sa.ForeignKey("evaluation.id", ondelete="CASCADE"))
    against_id: Mapped[int] = mapped_column(sa.ForeignKey("evaluation.id", ondelete="CASCADE"))
    settings_key: Mapped[str] = mapped_column(sa.String(64))
    settings: Mapped[dict[str, Any]]
    intervals: Mapped[dict[str, Any]]
    seconds: Mapped[float]
    created: Mapped[datetime] = mapped_column(default=now)


class MatchShard(Base):
    """Every match of an evaluation, all IoU thresholds and area ranges, as an Arrow file."""

    __tablename__ = "match"

    evaluation_id: Mapped[int] = mapped_column(
        sa.ForeignKey("evaluation.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    data: Mapped[bytes]


class Finding(Base):
    """One true positive, false positive or miss at the evaluation's operating point."""

    __tablename__ = "finding"
    __table_args__ = (
        sa.Index("ix_finding_evaluation_outcome", "evaluation_id", "outcome", "class_id", "score"),
        sa.Index("ix_finding_evaluation_image", "evaluation_id", "image_id"),
        {"sqlite_with_rowid": False},
    )

    evaluation_id: Mapped[int] = mapped_column(
        sa.ForeignKey("evaluation.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(sa.String(2))
    image_id: Mapped[int] = mapped_column(BigId)
    class_id: Mapped[int]
    size: Mapped[str] = mapped_column(sa.String(8))
    score: Mapped[float | None]
    iou: Mapped[float | None]
    area: Mapped[float]
    label_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    ordinal: Mapped[int | None] = mapped_column(sa.BigInteger)
