"""`curation evaluate` and `curation compare-files`: COCO files without a project.

Nothing here opens the store, and `evaluation` is imported when the files are read: the start of
the process is most of the time of a small evaluation.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curation.cli.output import json_option, print_json
from curation.cli.resampling import resampling_options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from evaluation import Comparison
    from evaluation.gates import Gate, GateOutcome

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
SCORE, IOU = 0.3, 0.5


def _settings(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option(
            "--iou-type",
            type=click.Choice(["bbox", "segm"]),
            default="bbox",
            show_default=True,
            help="Overlap of boxes or of masks.",
        ),
        click.option("--score", default=SCORE, show_default=True, help="Score threshold."),
        click.option("--iou", default=IOU, show_default=True, help="IoU threshold."),
        click.option(
            "--strict",
            is_flag=True,
            help="Treat annotation id 0 as pycocotools does (as unmatched).",
        ),
        click.option("--class-agnostic", is_flag=True, help="Put all objects into one class."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _gates(context: click.Context, parameter: click.Parameter, given: Sequence[str]) -> list[Gate]:
    """Read the gates before anything else, so that a wrong one costs no time."""
    del context, parameter
    if not given:
        return []
    from evaluation.errors import InvalidGate  # noqa: PLC0415  # start-up time
    from evaluation.gates import parse  # noqa: PLC0415  # start-up time

    try:
        return [parse(expression) for expression in given]
    except InvalidGate as error:
        raise click.BadParameter(str(error)) from error


def _report_place(
    context: click.Context, parameter: click.Parameter, given: str | None
) -> str | None:
    """Refuse a report that cannot be written before anything is computed."""
    del context, parameter
    if given and given != "-" and (Path(given).is_dir() or not Path(given).parent.is_dir()):
        raise click.BadParameter(f"{given} is no place for a file.")
    return given


@click.command("evaluate")
@click.argument("truth", metavar="GT", type=_FILE)
@click.argument("predictions", metavar="PRED", type=_FILE)
@_settings
@json_option
def evaluate(truth: Path, predictions: Path, as_json: bool, **options: Any) -> None:
    """Evaluate the COCO results PRED on the COCO ground truth GT, without a project.

    \b
    Example:
      curation evaluate instances_val.json results.json --iou-type segm --json
    """
    from evaluation import evaluate as evaluate_tables  # noqa: PLC0415  # start-up time
    from evaluation.inputs import open_tables  # noqa: PLC0415  # start-up time

    tables = open_tables(truth, (predictions,), masks=options["iou_type"] == "segm")
    if options["class_agnostic"]:
        tables = tables.of_known_classes()
    with _threshold_errors():
        result = evaluate_tables(
            tables.truth, tables.sides[0], class_names=tables.class_names, **options
        )
    _tell(tables.notices)
    if as_json:
        print_json(
            {
                "truth": str(truth),
                "predictions": str(predictions),
                "images": tables.n_images,
                "iou_type": result.iou_type,
                "strict": result.strict,
                "class_agnostic": options["class_agnostic"],
                **result.to_dict(),
                "notices": list(tables.notices),
            }
        )
        return
    from evaluation.text_tables import class_text, result_text  # noqa: PLC0415  # start-up time

    click.echo(f"{result_text(result)}\n\n{class_text(result)}")


@click.command("compare-files")
@click.argument("truth", metavar="GT", type=_FILE)
@click.argument("predictions", metavar="SET", type=_FILE)
@click.argument("against", metavar="BASELINE", type=_FILE)
@_settings
@resampling_options
@click.option(
    "--fail-if",
    "gates",
    multiple=True,
    callback=_gates,
    metavar="GATE",
    help="Exit with 1 if a delta is so and its interval agrees (repeatable): 'AP<-0.005', "
    "'fp>50', 'AP@small<-0.01', 'class:NAME:recall<-0.02'.",
)
@click.option(
    "--markdown",
    metavar="FILE",
    callback=_report_place,
    help="Write a Markdown report; - for stdout.",
)
@json_option
def compare_files(
    truth: Path,
    predictions: Path,
    against: Path,
    gates: list[Gate],
    markdown: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Compare the COCO results SET against BASELINE on the COCO ground truth GT.

    The new set comes first, the baseline second: delta = SET - BASELINE, as in `curation compare
    PROJECT SET --against OTHER`.

    \b
    Example:
      curation compare-files val.json new.json old.json --fail-if 'AP<-0.005' --markdown report.md
    """
    if as_json and markdown == "-":
        raise click.UsageError("--json and --markdown - both want stdout; give --markdown a file.")
    if gates and not options["replicates"]:
        raise click.UsageError("--fail-if judges by intervals: give --replicates at least 1.")
    from evaluation import compare  # noqa: PLC0415  # start-up time

    with _threshold_errors():
        comparison = compare(truth, predictions, against, **options)
    outcomes = _judged(gates, comparison)
    _tell(comparison.notices)
    if markdown and markdown != "-":
        _write(Path(markdown), comparison.to_markdown(outcomes))
    if as_json:
        judged = [outcome.to_dict() for outcome in outcomes]
        print_json({"truth": str(truth), **comparison.to_dict(), "gates": judged})
    else:
        text = comparison.to_markdown(outcomes) if markdown == "-" else f"{comparison!r}\n"
        click.echo(text, nl=False)
    for outcome in outcomes:
        click.echo(outcome.sentence(), err=True)
    return int(any(outcome.failed for outcome in outcomes))


def _write(report: Path, text: str) -> None:
    """Write the report; a place that refuses it is a wrong option, not a failed gate."""
    try:
        report.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{report} cannot be written: {error.strerror or error}."
        raise click.BadParameter(message, param_hint="--markdown") from error


@contextmanager
def _threshold_errors() -> Iterator[None]:
    """Show a threshold out of its range as what it is here: a wrong option."""
    from evaluation.errors import InvalidThreshold  # noqa: PLC0415  # start-up time

    try:
        yield
    except InvalidThreshold as error:
        raise click.UsageError(str(error)) from error


def _judged(gates: Sequence[Gate], comparison: Comparison) -> list[GateOutcome]:
    if not gates:
        return []
    from evaluation.errors import InvalidGate  # noqa: PLC0415  # start-up time
    from evaluation.gates import judge  # noqa: PLC0415  # start-up time

    try:
        return [judge(gate, comparison) for gate in gates]
    except InvalidGate as error:
        raise click.BadParameter(str(error), param_hint="--fail-if") from error


def _tell(notices: Sequence[str]) -> None:
    for notice in notices:
        click.echo(f"note: {notice}", err=True)
