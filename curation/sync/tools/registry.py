"""The annotation tools that a source can be of."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from curation.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.sync.annotation_tool import AnnotationTool
    from curation.sync.connection import Connection


@dataclass(frozen=True, slots=True)
class ToolKind:
    """One kind of tool; `opener` is `module:function`, loaded when it is needed.

    `location`: what the location of a source is, for people. `needs_secret`: whether it has a
    token. `needs_project`: whether the tool has projects of its own.
    """

    name: str
    title: str
    location: str
    opener: str
    needs_secret: bool
    needs_project: bool

    def open(self, connection: Connection) -> AnnotationTool:
        """Connect; raises `ToolRefused`, `OriginNotAllowed` or `MissingExtra`."""
        module, _, function = self.opener.partition(":")
        opener: Callable[[Connection], AnnotationTool] = getattr(
            importlib.import_module(module), function
        )
        return opener(connection)


TOOLS: Final = {
    kind.name: kind
    for kind in (
        ToolKind(
            "label-studio",
            "Label Studio",
            "URL of the server",
            "curation.sync.tools.label_studio.tool:open_tool",
            needs_secret=True,
            needs_project=True,
        ),
        ToolKind(
            "files",
            "Files (COCO, YOLO, CVAT XML)",
            "folder or s3://bucket/prefix",
            "curation.sync.tools.files.tool:open_tool",
            needs_secret=False,
            needs_project=False,
        ),
        ToolKind(
            "encord",
            "Encord",
            "URL of the service",
            "curation.sync.tools.encord.tool:open_tool",
            needs_secret=True,
            needs_project=True,
        ),
    )
}


def tool_kind(name: str) -> ToolKind:
    """Return a kind of tool.

    Raises:
        NotFound: If there is none of this name.
    """
    if name not in TOOLS:
        raise NotFound("annotation tool", name, known=tuple(TOOLS))
    return TOOLS[name]
