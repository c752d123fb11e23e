"""Curated work into a Label Studio project: new tasks, changed ones, predictions, priorities."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from curation.sync.annotation_tool import IMAGE_KEY, OUR_PREDICTIONS
from curation.sync.tools.label_studio.predictions import control_of, ours, region_ids, set_name
from curation.sync.tools.label_studio.pushed_tasks import PushedTasks
from curation.sync.tools.label_studio.task_changes import Changes
from curation.sync.tools.label_studio.task_creation import Creation, Screen, drop_duplicates
from curation.sync.tools.label_studio.work_tabs import QUEUE, REVIEWS, make_tabs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from curation.sync.annotation_tool import PushItem, RemoteTask, SentItem
    from curation.sync.tools.label_studio.client import LabelStudioClient, TaskRecord


@dataclass(slots=True)
class Pusher:
    """The pushing side of one project.

    Args:
        client: The project.
        read: Reads tasks as every tool's are.
    """

    client: LabelStudioClient
    read: Callable[[Sequence[TaskRecord]], list[RemoteTask]]
    _known_screen: Screen | None = None
    _tabs: set[str] = field(default_factory=set)

    def tasks_by_image(self, image_keys: Sequence[str]) -> dict[str, RemoteTask]:
        """Return the tasks that pushes made for images, by image key; the oldest of several."""
        found: dict[str, RemoteTask] = {}
        records = PushedTasks(self.client).by_image(image_keys)
        for record, task in zip(records, self._described(records), strict=True):
            found.setdefault(str(record.data.get(IMAGE_KEY)), task)
        return found

    def tasks_by_id(self, ids: Sequence[str]) -> dict[str, RemoteTask]:
        """Return tasks with what pushes left in them, by id; those that are gone are left out."""
        records = PushedTasks(self.client).by_id([int(each) for each in ids])
        return {task.id: task for task in self._described(records)}

    def takes(self, class_name: str, *, mask: bool) -> bool:
        """Tell whether a control takes a class as a box, or as a mask if it is one."""
        return control_of(self._screen().controls, class_name, mask=mask)[0] is not None

    def send(self, items: Sequence[PushItem]) -> list[SentItem]:
        """Create or change tasks, each exactly once whatever breaks.

        Raises:
            ToolRefused: If the token or the project is wrong.
            Unavailable: If the tool cannot even be asked.
        """
        created = [item for item in items if item.task_id is None]
        changed = [item for item in items if item.task_id is not None]
        sent: list[SentItem] = []
        if created:
            sent += Creation(self.client, self._screen()).create(created)
        if changed:
            sent += Changes(self.client, self._screen().controls).change(changed)
        self._make_tabs(items)
        return sent

    def drop_duplicates(self, keys: Sequence[str]) -> int:
        """Delete further tasks of a key that nobody worked on; return how many."""
        return drop_duplicates(self.client, keys)

    def _make_tabs(self, items: Sequence[PushItem]) -> None:
        """Make the tabs that show priorities and reviews, once there is something to show."""
        titles = {QUEUE for item in items if item.priority is not None}
        titles |= {REVIEWS for item in items if item.review}
        lacking = sorted(titles - self._tabs)
        if lacking and make_tabs(self.client, lacking):
            self._tabs |= titles

    def _screen(self) -> Screen:
        if self._known_screen is None:
            self._known_screen = Screen.of(self.client.project())
        return self._known_screen

    def _described(self, records: Sequence[TaskRecord]) -> list[RemoteTask]:
        """Return tasks with the number of objects of each of our sets in them."""
        return [
            replace(task, annotations=(), fields={**task.fields, OUR_PREDICTIONS: _objects(record)})
            for record, task in zip(records, self.read(records), strict=True)
        ]


def _objects(record: TaskRecord) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for each in ours(record.predictions):
        counts[set_name(each)] += len(region_ids(each))
    return dict(counts)
