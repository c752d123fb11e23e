"""`curation collection`: frozen, named lists of images or labels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curation.cli.output import json_option, print_json, print_table
from curation.cli.session import open_session
from curation.errors import NamesRejected
from curation.projects.catalog import find_project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from curation.selection.collections import CollectionRow, Members
    from curation.selection.named_members import Entry, NamedMembers
    from curation.store.database import Database

FORMATS = ("csv", "json", "txt")


@click.group("collection")
def collections() -> None:
    """Frozen, named lists of images or labels."""


def _origin_options(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.option(
            "--file",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="Text with a name a line, CSV (image, file_name, label_id, note) or a JSON list.",
        ),
        click.option("--label", "labels", multiple=True, help="Id of a label; repeatable."),
        click.option("--split", help="All images of a split."),
        click.option("--unlabelled", is_flag=True, help="All images that nobody has labelled yet."),
        click.option("--all", "everything", is_flag=True, help="All images of the project."),
        click.option("--note", default="", help="Why, for every entry without a note of its own."),
        click.option("--description", default="", help="Shown with the collection."),
        click.option(
            "--skip-unknown", is_flag=True, help="Leave out names that mean nothing, and list them."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@collections.command("create")
@click.argument("project")
@click.argument("name")
@click.argument("images", nargs=-1)
@_origin_options
@json_option
@click.pass_context
def create_command(
    context: click.Context, /, project: str, name: str, as_json: bool, **given: Any
) -> None:
    """Make the collection NAME of PROJECT from IMAGES (file names or ids) or one of the options.

    \b
    Example:
      curation collection create street night 0001.jpg 0002.jpg --note "too dark"
      curation collection create street picks --file picks.csv
      curation collection create street next --unlabelled
    """
    from curation.selection.collections import CollectionRequest, create_collection  # noqa: PLC0415  # start-up time

    _require_one_origin(given)
    with open_session(context) as session:
        project_id = find_project(session.database, project).id
        try:
            members, problems = _members(session.database, project_id, given)
        except NamesRejected as rejected:
            _tell(rejected.problems, "not taken")
            raise
        request = CollectionRequest(project_id, name, given["description"])
        row = create_collection(session.database, request, members)
    _tell(problems, "left out")
    if as_json:
        print_json({**_to_dict(row), "left_out": problems})
    else:
        click.echo(f"{row.name}: {_counted(row)} ({_origin(row)})")


def _require_one_origin(given: Mapping[str, Any]) -> None:
    chosen = [
        bool(given["images"] or given["labels"]),
        *(bool(given[name]) for name in ("file", "split", "unlabelled", "everything")),
    ]
    if given["images"] and given["labels"]:
        raise click.UsageError("A collection holds images or labels: give IMAGES or --label.")
    if sum(chosen) != 1:
        raise click.UsageError(
            "Say what the collection holds by one of: IMAGES, --file, --label, --split, "
            "--unlabelled, --all."
        )


def _members(
    database: Database, project_id: int, given: Mapping[str, Any]
) -> tuple[Members, Sequence[str]]:
    """Return what was asked for, and a sentence for every entry that was left out."""
    from curation.selection import collections as chosen  # noqa: PLC0415  # start-up time

    note = given["note"]
    if given["split"]:
        return chosen.split_images(database, project_id, given["split"], note=note), ()
    if given["unlabelled"]:
        return chosen.unlabelled_images(database, project_id, note=note), ()
    if given["everything"]:
        return chosen.all_images(database, project_id, note=note), ()
    named = _named(database, project_id, given)
    return named.members, named.problems


def _named(database: Database, project_id: int, given: Mapping[str, Any]) -> NamedMembers:
    from curation.selection.collection_files import read_entries  # noqa: PLC0415  # start-up time
    from curation.selection.named_members import resolve_entries  # noqa: PLC0415  # start-up time

    file: Path | None = given["file"]
    where, entries = ("the command line", _typed(given)) if file is None else (file.name, ())
    if file is not None:
        entries = read_entries(file)
    return resolve_entries(
        database,
        project_id,
        [replace(entry, note=entry.note or given["note"]) for entry in entries],
        where=where,
        origin={"from": "names"} if file is None else {"from": "file", "file": file.name},
        skip_unknown=given["skip_unknown"],
    )


def _typed(given: Mapping[str, Any]) -> tuple[Entry, ...]:
    from curation.selection.named_members import Entry  # noqa: PLC0415  # start-up time

    return (
        *(Entry(f"argument {n}", image=name) for n, name in enumerate(given["images"], start=1)),
        *(Entry(f"--label {n}", label=name) for n, name in enumerate(given["labels"], start=1)),
    )


def _tell(problems: Sequence[str], what: str) -> None:
    for problem in problems:
        click.echo(f"{what}: {problem}", err=True)


@collections.command("list")
@click.argument("project")
@json_option
@click.pass_context
def list_command(context: click.Context, project: str, as_json: bool) -> None:
    """List the collections of PROJECT, newest first."""
    from curation.selection.collections import list_collections  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        project_id = find_project(session.database, project).id
        rows = list_collections(session.database, project_id)
    if as_json:
        print_json([_to_dict(row) for row in rows])
        return
    print_table(
        ("collection", "holds", "from", "revision", "author", "created"),
        [
            (
                row.name,
                _counted(row),
                _origin(row),
                row.revision,
                row.author,
                f"{row.created:%Y-%m-%d %H:%M}",
            )
            for row in rows
        ],
    )


@collections.command("show")
@click.argument("project")
@click.argument("name")
@json_option
@click.pass_context
def show_command(context: click.Context, project: str, name: str, as_json: bool) -> None:
    """Show the items of collection NAME of PROJECT with their notes."""
    from curation.selection.collection_files import collection_rows  # noqa: PLC0415  # start-up time
    from curation.selection.collections import find_collection, images_of  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        project_id = find_project(session.database, project).id
        row = find_collection(session.database, project_id, name)
        items = collection_rows(images_of(session.database, row.id))
    if as_json:
        print_json({**_to_dict(row), "items": items})
        return
    click.echo(f"{row.name}: {_counted(row)} ({_origin(row)}), label revision {row.revision}")
    if row.description:
        click.echo(row.description)
    columns = [name for name in items[0] if name != "box"]
    print_table(columns, [[item[column] for column in columns] for item in items])


@collections.command("export")
@click.argument("project")
@click.argument("name")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    default="csv",
    show_default=True,
    help="CSV, JSON, or file names alone.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="File to write.  [default: stdout]",
)
@click.pass_context
def export_command(
    context: click.Context, project: str, name: str, format_name: str, output: Path | None
) -> None:
    """Write collection NAME of PROJECT as a list that `create --file` reads."""
    from curation.selection.collection_files import WRITERS  # noqa: PLC0415  # start-up time
    from curation.selection.collections import find_collection, images_of  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        project_id = find_project(session.database, project).id
        row = find_collection(session.database, project_id, name)
        content = WRITERS[format_name](images_of(session.database, row.id))
    if output is None:
        click.echo(content.decode(), nl=False)
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        message = f"{output} cannot be written: {error.strerror or error}."
        raise click.BadParameter(message, param_hint="--output") from error


@collections.command("delete")
@click.argument("project")
@click.argument("name")
@click.pass_context
def delete_command(context: click.Context, project: str, name: str) -> None:
    """Delete collection NAME of PROJECT; one that was sent to an annotation tool stays."""
    from curation.selection.collections import delete_collection, find_collection  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        project_id = find_project(session.database, project).id
        delete_collection(session.database, find_collection(session.database, project_id, name).id)
    click.echo(f"Deleted {name}.", err=True)


def _counted(row: CollectionRow) -> str:
    """Return how much a collection holds.

    A collection of labels says on how many images they are.
    """
    images = f"{row.images} image{'' if row.images == 1 else 's'}"
    if row.kind == "images":
        return images
    return f"{row.size} label{'' if row.size == 1 else 's'} on {images}"


def _origin(row: CollectionRow) -> str:
    from curation.selection.collections import origin_in_words  # noqa: PLC0415  # start-up time

    return origin_in_words(row.origin)


def _to_dict(row: CollectionRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "kind": row.kind,
        "size": row.size,
        "images": row.images,
        "description": row.description,
        "origin": row.origin,
        "revision": row.revision,
        "author": row.author,
        "created": row.created,
    }
