"""Sends items of a push to a tool until each is settled, and says what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from curation.errors import ToolRefused, Unavailable
from curation.job_engine.kinds import ProcessStopping
from curation.store.outbox import FAILED, Settlement, items_of, settle_items, take_items
from curation.store.sync_runs import add_to_run, run_of_job
from curation.sync.annotation_tool import PushItem
from curation.sync.image_names import image_key
from curation.sync.push_items import CREATE
from curation.sync.push_predictions import ChosenSet, pre_annotations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from curation.job_engine.kinds import JobContext
    from curation.store.outbox import OutboxRow
    from curation.sync.annotation_tool import PushingTool

ITEMS_A_SLICE: Final = 50
ATTEMPTS: Final = 8
"""How often the items of a slice are sent before those without an answer count as failed."""
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
"""Seconds between attempts; the pause doubles."""
NO_ANSWER: Final = f"the tool gave no answer to it in {ATTEMPTS} attempts; push it again"


class Sender:
    """Sends the outbox of one push.

    Args:
        context: The job.
        tool: The tool.
        push_id: The push.
    """

    def __init__(self, context: JobContext, tool: PushingTool, push_id: int) -> None:
        self._context = context
        self._tool = tool
        self._push_id = push_id

    def send(self, first: int) -> None:
        """Send items until all are settled.

        Raises:
            Unavailable: If the tool answered nothing at all; the items wait for another start.
            ToolRefused: If it lets us in no more.
        """
        answers = 0
        lost: Unavailable | None = None
        for _ in self._attempts():
            database = self._context.database
            items = take_items(database, self._push_id, first=first, most=ITEMS_A_SLICE)
            try:
                sent = self._tool.send(self._items(items)) if items else ()
            except ToolRefused:
                self._settle(())
                raise
            except Unavailable as error:
                sent, lost = (), error
            self._settle(
                Settlement(each.key, each.state, each.task_id, each.reason) for each in sent
            )
            answers += len(sent)
            answered = {each.key for each in sent}
            left = [item for item in items if item.key not in answered]
            if not left:
                return
        if lost is not None and not answers:
            raise lost
        self._settle(Settlement(item.key, FAILED, error=NO_ANSWER) for item in left)

    def clean_up(self) -> None:
        """Delete what lost answers left behind; without a fault there is nothing."""
        database = self._context.database
        with database.read() as connection:
            items = items_of(connection, self._push_id)
        made = [item for item in items if item.action == CREATE]
        run = run_of_job(database, self._context.job_id)
        if not (run and run.faults) and all(item.attempts <= 1 for item in made):
            return
        self._context.report("Looking for duplicates")
        removed = 0
        for start in range(0, len(made), ITEMS_A_SLICE):
            part = made[start : start + ITEMS_A_SLICE]
            removed += self._drop_duplicates([item.key for item in part])
        with database.write() as connection:
            add_to_run(connection, self._context.job_id, counts={"duplicates_removed": removed})

    def _drop_duplicates(self, keys: list[str]) -> int:
        lost: Unavailable | None = None
        for _ in self._attempts():
            try:
                return self._tool.drop_duplicates(keys)
            except ToolRefused:
                raise
            except Unavailable as error:
                lost = error
            finally:
                self._settle(())
        raise lost or Unavailable("The tool", "it was never asked")

    def _attempts(self) -> Iterator[int]:
        """Count attempts, with a pause before each further one.

        Raises:
            JobCancelled: If somebody asked the job to stop.
            ProcessStopping: If the process is about to end.
        """
        for attempt in range(ATTEMPTS):
            if attempt and self._context.stopping.wait(pause(attempt - 1)):
                raise ProcessStopping
            self._context.stop_if_cancelled()
            yield attempt

    def _settle(self, settlements: Iterable[Settlement]) -> None:
        """Record answers and what the connection survived, in one transaction."""
        faults = dict(self._tool.faults.counts)
        self._tool.faults.counts.clear()
        with self._context.database.write() as connection:
            settle_items(connection, settlements)
            add_to_run(connection, self._context.job_id, faults=faults)

    def _items(self, rows: Sequence[OutboxRow]) -> list[PushItem]:
        """Return rows of the outbox as the tool takes them."""
        chosen = _chosen_set(self._context.payload)
        sizes = {
            row.image_id: (row.payload["size"][0], row.payload["size"][1])
            for row in rows
            if chosen is not None and row.payload["predictions"] is not None
        }
        predictions = (
            pre_annotations(self._context.database, chosen, sizes)
            if chosen is not None and sizes
            else {}
        )
        return [
            PushItem(
                key=row.key,
                image_key=image_key(row.image_id),
                image=row.payload["image"],
                size=(row.payload["size"][0], row.payload["size"][1]),
                model=chosen.name if chosen is not None else "",
                predictions=predictions.get(row.image_id),
                priority=row.payload["priority"],
                note=row.payload["note"],
                review=row.payload["review"],
                task_id=None if row.action == CREATE else row.remote_id,
                expected=row.expected,
            )
            for row in rows
        ]


def pause(attempt: int) -> float:
    """Return the seconds to wait after an attempt; `attempt` counts from 0.

    >>> pause(0), pause(1), pause(10)
    (0.5, 1.0, 30.0)
    """
    return min(FIRST_PAUSE * 2.0**attempt, LONGEST_PAUSE)


def _chosen_set(payload: dict[str, Any]) -> ChosenSet | None:
    found = payload.get("set")
    if found is None:
        return None
    names = {int(class_id): name for class_id, name in found["names"].items()}
    return ChosenSet(found["id"], found["name"], found["masks"], found["score_floor"], names)
