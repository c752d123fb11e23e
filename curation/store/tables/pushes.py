"""Pushes of curated work to an annotation tool, and the outbox that sends each item once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from curation.store.columns import Base, BigId, now


class Push(Base):
    """A collection sent to a source: with whose predictions, how urgent, and why."""

    __tablename__ = "push"
    __table_args__ = (sa.Index("ix_push_source_id_created", "source_id", "created"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(sa.ForeignKey("source.id", ondelete="CASCADE"))
    collection_id: Mapped[int] = mapped_column(sa.ForeignKey("collection.id", ondelete="CASCADE"))
    prediction_set_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("prediction_set.id", ondelete="SET NULL")
    )
    score_floor: Mapped[float]
    priority: Mapped[float | None]
    note: Mapped[str] = mapped_column(sa.Text, default="")
    review: Mapped[bool] = mapped_column(default=False)
    author: Mapped[str] = mapped_column(sa.String(200))
    job_id: Mapped[str | None] = mapped_column(sa.String(64))
    created: Mapped[datetime] = mapped_column(default=now)


class OutboxItem(Base):
    """One image of a push: `pending`, `sending`, `done`, `conflict` or `failed`.

    `key` is ours and goes into the tool with the item, so that whatever a broken connection hid
    can be looked up before anything is sent again. `expected` is the task's update time that the
    preview showed; a newer one in the tool is a conflict.
    """

    __tablename__ = "outbox_item"
    __table_args__ = (
        sa.UniqueConstraint("key"),
        sa.Index("ix_outbox_item_push_id_state", "push_id", "state"),
        sa.Index("ix_outbox_item_image_id", "image_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    push_id: Mapped[int] = mapped_column(sa.ForeignKey("push.id", ondelete="CASCADE"))
    image_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("image.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(sa.String(64))
    action: Mapped[str] = mapped_column(sa.String(16))
    state: Mapped[str] = mapped_column(sa.String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    remote_id: Mapped[str | None] = mapped_column(sa.String(500))
    expected: Mapped[str | None] = mapped_column(sa.String(40))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(sa.Text, default="")
    updated: Mapped[datetime] = mapped_column(default=now)
