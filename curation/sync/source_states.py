"""How the sources of a project stand: what runs, what waits for a person, what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from curation.store.jobs import DONE, FAILED, OPEN, get_job
from curation.store.source_classes import count_questions
from curation.store.sources import list_sources
from curation.store.sync_runs import SyncRunRow, latest_run
from curation.sync.planning import CLASS_WAITS
from curation.sync.sync_job import VANISHED

if TYPE_CHECKING:
    from curation.store.database import Database
    from curation.store.sources import SourceRow

Standing = Literal[
    "syncing", "needs attention", "ready to sync", "switched off", "never synced", "up to date"
]
SYNCING: Final = "syncing"
NEEDS_ATTENTION: Final = "needs attention"
READY: Final = "ready to sync"
SWITCHED_OFF: Final = "switched off"
NEVER_SYNCED: Final = "never synced"
UP_TO_DATE: Final = "up to date"
PULL: Final = "pull"
DRY_RUN: Final = "dry run"
CANCELLED_TEXT: Final = "The last run was cancelled: what it read is kept; sync again to go on."
FOUND: Final = "A dry run found changes: sync brings them."
ANSWERED: Final = "Every class has an answer now: sync again, and the images that waited come."
CHANGES: Final = tuple(
    f"{what}_{how}"
    for what in ("images", "labels", "marks")
    for how in ("added", "changed", "removed")
)


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source, and how it stands.

    Args:
        source: The source.
        standing: How it stands, in words.
        text: What is the matter and what to do next; empty when nothing is.
        run: Its newest sync or dry run.
        job_id: The open job that has it.
        questions: Classes that wait for an answer.
        vanished: How many tasks or labelled images the newest run found gone when it stopped for
            that reason, None when it did not.
    """

    source: SourceRow
    standing: Standing
    text: str
    run: SyncRunRow | None
    job_id: str | None
    questions: int
    vanished: int | None


def source_states(database: Database, project_id: int) -> tuple[SourceState, ...]:
    """Return the sources of a project, by name, and how each stands."""
    questions = count_questions(database, project_id)
    return tuple(
        _state(database, source, questions.get(source.id, 0))
        for source in list_sources(database, project_id)
    )


def _state(database: Database, source: SourceRow, questions: int) -> SourceState:
    run = latest_run(database, source.id, kinds=(PULL, DRY_RUN))
    job_id = _open_job(database, source)
    standing, text = _standing(source, run, questions=questions, is_open=job_id is not None)
    return SourceState(source, standing, text, run, job_id, questions, _vanished(run))


def _open_job(database: Database, source: SourceRow) -> str | None:
    if source.job_id is None or get_job(database, source.job_id).status not in OPEN:
        return None
    return source.job_id


def _standing(
    source: SourceRow, run: SyncRunRow | None, *, questions: int, is_open: bool
) -> tuple[Standing, str]:
    if is_open:
        return SYNCING, ""
    if not source.enabled:
        return SWITCHED_OFF, source.attention
    if run is not None and run.status == FAILED:
        return NEEDS_ATTENTION, run.error
    if source.attention:
        answered = questions == 0 and _waited_for_classes_only(run)
        return (READY, ANSWERED) if answered else (NEEDS_ATTENTION, source.attention)
    return _after(run)


def _after(run: SyncRunRow | None) -> tuple[Standing, str]:
    """Return how a source stands after a run that did not fail and asked for nothing."""
    if run is None:
        return NEVER_SYNCED, ""
    if run.status != DONE:
        return READY, CANCELLED_TEXT
    if run.kind == DRY_RUN and any(run.counts.get(name) for name in CHANGES):
        return READY, FOUND
    return UP_TO_DATE, ""


def _waited_for_classes_only(run: SyncRunRow | None) -> bool:
    """Whether answers were all that the newest run asked for."""
    return run is not None and {problem["what"] for problem in run.problems} == {CLASS_WAITS}


def _vanished(run: SyncRunRow | None) -> int | None:
    if run is None or run.status != FAILED:
        return None
    found = [problem["count"] for problem in run.problems if problem["what"] == VANISHED]
    return int(found[0]) if found else None
