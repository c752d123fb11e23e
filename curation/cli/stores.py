"""`curation db`: upgrade, check and back up the store."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import click

from curation.cli.output import json_option, print_json
from curation.settings import load_settings
from curation.store import schema
from curation.store.database import Database


def _open(context: click.Context) -> Database:
    return Database.from_settings(load_settings(context.find_root().obj["data_dir"]))


@click.group("db")
def stores() -> None:
    """Upgrade, check and back up the store."""


@stores.command()
@click.pass_context
def upgrade(context: click.Context) -> None:
    """Bring the store to the schema that this version needs."""
    database = _open(context)
    before = schema.version(database)
    schema.upgrade(database)
    click.echo(f"schema {before or 'none'} → {schema.version(database)}")
    database.close()


@stores.command()
@json_option
@click.pass_context
def check(context: click.Context, as_json: bool) -> int:
    """Compare the store with the code; exit code 5 when they differ."""
    database = _open(context)
    found = schema.version(database)
    drift = schema.drift(database) if found is not None else ["the store is empty"]
    answer = {
        "backend": database.url.get_backend_name(),
        "sqlite": sqlite3.sqlite_version,
        "schema": found,
        "needed": schema.head(),
        "drift": drift,
    }
    database.close()
    if as_json:
        print_json(answer)
    else:
        for name, value in answer.items():
            click.echo(f"{name}: {value if value != [] else 'none'}")
    return 5 if drift or found != schema.head() else 0


@stores.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def backup(context: click.Context, target: Path) -> None:
    """Copy a SQLite store to TARGET while it is in use."""
    database = _open(context)
    schema.backup(database, target)
    database.close()
    click.echo(f"{target}: {target.stat().st_size:,} bytes")
