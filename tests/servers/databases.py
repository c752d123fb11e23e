"""One suite over both databases: a test that asks for one runs once on each.

`database_url` is an empty database, `database` an open store with today's schema (a copy of a
template that is migrated once a session). `--database sqlite|postgresql|both` chooses;
`-m postgresql` selects what runs on PostgreSQL.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from curation.store.database import Database
from curation.store.schema import upgrade
from tests.servers.postgres import PostgresServer

KINDS = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the choice of databases."""
    parser.addoption(
        "--database",
        choices=(*KINDS, "both"),
        default="both",
        help="database(s) that tests of the store run on",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test that needs a database once on each chosen kind."""
    if "database_kind" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--database")
    parameters = [
        pytest.param(kind, marks=[pytest.mark.postgresql] if kind == "postgresql" else [])
        for kind in KINDS
        if chosen in ("both", kind)
    ]
    metafunc.parametrize("database_kind", parameters, scope="session")


class Templates:
    """Databases with today's schema, migrated once a session, copied for each test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._postgres: str | None = None

    def copy_sqlite(self, target: Path) -> str:
        """Copy the SQLite template to a file and return its URL."""
        template = self._folder / "template.sqlite3"
        if not template.exists():
            _migrate(_sqlite_url(template), data_dir=self._folder)
        shutil.copyfile(template, target)
        return _sqlite_url(target)

    def copy_postgres(self, server: PostgresServer) -> str:
        """Copy the PostgreSQL template and return the URL of the copy."""
        if self._postgres is None:
            self._postgres = server.create_database()
            _migrate(self._postgres, data_dir=self._folder)
        return server.create_database(template=self._postgres)


@pytest.fixture(scope="session")
def database_templates(
    tmp_path_factory: pytest.TempPathFactory,
) -> Templates:
    """The migrated databases that tests get copies of."""
    return Templates(tmp_path_factory.mktemp("templates"))


@pytest.fixture
def database_url(
    database_kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """The URL of an empty database for this test alone: a SQLite file or a PostgreSQL database."""
    if database_kind == "sqlite":
        yield _sqlite_url(tmp_path / "curation.sqlite3")
        return
    yield request.getfixturevalue("postgres_url")


@pytest.fixture
def store_url(
    database_kind: str,
    database_templates: Templates,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[str]:
    """The URL of a database with today's schema and no rows, for this test alone."""
    if database_kind == "sqlite":
        yield database_templates.copy_sqlite(tmp_path / "curation.sqlite3")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    url = database_templates.copy_postgres(server)
    yield url
    server.drop_database(url)


@pytest.fixture
def database(store_url: str, tmp_path: Path) -> Iterator[Database]:
    """An open store with today's schema and no rows, for this test alone."""
    opened = Database(store_url, data_dir=tmp_path)
    yield opened
    opened.close()


def _sqlite_url(file: Path) -> str:
    return f"sqlite:///{file}"


def _migrate(url: str, *, data_dir: Path) -> None:
    """Bring an empty database to today's schema and leave no connection open."""
    opened = Database(url, data_dir=data_dir)
    upgrade(opened)
    opened.close()
