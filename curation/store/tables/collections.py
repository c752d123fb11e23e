"""Collections: frozen, named lists of images or labels."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from curation.store.columns import Base, BigId, now


class Collection(Base):
    """A frozen, named list; `kind` is `images` or `labels`, `origin` says what it was made from."""

    __tablename__ = "collection"
    __table_args__ = (sa.UniqueConstraint("project_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("project.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(200))
    kind: Mapped[str] = mapped_column(sa.String(16))
    description: Mapped[str] = mapped_column(sa.Text, default="")
    origin: Mapped[dict[str, Any]] = mapped_column(default=dict)
    revision: Mapped[int]
    size: Mapped[int]
    author: Mapped[str] = mapped_column(sa.String(200))
    created: Mapped[datetime] = mapped_column(default=now)


class CollectionItem(Base):
    """One image of a collection, or one label with its image; `note` says why it is in it."""

    __tablename__ = "collection_item"
    __table_args__ = (sa.Index("ix_collection_item_image_id", "image_id"),)

    collection_id: Mapped[int] = mapped_column(
        sa.ForeignKey("collection.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    image_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("image.id", ondelete="CASCADE"))
    label_id: Mapped[int | None] = mapped_column(
        BigId, sa.ForeignKey("label.id", ondelete="CASCADE")
    )
    note: Mapped[str] = mapped_column(sa.Text, default="")
