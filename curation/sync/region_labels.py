"""Labels and marks from one annotation: converted shapes, their classes as answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from curation.store.remote_tasks import parse_regions, regions_json
from curation.store.synced_labels import LabelContent, MarkContent, Origin
from curation.sync.image_plans import WantedLabel, WantedMark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curation.formats.shapes import AnnotationShapes, ImageMark, Shape
    from curation.store.remote_tasks import AnnotationRow, StoredTask
    from curation.store.source_classes import SourceClassRow
    from curation.sync.annotation_tool import AnnotationTool


@dataclass(slots=True)
class AnnotationLabels:
    """What one annotation gives, or why it has to wait.

    `questions`: classes without an answer, one entry a region. `faults`: regions that cannot be
    converted. Either makes the whole image wait: an image with missing objects is a wrong one.
    """

    labels: list[WantedLabel] = field(default_factory=list)
    marks: list[WantedMark] = field(default_factory=list)
    new_classes: set[str] = field(default_factory=set)
    questions: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ignored: int = 0


def labels_of(
    tool: AnnotationTool,
    work: tuple[StoredTask, AnnotationRow],
    *,
    source_id: int,
    size: tuple[int, int],
    classes: Mapping[str, SourceClassRow],
) -> AnnotationLabels:
    """Convert an annotation.

    Args:
        tool: The tool that it is from.
        work: The task and its annotation.
        source_id: The source.
        size: Height and width of the image, pixels.
        classes: Remembered answers by the tool's class.
    """
    task, annotation = work
    read = tool.shapes(parse_regions(annotation.regions), size=size, classes={})
    made = AnnotationLabels()
    made.faults += [f"region {fault.key}: {fault.reason}" for fault in read.faults]
    made.warnings += [f"region {fault.key}: {fault.reason}" for fault in read.warnings]

    def origin(key: str) -> Origin:
        return Origin(source_id, task.remote_id, annotation.remote_id, key[:200])

    _add_labels(made, read, classes, origin)
    made.marks += [
        WantedMark(_mark(mark), origin(mark.key), regions_json(mark.region)) for mark in read.marks
    ]
    return made


def _add_labels(
    made: AnnotationLabels,
    read: AnnotationShapes,
    classes: Mapping[str, SourceClassRow],
    origin: Any,
) -> None:
    for shape in read.shapes:
        known = classes.get(shape.class_name)
        answer = None if known is None else known.answer
        if answer is None:
            made.questions.append(shape.class_name)
        elif answer == "ignore":
            made.ignored += 1
        else:
            name = known.class_name if known is not None and known.class_name else shape.class_name
            if answer == "new":
                made.new_classes.add(name)
            region = regions_json(shape.region)
            made.labels.append(WantedLabel(_content(shape, name), origin(shape.key), region))


def _content(shape: Shape, class_name: str) -> LabelContent:
    def packed(value: Any) -> bytes | None:
        return None if value is None else msgspec.json.encode(value)

    return LabelContent(
        class_name=class_name,
        box=shape.box,
        area=shape.area,
        crowd=shape.crowd,
        ignore=shape.ignore,
        polygons=packed(shape.polygons),
        counts=shape.counts,
        exact=packed(shape.exact),
    )


def _mark(mark: ImageMark) -> MarkContent:
    return MarkContent(mark.kind, mark.field[:200], mark.value, mark.x, mark.y)
