"""`curation job`: list, cancel and resume long work; run a new job in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from curation.cli.output import job_progress, json_option, print_json, print_table
from curation.cli.session import Session, open_session
from curation.errors import UNEXPECTED, Conflict, CurationError, JobCancelled
from curation.job_engine import jobs as job_rows

if TYPE_CHECKING:
    from curation.job_engine.jobs import JobRow


class JobFailed(CurationError):
    """A job that this command ran ended in an error; shown as the error itself would be."""

    def __init__(self, job: JobRow) -> None:
        super().__init__(
            job.error or "The job failed.",
            next_step=f"('curation job resume {job.id}' tries the same again.)",
        )
        self.title: str = job.result.get("title", "Job failed")
        self.exit_code: int = job.result.get("exit_code", UNEXPECTED)


def run_job(session: Session, job_id: str) -> JobRow:
    """Run a job in this process with progress on standard error.

    Raises:
        JobFailed: If it ends in an error.
        JobCancelled: If somebody cancelled it.
    """
    from curation.cli.features import load_job_kinds  # noqa: PLC0415  # start-up time
    from curation.job_engine.engine import run_here  # noqa: PLC0415  # start-up time

    load_job_kinds()
    with job_progress(session.database, job_id):
        job = run_here(session.database, session.settings, job_id)
    if job.status == job_rows.CANCELLED:
        raise JobCancelled(job.id)
    if job.status != job_rows.DONE:
        raise JobFailed(job)
    return job


@click.group("job")
def jobs() -> None:
    """List, cancel and resume long work."""


@jobs.command("list")
@click.option("--limit", default=20, show_default=True)
@json_option
@click.pass_context
def list_command(context: click.Context, limit: int, as_json: bool) -> None:
    """List the latest jobs."""
    with open_session(context) as session:
        rows = job_rows.list_jobs(session.database, limit=limit)
    if as_json:
        print_json([_to_dict(row) for row in rows])
        return
    print_table(
        ("id", "status", "progress", "title"),
        [(row.id, _status(row), f"{row.done}/{row.total}", row.title) for row in rows],
    )


@jobs.command("cancel")
@click.argument("job_id")
@click.pass_context
def cancel_command(context: click.Context, job_id: str) -> None:
    """Stop a job; it takes back whatever it wrote."""
    with open_session(context) as session:
        job_rows.cancel_job(session.database, job_id)
    click.echo("The job stops after its present step.", err=True)


@jobs.command("resume")
@click.argument("job_id")
@json_option
@click.pass_context
def resume_command(context: click.Context, job_id: str, as_json: bool) -> None:
    """Go on with a job: a killed one from its last step, a failed one from its start."""
    with open_session(context) as session:
        job = job_rows.get_job(session.database, job_id)
        if job.status in {job_rows.FAILED, job_rows.CANCELLED}:
            job_rows.reopen_job(session.database, job_id)
        elif job.is_open and job.status != job_rows.QUEUED and not job.lost:
            raise Conflict("Another process works on this job.", next_step="Wait for it.")
        job = run_job(session, job_id)
    if as_json:
        print_json(_to_dict(job))
    else:
        click.echo(f"{job.title}: {job.status}")


def _status(row: JobRow) -> str:
    return "interrupted" if row.lost else row.status


def _to_dict(row: JobRow) -> dict[str, object]:
    return {
        "id": row.id,
        "kind": row.kind,
        "title": row.title,
        "status": _status(row),
        "done": row.done,
        "total": row.total,
        "message": row.message,
        "error": row.error,
        "created": row.created,
        "finished": row.finished,
        "result": row.result,
    }
