"""Sources, collections, pushes and tokens; images and their states have a history of their own.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("last_used", sa.DateTime(), nullable=True),
        sa.Column("revoked", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
            name=op.f("fk_access_token_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_token")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_access_token_project_id_name")),
        sa.UniqueConstraint("sha256", name=op.f("uq_access_token_sha256")),
    )
    op.create_table(
        "collection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("origin", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
            name=op.f("fk_collection_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_collection_project_id_name")),
    )
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("tool_project", sa.String(length=200), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("secret_kind", sa.String(length=16), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("hook_sha256", sa.String(length=64), nullable=True),
        sa.Column("schedule", sa.String(length=100), nullable=True),
        sa.Column("due", sa.DateTime(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("attention", sa.Text(), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("high_water", sa.String(length=64), nullable=True),
        sa.Column("window_low", sa.String(length=40), nullable=True),
        sa.Column("window_high", sa.String(length=40), nullable=True),
        sa.Column("last_key", sa.String(length=500), nullable=True),
        sa.Column("reconciled", sa.DateTime(), nullable=True),
        sa.Column("dataset_id", sa.Integer(), nullable=True),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["dataset.id"],
            name=op.f("fk_source_dataset_id_dataset"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
            name=op.f("fk_source_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_source_project_id_name")),
    )
    op.create_index("ix_source_due", "source", ["due"], unique=False)
    op.create_table(
        "image_state",
        sa.Column("image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"],
            ["image.id"],
            name=op.f("fk_image_state_image_id_image"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
            name=op.f("fk_image_state_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("image_id", "revision", name=op.f("pk_image_state")),
    )
    op.create_index(
        "ix_image_state_project_id_revision",
        "image_state",
        ["project_id", "revision"],
        unique=False,
    )
    op.create_table(
        "mark",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("field", sa.String(length=200), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("x", sa.Double(), nullable=True),
        sa.Column("y", sa.Double(), nullable=True),
        sa.Column("added_in", sa.Integer(), nullable=False),
        sa.Column("removed_in", sa.Integer(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("task_id", sa.String(length=500), nullable=False),
        sa.Column("annotation_id", sa.String(length=500), nullable=False),
        sa.Column("region_key", sa.String(length=200), nullable=False),
        sa.Column("region", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["image_id"], ["image.id"], name=op.f("fk_mark_image_id_image"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["project.id"],
            name=op.f("fk_mark_project_id_project"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_mark_source_id_source"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mark")),
    )
    op.create_index("ix_mark_image_id", "mark", ["image_id"], unique=False)
    op.create_index("ix_mark_project_id_added_in", "mark", ["project_id", "added_in"], unique=False)
    op.create_index("ix_mark_source_id", "mark", ["source_id"], unique=False)
    op.create_table(
        "push",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("collection_id", sa.Integer(), nullable=False),
        sa.Column("prediction_set_id", sa.Integer(), nullable=True),
        sa.Column("score_floor", sa.Double(), nullable=False),
        sa.Column("priority", sa.Double(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=True),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_push_collection_id_collection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["prediction_set_id"],
            ["prediction_set.id"],
            name=op.f("fk_push_prediction_set_id_prediction_set"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_push_source_id_source"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push")),
    )
    op.create_index("ix_push_source_id_created", "push", ["source_id", "created"], unique=False)
    op.create_table(
        "remote_annotation",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.String(length=500), nullable=False),
        sa.Column("task_id", sa.String(length=500), nullable=False),
        sa.Column("updated_at", sa.String(length=40), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=True),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("ground_truth", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("regions", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_remote_annotation_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", "remote_id", name=op.f("pk_remote_annotation")),
    )
    op.create_index(
        "ix_remote_annotation_source_id_task_id",
        "remote_annotation",
        ["source_id", "task_id"],
        unique=False,
    )
    op.create_table(
        "remote_task",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.String(length=40), nullable=False),
        sa.Column("updated_at", sa.String(length=40), nullable=False),
        sa.Column("image", sa.Text(), nullable=False),
        sa.Column("image_key", sa.String(length=64), nullable=True),
        sa.Column("image_id", sa.BigInteger(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("status_by", sa.String(length=200), nullable=True),
        sa.Column("status_at", sa.String(length=40), nullable=True),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("annotations", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("dirty", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("held", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"],
            ["image.id"],
            name=op.f("fk_remote_task_image_id_image"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_remote_task_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", "remote_id", name=op.f("pk_remote_task")),
    )
    op.create_index(
        "ix_remote_task_source_id_dirty", "remote_task", ["source_id", "dirty"], unique=False
    )
    op.create_index(
        "ix_remote_task_source_id_image_id", "remote_task", ["source_id", "image_id"], unique=False
    )
    op.create_table(
        "source_class",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("answer", sa.String(length=16), nullable=True),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("answered_by", sa.String(length=200), nullable=True),
        sa.Column("seen", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["class_id"],
            ["class.id"],
            name=op.f("fk_source_class_class_id_class"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_source_class_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", "name", name=op.f("pk_source_class")),
    )
    op.create_table(
        "sync_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("started", sa.DateTime(), nullable=False),
        sa.Column("finished", sa.DateTime(), nullable=True),
        sa.Column("window_low", sa.String(length=40), nullable=True),
        sa.Column("window_high", sa.String(length=40), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_sync_run_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run")),
        sa.UniqueConstraint("job_id", name=op.f("uq_sync_run_job_id")),
    )
    op.create_index(
        "ix_sync_run_source_id_started", "sync_run", ["source_id", "started"], unique=False
    )
    op.create_table(
        "collection_item",
        sa.Column("collection_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("label_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["collection.id"],
            name=op.f("fk_collection_item_collection_id_collection"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["image_id"],
            ["image.id"],
            name=op.f("fk_collection_item_image_id_image"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["label_id"],
            ["label.id"],
            name=op.f("fk_collection_item_label_id_label"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("collection_id", "position", name=op.f("pk_collection_item")),
    )
    op.create_index("ix_collection_item_image_id", "collection_item", ["image_id"], unique=False)
    op.create_table(
        "label_origin",
        sa.Column("label_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.String(length=500), nullable=False),
        sa.Column("annotation_id", sa.String(length=500), nullable=False),
        sa.Column("region_key", sa.String(length=200), nullable=False),
        sa.Column("region", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["label_id"],
            ["label.id"],
            name=op.f("fk_label_origin_label_id_label"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_label_origin_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("label_id", name=op.f("pk_label_origin")),
    )
    op.create_index(
        "ix_label_origin_source_id_task_id", "label_origin", ["source_id", "task_id"], unique=False
    )
    op.create_table(
        "outbox_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("push_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.String(length=500), nullable=True),
        sa.Column("expected", sa.String(length=40), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("updated", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["image_id"],
            ["image.id"],
            name=op.f("fk_outbox_item_image_id_image"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["push_id"], ["push.id"], name=op.f("fk_outbox_item_push_id_push"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_item")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_item_key")),
    )
    op.create_index("ix_outbox_item_image_id", "outbox_item", ["image_id"], unique=False)
    op.create_index(
        "ix_outbox_item_push_id_state", "outbox_item", ["push_id", "state"], unique=False
    )
    op.add_column("image", sa.Column("added_in", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE image SET added_in ="
        " (SELECT dataset.added_in FROM dataset WHERE dataset.id = image.dataset_id)"
    )
    op.add_column("label_geometry", sa.Column("exact", sa.LargeBinary(), nullable=True))
    op.add_column(
        "project", sa.Column("reevaluates", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    op.drop_column("project", "reevaluates")
    op.drop_column("label_geometry", "exact")
    op.drop_column("image", "added_in")
    op.drop_index("ix_outbox_item_push_id_state", table_name="outbox_item")
    op.drop_index("ix_outbox_item_image_id", table_name="outbox_item")
    op.drop_table("outbox_item")
    op.drop_index("ix_label_origin_source_id_task_id", table_name="label_origin")
    op.drop_table("label_origin")
    op.drop_index("ix_collection_item_image_id", table_name="collection_item")
    op.drop_table("collection_item")
    op.drop_index("ix_sync_run_source_id_started", table_name="sync_run")
    op.drop_table("sync_run")
    op.drop_table("source_class")
    op.drop_index("ix_remote_task_source_id_image_id", table_name="remote_task")
    op.drop_index("ix_remote_task_source_id_dirty", table_name="remote_task")
    op.drop_table("remote_task")
    op.drop_index("ix_remote_annotation_source_id_task_id", table_name="remote_annotation")
    op.drop_table("remote_annotation")
    op.drop_index("ix_push_source_id_created", table_name="push")
    op.drop_table("push")
    op.drop_index("ix_mark_source_id", table_name="mark")
    op.drop_index("ix_mark_project_id_added_in", table_name="mark")
    op.drop_index("ix_mark_image_id", table_name="mark")
    op.drop_table("mark")
    op.drop_index("ix_image_state_project_id_revision", table_name="image_state")
    op.drop_table("image_state")
    op.drop_index("ix_source_due", table_name="source")
    op.drop_table("source")
    op.drop_table("collection")
    op.drop_table("access_token")
