"""The store that a command works on."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.settings import Settings, load_settings
from curation.store.database import Database, answering
from curation.store.schema_version import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click


@dataclass(frozen=True, slots=True)
class Session:
    """Settings and an open store."""

    settings: Settings
    database: Database


@contextmanager
def open_store(context: click.Context) -> Iterator[Session]:
    """Open the store that `--data-dir` or the environment names, whatever its schema.

    Raises:
        Unavailable: If the database does not answer, now or later in the block.
    """
    settings = load_settings(context.find_root().obj["data_dir"])
    database = Database.from_settings(settings)
    try:
        with answering():
            yield Session(settings, database)
    finally:
        database.close()


@contextmanager
def open_session(context: click.Context) -> Iterator[Session]:
    """Open the store that a command works on; make it when it is new.

    Raises:
        StaleSchema: If it is of another version than the code.
        Unavailable: If the database does not answer, now or later in the block.
    """
    with open_store(context) as session:
        prepare(session.database)
        yield session
