"""`curation predictions`: import and list prediction sets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from curation.access.roles import PREDICTIONS_IMPORT
from curation.access.tokens import require_of_environment
from curation.cli.jobs import run_job
from curation.cli.output import json_option, print_json, print_report, print_table
from curation.cli.session import Session, open_session
from curation.errors import NothingToImport, UnreadableFile
from curation.predictions.catalog import find_prediction_set, list_prediction_sets
from curation.predictions.importing import (
    PredictionImportRequest,
    create_prediction_import,
    imported_before,
    preview_predictions,
)
from curation.projects.catalog import find_project
from curation.store.reports import get_report

if TYPE_CHECKING:
    from curation.predictions.catalog import PredictionSetRow


@click.group("predictions")
def predictions() -> None:
    """Import and list prediction sets."""


@predictions.command("import")
@click.argument("project")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--name", required=True, help="Name of the new prediction set.")
@click.option("--format", "format_name", help="coco-results or yolo-txt.  [default: find out]")
@click.option("--model", default="", help="Model that made the predictions.")
@click.option("--version", default="", help="Version of the model.")
@click.option("--framework", default="", help="Framework of the model.")
@click.option("--notes", default="", help="Free text.")
@click.option("--parent", help="Earlier prediction set of the same model line.")
@click.option("--training-split", help="Split the model was trained on.")
@click.option("--training-revision", type=int, help="Label revision it was trained on.")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON file kept with the set.",
)
@click.option(
    "--class-map",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON object: class id of the file to class name, null to reject.",
)
@click.option(
    "--covers",
    default="auto",
    show_default=True,
    help="Splits the model was run on, with commas; auto: those with predictions; all.",
)
@click.option("--again", is_flag=True, help="Import although the same file was imported before.")
@click.option("--dry-run", is_flag=True, help="Check everything and report; write nothing.")
@json_option
@click.pass_context
def import_command(
    context: click.Context,
    /,
    project: str,
    file: Path,
    name: str,
    format_name: str | None,
    parent: str | None,
    config: Path | None,
    class_map: Path | None,
    covers: str,
    dry_run: bool,
    as_json: bool,
    **described: Any,
) -> None:
    """Import FILE (COCO results, Ultralytics JSON, or a folder of YOLO text) into PROJECT.

    \b
    Example:
      curation predictions import street results.json --name yolo-v2 --model yolo --version 2
    """
    with open_session(context) as session:
        project_id = find_project(session.database, project).id
        require_of_environment(session.database, PREDICTIONS_IMPORT, project_id)
        request = PredictionImportRequest(
            project_id=project_id,
            source=file.resolve(),
            name=name,
            format=format_name,
            parent_id=_parent_id(session, project_id, parent),
            config=_json_object(config) if config else {},
            class_map=_json_object(class_map) if class_map else None,
            covers=_covers(covers),
            **described,
        )
        if dry_run:
            _dry_run(session, request, as_json=as_json)
            return
        same = None if request.again else imported_before(session.database, request)
        if same is not None:
            _say_same(same, as_json=as_json)
            return
        job = run_job(session, create_prediction_import(session.database, request))
        report = get_report(session.database, job.result["report_id"])
        row = find_prediction_set(session.database, project_id, name)
    if as_json:
        print_json({"job": job.id, **job.result, **set_to_dict(row), "report": report.to_dict()})
    else:
        print_report(report)


def _dry_run(session: Session, request: PredictionImportRequest, *, as_json: bool) -> None:
    preview = preview_predictions(session.database, request)
    rows = [
        {"key": row.key, "count": row.count, "class": row.suggestion, "how": row.how}
        for row in preview.class_map
    ]
    same = preview.same_as.name if preview.same_as else None
    if as_json:
        print_json({**preview.report.to_dict(), "class_map": rows, "same_as": same})
    else:
        print_report(preview.report)
        if same:
            click.echo(f"  the same file was imported before, as {same}")
        click.echo()
        table = [
            [row["key"], row["count"], row["class"] or "(rejected)", row["how"]] for row in rows
        ]
        print_table(("class id", "predictions", "class", "how"), table)
    if not preview.importable:
        raise NothingToImport(request.source.name, "every prediction is rejected")


def _say_same(same: PredictionSetRow, *, as_json: bool) -> None:
    if as_json:
        print_json({"already_imported": True, **set_to_dict(same)})
    else:
        click.echo(f"Imported before, as {same.name}: nothing to do (--again imports it anyway).")


def _parent_id(session: Session, project_id: int, parent: str | None) -> int | None:
    return find_prediction_set(session.database, project_id, parent).id if parent else None


def _covers(text: str) -> tuple[str, ...] | Literal["auto", "all"]:
    if text == "auto":
        return "auto"
    if text == "all":
        return "all"
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _json_object(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(str(file), f"it is not JSON ({error})") from error
    if not isinstance(data, dict):
        raise UnreadableFile(str(file), "it is not a JSON object")
    return data


def set_to_dict(row: PredictionSetRow) -> dict[str, Any]:
    """Return a prediction set as JSON."""
    return {
        "name": row.name,
        "model": row.model,
        "version": row.version,
        "framework": row.framework,
        "parent": row.parent,
        "task": row.task,
        "predictions": row.predictions,
        "images": row.images,
        "covered_splits": row.covered_splits,
        "rejected": row.rejected,
        "warnings": row.warnings,
        "source": row.source,
        "sha256": row.sha256,
        "class_map": row.class_map,
        "created": row.created,
    }


@predictions.command("list")
@click.argument("project")
@json_option
@click.pass_context
def list_command(context: click.Context, project: str, as_json: bool) -> None:
    """List the prediction sets of PROJECT, newest first."""
    with open_session(context) as session:
        rows = list_prediction_sets(session.database, find_project(session.database, project).id)
    if as_json:
        print_json([set_to_dict(row) for row in rows])
        return
    print_table(
        ("set", "model", "version", "task", "predictions", "images", "rejected", "created"),
        [
            (
                row.name,
                row.model,
                row.version,
                row.task,
                row.predictions,
                row.images,
                row.rejected,
                f"{row.created:%Y-%m-%d %H:%M}",
            )
            for row in rows
        ],
    )
