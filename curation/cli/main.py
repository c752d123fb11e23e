"""The `curation` command: noun, verb; every command loads only what it needs.

Exit codes: 0 done · 1 a gate failed · 2 wrong request · 3 not found · 4 input rejected ·
5 not possible now · 6 cancelled · 7 no answer from outside · 8 not allowed · 70 unexpected.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, Final

import click

COMMANDS: Final = {
    "class": ("curation.cli.classes", "classes", "The classes of a project."),
    "collection": (
        "curation.cli.collections",
        "collections",
        "Frozen lists of images or labels.",
    ),
    "compare": ("curation.cli.evaluations", "compare", "Compare two prediction sets."),
    "compare-files": (
        "curation.cli.files",
        "compare_files",
        "Compare two COCO results without a project.",
    ),
    "db": ("curation.cli.stores", "stores", "Upgrade, check and back up the store."),
    "demo": ("curation.cli.demos", "demo", "Build the demo project and open it."),
    "evaluate": ("curation.cli.files", "evaluate", "Evaluate COCO results without a project."),
    "evaluation": ("curation.cli.evaluations", "evaluations", "Evaluate prediction sets."),
    "job": ("curation.cli.jobs", "jobs", "List, cancel and resume long work."),
    "predictions": ("curation.cli.predictions", "predictions", "Import and list prediction sets."),
    "project": ("curation.cli.projects", "projects", "Import and list projects."),
    "push": ("curation.cli.pushes", "pushes", "Send collections to annotation tools."),
    "serve": ("curation.cli.serving", "serve", "Serve the app on this machine."),
    "source": ("curation.cli.sources", "sources", "Connect projects to annotation tools."),
    "sync": ("curation.cli.syncs", "syncs", "Pull labels from annotation tools."),
    "token": ("curation.cli.tokens", "tokens", "Make and revoke tokens for programs."),
    "worker": ("curation.cli.serving", "worker", "Run durable jobs."),
}


class LazyCommands(click.Group):
    """A group whose commands are imported only when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in sorted(COMMANDS)])


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="curation")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the database and caches (CURATION_DATA_DIR); may stand anywhere.",
)
@click.pass_context
def command(context: click.Context, data_dir: Path | None) -> None:
    """Curate, label, validate, evaluate, and compare prediction sets.

    \b
    Example:
      curation project import coco street --annotations instances.json --images photos/
      curation predictions import street results.json --name yolo-v2
      curation compare street yolo-v2 --against yolo-v1
    """
    context.ensure_object(dict)["data_dir"] = data_dir


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; deliberate errors become one line and their exit code."""
    sys.exit(_run(arguments))


def hoist_data_dir(arguments: list[str]) -> list[str]:
    """Move `--data-dir` to the front, so that it may stand anywhere on the line."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument == "--data-dir":
            front += [argument, *[value for value in [next(waiting, None)] if value is not None]]
        elif argument.startswith("--data-dir="):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


def _run(arguments: list[str] | None) -> int:
    try:
        given = hoist_data_dir(sys.argv[1:] if arguments is None else arguments)
        result: Any = command.main(given, prog_name="curation", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return 130
    except Exception as error:  # noqa: BLE001 - the border of the command line
        return _explained(error)
    return result if isinstance(result, int) else 0


def _explained(error: Exception) -> int:
    """Say what went wrong, an unexpected error with its trace and an id; return the exit code."""
    import logging  # noqa: PLC0415  # start-up time
    import uuid  # noqa: PLC0415  # start-up time

    from curation.errors import UNEXPECTED, CurationError, presentation  # noqa: PLC0415  # start-up time
    from evaluation.errors import EvaluationError  # noqa: PLC0415  # start-up time

    if isinstance(error, CurationError | EvaluationError):
        shown = presentation(error)
        click.echo(f"{shown.title}: {error}", err=True)
        return shown.exit_code
    error_id = uuid.uuid4().hex[:8]
    logging.getLogger(__name__).error("unexpected error %s", error_id, exc_info=error)
    click.echo(f"Unexpected error {error_id}; the lines above say where.", err=True)
    return UNEXPECTED


if __name__ == "__main__":
    main()
