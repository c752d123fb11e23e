"""Connections to the store: SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError

from curation.errors import InvalidSetting, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from curation.settings import Settings

_DRIVERS: Final = frozenset({"sqlite", "sqlite+pysqlite", "postgresql+psycopg"})
Connection: TypeAlias = sa.Connection
"""An open transaction of the store, as services pass it through without knowing SQL."""

UNREACHABLE: Final = (InterfaceError, OperationalError)
"""What is raised when the database does not answer; a later attempt may succeed."""

STORE_FAULT: Final = SQLAlchemyError
"""Whatever goes wrong between us and the database."""

SQLITE_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=30000",
    "PRAGMA cache_size=-65536",
    "PRAGMA trusted_schema=OFF",
)


def _prepare_sqlite(engine: sa.Engine) -> None:
    """Set pragmas on every connection and begin writing transactions at once.

    A deferred transaction that reads and then writes fails with "database is locked" without
    waiting, whatever the busy timeout; BEGIN IMMEDIATE waits.
    """

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        for pragma in SQLITE_PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _parsed(url: str) -> sa.URL:
    """Return a URL with the driver that we install; no error ever shows its password."""
    try:
        parsed = sa.make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is not None and parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed is None or parsed.drivername not in _DRIVERS:
        raise InvalidSetting(
            "CURATION_DATABASE_URL",
            "not valid",
            allowed="postgresql://USER:PASSWORD@HOST:PORT/NAME, or leave it out for SQLite",
        )
    return parsed


class Database:
    """The store: short reading and writing transactions on one engine.

    Args:
        url: SQLAlchemy URL, `sqlite:///FILE` or `postgresql+psycopg://…`.
        data_dir: Folder for spooled files and caches.

    Raises:
        InvalidSetting: If the URL is none of these.
    """

    def __init__(self, url: str, *, data_dir: Path) -> None:
        self.url = _parsed(url)
        self.data_dir = data_dir
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = sa.create_engine(self.url, pool_pre_ping=not self.is_sqlite)
        if self.is_sqlite:
            _prepare_sqlite(self.engine)

    @classmethod
    def from_settings(cls, settings: Settings) -> Database:
        """Open the store that the settings name."""
        return cls(settings.store_url(), data_dir=settings.data_dir)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a connection for reading; sees one consistent state."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Open a writing transaction: committed at the end, rolled back on any error."""
        with self.engine.connect() as connection:
            writer = connection.execution_options(writing=True)
            with writer.begin():
                yield writer

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


@contextmanager
def answering() -> Iterator[None]:
    """Say in words that the database does not answer.

    Raises:
        Unavailable: With the driver's first line; drivers name host and user, never the password.
    """
    try:
        yield
    except UNREACHABLE as error:
        lines = str(error.orig).strip().splitlines()
        reason = lines[0].rstrip(".") if lines else "no reason given"
        raise Unavailable("The database", reason) from error
