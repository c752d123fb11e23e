"""New tasks, each exactly once: the import is repeated only for keys that the tool lacks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from curation.errors import ToolRefused, Unavailable
from curation.sync.annotation_tool import (
    IMAGE_KEY,
    NOTE,
    PRIORITY,
    PUSH_KEY,
    REVIEW,
    REVIEW_ASKED,
    SentItem,
)
from curation.sync.tools.label_studio.predictions import NotOffered, prediction_row
from curation.sync.tools.label_studio.pushed_tasks import PushedTasks
from curation.sync.tools.label_studio.tasks import image_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from curation.sync.annotation_tool import PushItem
    from curation.sync.tools.label_studio.client import (
        LabelStudioClient,
        ProjectRecord,
        TaskRecord,
    )

Row = tuple[str, dict[str, Any]]
"""The key of an item, and what is imported for it."""

ROWS_A_REQUEST: Final = 25
BYTES_A_REQUEST: Final = 8 * 1024 * 1024
ROUNDS: Final = 10
"""How often missing tasks are imported before the rest is left to another attempt."""
LONGEST_WAIT: Final = 4
"""The pause between rounds doubles this often."""
_MOST_POLLS: Final = 200
_VARIABLE: Final = re.compile(r"""=\s*["']\$(\w+)["']""")
_NOT_THIS_ROW: Final = frozenset({400, 413, 422})
"""Statuses about what was sent, not about us: one row of the batch is to blame."""


class _Import(msgspec.Struct):
    """The answer to an import: done, or (not in the open edition) a number to ask after."""

    import_: int | None = msgspec.field(default=None, name="import")


class _ImportState(msgspec.Struct):
    status: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """What a project's labelling screen asks of a task.

    Args:
        controls: The project's `parsed_label_config`.
        image_field: Field of a task's data that holds the picture's address.
        shown: All fields that the screen shows; a task without one of them is refused.
    """

    controls: Any
    image_field: str
    shown: frozenset[str]

    @classmethod
    def of(cls, project: ProjectRecord) -> Screen:
        """Return the screen of a project."""
        controls = project.parsed_label_config or {}
        shown = frozenset(_VARIABLE.findall(project.label_config))
        return cls(controls, image_field(controls), shown)


@dataclass(slots=True)
class Creation:
    """Makes tasks in one project.

    Args:
        client: The project.
        screen: Its labelling screen.
    """

    client: LabelStudioClient
    screen: Screen
    _settled: dict[str, SentItem] = field(default_factory=dict)

    def create(self, items: Sequence[PushItem]) -> list[SentItem]:
        """Make the tasks of items that have none; items that stay in doubt are left out.

        Raises:
            ToolRefused: If the token or the project is wrong.
            Unavailable: If the tool cannot even be asked.
        """
        rows = self._rows(items)
        doubtful = False
        for number in range(ROUNDS):
            missing = self._missing(items)
            if missing and doubtful:
                # The server may still be at what it did not answer: it gets a second look.
                self.client.http.pause(min(number, LONGEST_WAIT))
                missing = self._missing(items)
            if not missing:
                break
            doubtful = False
            for batch in _batches([(each.key, rows[each.key]) for each in missing]):
                doubtful |= self._import(batch)
            if doubtful:
                self.client.http.pause(min(number, LONGEST_WAIT))
        return list(self._settled.values())

    def _rows(self, items: Sequence[PushItem]) -> dict[str, dict[str, Any]]:
        """Return what is imported for each item, by key; settles those that cannot be."""
        rows: dict[str, dict[str, Any]] = {}
        for item in items:
            try:
                rows[item.key] = self._row(item)
            except NotOffered as reason:
                self._settled[item.key] = SentItem(item.key, None, "failed", str(reason))
        return rows

    def _row(self, item: PushItem) -> dict[str, Any]:
        data: dict[str, Any] = dict.fromkeys(sorted(self.screen.shown), "")
        data |= {
            self.screen.image_field: item.image,
            IMAGE_KEY: item.image_key,
            PUSH_KEY: item.key,
            NOTE: item.note,
            REVIEW: REVIEW_ASKED if item.review else "",
        }
        if item.priority is not None:
            data[PRIORITY] = item.priority
        row = prediction_row(item, self.screen.controls)
        return {"data": data} if row is None else {"data": data, "predictions": [row.payload()]}

    def _missing(self, items: Sequence[PushItem]) -> list[PushItem]:
        """Ask for the items' images; settle those that are there, return those that are not."""
        waiting = [item for item in items if item.key not in self._settled]
        found: dict[str, list[TaskRecord]] = {}
        for task in PushedTasks(self.client).by_image([item.image_key for item in waiting]):
            found.setdefault(str(task.data.get(IMAGE_KEY)), []).append(task)
        missing: list[PushItem] = []
        for item in waiting:
            tasks = found.get(item.image_key, [])
            own = [task for task in tasks if task.data.get(PUSH_KEY) == item.key]
            if own:
                self._settled[item.key] = SentItem(item.key, str(best_of(own).id), "done")
            elif tasks:
                reason = f"the image has task {tasks[0].id} meanwhile; look at the preview again"
                self._settled[item.key] = SentItem(item.key, str(tasks[0].id), "conflict", reason)
            else:
                missing.append(item)
        return missing

    def _import(self, batch: list[Row]) -> bool:
        """Import rows; return whether it is in doubt what became of them."""
        path = f"/api/projects/{self.client.project_id}/import?return_task_ids=true"
        try:
            answer = self.client.http.send(
                "POST", path, [row for _, row in batch], shape=_Import
            ).value
            refusal = self._wait_for(answer.import_) if answer.import_ is not None else None
        except ToolRefused as error:
            if error.status not in _NOT_THIS_ROW:
                raise
            refusal = error.detail or f"status {error.status}"
        except Unavailable:
            # Even where it surely did not happen the server needs a pause.
            return True
        if refusal is None:
            return False
        return self._refused(batch, refusal)

    def _refused(self, batch: list[Row], refusal: str) -> bool:
        """Find the row to blame by halves: an import is all or nothing."""
        if len(batch) == 1:
            key = batch[0][0]
            reason = f"the tool refused it: {refusal}"
            self._settled[key] = SentItem(key, None, "failed", reason)
            return False
        half = len(batch) // 2
        doubtful = self._import(batch[:half])
        return self._import(batch[half:]) or doubtful

    def _wait_for(self, number: int) -> str | None:
        """Wait for an import that goes on by itself; return why it failed, if it did."""
        path = f"/api/projects/{self.client.project_id}/imports/{number}"
        for poll in range(_MOST_POLLS):
            state = self.client.http.get(path, shape=_ImportState).value
            if state.status == "failed":
                return state.error or "its import failed"
            if state.status == "completed":
                return None
            self.client.http.pause(min(poll, LONGEST_WAIT))
        return None  # still at it: the look by keys decides


def _batches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield rows, as many a request as are not too heavy together; one at least."""
    batch: list[Row] = []
    weight = 0
    for row in rows:
        own = len(msgspec.json.encode(row[1]))
        if batch and (len(batch) == ROWS_A_REQUEST or weight + own > BYTES_A_REQUEST):
            yield batch
            batch, weight = [], 0
        batch.append(row)
        weight += own
    if batch:
        yield batch


def best_of(tasks: Sequence[TaskRecord]) -> TaskRecord:
    """Return the task to keep of several with one key: the first that people worked on."""
    return min(tasks, key=lambda task: (not is_worked_on(task), task.id))


def is_worked_on(task: TaskRecord) -> bool:
    """Tell whether anybody annotated a task or began to."""
    return bool(task.annotations or task.draft_exists)


def drop_duplicates(client: LabelStudioClient, keys: Sequence[str]) -> int:
    """Delete further tasks of a key that nobody worked on; return how many.

    Raises:
        ToolRefused: If the token may not delete.
        Unavailable: If the tool does not answer.
    """
    removed: set[int] = set()
    for number in range(ROUNDS):
        surplus = _surplus(PushedTasks(client).by_push(keys))
        if not surplus:
            break
        for task in surplus:
            removed.add(task.id)
            try:
                client.http.send("DELETE", f"/api/tasks/{task.id}/", shape=Any)
            except ToolRefused as error:
                if error.status != 404:
                    raise
            except Unavailable:
                client.http.pause(
                    min(number, LONGEST_WAIT)
                )  # the next look tells whether it is gone
    return len(removed)


def _surplus(tasks: Sequence[TaskRecord]) -> list[TaskRecord]:
    by_key: dict[str, list[TaskRecord]] = {}
    for task in tasks:
        # A changed task of another image bears its push's key too, but no image key of ours.
        by_key.setdefault(f"{task.data[PUSH_KEY]} {task.data.get(IMAGE_KEY)}", []).append(task)
    return [
        task
        for own in by_key.values()
        for task in own
        if task is not best_of(own) and not is_worked_on(task)
    ]
