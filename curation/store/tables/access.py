"""Tokens by which programs act without a person; only their digests are kept."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from curation.store.columns import Base, now


class AccessToken(Base):
    """A token with a role in one project; it can be revoked at any time."""

    __tablename__ = "access_token"
    __table_args__ = (sa.UniqueConstraint("project_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("project.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(200))
    role: Mapped[str] = mapped_column(sa.String(16))
    sha256: Mapped[str] = mapped_column(sa.String(64), unique=True)
    created: Mapped[datetime] = mapped_column(default=now)
    last_used: Mapped[datetime | None]
    revoked: Mapped[datetime | None]
