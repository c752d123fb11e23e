"""Changes of tasks that exist: read, compared with what the preview saw, written whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from curation.errors import ToolRefused, Unavailable
from curation.sync.annotation_tool import (
    NOTE,
    PRIORITY,
    PUSH_KEY,
    REVIEW,
    REVIEW_ASKED,
    SentItem,
)
from curation.sync.tools.label_studio.predictions import (
    NotOffered,
    ours,
    prediction_row,
    shows,
)
from curation.sync.tools.label_studio.pushed_tasks import PushedTasks
from curation.sync.tools.label_studio.tasks import utc

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.sync.annotation_tool import PushItem
    from curation.sync.tools.label_studio.client import (
        LabelStudioClient,
        PredictionRecord,
        TaskRecord,
    )
    from curation.sync.tools.label_studio.predictions import PredictionRow

TASKS_A_LOOK: Final = 10
"""Tasks read at once: the fewer, the shorter the time in which somebody else's change is missed."""
ROUNDS: Final = 20
LONGEST_WAIT: Final = 4
"""The pause between rounds doubles this often."""
_NOT_US: Final = frozenset({400, 404, 413, 422})
"""Statuses about what was sent, not about who sent it."""
_GONE: Final = "the task is gone from the tool; look at the preview again"
_NEWER: Final = "the task changed after the preview; look at the preview again"


@dataclass(slots=True)
class Changes:
    """Changes tasks of one project, one step after another until nothing is left to do.

    Each round looks at the tasks anew and does what is missing. So it does not matter what became
    of a request without an answer, nor in which process.

    Args:
        client: The project.
        label_config: The project's `parsed_label_config`.
    """

    client: LabelStudioClient
    label_config: Any
    _settled: dict[str, SentItem] = field(default_factory=dict)
    _doubtful: bool = False

    def change(self, items: Sequence[PushItem]) -> list[SentItem]:
        """Change the tasks of items; items that stay in doubt are left out.

        Raises:
            ToolRefused: If the token or the project is wrong.
            Unavailable: If the tool cannot even be asked.
        """
        for start in range(0, len(items), TASKS_A_LOOK):
            waiting = [_Item.of(each, self.label_config) for each in items[start:][:TASKS_A_LOOK]]
            for number in range(ROUNDS):
                if self._doubtful:
                    self.client.http.pause(min(number, LONGEST_WAIT))
                    self._doubtful = False
                self._round(waiting)
                waiting = [each for each in waiting if each.item.key not in self._settled]
                if not waiting:
                    break
        return list(self._settled.values())

    def _round(self, waiting: Sequence[_Item]) -> None:
        """Look at tasks once, settle those where nothing is left to do, and do what is left."""
        ids = [int(each.task_id) for each in waiting]
        tasks = {str(task.id): task for task in PushedTasks(self.client).by_id(ids)}
        written: list[tuple[_Item, TaskRecord]] = []
        for each in waiting:
            task = tasks.get(each.task_id)
            refusal = each.refusal(task)
            if refusal is not None or task is None:
                self._settled[each.item.key] = refusal or each.failed(_GONE)
            elif each.is_done(task):
                self._settled[each.item.key] = SentItem(each.item.key, each.task_id, "done")
            elif each.is_written(task) or self._patch(each, task):
                written.append((each, task))
        lacking = [each for each, task in written if each.lacks_row(task)]
        if lacking and not self._import(lacking):
            return
        for each, task in written:
            for record in each.surplus(task):
                self._send("DELETE", f"/api/predictions/{record.id}/", None)

    def _patch(self, each: _Item, task: TaskRecord) -> bool:
        """Write a task's whole data: the server takes what is sent for all there is."""
        return self._send("PATCH", f"/api/tasks/{task.id}/", each.patch(task), each)

    def _import(self, lacking: Sequence[_Item]) -> bool:
        rows = [
            {"task": int(each.task_id), **each.row.payload()}
            for each in lacking
            if each.row is not None
        ]
        path = f"/api/projects/{self.client.project_id}/import/predictions"
        return self._send("POST", path, rows, *lacking)

    def _send(self, method: str, path: str, payload: Any, *about: _Item) -> bool:
        """Send one change; return whether it is known to have happened."""
        try:
            self.client.http.send(method, path, payload, shape=Any)
        except ToolRefused as error:
            if error.status not in _NOT_US:
                raise
            if error.status != 404:  # else it is gone: the next look says so
                reason = f"the tool refused it: {error.detail or error.status}"
                for each in about:
                    self._settled[each.item.key] = each.failed(reason)
        except Unavailable:
            self._doubtful = True
        else:
            return True
        return False


@dataclass(frozen=True, slots=True)
class _Item:
    """One item with the task that it changes and the predictions that it brings.

    `row` is None where it brings none; `error`: why its predictions cannot be written.
    """

    item: PushItem
    task_id: str
    row: PredictionRow | None
    error: str = ""

    @classmethod
    def of(cls, item: PushItem, label_config: Any) -> _Item:
        try:
            return cls(item, item.task_id or "", prediction_row(item, label_config))
        except NotOffered as reason:
            return cls(item, item.task_id or "", None, str(reason))

    def failed(self, reason: str) -> SentItem:
        return SentItem(self.item.key, self.task_id, "failed", reason)

    def refusal(self, task: TaskRecord | None) -> SentItem | None:
        """Return why a task is left as it is, if it is."""
        if self.error:
            return self.failed(self.error)
        if task is None:
            return self.failed(_GONE)
        # Our key in it means that we wrote it ourselves, in an attempt that was cut off.
        if not self.is_written(task) and utc(task.updated_at) != self.item.expected:
            return SentItem(self.item.key, self.task_id, "conflict", _NEWER)
        return None

    def is_written(self, task: TaskRecord) -> bool:
        return bool(task.data.get(PUSH_KEY) == self.item.key)

    def is_done(self, task: TaskRecord) -> bool:
        return self.is_written(task) and not self.lacks_row(task) and not self.surplus(task)

    def patch(self, task: TaskRecord) -> dict[str, Any]:
        """Return the whole new data; a review reopens a finished task for another annotator."""
        item = self.item
        data = dict(task.data)
        data[PUSH_KEY] = item.key
        if item.priority is not None:
            data[PRIORITY] = item.priority
        if item.note:
            data[NOTE] = item.note
        if item.review:
            data[REVIEW] = REVIEW_ASKED
        if not (item.review and task.annotations):
            return {"data": data}
        live = sum(not each.was_cancelled for each in task.annotations)
        # The open edition has no reviews. A task comes up in the labelling stream while it is not
        # labelled, of those who have not worked on it; it counts as labelled again as soon as
        # `overlap` people have. Raising `overlap` alone does not bring it back (1.23.2).
        return {"data": data, "overlap": max(task.overlap or 1, live + 1), "is_labeled": False}

    def lacks_row(self, task: TaskRecord) -> bool:
        row = self.row
        return row is not None and not any(shows(each, row) for each in ours(task.predictions))

    def surplus(self, task: TaskRecord) -> list[PredictionRecord]:
        """Return our rows that are older than this item's, and copies of its own."""
        if self.item.predictions is None:
            return []
        row = self.row
        own = ours(task.predictions)
        kept = next((each for each in own if row is not None and shows(each, row)), None)
        return [each for each in own if each is not kept]
