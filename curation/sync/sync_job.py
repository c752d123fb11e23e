"""The job of one sync run: pull into our copy, reconcile, find pictures, publish a revision."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from curation.errors import CurationError, JobCancelled, TakenOver, TooManyVanished
from curation.evaluations.job import EvaluationJob
from curation.job_engine.job_memory import JobMemory
from curation.job_engine.kinds import ProcessStopping, register
from curation.store.evaluation_records import sets_evaluated_on
from curation.store.projects import reevaluates
from curation.store.source_classes import note_classes, note_offered
from curation.store.sources import change_source, get_source, read_source, release, take
from curation.store.sync_runs import add_to_run, close_run, note_run, open_run, problems_of
from curation.store.synced_images import lock_project
from curation.sync.annotation_tool import WholeTool, WindowedTool
from curation.sync.new_pictures import look_up
from curation.sync.planning import (
    DOUBTFUL_IMAGE,
    REGION_FAULT,
    is_current,
    make_plan,
    new_names,
)
from curation.sync.publishing import check_losses, diff_of, publish
from curation.sync.pulling import (
    Pull,
    look_at_pushed,
    needs_reconcile,
    pull_whole,
    pull_window,
    reconcile,
)
from curation.sync.sources import open_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from curation.job_engine.kinds import JobContext
    from curation.store.database import Connection
    from curation.store.sources import SourceRow
    from curation.sync.annotation_tool import AnnotationTool
    from curation.sync.image_plans import SyncPlan

DEADLINE_MINUTES: Final = 360.0
PULL, RECONCILE, PICTURES = range(3)
VANISHED: Final = "so much is gone that nothing was removed"


class SyncJob:
    """Pulls page by page; what was pulled stays when the job ends early, and nothing is shown."""

    name: Final = "sync"

    def __init__(self) -> None:
        self._prepared = JobMemory["SyncPlan | None"]()

    def plan(self, context: JobContext) -> dict[str, Any]:
        """Open the run and ask the tool whether it lets us in."""
        source = get_source(context.database, context.payload["source_id"])
        with context.database.write() as connection:
            open_run(
                connection,
                source.id,
                context.job_id,
                kind="dry run" if context.payload["dry_run"] else "pull",
                author=context.payload["author"],
            )
        context.report("Asking the tool", total=3)
        with self._working(context, source) as pull:
            project = pull.tool.project()
            with context.database.write() as connection:
                note_classes(connection, source.id, source.project_id, project.classes)
                note_offered(connection, source.id, project.classes)
        return {"slices": 3, "source_id": source.id, "deadline": _minutes(source)}

    def run_slice(self, context: JobContext, plan: dict[str, Any], number: int) -> None:
        """Pull what changed; compare everything where that is due; look at new pictures."""
        source = get_source(context.database, plan["source_id"])
        with self._working(context, source) as pull:
            if number == PULL:
                _pull(pull, allow_removals=context.payload["allow_removals"])
            elif number == RECONCILE:
                _reconcile(pull, context.payload)
            else:
                self._prepare(context, source, pull.tool)

    def finish(
        self, context: JobContext, plan: dict[str, Any], connection: Connection
    ) -> dict[str, Any]:
        """Publish one revision, or none when nothing differs; follow up with evaluations."""
        source = read_source(connection, plan["source_id"])
        lock_project(connection, source.project_id)
        made = self._plan_in(context, source, connection)
        check_losses(source, made, allow_removals=context.payload["allow_removals"])
        revision = None
        if context.payload["dry_run"]:
            diff = diff_of(connection, source, made)
        else:
            revision, diff = publish(
                connection,
                source,
                made,
                author=context.payload["author"],
                note=f"sync of {source.name}",
            )
        counts = {**diff.counts, "regions_ignored": made.ignored, "waiting": len(made.notes.held)}
        add_to_run(connection, context.job_id, counts=counts)
        problems = [*problems_of(connection, context.job_id), *made.problems.to_list()]
        close_run(connection, context.job_id, status="done", revision=revision, problems=problems)
        change_source(connection, source.id, attention=_attention(made))
        release(connection, source.id, context.job_id)
        result = {
            "source": source.name,
            "revision": revision,
            "dry_run": context.payload["dry_run"],
            **counts,
        }
        if revision is not None and reevaluates(connection, source.project_id):
            result["followups"] = _evaluations(connection, source.project_id, revision)
        return result

    def warm_up(self, context: JobContext, plan: dict[str, Any]) -> None:
        """Nothing is cached beyond the run."""
        del context, plan
        self._prepared.forget()

    def undo(self, context: JobContext) -> None:
        """Leave the source to others; what was pulled into our copy stays and is used next time."""
        self._prepared.forget()
        with context.database.write() as connection:
            close_run(connection, context.job_id, status="undone")
            release(connection, context.payload["source_id"], context.job_id)

    @contextmanager
    def _working(self, context: JobContext, source: SourceRow) -> Iterator[Pull]:
        """Take the source up in this process while the block runs.

        Raises:
            ProcessStopping: If another process has it now; the job is its.
        """
        try:
            fence = take(context.database, source.id, context.job_id)
            with open_tool(context.settings, source) as tool:
                yield Pull(
                    database=context.database,
                    tool=tool,
                    source_id=source.id,
                    job_id=context.job_id,
                    fence=fence,
                    check=context.stop_if_cancelled,
                    report=context.report,
                    deadline=time.monotonic() + 60 * _minutes(source),
                )
        except TakenOver as error:
            raise ProcessStopping from error
        except JobCancelled:
            raise
        except CurationError as error:
            with context.database.write() as connection:
                change_source(connection, source.id, attention=str(error))
                if isinstance(error, TooManyVanished):
                    note_run(connection, context.job_id, problems=[_vanished(error)])
            raise

    def _prepare(self, context: JobContext, source: SourceRow, tool: AnnotationTool) -> None:
        """Find the pictures of new images, and plan, outside the transaction that publishes."""
        with context.database.read() as connection:
            names = new_names(connection, source)
        pictures = look_up(context.settings, source, names, report=context.report)
        with context.database.read() as connection:
            plan = make_plan(connection, source, tool, pictures)
        if plan.questions:
            with context.database.write() as connection:
                note_classes(connection, source.id, source.project_id, sorted(plan.questions))
            with context.database.read() as connection:
                # Some are answered at once: the project has a class of this name.
                plan = make_plan(connection, source, tool, pictures)
        check_losses(source, plan, allow_removals=context.payload["allow_removals"])
        self._prepared.forget()
        self._prepared.get(context.job_id, lambda: plan)

    def _plan_in(self, context: JobContext, source: SourceRow, connection: Connection) -> SyncPlan:
        """Return the plan, made anew where labels or answers changed since, or after a crash."""
        plan = self._prepared.get(context.job_id, lambda: None)
        self._prepared.forget()
        if plan is not None and is_current(connection, source, plan):
            return plan
        pictures = {} if plan is None else plan.pictures
        if plan is None:
            names = new_names(connection, source)
            pictures = look_up(context.settings, source, names)
        with open_tool(context.settings, source) as tool:
            return make_plan(connection, source, tool, pictures)


def _vanished(error: TooManyVanished) -> dict[str, Any]:
    """Return what vanished as a problem of the run, so that a person sees it and may allow it."""
    return {"what": VANISHED, "count": error.gone, "examples": [error.what]}


def _minutes(source: SourceRow) -> float:
    return float(source.options.get("deadline_minutes", DEADLINE_MINUTES))


def _pull(pull: Pull, *, allow_removals: bool) -> None:
    if isinstance(pull.tool, WindowedTool):
        pull_window(pull, pull.tool)
    elif isinstance(pull.tool, WholeTool):
        pull_whole(pull, pull.tool, allow_removals=allow_removals)


def _reconcile(pull: Pull, payload: dict[str, Any]) -> None:
    if not isinstance(pull.tool, WindowedTool):
        return  # read as a whole: nothing can be missing
    look_at_pushed(pull, pull.tool)
    if payload["reconcile"] or needs_reconcile(pull, pull.tool):
        reconcile(pull, pull.tool, allow_removals=payload["allow_removals"])


def _attention(plan: SyncPlan) -> str:
    """Return what a person has to do after a run, nothing if nothing."""
    if plan.questions:
        names = ", ".join(sorted(plan.questions)[:5])
        return (
            f"{len(plan.questions)} classes wait for an answer: {names}. Answer them, then sync "
            "again; their images keep the labels they had."
        )
    waiting = sum(
        count
        for kind, count in plan.problems.counts.items()
        if kind in (REGION_FAULT, DOUBTFUL_IMAGE)
    )
    if waiting:
        return f"{waiting} problems keep images from being updated; the run's report names them."
    return ""


def _evaluations(connection: Connection, project_id: int, revision: int) -> list[dict[str, Any]]:
    """Return the jobs that evaluate again what was evaluated on the revision before."""
    return [
        {
            "kind": EvaluationJob.name,
            "title": f"Evaluate {name} ({iou_type}) on revision {revision}",
            "payload": {"set_id": set_id, "iou_type": iou_type},
            "project_id": project_id,
        }
        for set_id, name, iou_type in sets_evaluated_on(connection, project_id, revision - 1)
    ]


register(SyncJob())
