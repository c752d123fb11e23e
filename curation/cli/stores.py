"""`curation db`: upgrade, check and back up the store."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import click

from curation.cli.output import json_option, print_json
from curation.cli.session import open_store
from curation.store import schema
from curation.store.schema_version import NEEDED, version


@click.group("db")
def stores() -> None:
    """Upgrade, check and back up the store."""


@stores.command()
@click.pass_context
def upgrade(context: click.Context) -> None:
    """Bring the store to the schema that this version needs."""
    with open_store(context) as session:
        before = version(session.database)
        schema.upgrade(session.database)
        click.echo(f"schema {before or 'none'} → {version(session.database)}")


@stores.command()
@json_option
@click.pass_context
def check(context: click.Context, as_json: bool) -> int:
    """Compare the store with the code; exit code 5 when they differ."""
    with open_store(context) as session:
        database = session.database
        found = version(database)
        drift = schema.drift(database) if found is not None else ["the store is empty"]
        answer = {
            "backend": database.url.get_backend_name(),
            "sqlite": sqlite3.sqlite_version,
            "schema": found,
            "needed": NEEDED,
            "drift": drift,
        }
    if as_json:
        print_json(answer)
    else:
        for name, value in answer.items():
            click.echo(f"{name}: {value if value != [] else 'none'}")
    return 5 if drift or found != NEEDED else 0


@stores.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def backup(context: click.Context, target: Path) -> None:
    """Copy a SQLite store to TARGET while it is in use."""
    with open_store(context) as session:
        schema.backup(session.database, target)
    click.echo(f"{target}: {target.stat().st_size:,} bytes")
