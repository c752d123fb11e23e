"""`curation evaluation` and `curation compare`: numbers of one set, deltas of two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from curation.cli.output import json_option, number, print_json, print_table
from curation.cli.resampling import resampling_options
from curation.cli.session import Session, open_session
from curation.evaluations.attribution import split_over_revisions
from curation.evaluations.request import (
    DEFAULT_IOU,
    DEFAULT_SCORE,
    EvaluationRequest,
)
from curation.evaluations.summaries import compare_summary, evaluation_summary
from curation.predictions.catalog import find_prediction_set
from curation.projects.catalog import find_project
from evaluation.significance import Resampling

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
@click.option(
    "--against-revision",
    type=click.IntRange(min=1),
    metavar="N",
    help="Label revision of an earlier OTHER: split the delta into model and label change.",
)
@_operating_options
@resampling_options
@json_option
@click.pass_context
def compare(
    context: click.Context,
    /,
    project: str,
    prediction_set: str,
    against: str,
    against_revision: int | None,
    replicates: int,
    seed: int,
    level: float,
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
        summary = compare_summary(
            session.database,
            request,
            Resampling(replicates, seed, level) if replicates else None,
        )
        if against_revision is not None:
            split = split_over_revisions(
                session.database, request, against_revision=against_revision
            )
            summary["attribution"] = {"against_revision": against_revision, **split.to_dict()}
    if as_json:
        print_json(summary)
        return
    _print_comparison(summary, (prediction_set, against))
    if against_revision is not None:
        _print_split(summary["attribution"], summary["revision"])
    for notice in summary["notices"]:
        click.echo(f"note: {notice}", err=True)


def _print_comparison(summary: dict[str, Any], names: tuple[str, str]) -> None:
    certain = _Certainty(summary)
    rows = [
        (
            name,
            _cell(summary["set"][group][name]),
            _cell(summary["against"][group][name]),
            _cell(summary["delta"][group][name], signed=True),
            *certain.cells(group, name),
        )
        for group, names_shown in _SHOWN.items()
        for name in names_shown
    ]
    print_table(("", *names, "delta", *certain.header()), rows)
    click.echo()
    print_table(
        ("class", "AP", "delta AP", *certain.header("q"), "delta AP50", "delta F1", "support"),
        [
            (
                row["name"],
                _cell(row["AP"]),
                _cell(delta["AP"], signed=True),
                *certain.class_cells(place),
                *(_cell(delta[name], signed=True) for name in ("AP50", "f1")),
                row["support"],
            )
            for place, (row, delta) in enumerate(
                zip(summary["set"]["classes"], summary["delta"]["classes"], strict=True)
            )
        ],
    )


def _print_split(split: dict[str, Any], revision: int) -> None:
    parts = ("total", "model", "labels")
    click.echo(f"\nfrom label revision {split['against_revision']} to {revision}:")
    rows = [
        (name, *(_cell(split[part][group][name], signed=True) for part in parts))
        for group, names in _SHOWN.items()
        for name in names
    ]
    print_table(("", *parts), rows)


class _Certainty:
    """Columns that say how sure a delta is; none where there are no intervals."""

    def __init__(self, summary: dict[str, Any]) -> None:
        self._headline = summary["delta"]
        self._rest = summary["intervals"]

    def header(self, probability: str = "p") -> tuple[str, ...]:
        """Return the names of the columns."""
        if self._rest is None:
            return ()
        return (f"{self._rest['resampling']['level']:.0%} interval", probability)

    def cells(self, group: str, name: str) -> tuple[str, ...]:
        """Return the cells of a headline number or of one at the operating point."""
        if self._rest is None:
            return ()
        rows = self._headline if group == "metrics" else self._rest[group]
        return self._written(rows[name], "p", counted=name in _COUNTS)

    def class_cells(self, place: int) -> tuple[str, ...]:
        """Return the cells of a class's average precision."""
        if self._rest is None:
            return ()
        return self._written(self._rest["classes"][place]["AP"], "q")

    @staticmethod
    def _written(
        interval: dict[str, Any], probability: str, *, counted: bool = False
    ) -> tuple[str, str]:
        low, high = interval["low"], interval["high"]
        if low is None or high is None:
            return ("n/a", "n/a")
        ends = (round(end) if counted else end for end in (low, high))
        reach = " … ".join(_cell(end, signed=True) for end in ends)
        return (reach, _chance(interval.get(probability)))


def _chance(value: float | None) -> str:
    return "<0.001" if value is not None and value < 0.001 else number(value)


_COUNTS = frozenset({"tp", "fp", "fn"})
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
