"""Pull what a tool holds into our copy: page by page, resumable at the page, fenced.

A windowed tool is asked for what changed in a frozen window of its own time, by growing ids; what
changes meanwhile has a later time and belongs to the next run. One transaction a page moves the
cursor together with what it covers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from curation.errors import TooManyVanished, Unavailable
from curation.formats.problems import KINDS
from curation.store.columns import now
from curation.store.remote_pages import write_page
from curation.store.remote_tasks import (
    count_tasks,
    mark_deleted,
    signatures_of,
    unfinished_pushed,
)
from curation.store.sources import advance, get_source
from curation.store.sync_runs import add_to_run, note_run
from curation.sync.annotation_tool import Window
from curation.sync.image_plans import MOST_EXAMPLES
from curation.sync.task_rows import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from curation.formats.problems import ProblemLog
    from curation.store.database import Connection, Database
    from curation.store.sources import SourceRow
    from curation.sync.annotation_tool import AnnotationTool, RemoteTask, WholeTool, WindowedTool

TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
BEGINNING: Final = "1970-01-01T00:00:00.000000Z"
OVERLAP: Final = timedelta(minutes=2)
"""How far a window reaches back into the last one: clocks of a tool's machines differ."""
TASKS_A_PAGE: Final = 500
"""Measured: 1,000 tasks of five boxes took Label Studio 7 s by hundreds, 3 s by five hundreds."""
PUSHED_A_RUN: Final = 500
"""How many tasks that wait for annotators are looked at again in one run."""
SIGNATURES_A_PAGE: Final = 2000
MOST_VANISHED: Final = 0.2
"""Share of the known tasks that may vanish without a person saying that it is meant."""
RECONCILE_EVERY: Final = timedelta(days=1)


@dataclass(slots=True)
class Pull:
    """One pull at work.

    Args:
        database: The store.
        tool: The tool, open.
        source_id: The source.
        job_id: The job that the run is.
        fence: What allows this process to write.
        check: Called between pages; raises when the job was cancelled or the process ends.
        report: Called with what is done.
        deadline: Monotonic time after which the pull stops; the next run goes on from there.
    """

    database: Database
    tool: AnnotationTool
    source_id: int
    job_id: str
    fence: int
    check: Callable[[], None]
    report: Callable[[str], None]
    deadline: float
    _noted_faults: dict[str, int] = field(default_factory=dict)

    @property
    def source(self) -> SourceRow:
        """The source as it is now."""
        return get_source(self.database, self.source_id)

    def between_pages(self) -> None:
        """Stop where somebody asked for it, or where the run has lasted too long.

        Raises:
            Unavailable: If the deadline has passed.
        """
        self.check()
        if time.monotonic() > self.deadline:
            raise Unavailable(self.source.name, "the run reached its deadline; the next goes on")

    def keep(self, tasks: Sequence[RemoteTask], **cursor: str | None) -> int:
        """Write tasks and move the cursor in one transaction; return how many differed."""
        task_rows, annotation_rows = rows_of(tasks)
        with self.database.write() as connection:
            page = write_page(connection, self.source_id, task_rows, annotation_rows)
            advance(connection, self.source_id, self.fence, **cursor)
            counts = {
                "tasks_added": page.added + page.replaced,
                "tasks_changed": page.changed,
                "tasks_unchanged": page.unchanged,
                "tasks_deleted": page.replaced,
                "annotations": page.annotations,
                "pages": 1,
            }
            self.note(connection, counts)
        return page.added + page.changed + page.replaced

    def note(self, connection: Connection, counts: dict[str, int]) -> None:
        """Add to the run's counts, and the faults that were survived since the last time."""
        seen = dict(self.tool.faults.counts)
        fresh = {kind: n - self._noted_faults.get(kind, 0) for kind, n in seen.items()}
        add_to_run(connection, self.job_id, counts=counts, faults=fresh)
        self._noted_faults = seen

    def bury(self, ids: Sequence[str], *, known: int, allow_removals: bool) -> None:
        """Note that tasks are gone.

        Raises:
            TooManyVanished: If they are more than may vanish unasked; nothing is removed.
        """
        if not allow_removals and len(ids) > MOST_VANISHED * known:
            raise TooManyVanished(self.source.name, gone=len(ids), known=known)
        if not ids:
            return
        with self.database.write() as connection:
            gone = mark_deleted(connection, self.source_id, ids)
            advance(connection, self.source_id, self.fence)
            self.note(connection, {"tasks_deleted": gone})


def open_window(pull: Pull, tool: WindowedTool) -> Window:
    """Return the window of this pull: that of an unfinished one, or a fresh one.

    It is stored before the first page, so that whoever goes on has the same.
    """
    source = pull.source
    if source.window_low is not None and source.window_high is not None:
        window = Window(source.window_low, source.window_high)
    else:
        high = tool.server_time()
        low = BEGINNING
        if source.high_water is not None:
            water = datetime.strptime(source.high_water, TIME_FORMAT).replace(tzinfo=UTC)
            low = (water - OVERLAP).strftime(TIME_FORMAT)
        window = Window(low, high)
    with pull.database.write() as connection:
        advance(
            connection,
            pull.source_id,
            pull.fence,
            window_low=window.low,
            window_high=window.high,
        )
        note_run(connection, pull.job_id, window_low=window.low, window_high=window.high)
    return window


