"""Which schema the store has, told without loading Alembic (0.15 s of every command)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from curation.errors import StaleSchema

if TYPE_CHECKING:
    from curation.store.database import Database

NEEDED: Final = "0004"
"""The newest migration; a test holds it to the folder."""

_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))


def version(database: Database) -> str | None:
    """Return the schema version of the store, None when it is empty."""
    with database.read() as connection:
        if not sa.inspect(connection).has_table(_VERSION.name):
            return None
        return connection.scalar(sa.select(_VERSION.c.version_num))


def require_current(database: Database) -> None:
    """Refuse to work on a store of another version.

    Raises:
        StaleSchema: If the store is older or newer than the code.
    """
    found = version(database)
    if found != NEEDED:
        raise StaleSchema(found, NEEDED)


def prepare(database: Database) -> None:
    """Create the tables of an empty store; refuse an outdated one.

    Raises:
        StaleSchema: If the store is older or newer than the code.
    """
    if version(database) is None:
        from curation.store.schema import upgrade  # noqa: PLC0415  # Alembic, for a new store only

        upgrade(database)
    require_current(database)
