"""`curation project`: import and list projects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curation.cli.jobs import run_job
from curation.cli.output import json_option, number, print_json, print_report, print_table
from curation.cli.session import open_session
from curation.projects.catalog import (
    find_project,
    list_projects,
    project_home,
    set_reevaluates,
)
from curation.projects.importing import (
    ProjectImportRequest,
    create_project_import,
    preview_project,
)
from curation.store.reports import get_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.store.projects import ProjectCard


@click.group("project")
def projects() -> None:
    """Import and list projects."""


@projects.group("import")
def import_group() -> None:
    """Import a project from COCO JSON, a YOLO tree or CVAT XML."""


def _import_options(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.option("--description", default="", help="Shown on the project's card."),
        click.option("--dry-run", is_flag=True, help="Check everything and report; write nothing."),
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@import_group.command("coco")
@click.argument("name")
@click.option(
    "--annotations",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="COCO JSON file.",
)
@click.option("--images", help="Folder or s3://bucket/prefix of the pictures.")
@click.option("--split", help="Split of these images: train, val, test.")
@_import_options
@click.pass_context
def import_coco(
    context: click.Context,
    /,
    name: str,
    annotations: Path,
    images: str | None,
    split: str | None,
    description: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import a COCO JSON file into project NAME, new or existing.

    \b
    Example:
      curation project import coco street --annotations val.json --images photos/ --split val
    """
    request = ProjectImportRequest(
        name, "coco", annotations, images, split, description=description
    )
    _import(context, request, dry_run=dry_run, as_json=as_json)


@import_group.command("yolo")
@click.argument("name")
@click.argument("root", type=click.Path(exists=True, path_type=Path))
@click.option("--images", help="Folder or s3://bucket/prefix of the pictures.  [default: ROOT]")
@click.option(
    "--missing-label",
    type=click.Choice(["background", "unlabelled"]),
    help="What an image without a label file is.",
)
@_import_options
@click.pass_context
def import_yolo(
    context: click.Context,
    /,
    name: str,
    root: Path,
    images: str | None,
    missing_label: Any,
    description: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import a YOLO tree (data.yaml, or images/ and labels/) into project NAME.

    \b
    Example:
      curation project import yolo cells dataset/ --missing-label background
    """
    request = ProjectImportRequest(
        name, "yolo", root, images, missing_label=missing_label, description=description
    )
    _import(context, request, dry_run=dry_run, as_json=as_json)


@import_group.command("cvat")
@click.argument("name")
@click.option(
    "--annotations",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="XML file of an export as 'CVAT for images 1.1'.",
)
@click.option("--images", help="Folder or s3://bucket/prefix of the pictures.")
@click.option("--split", help="Split of images that name no subset: train, val, test.")
@click.option(
    "--missing-label",
    type=click.Choice(["background", "unlabelled"]),
    help="What an image without any shape or tag is.",
)
@_import_options
@click.pass_context
def import_cvat(
    context: click.Context,
    /,
    name: str,
    annotations: Path,
    images: str | None,
    split: str | None,
    missing_label: Any,
    description: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import a CVAT XML file into project NAME, new or existing.

    \b
    Example:
      curation project import cvat street --annotations annotations.xml --images images/
    """
    request = ProjectImportRequest(
        name, "cvat", annotations, images, split, missing_label, description
    )
    _import(context, request, dry_run=dry_run, as_json=as_json)


def _import(
    context: click.Context, request: ProjectImportRequest, *, dry_run: bool, as_json: bool
) -> None:
    with open_session(context) as session:
        if dry_run:
            preview = preview_project(session.database, session.settings, request)
            questions = [
                {"option": q.option, "text": q.text, "choices": q.choices, "count": q.count}
                for q in preview.questions
            ]
            if as_json:
                print_json({**preview.report.to_dict(), "questions": questions})
                return
            print_report(preview.report)
            for question in questions:
                click.echo(f"  question: {question['text']} ({_option(question)})")
            return
        absolute = ProjectImportRequest.from_payload(
            {
                **request.to_payload(),
                "source": str(request.source.resolve()),
                "images": _absolute(request.images),
            }
        )
        job = run_job(session, create_project_import(session.database, absolute))
        report = get_report(session.database, job.result["report_id"])
    if as_json:
        print_json({"job": job.id, **job.result, "report": report.to_dict()})
    else:
        print_report(report)


def _option(question: dict[str, Any]) -> str:
    """Return the option that answers a question, with its choices."""
    return f"--{question['option'].replace('_', '-')} {'|'.join(question['choices'])}"


def _absolute(images: str | None) -> str | None:
    if images is None or images.startswith("s3://"):
        return images
    return str(Path(images).resolve())


@projects.command("list")
@json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List all projects."""
    with open_session(context) as session:
        cards = list_projects(session.database)
    if as_json:
        print_json([_card(card) for card in cards])
        return
    print_table(
        ("project", "images", "labels", "classes", "sets", "revision", "latest AP"),
        [
            (
                card.name,
                card.images,
                card.labels,
                card.classes,
                card.prediction_sets,
                card.revision,
                _headline(card),
            )
            for card in cards
        ],
    )


def _headline(card: ProjectCard) -> str:
    if card.headline is None:
        return "–"
    kind = "masks" if card.headline.iou_type == "segm" else "boxes"
    return f"{number(card.headline.value)} ({kind})"


def _card(card: ProjectCard) -> dict[str, Any]:
    return {
        "name": card.name,
        "description": card.description,
        "images": card.images,
        "labels": card.labels,
        "classes": card.classes,
        "prediction_sets": card.prediction_sets,
        "revision": card.revision,
        "created": card.created,
    }


@projects.command("show")
@click.argument("name")
@json_option
@click.pass_context
def show(context: click.Context, name: str, as_json: bool) -> None:
    """Show the splits, classes, revisions and prediction sets of project NAME."""
    with open_session(context) as session:
        home = project_home(session.database, find_project(session.database, name).id)
    splits = [
        {
            "split": row.split,
            "images": row.images,
            "labels": row.labels,
            "background": row.background,
            "unlabelled": row.unlabelled,
        }
        for row in home.splits
    ]
    revisions = [
        {
            "number": row.number,
            "kind": row.kind,
            "author": row.author,
            "created": row.created,
            "labels_added": row.labels_added,
            "labels_removed": row.labels_removed,
        }
        for row in home.revisions
    ]
    sets = [row.name for row in home.prediction_sets]
    if as_json:
        print_json(
            {
                **_card(home.card),
                "splits": splits,
                "revisions": revisions,
                "prediction_set_names": sets,
            }
        )
        return
    print_table(list(_card(home.card)), [list(_card(home.card).values())])
    if splits:
        click.echo()
        print_table(list(splits[0]), [list(row.values()) for row in splits])
    click.echo(f"\nprediction sets: {', '.join(sets) or 'none'}")


@projects.command("reevaluate")
@click.argument("name")
@click.argument("state", type=click.Choice(["on", "off"]))
@click.pass_context
def reevaluate_command(context: click.Context, name: str, state: str) -> None:
    """Say whether syncs of project NAME evaluate again what was evaluated before them.

    \b
    Example:
      curation project reevaluate street on
    """
    with open_session(context) as session:
        project_id = find_project(session.database, name).id
        set_reevaluates(session.database, project_id, value=state == "on")
    click.echo(f"{name}: evaluating again after a sync is {state}.", err=True)
