"""Label Studio's tasks as every tool's are: who did what, and where the work stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from curation.formats.label_studio_regions import image_size
from curation.sync.annotation_tool import (
    ACCEPTED,
    IN_PROGRESS,
    SKIPPED,
    SUBMITTED,
    WAITING,
    RemoteAnnotation,
    RemoteTask,
    Signature,
    TaskStatus,
)
from curation.sync.tools.label_studio.client import AnnotationRecord, TaskRecord, UserRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
IMAGE_KEY: Final = "curation_image"
"""Field of a task's data that holds our key of the image."""
REVIEW_STATE: Final = "review_state"
"""Field of a task's data or meta that a reviewer sets."""
_ACCEPTED_STATE: Final = "accepted"

Person = int | UserRecord | None


@dataclass(frozen=True, slots=True)
class TaskReader:
    """Reads tasks of one project.

    Args:
        image_field: Field of a task's data that the labelling screen shows as the image.
        name_of: Names a person.
    """

    image_field: str
    name_of: Callable[[Person], str | None]

    def read(self, record: TaskRecord) -> RemoteTask:
        """Return a task with all its annotations."""
        status, decided = standing(record)
        image = record.data.get(self.image_field)
        image_key = record.data.get(IMAGE_KEY)
        size = _size(record.annotations)
        fields = {name: value for name, value in record.data.items() if name != self.image_field}
        if record.meta:
            fields["meta"] = record.meta
        return RemoteTask(
            id=str(record.id),
            created_at=utc(record.created_at),
            updated_at=utc(record.updated_at),
            image=image if isinstance(image, str) else "",
            image_key=image_key if isinstance(image_key, str) and image_key else None,
            width=size[1] if size else None,
            height=size[0] if size else None,
            status=status,
            status_by=self.name_of(_editor(decided)) if decided else None,
            status_at=utc(decided.updated_at) if decided else None,
            fields=fields,
            annotations=tuple(map(self._annotation, record.annotations)),
        )

    def _annotation(self, record: AnnotationRecord) -> RemoteAnnotation:
        return RemoteAnnotation(
            id=str(record.id),
            updated_at=utc(record.updated_at),
            author=self.name_of(record.completed_by),
            cancelled=bool(record.was_cancelled),
            ground_truth=bool(record.ground_truth),
            regions=[] if record.result is None else record.result,
        )


def signature_of(record: TaskRecord) -> Signature:
    """Return what tells that a task differs; skipped annotations count like any other."""
    return Signature(
        id=str(record.id),
        created_at=utc(record.created_at),
        updated_at=utc(record.updated_at),
        annotations=(record.total_annotations or 0) + (record.cancelled_annotations or 0),
    )


def standing(record: TaskRecord) -> tuple[TaskStatus, AnnotationRecord | None]:
    """Return where a task's work stands and the annotation that decided it.

    Label Studio has no reviews of its own in its open edition: work is accepted by its
    ground-truth star, or by a review state that a person or script writes into the task.
    """
    live = [each for each in record.annotations if not each.was_cancelled]
    starred = [each for each in live if each.ground_truth]
    if starred:
        return ACCEPTED, _latest(starred)
    if live:
        return (ACCEPTED if _is_accepted(record) else SUBMITTED), _latest(live)
    if record.draft_exists:
        return IN_PROGRESS, None
    if record.annotations:
        return SKIPPED, _latest(record.annotations)
    return WAITING, None


def image_field(parsed_label_config: Any) -> str:
    """Return the field of a task's data that the screen shows as the image.

    >>> image = {"type": "Image", "value": "photo"}
    >>> image_field({"box": {"type": "RectangleLabels", "inputs": [image]}})
    'photo'
    >>> image_field({})
    'image'
    """
    controls = parsed_label_config.values() if isinstance(parsed_label_config, dict) else ()
    for control in controls:
        inputs = control.get("inputs") if isinstance(control, dict) else None
        for shown in inputs or ():
            if isinstance(shown, dict) and shown.get("type") == "Image" and shown.get("value"):
                return str(shown["value"]).removeprefix("$")
    return "image"


def utc(moment: datetime) -> str:
    """Return a time as ISO, UTC, with six decimals: the tool's filters understand no other form.

    >>> utc(datetime.fromisoformat("2026-11-20T09:12:15+01:00"))
    '2026-11-20T08:12:15.000000Z'
    """
    zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return zoned.astimezone(UTC).strftime(TIME_FORMAT)


def _is_accepted(record: TaskRecord) -> bool:
    meta = record.meta if isinstance(record.meta, dict) else {}
    return _ACCEPTED_STATE in (record.data.get(REVIEW_STATE), meta.get(REVIEW_STATE))


def _latest(annotations: Sequence[AnnotationRecord]) -> AnnotationRecord:
    return max(annotations, key=lambda each: (utc(each.updated_at), each.id))


def _editor(annotation: AnnotationRecord) -> Person:
    """Return who changed an annotation last; before any change that is who made it."""
    return annotation.updated_by if annotation.updated_by is not None else annotation.completed_by


def _size(annotations: Sequence[AnnotationRecord]) -> tuple[int, int] | None:
    """Return the image's height and width, if all annotations that tell agree."""
    sizes = {image_size(each.result) for each in annotations} - {None}
    return sizes.pop() if len(sizes) == 1 else None
