"""`curation token`: make, list and revoke the tokens by which programs act in a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from curation.access.roles import SYNC, TOKEN_ROLES
from curation.cli.output import json_option, print_json, print_table
from curation.cli.session import Session, open_session

if TYPE_CHECKING:
    from datetime import datetime

    from curation.access.tokens import AccessTokenRow


@click.group("token")
def tokens() -> None:
    """Make, list and revoke tokens for programs."""


@tokens.command("create")
@click.argument("project")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(TOKEN_ROLES),
    default=SYNC,
    show_default=True,
    help="sync: start syncs and look at them; viewer: only look.",
)
@json_option
@click.pass_context
def create_command(
    context: click.Context, /, project: str, name: str, role: str, as_json: bool
) -> None:
    """Make token NAME of PROJECT and print it, this once.

    \b
    Example:
      export CURATION_TOKEN="$(curation token create street nightly)"
    """
    from curation.access.tokens import create_token  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        made = create_token(session.database, _project_id(session, project), name, role=role)
    if as_json:
        print_json({**_to_dict(made.row), "token": made.secret.reveal()})
        return
    click.echo(made.secret.reveal())
    click.echo("Keep it now: it is shown only this once.", err=True)


@tokens.command("list")
@click.argument("project", required=False)
@json_option
@click.pass_context
def list_command(context: click.Context, /, project: str | None, as_json: bool) -> None:
    """List the tokens of PROJECT, or of all projects."""
    from curation.access.tokens import list_tokens  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        project_id = None if project is None else _project_id(session, project)
        rows = list_tokens(session.database, project_id)
    if as_json:
        print_json([_to_dict(row) for row in rows])
        return
    print_table(
        ("token", "role", "project", "created", "last used", "revoked"),
        [
            (
                row.name,
                row.role,
                row.project,
                _minute(row.created),
                _minute(row.last_used, never="never"),
                _minute(row.revoked),
            )
            for row in rows
        ],
    )


@tokens.command("revoke")
@click.argument("project")
@click.argument("name")
@click.pass_context
def revoke_command(context: click.Context, /, project: str, name: str) -> None:
    """End token NAME of PROJECT for good; what it started goes on."""
    from curation.access.tokens import revoke_token  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        row = revoke_token(session.database, _project_id(session, project), name)
    click.echo(f"{row.name} was revoked at {_minute(row.revoked)} UTC.", err=True)


def _project_id(session: Session, name: str) -> int:
    from curation.store.projects import find_project  # noqa: PLC0415  # start-up time

    return find_project(session.database, name).id


def _minute(moment: datetime | None, *, never: str = "") -> str:
    return never if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _to_dict(row: AccessTokenRow) -> dict[str, object]:
    return {
        "name": row.name,
        "role": row.role,
        "project": row.project,
        "created": row.created,
        "last_used": row.last_used,
        "revoked": row.revoked,
    }
