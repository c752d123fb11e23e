"""A windowed tool in memory whose every answer a test decides: for what no server can be made do.

The real Label Studio is tested in the lane of its own; here a page can fail between two others, a
clock can stand still, and ids can be given again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from curation.errors import Unavailable
from curation.formats.shapes import AnnotationShapes, ImageMark, RegionFault, Shape
from curation.sync.annotation_tool import (
    Capabilities,
    Faults,
    RemoteAnnotation,
    RemoteTask,
    Signature,
    ToolProject,
    Window,
)
from curation.sync.connection import Connection
from curation.sync.tools.registry import TOOLS, ToolKind

Region = dict[str, Any]


def box(
    class_name: str, x: float = 0, y: float = 0, width: float = 10, height: float = 10
) -> Region:
    return {"class": class_name, "box": [x, y, width, height]}


@dataclass
class MemoryServer:
    """What the tool holds; tests change it between and during syncs."""

    tasks: dict[int, RemoteTask] = field(default_factory=dict)
    classes: tuple[str, ...] = ("cell", "nucleus")
    clock: int = 1_000
    pages: int = 0
    fail_after_pages: int | None = None

    def tick(self) -> str:
        self.clock += 1
        return moment(self.clock)

    def add(self, task_id: int, image: str, *regions: Region, **changes: Any) -> None:
        """Make a task, annotated if there are regions."""
        at = self.tick()
        task = RemoteTask(
            id=str(task_id),
            created_at=at,
            updated_at=at,
            image=image,
            image_key=None,
            width=100,
            height=80,
            status="waiting",
            status_by=None,
            status_at=None,
        )
        self.tasks[task_id] = replace(task, **changes)
        if regions:
            self.annotate(task_id, *regions)

    def annotate(self, task_id: int, *regions: Region, name: str = "", **flags: Any) -> None:
        """Set one annotation of a task, the only one unless it is named."""
        at = self.tick()
        task = self.tasks[task_id]
        fresh = RemoteAnnotation(
            id=f"{task_id}-{task.created_at[11:19]}{name}",
            updated_at=at,
            author="ann",
            cancelled=flags.get("cancelled", False),
            ground_truth=flags.get("ground_truth", False),
            regions=list(regions),
        )
        others = tuple(one for one in task.annotations if name and one.id != fresh.id)
        self.tasks[task_id] = replace(
            task,
            annotations=(*others, fresh),
            updated_at=at,
            status="submitted",
            status_by="ann",
            status_at=at,
        )

    def clear(self, task_id: int) -> None:
        """Delete the annotations of a task."""
        task = self.tasks[task_id]
        self.tasks[task_id] = replace(
            task, annotations=(), updated_at=self.tick(), status="waiting", status_by=None
        )


def moment(seconds: int) -> str:
    return f"2026-11-29T{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}.000000Z"


@dataclass
class MemoryTool:
    """The connection to the server of the test."""

    server: MemoryServer
    faults: Faults = field(default_factory=Faults)
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(windowed=True))

    def project(self) -> ToolProject:
        return ToolProject("memory", self.server.classes, len(self.server.tasks))

    def server_time(self) -> str:
        return moment(self.server.clock + 1)

    def _sorted(self, after: str | None) -> Iterator[RemoteTask]:
        first = -1 if after is None else int(after)
        return (self.server.tasks[key] for key in sorted(self.server.tasks) if key > first)

    def changed(self, window: Window, *, after: str | None, limit: int) -> Sequence[RemoteTask]:
        server = self.server
        if server.fail_after_pages is not None and server.pages >= server.fail_after_pages:
            raise Unavailable("memory", "it broke off")
        server.pages += 1
        found = (t for t in self._sorted(after) if window.low <= t.updated_at < window.high)
        return list(found)[:limit]

    def signatures(self, *, after: str | None, limit: int) -> Sequence[Signature]:
        return [
            Signature(t.id, t.created_at, t.updated_at, len(t.annotations))
            for t in list(self._sorted(after))[:limit]
        ]

    def fetch(self, ids: Sequence[str]) -> Sequence[RemoteTask]:
        return [self.server.tasks[int(i)] for i in ids if int(i) in self.server.tasks]

    def is_gone(self, task_id: str) -> bool:
        return int(task_id) not in self.server.tasks

    def shapes(
        self, regions: Any, *, size: tuple[int, int], classes: Mapping[str, str]
    ) -> AnnotationShapes:
        del size, classes
        shapes, marks, faults = [], [], []
        for number, region in enumerate(regions):
            if "mark" in region:
                marks.append(ImageMark(f"r{number}", "choice", "scene", region["mark"]))
            elif "fault" in region:
                faults.append(RegionFault(f"r{number}", region["fault"]))
            else:
                x, y, width, height = region["box"]
                shapes.append(
                    Shape(
                        f"r{number}", region["class"], "rectangle", (x, y, width, height),
                        width * height, region=region,
                    )
                )  # fmt: skip
        return AnnotationShapes(tuple(shapes), tuple(marks), tuple(faults))

    def close(self) -> None:
        """Nothing is open."""


SERVERS: dict[str, MemoryServer] = {}


def open_tool(connection: Connection) -> MemoryTool:
    return MemoryTool(SERVERS[connection.location])


def offer_memory_tool(monkeypatch: pytest.MonkeyPatch) -> MemoryServer:
    """Make the tool known to the registry for one test, and return its server."""
    kind = ToolKind(
        "memory", "Memory", "a name", f"{__name__}:open_tool", needs_secret=False,
        needs_project=False,
    )  # fmt: skip
    monkeypatch.setitem(TOOLS, "memory", kind)
    server = MemoryServer()
    monkeypatch.setitem(SERVERS, "here", server)
    return server
