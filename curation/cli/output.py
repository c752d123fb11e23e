"""What commands print: JSON or tables on standard output, progress on standard error."""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from curation.store.database import Database
    from curation.store.reports import ImportReport

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")


def print_json(data: Any) -> None:
    """Print JSON; numbers at full precision."""
    click.echo(json.dumps(data, indent=1, ensure_ascii=False, default=str))


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print aligned columns."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(header), *cells]) for i in range(len(header))]
    for line in [list(header), *cells]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


def number(value: float | None, *, signed: bool = False) -> str:
    """Return a metric with three decimals, `n/a` for what does not exist."""
    if value is None:
        return "n/a"
    return f"{value:+.3f}" if signed else f"{value:.3f}"


def print_report(report: ImportReport, *, examples: int = 5) -> None:
    """Print an import report: counts, then every kind of problem with its first examples."""
    click.echo(f"{report.title}{' (dry run: nothing was written)' if report.dry_run else ''}")
    for name, count in report.counts.items():
        click.echo(f"  {name.replace('_', ' ')}: {count:,}".replace(",", " "))
    for title, groups in (("rejected", report.rejects), ("warning", report.warnings)):
        for group in groups:
            click.echo(f"  {title}: {group.count} × {group.meaning} {group.advice}")
            for file, record, reason in group.examples[:examples]:
                click.echo(f"      {file} {record}: {reason}")


@contextmanager
def job_progress(database: Database, job_id: str) -> Iterator[None]:
    """Show a job's progress on standard error while the block runs."""
    ended = threading.Event()

    def show() -> None:
        from curation.job_engine.jobs import get_job  # noqa: PLC0415  # start-up time
        from curation.store.database import UNREACHABLE  # noqa: PLC0415  # start-up time

        terminal = sys.stderr.isatty()
        last = ""
        while not ended.wait(0.5):
            try:
                job = get_job(database, job_id)
            except UNREACHABLE:
                continue  # the job itself says so if it lasts
            text = f"{job.message or job.title} {job.done}/{job.total}" if job.total else job.title
            if text != last:
                click.echo(f"\r\x1b[K{text}" if terminal else text, err=True, nl=not terminal)
                last = text
        if terminal:
            click.echo("\r\x1b[K", err=True, nl=False)

    started = time.monotonic()
    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        click.echo(f"{time.monotonic() - started:.1f} s", err=True)
