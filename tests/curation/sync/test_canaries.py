"""The search for planted secrets finds what it is there to find."""

from __future__ import annotations

import base64
import gzip
import zlib
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from curation.store.database import Database
from curation.store.tables import Project
from tests.curation.sync.canaries import (
    new_canary,
    traces_in_bytes,
    traces_in_folder,
    traces_in_sqlite,
    traces_in_store,
    traces_in_text,
)

CANARY = "canary0123456789abcdef/+é"


@pytest.mark.parametrize(
    "content",
    [
        f"Authorization: Token {CANARY}".encode(),
        base64.b64encode(f"me:{CANARY}".encode()),
        base64.b64encode(f"you:{CANARY}".encode()),
        base64.b64encode(f"them:{CANARY}".encode()),
        zlib.compress(f"x{CANARY}".encode()),
        gzip.compress(f"x{CANARY}".encode()),
        CANARY.encode("utf-16"),
        CANARY.encode().hex().encode(),
        b"canary0123456789abcdef%2F%2B%C3%A9",
        rb"canary0123456789abcdef/+\u00e9",
    ],
)
def test_bytes__every_spelling_is_found(content: bytes) -> None:
    assert traces_in_bytes(CANARY, content)
    assert not traces_in_bytes(new_canary(), content)


def test_text__the_trace_says_where() -> None:
    assert "log: plain at 3" in traces_in_text("canary1", "ab canary1", place="log")
    assert traces_in_text("canary1", "ab canary") == []


def test_store__every_value_is_looked_at(database: Database) -> None:
    canary = new_canary()
    assert traces_in_store(canary, database) == []
    with database.write() as connection:
        connection.execute(sa.insert(Project).values(name="p", description=f"a {canary}"))
    places = {trace.split(":")[0] for trace in traces_in_store(canary, database)}
    assert places == {"project.description"}


def test_folder__names_files_and_long_values_cut_into_pages(tmp_path: Path) -> None:
    canary = new_canary()
    file = tmp_path / "jobs.sqlite"
    with closing(Database(f"sqlite:///{file}", data_dir=tmp_path)) as opened:
        with opened.write() as connection:
            connection.exec_driver_sql("CREATE TABLE job (payload BLOB)")
            connection.exec_driver_sql(
                "INSERT INTO job VALUES (?)", (zlib.compress(b"." * 9000 + canary.encode()),)
            )
        assert traces_in_sqlite(canary, file)
    assert [trace for trace in traces_in_folder(canary, tmp_path) if "job.payload" in trace]
    assert traces_in_folder(new_canary(), tmp_path) == []
    (tmp_path / canary).write_text(canary)
    places = {trace.split(":")[0] for trace in traces_in_folder(canary, tmp_path)}
    assert {canary, f"the name {canary}"} <= places
