"""The schema of the store: upgrade, downgrade, drift check and backup."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from importlib import resources
from typing import TYPE_CHECKING

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext

from curation.errors import Unavailable, UsageError
from curation.store.tables import Base

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import sqlalchemy as sa

    from curation.store.database import Database


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("migrations")))
    return config


@contextmanager
def _migrating(database: Database) -> Iterator[sa.Connection]:
    """Open a writing connection on which SQLite does not follow foreign keys.

    Batch ALTER drops and recreates tables; with foreign keys on, dropping a parent deletes every
    child row. The pragma does nothing inside a transaction, so it goes to the raw connection.
    """
    with database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        if database.is_sqlite and raw is not None:
            raw.execute("PRAGMA foreign_keys=OFF")
        try:
            writer = connection.execution_options(writing=True)
            with writer.begin():
                yield writer
                if database.is_sqlite:
                    _refuse_orphans(writer)
        finally:
            if database.is_sqlite and raw is not None:
                raw.execute("PRAGMA foreign_keys=ON")


def _refuse_orphans(connection: sa.Connection) -> None:
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if orphans:
        raise Unavailable("The migration", f"{len(orphans)} rows would lose their parent")


def upgrade(database: Database, target: str = "head") -> None:
    """Bring the store to a schema version, all or nothing."""
    config = _config()
    with _migrating(database) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, target)


def downgrade(database: Database, target: str) -> None:
    """Take the store back to an older schema version, all or nothing."""
    config = _config()
    with _migrating(database) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, target)


def drift(database: Database) -> list[str]:
    """Return the differences between the store's tables and the code's, one line each."""
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": not database.is_sqlite}
        )
        return [str(difference) for difference in compare_metadata(context, Base.metadata)]


def backup(database: Database, target: Path) -> None:
    """Copy a SQLite store consistently while it is in use.

    Raises:
        UsageError: If the target exists, its folder does not, or the store is not SQLite.
    """
    if not database.is_sqlite:
        raise UsageError(
            "Only SQLite stores are backed up here.", next_step="Use pg_dump for PostgreSQL."
        )
    if target.exists():
        raise UsageError(f"{target} exists already.", next_step="Name a new file.")
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent}.", next_step="Make it first.")
    copy = sqlite3.connect(target)
    try:
        with database.engine.connect() as connection:
            source = connection.connection.driver_connection
            if not isinstance(source, sqlite3.Connection):
                raise UsageError("This SQLite driver cannot copy.", next_step="Copy the file.")
            source.backup(copy)
    finally:
        copy.close()
