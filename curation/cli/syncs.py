"""`curation sync`: run syncs now or when due, and look at what runs did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from curation.cli.jobs import run_job
from curation.cli.output import json_option, print_json, print_table
from curation.cli.session import open_session
from curation.errors import CurationError, UsageError, presentation

if TYPE_CHECKING:
    from curation.cli.session import Session
    from curation.store.sources import SourceRow
    from curation.store.sync_runs import SyncRunRow

AUTHOR = "local user"
CHANGES = (
    "images_added",
    "images_changed",
    "images_removed",
    "labels_added",
    "labels_changed",
    "labels_removed",
)


@click.group("sync")
def syncs() -> None:
    """Pull labels from annotation tools."""


@syncs.command("run")
@click.argument("source", required=False)
@click.option("--due", is_flag=True, help="Every source whose scheduled time has come.")
@click.option("--project", help="The project, where several have such a source.")
@click.option("--dry-run", is_flag=True, help="Pull and tell what would change; show nothing.")
@click.option("--reconcile", is_flag=True, help="Compare everything, also what no time tells.")
@click.option("--allow-removals", is_flag=True, help="Let more than a fifth vanish.")
@json_option
@click.pass_context
def run_command(
    context: click.Context,
    /,
    source: str | None,
    due: bool,
    project: str | None,
    dry_run: bool,
    reconcile: bool,
    allow_removals: bool,
    as_json: bool,
) -> int:
    """Sync SOURCE here and now, or every source that is due; safe to run twice.

    \b
    Example:
      curation sync run labels --dry-run
      */5 * * * * curation sync run --due
    """
    from curation.sync.syncing import SyncRequest  # noqa: PLC0415  # start-up time

    if due == (source is not None):
        raise UsageError("There is nothing to sync.", next_step="Name a source, or use --due.")
    with open_session(context) as session:
        author = _author(session, source, project)
        if due:
            return _run_due(session, author, as_json=as_json)
        request = SyncRequest(
            _find(session, source, project).id, author, reconcile, allow_removals, dry_run
        )
        shown = _run_one(session, request)
        _show(shown, as_json=as_json)
    return 0


def _find(session: Session, name: str | None, project: str | None) -> SourceRow:
    from curation.sync.sources import find_source  # noqa: PLC0415  # start-up time

    return find_source(session.database, name or "", project=project)


def _author(session: Session, source: str | None, project: str | None) -> str:
    """Return who acts: the token of the environment where there is one, else the local user.

    Raises:
        Forbidden: If the token is not for this project's sync.
    """
    from curation.access.roles import SYNC_RUN, require  # noqa: PLC0415  # start-up time
    from curation.access.tokens import holder_from_environment  # noqa: PLC0415  # start-up time
    from curation.sync.schedules import AUTHOR as SCHEDULE  # noqa: PLC0415  # start-up time

    holder = holder_from_environment(session.database)
    if source is None:
        return SCHEDULE
    if holder is None:
        return AUTHOR
    require(holder, SYNC_RUN, _find(session, source, project).project_id)
    return holder.author


def _run_one(session: Session, request: Any) -> SyncRunRow:
    from curation.store.sync_runs import run_of_job  # noqa: PLC0415  # start-up time
    from curation.sync.syncing import create_sync  # noqa: PLC0415  # start-up time

    job_id, is_mine = create_sync(session.database, request)
    if not is_mine:
        click.echo(f"Job {job_id} syncs this source already; waiting for it.", err=True)
    run_job(session, job_id)
    row = run_of_job(session.database, job_id)
    if row is None:
        raise AssertionError("a job that is done has its run")
    return row


def _run_due(session: Session, author: str, *, as_json: bool) -> int:
    """Sync every due source one after another; the first failure's exit code, others still run."""
    from curation.access.roles import SYNC_RUN, require  # noqa: PLC0415  # start-up time
    from curation.access.tokens import holder_from_environment  # noqa: PLC0415  # start-up time
    from curation.sync.schedules import start_due  # noqa: PLC0415  # start-up time
    from curation.sync.syncing import SyncRequest  # noqa: PLC0415  # start-up time

    holder = holder_from_environment(session.database)
    codes: list[int] = []

    def start(source: SourceRow) -> None:
        try:
            if holder is not None:
                require(holder, SYNC_RUN, source.project_id)
            _show(_run_one(session, SyncRequest(source.id, author)), as_json=as_json)
        except CurationError as error:
            shown = presentation(error)
            codes.append(shown.exit_code)
            click.echo(f"{source.name}: {shown.title}: {error}", err=True)

    count = start_due(session.database, session.settings, start=start)
    if not count:
        click.echo("Nothing is due.", err=True)
    return codes[0] if codes else 0


def _show(run: SyncRunRow, *, as_json: bool) -> None:
    if as_json:
        print_json(_to_dict(run))
        return
    changes = ", ".join(
        f"{run.counts[name]} {name.replace('_', ' ')}" for name in CHANGES if run.counts.get(name)
    )
    where = f"revision {run.revision}" if run.revision else "no new revision"
    if run.kind == "dry run":
        where = "dry run: nothing was changed"
    click.echo(f"{run.source}: {changes or 'nothing differs'} ({where})")
    for problem in run.problems:
        click.echo(f"  {problem['count']} × {problem['what']}")
        for example in problem["examples"]:
            click.echo(f"      {example}")
    if run.faults:
        survived = ", ".join(f"{count} × {kind}" for kind, count in run.faults.items())
        click.echo(f"  survived: {survived}")


def _to_dict(run: SyncRunRow) -> dict[str, object]:
    return {
        "id": run.id,
        "source": run.source,
        "kind": run.kind,
        "author": run.author,
        "status": run.status,
        "started": run.started,
        "seconds": run.seconds,
        "window": [run.window_low, run.window_high],
        "counts": run.counts,
        "faults": run.faults,
        "problems": run.problems,
        "revision": run.revision,
        "error": run.error,
    }


@syncs.command("history")
@click.argument("source")
@click.option("--project", help="The project, where several have such a source.")
@click.option("--limit", default=20, show_default=True)
@json_option
@click.pass_context
def history_command(
    context: click.Context, /, source: str, project: str | None, limit: int, as_json: bool
) -> None:
    """List the runs of SOURCE, newest first."""
    from curation.store.sync_runs import list_runs  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        row = _find(session, source, project)
        runs = list_runs(session.database, row.id, limit=limit)
    if as_json:
        print_json([_to_dict(run) for run in runs])
        return
    print_table(
        ("run", "started", "kind", "status", "seconds", "labels + − ~", "revision", "error"),
        [
            (
                run.id,
                f"{run.started:%Y-%m-%d %H:%M}",
                run.kind,
                run.status,
                "" if run.seconds is None else f"{run.seconds:.1f}",
                " ".join(
                    str(run.counts.get(f"labels_{n}", 0)) for n in ("added", "removed", "changed")
                ),
                run.revision or "",
                run.error,
            )
            for run in runs
        ],
    )


@syncs.command("show")
@click.argument("run_id", type=int)
@json_option
@click.pass_context
def show_command(context: click.Context, /, run_id: int, as_json: bool) -> None:
    """Show one run: what it changed, what it survived, what waits and why."""
    from curation.store.sync_runs import get_run  # noqa: PLC0415  # start-up time

    with open_session(context) as session:
        run = get_run(session.database, run_id)
    _show(run, as_json=as_json)
