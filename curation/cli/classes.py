"""`curation class`: the classes of a project."""

from __future__ import annotations

import click

from curation.cli.output import json_option, print_json, print_table
from curation.cli.session import open_session
from curation.projects.catalog import find_project, project_home


@click.group("class")
def classes() -> None:
    """The classes of a project."""


@classes.command("list")
@click.argument("project")
@json_option
@click.pass_context
def list_command(context: click.Context, project: str, as_json: bool) -> None:
    """List the classes of PROJECT with their labels by size bucket."""
    with open_session(context) as session:
        home = project_home(session.database, find_project(session.database, project).id)
    rows = [
        {
            "name": row.name,
            "source_id": row.source_id,
            "labels": row.labels,
            "images": row.images,
            "small": row.small,
            "medium": row.medium,
            "large": row.large,
            "crowd": row.crowd,
        }
        for row in home.classes
    ]
    if as_json:
        print_json(rows)
    else:
        header = ("name", "source_id", "labels", "images", "small", "medium", "large", "crowd")
        print_table(header, [list(row.values()) for row in rows])
