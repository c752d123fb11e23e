"""A throw-away PostgreSQL: one server a session, one database a test.

An existing server is used when `CURATION_TEST_POSTGRES_URL` names one (its user must be allowed to
create databases); databases get random names there and are dropped again.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from tests.servers.ports import LOOPBACK, free_port
from tests.servers.programs import postgres_programs

URL_VARIABLE = "CURATION_TEST_POSTGRES_URL"
# Nothing here outlives the session, so durability is switched off: it is most of the time.
SERVER_OPTIONS = "-F -c synchronous_commit=off -c full_page_writes=off"
ATTEMPTS = 5  # to find a port that stays free until the server has it


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server, known by the URL of its maintenance database, and what we created there."""

    url: URL
    created: set[str] = field(default_factory=set)

    def create_database(self, *, template: str | None = None) -> str:
        """Create a database with a random name, as a copy of `template`, and return its URL."""
        name = f"curation_{uuid.uuid4().hex[:12]}"
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(
                sql.Identifier(make_url(template).database or "")
            )
        self._execute(statement)
        url = self.url.set(database=name).render_as_string(hide_password=False)
        self.created.add(url)
        return url

    def drop_database(self, url: str) -> None:
        """Drop a database, also when a test left connections open."""
        name = sql.Identifier(make_url(url).database or "")
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        self.created.discard(url)

    def data_directory(self) -> Path:
        """Return the folder the answering server says it serves."""
        with self._connect() as connection:
            row = connection.execute("SHOW data_directory").fetchone()
        assert row is not None
        return Path(row[0])

    def _execute(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        plain = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(plain, autocommit=True, connect_timeout=10)


class Cluster:
    """A PostgreSQL data folder of our own, served on a free port of loopback."""

    def __init__(self, programs: Path) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="curation-postgres-"))
        self.data = self.folder / "data"
        self._identity: dict[str, Any] = {}
        self.programs = programs
        if os.geteuid() == 0:
            self._leave_root()

    def start(self) -> PostgresServer:
        """Create the data folder, start the server and prove that it is ours."""
        self._run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync",
                  "--encoding=UTF8", "--locale=C.UTF-8")  # fmt: skip
        for _ in range(ATTEMPTS):
            port = free_port()
            options = f"-h {LOOPBACK} -p {port} -k {self.folder} {SERVER_OPTIONS}"
            try:
                self._run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-l", self._log(),
                          "-o", options, "start")  # fmt: skip
            except subprocess.CalledProcessError:
                continue  # the port was taken in between
            url = f"postgresql+psycopg://postgres@{LOOPBACK}:{port}/postgres"
            server = PostgresServer(make_url(url))
            # A foreign server on that port would answer just as happily.
            assert server.data_directory() == self.data
            return server
        raise RuntimeError(f"PostgreSQL does not start:\n{self._log().read_text()[-2000:]}")

    def stop(self) -> None:
        """Stop the server without ceremony and remove its folder."""
        if (self.data / "postmaster.pid").exists():
            self._run("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _leave_root(self) -> None:
        """Choose the account to run as (PostgreSQL refuses root) and give it the folder."""
        known = {entry.pw_name for entry in pwd.getpwall()}
        account = pwd.getpwnam("postgres" if "postgres" in known else "nobody")
        os.chown(self.folder, account.pw_uid, account.pw_gid)
        self._identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        try:
            self._run("initdb", "--version")
        except (PermissionError, subprocess.CalledProcessError):
            # The wheel's programs lie in a folder that this account may not enter.
            self._copy_wheel()

    def _copy_wheel(self) -> None:
        """Copy the wheel's package and the libraries beside it, which its programs look for."""
        package = self.programs.parents[1]
        for source in package.parent.glob(f"{package.name}*"):
            shutil.copytree(source, self.folder / source.name, symlinks=True)
        self.programs = self.folder / self.programs.relative_to(package.parent)

    def _log(self) -> Path:
        return self.folder / "server.log"

    def _run(self, program: str, *arguments: object) -> None:
        subprocess.run(
            [str(self.programs / program), *map(str, arguments)],
            check=True,
            cwd="/",
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
            # Inherited pipes would stay open in the server and block whoever reads them.
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._identity,
        )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server for this session; the test is skipped where none can be had."""
    existing = os.environ.get(URL_VARIABLE)
    if existing:
        server = PostgresServer(make_url(existing).set(drivername="postgresql+psycopg"))
        yield server
        for url in sorted(server.created):
            server.drop_database(url)
        return
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL: no server programs on this machine (make servers)")
    cluster = Cluster(programs)
    try:
        yield cluster.start()
    finally:
        cluster.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty PostgreSQL database for this test alone."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)
