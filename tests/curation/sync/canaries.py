"""Planted secrets, and where traces of one are found: files, logs, every value of a store.

A test plants `new_canary()` as a token, does its work, and asserts that
`traces_in_folder(canary, tmp_path)`, `traces_in_store(canary, database)` and
`traces_in_text(canary, caplog.text)` are empty. Each trace is a line that says where.
"""

from __future__ import annotations

import base64
import json
import secrets
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from curation.store.database import Database

SQLITE_MAGIC = b"SQLite format 3\x00"
NOT_OURS = {"information_schema", "pg_catalog", "pg_toast"}


def new_canary() -> str:
    """Return a secret that nothing else contains."""
    return f"canary{secrets.token_hex(16)}"


def spellings(canary: str) -> dict[str, bytes]:
    """Return how a secret may be written in bytes, by what the spelling is called."""
    plain = canary.encode()
    found = {
        "plain": plain,
        "utf-16": canary.encode("utf-16-le"),
        "hex": plain.hex().encode(),
        "quoted": quote(canary, safe="").encode(),
        "JSON": json.dumps(canary)[1:-1].encode(),
    }
    # In base64 three bytes become four characters: what it looks like depends on where it begins.
    for shift in range(3):
        whole = plain[shift : shift + (len(plain) - shift) // 3 * 3]
        found[f"base64 from {shift}"] = base64.b64encode(whole)
        found[f"base64url from {shift}"] = base64.urlsafe_b64encode(whole)
    return found


def traces_in_bytes(canary: str, content: bytes, *, place: str = "bytes") -> list[str]:
    """Return where a secret stands in bytes, compressed ones too."""
    found = [
        f"{place}: {name} at {content.index(spelling)}"
        for name, spelling in spellings(canary).items()
        if spelling in content
    ]
    for bits in (zlib.MAX_WBITS, zlib.MAX_WBITS | 16):
        try:
            inner = zlib.decompress(content, wbits=bits)
        except zlib.error:
            continue
        found += traces_in_bytes(canary, inner, place=f"{place}, decompressed")
    return found


def traces_in_text(canary: str, text: str, *, place: str = "text") -> list[str]:
    """Return where a secret stands in a log, a message, a printed traceback."""
    return traces_in_bytes(canary, text.encode(), place=place)


def traces_in_folder(canary: str, folder: Path) -> list[str]:
    """Return where a secret stands in the files of a folder, their names, and SQLite values."""
    found: list[str] = []
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder).as_posix()
        found += traces_in_text(canary, path.name, place=f"the name {place}")
        if path.is_file():
            found += traces_in_bytes(canary, path.read_bytes(), place=place)
            found += traces_in_sqlite(canary, path)
    return found


def traces_in_sqlite(canary: str, file: Path) -> list[str]:
    """Return where a secret stands in the values of a SQLite file, none for any other file.

    The bytes of the file alone do not tell: a long value is cut into pages.
    """
    with file.open("rb") as start:
        if start.read(len(SQLITE_MAGIC)) != SQLITE_MAGIC:
            return []
    with closing(Database(f"sqlite:///{file}", data_dir=file.parent)) as opened:
        return [f"{file.name} {trace}" for trace in traces_in_store(canary, opened)]


def traces_in_store(canary: str, database: Database) -> list[str]:
    """Return where a secret stands in any value of any table, those of the job engine too."""
    found: list[str] = []
    with database.read() as connection:
        for table in _tables(database):
            for row in connection.execute(sa.select(sa.text("*")).select_from(table)).mappings():
                for column, value in row.items():
                    content = bytes(value) if isinstance(value, bytes) else str(value).encode()
                    found += traces_in_bytes(canary, content, place=f"{table.name}.{column}")
    return found


def _tables(database: Database) -> Iterator[sa.TableClause]:
    inspector = sa.inspect(database.engine)
    for schema in inspector.get_schema_names():
        if schema in NOT_OURS or schema.startswith("pg_"):
            continue
        for name in inspector.get_table_names(schema=schema):
            yield sa.table(name, schema=schema)