def pull_window(pull: Pull, tool: WindowedTool) -> None:
    """Pull everything that changed in the window."""
    window = open_window(pull, tool)
    after = pull.source.last_key
    done = 0
    while True:
        pull.between_pages()
        tasks = tool.changed(window, after=after, limit=TASKS_A_PAGE)
        if not tasks:
            break
        after = tasks[-1].id
        pull.keep(tasks, last_key=after)
        done += len(tasks)
        pull.report(f"{done} tasks pulled")
    with pull.database.write() as connection:
        advance(
            connection,
            pull.source_id,
            pull.fence,
            high_water=window.high,
            window_low=None,
            window_high=None,
            last_key=None,
        )
        pull.note(connection, {})


def look_at_pushed(pull: Pull, tool: WindowedTool) -> None:
    """Ask how far the tasks are that we sent: a draft that is begun moves no time in the tool."""
    with pull.database.read() as connection:
        ids = unfinished_pushed(connection, pull.source_id, most=PUSHED_A_RUN)
    if ids:
        pull.between_pages()
        pull.keep(tool.fetch(ids))


def needs_reconcile(pull: Pull, tool: AnnotationTool) -> bool:
    """Tell whether what no time tells has to be looked for: daily, or when the totals differ."""
    source = pull.source
    if source.reconciled is None or now() - source.reconciled > RECONCILE_EVERY:
        return True
    total = tool.project().tasks
    return total is not None and total != count_tasks(pull.database, source.id)


def reconcile(pull: Pull, tool: WindowedTool, *, allow_removals: bool = False) -> None:
    """Compare every task's signature with our copy: fetch what differs, bury what is gone.

    Deleted tasks leave no trace in any window, and some actions move no time at all. A task that
    is missing in the listing is asked for by its id before it counts as gone.

    Raises:
        TooManyVanished: If more than a fifth of the tasks is gone and nobody said it is meant.
    """
    theirs = {}
    for signature in _signatures(pull, tool):
        theirs[signature[0]] = signature[1:]
    ours = signatures_of(pull.database, pull.source_id)
    differing = [task_id for task_id, signature in theirs.items() if ours.get(task_id) != signature]
    for start in range(0, len(differing), TASKS_A_PAGE):
        pull.between_pages()
        pull.keep(tool.fetch(differing[start : start + TASKS_A_PAGE]))
        pull.report(f"{min(start + TASKS_A_PAGE, len(differing))} of {len(differing)} compared")
    missing = [task_id for task_id in ours if task_id not in theirs]
    if not allow_removals and len(missing) > MOST_VANISHED * len(ours):
        raise TooManyVanished(pull.source.name, gone=len(missing), known=len(ours))
    gone = []
    for task_id in missing:
        pull.between_pages()
        if tool.is_gone(task_id):
            gone.append(task_id)
    pull.bury(gone, known=len(ours), allow_removals=allow_removals)
    with pull.database.write() as connection:
        advance(connection, pull.source_id, pull.fence, reconciled=now())
        pull.note(connection, {"tasks_compared": len(theirs), "tasks_fetched": len(differing)})


def _signatures(pull: Pull, tool: WindowedTool) -> Iterator[tuple[str, str, str, int]]:
    after: str | None = None
    while True:
        pull.between_pages()
        page = tool.signatures(after=after, limit=SIGNATURES_A_PAGE)
        if not page:
            return
        after = page[-1].id
        for one in page:
            yield one.id, one.created_at, one.updated_at, one.annotations


def pull_whole(pull: Pull, tool: WholeTool, *, allow_removals: bool = False) -> None:
    """Read files as a whole when any of them changed; what they hold no more is gone.

    Raises:
        InputRejected: If a file cannot be read; nothing changes then.
        TooManyVanished: If more than a fifth of the tasks is gone and nobody said it is meant.
    """
    fingerprint = tool.fingerprint()
    if fingerprint == pull.source.high_water:
        return
    ours = signatures_of(pull.database, pull.source_id)
    tasks = list(tool.tasks())  # all of them first: a file that breaks off must change nothing
    seen = {task.id for task in tasks}
    gone = [task_id for task_id in ours if task_id not in seen]
    if not allow_removals and len(gone) > MOST_VANISHED * len(ours):
        raise TooManyVanished(pull.source.name, gone=len(gone), known=len(ours))
    for start in range(0, len(tasks), TASKS_A_PAGE):
        pull.between_pages()
        pull.keep(tasks[start : start + TASKS_A_PAGE])
        pull.report(f"{min(start + TASKS_A_PAGE, len(tasks))} of {len(tasks)} images read")
    pull.bury(gone, known=len(ours), allow_removals=allow_removals)
    with pull.database.write() as connection:
        advance(connection, pull.source_id, pull.fence, high_water=fingerprint, reconciled=now())
        pull.note(connection, {})
        note_run(connection, pull.job_id, problems=_in_words(tool.problems))


def _in_words(log: ProblemLog) -> list[dict[str, Any]]:
    """Return what was wrong with records as a run's report shows it."""
    return [
        {
            "what": KINDS[name].meaning,
            "count": count,
            "examples": [
                f"{one.file} {one.record}: {one.reason}"[:300] for one in log.examples(name)
            ][:MOST_EXAMPLES],
        }
        for name, count in sorted(log.counts().items())
    ]
