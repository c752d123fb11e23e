"""Prediction sets know the revision whose images they cover; labels are found by class.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("prediction_set") as batch:
        batch.add_column(sa.Column("image_revision", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE prediction_set SET image_revision = "
        "(SELECT revision FROM project WHERE project.id = prediction_set.project_id)"
    )
    with op.batch_alter_table("prediction_set") as batch:
        batch.alter_column("image_revision", existing_type=sa.Integer(), nullable=False)
    op.create_index("ix_label_class_id", "label", ["class_id"])


def downgrade() -> None:
    op.drop_index("ix_label_class_id", "label")
    with op.batch_alter_table("prediction_set") as batch:
        batch.drop_column("image_revision")
