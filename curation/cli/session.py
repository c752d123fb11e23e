"""The store that a command works on."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curation.settings import Settings, load_settings
from curation.store.database import Database
from curation.store.schema import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click


@dataclass(frozen=True, slots=True)
class Session:
    """Settings and an open store."""

    settings: Settings
    database: Database


@contextmanager
def open_session(context: click.Context) -> Iterator[Session]:
    """Open the store that `--data-dir` or the environment names; make it when it is new."""
    settings = load_settings(context.find_root().obj["data_dir"])
    database = Database.from_settings(settings)
    try:
        prepare(database)
        yield Session(settings, database)
    finally:
        database.close()
