"""`curation source`: connect projects to annotation tools, and answer what their classes mean."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from curation.cli.output import json_option, print_json, print_table
from curation.cli.session import open_session
from curation.errors import InvalidSetting, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.cli.session import Session
    from curation.store.sources import SourceRow

AUTHOR = "local user"
project_option = click.option("--project", help="The project, where several have such a source.")


def _how(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say how a source is synced."""
    options = (
        click.option(
            "--images", help="Folder or s3://bucket/prefix of the pictures of new images."
        ),
        click.option("--image-address", help="How the tool opens an image, with {file_name}."),
        click.option(
            "--work-state",
            type=click.Choice(["submitted", "accepted", "ground truth"]),
            help="Which work counts.  [default: submitted]",
        ),
        click.option(
            "--new-images/--no-new-images",
            "add_images",
            default=None,
            help="Whether tasks of unknown images add them.  [default: they do]",
        ),
        click.option("--split", help="Split of the images that the source brings."),
        click.option("--deadline-minutes", type=float, help="How long one run may last."),
        click.option("--files", help="Names of the JSON or XML files that are read (* and ?)."),
        click.option(
            "--missing-label",
            type=click.Choice(["unlabelled", "background"]),
            help="What an image without any label is (YOLO, CVAT).  [default: unlabelled]",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.group("source")
def sources() -> None:
    """Connect projects to annotation tools."""


@sources.command("add")
@click.argument("project_name", metavar="PROJECT")
@click.argument("name")
@click.option("--kind", default="label-studio", show_default=True, help="Kind of tool.")
@click.option("--location", required=True, help="URL of the tool; folder or s3:// of files.")
@click.option("--tool-project", default="", help="Number or key of the project in the tool.")
@click.option("--token-env", metavar="VARIABLE", help="Variable that holds the token.")
@click.option("--token-file", metavar="PATH", help="File that holds the token, yours only.")
@click.option("--store-token", is_flag=True, help="Ask for the token and keep it encrypted.")
@click.option("--schedule", help="Cron expression in UTC, e.g. '*/15 * * * *'.")
@click.option("--format", "file_format", help="Format of files: coco, yolo, cvat.")
@click.option("--create-project", is_flag=True, help="Make the project if there is none.")
@click.option("--add-classes", is_flag=True, help="Take every class of the tool as a new one.")
@_how
@click.pass_context
def add_command(
    context: click.Context,
    /,
    project_name: str,
    name: str,
    kind: str,
    location: str,
    tool_project: str,
    token_env: str | None,
    token_file: str | None,
    store_token: bool,
    schedule: str | None,
    file_format: str | None,
    create_project: bool,
    add_classes: bool,
    **options: Any,
) -> None:
    """Connect PROJECT to a project of an annotation tool, under a NAME; asks the tool first.

    \b
    Example:
      export LABELS_TOKEN=…
      curation source add street labels --location https://labels.example.com \\
          --tool-project 7 --token-env LABELS_TOKEN --schedule '*/15 * * * *'
    """
    from curation.projects.catalog import find_or_create_project  # noqa: PLC0415  # start-up time
    from curation.sync.class_questions import answer_question, class_questions  # noqa: PLC0415  # start-up time
    from curation.sync.sources import SourceDraft, get_source, keep_source  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        secret_kind, secret = _token(session, token_env, token_file, stored=store_token)
        given = {"format": file_format} | options
        draft = SourceDraft(
            project_id=find_or_create_project(
                session.database, project_name, create=create_project
            ),
            name=name,
            kind=kind,
            location=location,
            tool_project=tool_project,
            secret_kind=secret_kind,
            secret=secret,
            schedule=schedule,
            options={key: value for key, value in given.items() if value is not None},
        )
        source = get_source(
            session.database, keep_source(session.database, session.settings, draft)
        )
        questions = class_questions(session.database, source)
        if add_classes:
            for question in questions:
                answer_question(
                    session.database, source, question.name, answer="new", author=AUTHOR
                )
            questions = ()
    click.echo(f"{name} is connected. Next: curation sync run {name} --dry-run", err=True)
    for question in questions:
        click.echo(f"  class {question.name!r} of the tool waits for an answer", err=True)


def _token(
    session: Session, variable: str | None, file: str | None, *, stored: bool
) -> tuple[str, str]:
    """Return where a token is; it is never taken from the command line, where others see it."""
    given = [place for place in (("env", variable), ("file", file)) if place[1] is not None]
    if len(given) + stored > 1:
        raise UsageError(
            "The token is in several places.",
            next_step="Use one of --token-env, --token-file and --store-token.",
        )
    if stored:
        from curation.sync.secrets import seal  # noqa: PLC0415  # start-up time

        text = (
            click.prompt("Token", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
        )
        if not text.strip():
            raise InvalidSetting("token", "empty", allowed="the token on standard input")
        return "stored", seal(session.settings, text.strip())
    return (given[0][0], str(given[0][1])) if given else ("none", "")


@sources.command("list")
@click.option("--project", help="Only those of this project.")
@json_option
@click.pass_context
def list_command(context: click.Context, /, project: str | None, as_json: bool) -> None:
    """List sources with their last run."""
    from curation.store.sync_runs import latest_run  # noqa: PLC0415  # start-up time
    from curation.sync.sources import list_sources  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        rows = [row for row in list_sources(session.database) if project in (None, row.project)]
        runs = {row.id: latest_run(session.database, row.id) for row in rows}
    if as_json:
        print_json([_to_dict(row) | {"last_run": _last(runs[row.id])} for row in rows])
        return
    print_table(
        ("project", "source", "kind", "schedule", "last run", "needs attention"),
        [
            (row.project, row.name, row.kind, row.schedule or "by hand", _last(runs[row.id]),
             row.attention)
            for row in rows
        ],
    )  # fmt: skip


def _last(run: Any) -> str:
    return "never" if run is None else f"{run.started:%Y-%m-%d %H:%M} {run.status}"


def _to_dict(row: SourceRow) -> dict[str, object]:
    return {
        "id": row.id,
        "project": row.project,
        "name": row.name,
        "kind": row.kind,
        "location": row.location,
        "tool_project": row.tool_project,
        "token": f"{row.secret_kind}:{row.secret}"
        if row.secret_kind in {"env", "file"}
        else row.secret_kind,
        "options": row.options,
        "schedule": row.schedule,
        "due": row.due,
        "enabled": row.enabled,
        "attention": row.attention,
    }


@sources.command("show")
@click.argument("name")
@project_option
@json_option
@click.pass_context
def show_command(context: click.Context, /, name: str, project: str | None, as_json: bool) -> None:
    """Show a source: its settings, its classes, where the tool's work stands, what waits."""
    from curation.store.remote_tasks import held_tasks, task_statuses  # noqa: PLC0415  # start-up time
    from curation.sync.class_questions import list_source_classes  # noqa: PLC0415  # start-up time
    from curation.sync.sources import find_source  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        row = find_source(session.database, name, project=project)
        classes = list_source_classes(session.database, row.id)
        statuses = task_statuses(session.database, row.id)
        held = held_tasks(session.database, row.id)
    meanings = {
        one.name: one.class_name if one.answer == "class" else one.answer or "(no answer)"
        for one in classes
    }
    if as_json:
        print_json(_to_dict(row) | {"classes": meanings, "tasks": statuses, "waiting": held})
        return
    print_table(
        ("setting", "value"), [(k, "" if v is None else v) for k, v in _to_dict(row).items()]
    )
    click.echo("\nclasses of the tool")
    print_table(("class", "is"), list(meanings.items()))
    click.echo("\ntasks: " + (", ".join(f"{n} {s}" for s, n in statuses.items()) or "none yet"))
    for reason, count in held.items():
        click.echo(f"  {count} wait: {reason}")


@sources.command("edit")
@click.argument("name")
@project_option
@click.option("--schedule", help="Cron expression in UTC; '' takes it away.")
@click.option("--enable/--disable", default=None, help="Switch the source on or off.")
@_how
@click.pass_context
def edit_command(
    context: click.Context,
    /,
    name: str,
    project: str | None,
    schedule: str | None,
    enable: bool | None,
    **options: Any,
) -> None:
    """Change when and how a source is synced."""
    from curation.sync.sources import change_options, find_source  # noqa: PLC0415  # start-up time

    given = {key: value for key, value in options.items() if value is not None}
    with open_session(context) as session:
        row = find_source(session.database, name, project=project)
        change_options(
            session.database,
            row,
            schedule=row.schedule if schedule is None else schedule or None,
            enabled=row.enabled if enable is None else enable,
            **given,
        )
    click.echo(f"{name} is changed.", err=True)


@sources.command("answer")
@click.argument("name")
@click.argument("tool_class")
@project_option
@click.option("--as", "class_name", help="It is this class of the project.")
@click.option("--new", "answer", flag_value="new", help="It is a new class of the project.")
@click.option("--ignore", "answer", flag_value="ignore", help="Leave its regions out, always.")
@click.pass_context
def answer_command(
    context: click.Context,
    /,
    name: str,
    tool_class: str,
    project: str | None,
    class_name: str | None,
    answer: Any,
) -> None:
    """Say what TOOL_CLASS of source NAME means in the project; it is remembered.

    \b
    Example:
      curation source answer labels lorry --as truck
    """
    from curation.sync.class_questions import answer_question  # noqa: PLC0415  # start-up time
    from curation.sync.sources import find_source  # noqa: PLC0415  # start-up time

    if (class_name is None) == (answer is None):
        raise UsageError("There is no one answer.", next_step="Use one of --as, --new, --ignore.")
    with open_session(context) as session:
        answer_question(
            session.database,
            find_source(session.database, name, project=project),
            tool_class,
            answer="class" if class_name is not None else answer,
            class_name=class_name,
            author=AUTHOR,
        )
    click.echo(f"Remembered. Next: curation sync run {name}", err=True)


@sources.command("hook")
@click.argument("name")
@project_option
@click.option("--off", is_flag=True, help="Take the hook away.")
@click.pass_context
def hook_command(context: click.Context, /, name: str, project: str | None, off: bool) -> None:
    """Make a secret for the tool's webhook; it is shown this once."""
    from curation.sync.sources import find_source  # noqa: PLC0415  # start-up time
    from curation.sync.webhooks import make_hook, remove_hook  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        row = find_source(session.database, name, project=project)
        if off:
            remove_hook(session.database, row)
            click.echo("The hook is off.", err=True)
            return
        secret = make_hook(session.database, row)
    click.echo(f"POST /hooks/sources/{row.id} with this header:", err=True)
    click.echo(f"X-Curation-Secret: {secret}")


@sources.command("remove")
@click.argument("name")
@project_option
@click.pass_context
def remove_command(context: click.Context, /, name: str, project: str | None) -> None:
    """Forget a source; images and labels that it brought stay."""
    from curation.sync.sources import find_source, remove_source  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        remove_source(session.database, find_source(session.database, name, project=project))
    click.echo(f"{name} is forgotten; its labels stay.", err=True)


@sources.command("new-key")
def new_key_command() -> None:
    """Print a key for CURATION_SECRET_KEY, which encrypts stored tokens."""
    from curation.sync.secrets import new_key  # noqa: PLC0415  # start-up time

    click.echo(new_key())
