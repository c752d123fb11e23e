"""What tests push into a Label Studio, and what is there afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from curation.sync.annotation_tool import PreAnnotation, PushItem
from curation.sync.http_client import Limits
from curation.sync.tools.label_studio.tool import LabelStudioTool
from tests.servers.label_studio import LabelStudioProject

SCREEN = """\
<View>
  <Header value="$review_note"/><Header value="$weather"/>
  <Image name="image" value="$photo"/>
  <RectangleLabels name="box" toName="image">
    <Label value="car"/><Label value="person"/>
  </RectangleLabels>
  <BrushLabels name="brush" toName="image"><Label value="car"/></BrushLabels>
</View>
"""
QUICK = Limits(backoff_seconds=0.02, longest_pause=0.2)
SIZE = (480, 640)
CAR = PreAnnotation("car", (64, 48, 128, 96), 0.9)
PERSON = PreAnnotation("person", (0, 0, 6.4, 4.8), 0.5)

OpenTool = Callable[..., LabelStudioTool]


def item(number: int, **changes: Any) -> PushItem:
    plain = PushItem(f"key{number}", f"image-{number}", f"s3://bucket/{number}.jpg", SIZE, "yolo")
    return replace(plain, **changes)


def rows(project: LabelStudioProject) -> dict[str, dict[str, Any]]:
    """Return the only task of each push key, with its predictions."""
    path = f"/api/tasks/?project={project.id}&page_size=1000&fields=all&resolve_uri=false"
    tasks = project.server.call("GET", path)["tasks"]
    found = {task["data"].get("curation_push", str(task["id"])): task for task in tasks}
    assert len(found) == len(tasks), "a task was made twice"
    return found
