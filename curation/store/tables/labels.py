"""Labels with their history, their geometry, and the cached columns of a revision."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from curation.store.columns import Base, BigId


class Label(Base):
    """One ground-truth object; never changed, only added and removed by revisions."""

    __tablename__ = "label"
    __table_args__ = (
        sa.Index("ix_label_project_id_added_in", "project_id", "added_in"),
        sa.Index("ix_label_project_id_removed_in", "project_id", "removed_in"),
        sa.Index("ix_label_image_id", "image_id"),
        sa.Index("ix_label_class_id", "class_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("project.id", ondelete="CASCADE"))
    image_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("image.id", ondelete="CASCADE"))
    class_id: Mapped[int] = mapped_column(sa.ForeignKey("class.id", ondelete="CASCADE"))
    added_in: Mapped[int]
    removed_in: Mapped[int | None]
    x: Mapped[float]
    y: Mapped[float]
    width: Mapped[float]
    height: Mapped[float]
    area: Mapped[float]
    crowd: Mapped[bool]
    ignore: Mapped[bool]
    source_id: Mapped[int] = mapped_column(sa.BigInteger)


class LabelGeometry(Base):
    """The exact shape of a label: the polygons as imported, and COCO's run-length mask.

    `exact` holds what neither says, as JSON: a rotated rectangle's centre, size and angle, an
    ellipse's centre, radii and angle.
    """

    __tablename__ = "label_geometry"

    label_id: Mapped[int] = mapped_column(
        BigId, sa.ForeignKey("label.id", ondelete="CASCADE"), primary_key=True
    )
    polygons: Mapped[bytes | None]
    counts: Mapped[bytes | None]
    exact: Mapped[bytes | None]


class Mark(Base):
    """What an annotator noted that has no extent; with history as labels have.

    `kind`: `choice` and `text` are of the whole image, `keypoint` is at `x`, `y` (pixels). `field`
    is the question that was asked, `value` the answer or the point's name.
    """

    __tablename__ = "mark"
    __table_args__ = (
        sa.Index("ix_mark_project_id_added_in", "project_id", "added_in"),
        sa.Index("ix_mark_image_id", "image_id"),
        sa.Index("ix_mark_source_id", "source_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("project.id", ondelete="CASCADE"))
    image_id: Mapped[int] = mapped_column(BigId, sa.ForeignKey("image.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(sa.String(16))
    field: Mapped[str] = mapped_column(sa.String(200))
    value: Mapped[str] = mapped_column(sa.Text)
    x: Mapped[float | None]
    y: Mapped[float | None]
    added_in: Mapped[int]
    removed_in: Mapped[int | None]
    source_id: Mapped[int | None] = mapped_column(sa.ForeignKey("source.id", ondelete="SET NULL"))
    task_id: Mapped[str] = mapped_column(sa.String(500), default="")
    annotation_id: Mapped[str] = mapped_column(sa.String(500), default="")
    region_key: Mapped[str] = mapped_column(sa.String(200), default="")
    region: Mapped[bytes | None]


class LabelShard(Base):
    """Columns of all labels of one revision: a cache, rebuilt from rows at any time."""

    __tablename__ = "label_shard"

    project_id: Mapped[int] = mapped_column(
        sa.ForeignKey("project.id", ondelete="CASCADE"), primary_key=True
    )
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(sa.String(16), primary_key=True)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    data: Mapped[bytes]
