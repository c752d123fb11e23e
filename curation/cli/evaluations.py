"""`curation evaluation` and `curation compare`: numbers of one set, deltas of two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from curation.cli.output import json_option, number, print_json, print_table
from curation.cli.session import Session, open_session
from curation.evaluations.request import (
    DEFAULT_IOU,
    DEFAULT_SCORE,
    EvaluationRequest,
)
from curation.evaluations.summaries import compare_summary, evaluation_summary
from curation.predictions.catalog import find_prediction_set
from curation.projects.catalog import find_project

if TYPE_CHECKING:
    from collections.abc import Callable


def _operating_options(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.option(
            "--iou-type",
            type=click.Choice(["bbox", "segm"]),
            default="bbox",
            show_default=True,
            help="Overlap of boxes or of masks.",
        ),
        click.option("--score", default=DEFAULT_SCORE, show_default=True, help="Score threshold."),
        click.option("--iou", default=DEFAULT_IOU, show_default=True, help="IoU threshold."),
        click.option("--split", help="Only images of this split."),
        click.option("--class", "classes", multiple=True, help="Only this class (repeatable)."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _request(
    session: Session, project: str, set_name: str, against: str | None, options: dict[str, Any]
) -> EvaluationRequest:
    project_id = find_project(session.database, project).id
    return EvaluationRequest(
        project_id=project_id,
        set_id=find_prediction_set(session.database, project_id, set_name).id,
        against_id=(
            find_prediction_set(session.database, project_id, against).id if against else None
        ),
        **options,
    )


@click.group("evaluation")
def evaluations() -> None:
    """Evaluate prediction sets."""


@evaluations.command("run")
@click.argument("project")
@click.argument("prediction_set", metavar="SET")
@_operating_options
@click.option(
    "--strict", is_flag=True, help="Treat annotation id 0 as pycocotools does (as unmatched)."
)
@json_option
@click.pass_context
def run(
    context: click.Context,
    /,
    project: str,
    prediction_set: str,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Evaluate SET of PROJECT on the current labels.

    \b
    Example:
      curation evaluation run street yolo-v2 --iou-type segm --json
    """
    with open_session(context) as session:
        request = _request(session, project, prediction_set, None, options)
        summary = evaluation_summary(session.database, request, strict=strict)
    if as_json:
        print_json(summary)
        return
    point = summary["operating_point"]
    _print_metrics(summary)
    click.echo(
        f"\nat score ≥ {point['score']}, IoU ≥ {point['iou']}: "
        f"precision {number(point['precision'])}, recall {number(point['recall'])}, "
        f"F1 {number(point['f1'])}, TP {point['tp']}, FP {point['fp']}, FN {point['fn']}\n"
    )
    columns = ("name", "AP", "AP50", "precision", "recall", "f1", "tp", "fp", "fn", "support")
    print_table(
        columns,
        [[_cell(row[name]) for name in columns] for row in summary["classes"]],
    )


@click.command("compare")
@click.argument("project")
@click.argument("prediction_set", metavar="SET")
@click.option("--against", required=True, metavar="OTHER", help="The set to compare against.")
@_operating_options
@json_option
@click.pass_context
def compare(
    context: click.Context,
    /,
    project: str,
    prediction_set: str,
    against: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare SET of PROJECT against OTHER on the images both cover.

    \b
    Example:
      curation compare street yolo-v2 --against yolo-v1 --json
    """
    with open_session(context) as session:
        request = _request(session, project, prediction_set, against, options)
        summary = compare_summary(session.database, request)
    if as_json:
        print_json(summary)
        return
    rows = [
        (
            name,
            _cell(summary["set"][group][name]),
            _cell(summary["against"][group][name]),
            _cell(summary["delta"][group][name], signed=True),
        )
        for group, names in _SHOWN.items()
        for name in names
    ]
    print_table(("", prediction_set, against, "delta"), rows)
    click.echo()
    print_table(
        ("class", "AP", "delta AP", "delta AP50", "delta F1", "support"),
        [
            (
                row["name"],
                _cell(row["AP"]),
                *(_cell(delta[name], signed=True) for name in ("AP", "AP50", "f1")),
                row["support"],
            )
            for row, delta in zip(
                summary["set"]["classes"], summary["delta"]["classes"], strict=True
            )
        ],
    )
    for notice in summary["notices"]:
        click.echo(f"note: {notice}", err=True)


_SHOWN = {
    "metrics": ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100"),
    "operating_point": ("precision", "recall", "f1", "tp", "fp", "fn"),
}


def _cell(value: Any, *, signed: bool = False) -> str:
    if isinstance(value, int):
        return f"{value:+d}" if signed else str(value)
    return value if isinstance(value, str) else number(value, signed=signed)


def _print_metrics(summary: dict[str, Any]) -> None:
    print_table(
        list(summary["metrics"]), [[number(value) for value in summary["metrics"].values()]]
    )
