"""`curation push`: send collections to annotation tools, and see what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from curation.cli.jobs import run_job
from curation.cli.output import json_option, print_json, print_table
from curation.cli.session import Session, open_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.store.pushes import PushRow
    from curation.sync.push_items import PreviewRow
    from curation.sync.push_preview import PushPreview
    from curation.sync.push_request import PushRequest
    from curation.sync.pushed_status import PushedImage

NOT_ALL_SENT: Final = 5
project_option = click.option("--project", help="The project, where several have such a source.")


@click.group("push")
def pushes() -> None:
    """Send collections to annotation tools."""


def _what(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what a push asks for."""
    options = (
        click.argument("source"),
        click.argument("collection"),
        project_option,
        click.option("--set", "set_name", help="Prediction set that annotators start from."),
        click.option(
            "--score-floor",
            type=float,
            default=0.0,
            show_default=True,
            help="Lowest score of a prediction that goes along.",
        ),
        click.option("--priority", type=float, help="0 to 1, most urgent last."),
        click.option("--note", default="", help="Why; shown to the annotator."),
        click.option("--review", is_flag=True, help="Finished work is to be looked at again."),
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@pushes.command("preview")
@_what
@click.pass_context
def preview_command(context: click.Context, /, as_json: bool, **asked: Any) -> None:
    """Ask the tool of SOURCE what a push of COLLECTION would do; nothing is sent.

    \b
    Example:
      curation push preview labels misses --set yolo-v2 --score-floor 0.3 --priority 0.8
    """
    from curation.sync.pushing import preview_push  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        preview = preview_push(session.database, session.settings, _request(session, asked))
    if as_json:
        print_json(_preview_to_dict(preview))
        return
    _show_counts(preview)
    print_table(
        ("image", "action", "task", "now", "by", "objects", "overwrites"),
        [_preview_cells(row) for row in preview.rows],
    )
    for row in preview.rows:
        for problem in row.problems:
            click.echo(f"  {row.file_name}: {problem}")


@pushes.command("start")
@_what
@click.pass_context
def start_command(context: click.Context, /, as_json: bool, **asked: Any) -> int:
    """Send COLLECTION to the tool of SOURCE; may be killed and resumed at any time.

    \b
    Example:
      curation push start labels suspects --review --note "class in doubt"
    """
    from curation.store.pushes import push_of_job  # noqa: PLC0415  # start-up time
    from curation.sync.pushed_status import pushed_images  # noqa: PLC0415  # start-up time
    from curation.sync.pushing import create_push, preview_push  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        preview = preview_push(session.database, session.settings, _request(session, asked))
        _show_counts(preview, err=True)
        job = run_job(session, create_push(session.database, preview))
        push = push_of_job(session.database, job.id)
        images = pushed_images(session.database, push.id)
    missing = [image for image in images if image.error]
    if as_json:
        print_json({**_push_to_dict(push), "not_sent": [_image_to_dict(each) for each in missing]})
    else:
        click.echo(f"push {push.id}: {_states(push)}")
        for image in missing:
            click.echo(f"  {image.file_name}: {image.state}: {image.error}")
    return NOT_ALL_SENT if missing else 0


@pushes.command("list")
@click.argument("source")
@project_option
@click.option("--limit", default=20, show_default=True)
@json_option
@click.pass_context
def list_command(
    context: click.Context, /, source: str, project: str | None, limit: int, as_json: bool
) -> None:
    """List the pushes to SOURCE, newest first."""
    from curation.store.pushes import list_pushes  # noqa: PLC0415  # start-up time
    from curation.sync.sources import find_source  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        found = find_source(session.database, source, project=project)
        rows = list_pushes(session.database, found.project_id, source_id=found.id, limit=limit)
    if as_json:
        print_json([_push_to_dict(row) for row in rows])
        return
    print_table(
        ("push", "created", "collection", "predictions", "priority", "review", "job", "items"),
        [
            (
                row.id,
                f"{row.created:%Y-%m-%d %H:%M}",
                row.collection,
                row.prediction_set or "",
                "" if row.priority is None else row.priority,
                "asked for" if row.review else "",
                row.status,
                _states(row),
            )
            for row in rows
        ],
    )


@pushes.command("status")
@click.argument("push_id", type=int)
@json_option
@click.pass_context
def status_command(context: click.Context, /, push_id: int, as_json: bool) -> None:
    """Show how far a push is, and where the annotators' work stands as of the last sync."""
    from curation.store.pushes import get_push  # noqa: PLC0415  # start-up time
    from curation.sync.pushed_status import count_statuses, pushed_images  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        push = get_push(session.database, push_id)
        images = pushed_images(session.database, push_id)
    statuses = count_statuses(image for image in images if image.status is not None)
    if as_json:
        shown = [_image_to_dict(image) for image in images]
        print_json({**_push_to_dict(push), "statuses": statuses, "images": shown})
        return
    click.echo(f"push {push.id} of {push.collection} to {push.source}: {_states(push)}")
    click.echo(", ".join(f"{count} {status}" for status, count in statuses.items()))
    print_table(
        ("image", "action", "sent", "task", "status", "by", "at", "why not"),
        [
            (
                image.file_name,
                image.action,
                image.state,
                image.task_id or "",
                image.status or "",
                image.by or "",
                (image.at or "")[:16],
                image.error,
            )
            for image in images
        ],
    )


def _request(session: Session, asked: dict[str, Any]) -> PushRequest:
    """Return what the options ask for, names looked up in the source's project."""
    from curation.predictions.catalog import find_prediction_set  # noqa: PLC0415  # start-up time
    from curation.store.collections import find_collection  # noqa: PLC0415  # start-up time
    from curation.sync.push_request import PushRequest  # noqa: PLC0415  # start-up time
    from curation.sync.sources import find_source  # noqa: PLC0415  # start-up time

    source = find_source(session.database, asked["source"], project=asked["project"])
    project_id = source.project_id
    named = asked["set_name"]
    chosen = find_prediction_set(session.database, project_id, named) if named else None
    return PushRequest(
        source_id=source.id,
        collection_id=find_collection(session.database, project_id, asked["collection"]).id,
        set_id=chosen.id if chosen else None,
        score_floor=asked["score_floor"],
        priority=asked["priority"],
        note=asked["note"],
        review=asked["review"],
    )


def _show_counts(preview: PushPreview, *, err: bool = False) -> None:
    counts = ", ".join(f"{count} {action}" for action, count in preview.counts.items())
    click.echo(f"{preview.collection} to {preview.source}: {counts}", err=err)
    for name, count in preview.left_out.items():
        click.echo(f"  {count} predictions of {name} left out: no control takes them", err=err)


def _states(push: PushRow) -> str:
    return ", ".join(f"{count} {state}" for state, count in push.states.items())


def _preview_cells(row: PreviewRow) -> tuple[object, ...]:
    changes = ", ".join(f"{each.what}: {each.before} → {each.after}" for each in row.changes)
    return (
        row.file_name,
        row.action,
        row.task_id or "",
        row.status or "",
        row.status_by or "",
        "" if row.predictions is None else row.predictions,
        changes,
    )


def _preview_to_dict(preview: PushPreview) -> dict[str, Any]:
    return {
        "source": preview.source,
        "collection": preview.collection,
        "counts": preview.counts,
        "predictions_left_out": preview.left_out,
        "images": [
            {
                "file_name": row.file_name,
                "action": row.action,
                "address": row.address,
                "note": row.note,
                "predictions": row.predictions,
                "task": row.task_id,
                "now": {"status": row.status, "by": row.status_by, "at": row.status_at},
                "overwrites": {
                    each.what: {"before": each.before, "after": each.after} for each in row.changes
                },
                "problems": row.problems,
            }
            for row in preview.rows
        ],
    }


def _push_to_dict(push: PushRow) -> dict[str, Any]:
    return {
        "id": push.id,
        "source": push.source,
        "collection": push.collection,
        "prediction_set": push.prediction_set,
        "score_floor": push.score_floor,
        "priority": push.priority,
        "note": push.note,
        "review": push.review,
        "author": push.author,
        "created": push.created,
        "job": push.job_id,
        "status": push.status,
        "error": push.error,
        "items": push.states,
    }


def _image_to_dict(image: PushedImage) -> dict[str, Any]:
    return {
        "file_name": image.file_name,
        "action": image.action,
        "state": image.state,
        "attempts": image.attempts,
        "error": image.error,
        "task": image.task_id,
        "status": image.status,
        "by": image.by,
        "at": image.at,
    }
