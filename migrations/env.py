"""How Alembic reaches the store; called through `curation.store.schema`, never by alembic.ini."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context

from curation.store.tables import Base


def _compare_type(
    _context: object, _inspected: object, _column: object, inspected: object, metadata: object
) -> bool | None:
    """Treat SQLite's single integer type as every integer type."""
    if isinstance(inspected, sa.Integer) and isinstance(metadata, sa.Integer):
        return False
    return None


def _run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=_compare_type if connection.dialect.name == "sqlite" else True,
        include_name=lambda name, kind, _parents: kind != "schema" or name is None,
    )
    context.run_migrations()


_run(context.config.attributes["connection"])
