"""A tool in memory that takes work: it records what it is sent, and breaks as a test asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from curation.errors import ToolRefused, Unavailable
from curation.sync.annotation_tool import (
    IMAGE_KEY,
    NOTE,
    OUR_PREDICTIONS,
    PRIORITY,
    PUSH_KEY,
    REVIEW,
    REVIEW_ASKED,
    Capabilities,
    PushItem,
    RemoteTask,
    SentItem,
)
from curation.sync.connection import Connection
from curation.sync.tools.registry import TOOLS, ToolKind
from tests.curation.sync.memory_tool import MemoryServer, MemoryTool


@dataclass
class RecordingServer(MemoryServer):
    """What the tool holds and was sent.

    Args:
        sent: The items of every call of `send`.
        faults: What happens to the next calls: `before` does nothing, `after` does the work and
            loses the answer, `half` leaves every second item out of the answer, `refused` says no.
        never: Image keys that are never answered.
        refuses: Image keys that are refused.
        not_taken: Classes that no control takes.
        looked_for_duplicates: Keys of each look; every one that is answered finds one.
        lost_looks: How many of the next looks get no answer.
    """

    sent: list[list[PushItem]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    never: set[str] = field(default_factory=set)
    refuses: set[str] = field(default_factory=set)
    not_taken: set[str] = field(default_factory=set)
    looked_for_duplicates: list[list[str]] = field(default_factory=list)
    lost_looks: int = 0

    def write(self, item: PushItem) -> SentItem:
        """Make or change one task, as a real tool would."""
        if item.image_key in self.refuses:
            return SentItem(item.key, None, "failed", "the tool refused it: too blue")
        own = [task for task in self.tasks.values() if task.fields.get(PUSH_KEY) == item.key]
        if own:
            return SentItem(item.key, own[0].id, "done")
        if item.task_id is None:
            number = max(self.tasks, default=0) + 1
            self.add(number, item.image, image_key=item.image_key)
        else:
            number = int(item.task_id)
            if self.tasks[number].updated_at != item.expected:
                return SentItem(item.key, item.task_id, "conflict", "the task changed")
        self.tasks[number] = self._changed(self.tasks[number], item)
        return SentItem(item.key, str(number), "done")

    def _changed(self, task: RemoteTask, item: PushItem) -> RemoteTask:
        fields: dict[str, Any] = {**task.fields, PUSH_KEY: item.key}
        if item.task_id is None:
            fields[IMAGE_KEY] = item.image_key
        if item.note:
            fields[NOTE] = item.note
        if item.priority is not None:
            fields[PRIORITY] = item.priority
        if item.review:
            fields[REVIEW] = REVIEW_ASKED
        if item.predictions is not None:
            count = len(item.predictions)
            fields[OUR_PREDICTIONS] = {item.model: count} if count else {}
        return replace(task, fields=fields, updated_at=self.tick())


@dataclass
class RecordingTool(MemoryTool):
    """The connection to the server of the test."""

    server: RecordingServer
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(windowed=True, push=True)
    )

    def tasks_by_image(self, image_keys: Sequence[str]) -> Mapping[str, RemoteTask]:
        tasks = {task.image_key: task for task in self.server.tasks.values()}
        return {key: tasks[key] for key in image_keys if key in tasks}

    def tasks_by_id(self, ids: Sequence[str]) -> Mapping[str, RemoteTask]:
        return {task.id: task for task in self.fetch(ids)}

    def takes(self, class_name: str, *, mask: bool) -> bool:
        del mask
        offered = set(self.server.classes) - self.server.not_taken
        return class_name in offered

    def send(self, items: Sequence[PushItem]) -> Sequence[SentItem]:
        self.server.sent.append(list(items))
        fault = self.server.faults.pop(0) if self.server.faults else ""
        if fault == "refused":
            raise ToolRefused("tool", 401)
        if fault in ("before", "after"):
            self.faults.add("connection")
        if fault == "before":
            raise Unavailable("tool", "the connection broke")
        answered = [item for item in items if item.image_key not in self.server.never]
        done = [self.server.write(item) for item in answered]
        if fault == "after":
            raise Unavailable("tool", "the connection broke")
        return done[::2] if fault == "half" else done

    def drop_duplicates(self, keys: Sequence[str]) -> int:
        self.server.looked_for_duplicates.append(list(keys))
        if self.server.lost_looks:
            self.server.lost_looks -= 1
            self.faults.add("connection")
            raise Unavailable("tool", "the connection broke")
        return 1


SERVERS: dict[str, RecordingServer] = {}


def open_tool(connection: Connection) -> RecordingTool:
    return RecordingTool(SERVERS[connection.location])


def offer_recording_tool(monkeypatch: pytest.MonkeyPatch) -> RecordingServer:
    """Make the tool known to the registry for one test, and return its server."""
    kind = ToolKind(
        "recording", "Recording", "a name", f"{__name__}:open_tool", needs_secret=False,
        needs_project=False,
    )  # fmt: skip
    monkeypatch.setitem(TOOLS, "recording", kind)
    server = RecordingServer()
    monkeypatch.setitem(SERVERS, "there", server)
    return server
