"""Projects, their datasets, images, classes and revisions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from curation.store.columns import Base, BigId, now

VISIBLE = "ready"
PENDING = "importing"


class Project(Base):
    """An ontology with its datasets, labels and prediction sets."""

    __tablename__ = "project"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(200), unique=True)
    description: Mapped[str] = mapped_column(sa.Text, default="")
    status: Mapped[str] = mapped_column(sa.String(16), default=PENDING)
    revision: Mapped[int] = mapped_column(default=0)
    reevaluates: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime] = mapped_column(default=now)


class Dataset(Base):
    """A set of images with a storage root; one import makes one."""

    __tablename__ = "dataset"
    __table_args__ = (sa.UniqueConstraint("project_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("project.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(200))
    format: Mapped[str] = mapped_column(sa.String(32))
    root: Mapped[str | None] = mapped_column(sa.Text)
    source: Mapped[str] = mapped_column(sa.Text)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    status: Mapped[str] = mapped_column(sa.String(16), default=PENDING)
    job_id: Mapped[str | None] = mapped_column(sa.String(64))
    added_in: Mapped[int]
    created: Mapped[datetime] = mapped_column(default=now)


class Image(Base):
    """One picture with size, hash and split; `labelled` is how it was when it came."""

    __tablename__ = "image"
    __table_args__ = (
        sa.UniqueConstraint("dataset_id", "source_id"),
        sa.UniqueConstraint("dataset_id", "file_name"),
        sa.Index("ix_image_project_id", "project_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("project.id", ondelete="CASCADE"))
    dataset_id: Mapped[int] = mapped_column(sa.ForeignKey("dataset.id", ondelete="CASCADE"))
    source_id: Mapped[str] = mapped_column(sa.String(500))
    file_name: Mapped[str] = mapped_column(sa.String(1000))
    width: Mapped[int]
    height: Mapped[int]
    split: Mapped[str | None] = mapped_column(sa.String(32))
    labelled: Mapped[bool] = mapped_column(default=True)
    sha256: Mapped[str | None] = mapped_column(sa.String(64))
    added_in: Mapped[int]


class ImageState(Base):
    """What an image is from a revision on: `labelled`, `unlabelled` or `removed`."""

    __tablename__ = "image_state"
    __table_args__ = (sa.Index("ix_image_state_project_id_revision", "project_id", "revision"),)

    image_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("image.id", ondelete="CASCADE"), primary_key=True
    )
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("project.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(sa.String(16))


class Class(Base):
    """A category of the ontology."""

    __tablename__ = "class"
    __table_args__ = (
        sa.UniqueConstraint("project_id", "name"),
        sa.UniqueConstraint("project_id", "position"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("project.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(sa.String(200))
    source_id: Mapped[str] = mapped_column(sa.String(64))
    position: Mapped[int]
    added_in: Mapped[int]


class Revision(Base):
    """A numbered state of a project's labels: who made it, when and why."""

    __tablename__ = "revision"

    project_id: Mapped[int] = mapped_column(
        sa.ForeignKey("project.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(sa.String(32))
    author: Mapped[str] = mapped_column(sa.String(200))
    note: Mapped[str] = mapped_column(sa.Text, default="")
    status: Mapped[str] = mapped_column(sa.String(16), default=PENDING)
    changes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created: Mapped[datetime] = mapped_column(default=now)
