"""What a push would do to one image: compared with what the tool has now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from curation.sync.annotation_tool import (
    ACCEPTED,
    NOTE,
    OUR_PREDICTIONS,
    PRIORITY,
    REVIEW,
    REVIEW_ASKED,
    SKIPPED,
    SUBMITTED,
)
from curation.sync.push_request import LONGEST_NOTE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.store.collection_images import CollectionImage, CollectionLabel
    from curation.store.outbox import OutboxRow
    from curation.store.sources import SourceRow
    from curation.sync.annotation_tool import RemoteTask
    from curation.sync.push_predictions import ChosenSet
    from curation.sync.push_request import PushRequest

CREATE: Final = "create"
CHANGE: Final = "change"
REOPEN: Final = "reopen"
UNCHANGED: Final = "unchanged"
BLOCKED: Final = "blocked"
ACTIONS: Final = (CREATE, CHANGE, REOPEN, UNCHANGED, BLOCKED)
FINISHED: Final = (SUBMITTED, ACCEPTED, SKIPPED)
PREDICTIONS: Final = "predictions"
_S3: Final = "s3://"
_NO_ADDRESS: Final = (
    "the tool has no address for the picture: set the source's option image_address, such as "
    "'/data/local-files/?d=FOLDER/{file_name}'"
)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is overwritten in a task: what it is now, and what it becomes."""

    what: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """What a push would do to one image.

    Args:
        image_id: The image.
        file_name: Its name.
        action: `create`, `change`, `reopen`, `unchanged`, or `blocked`: it cannot be sent.
        address: Where the tool finds the picture; empty if it cannot.
        size: Height and width, pixels.
        note: What the annotator reads.
        predictions: How many objects go along; None leaves the task's own alone.
        task_id: The task as it is.
        expected: Its update time.
        status: Where its work stands now.
        status_by: Who brought it there.
        status_at: ISO time of that.
        changes: What is overwritten.
        problems: What keeps it from being sent, or from being sent whole.
    """

    image_id: int
    file_name: str
    action: str
    address: str
    size: tuple[int, int]
    note: str
    predictions: int | None = None
    task_id: str | None = None
    expected: str | None = None
    status: str | None = None
    status_by: str | None = None
    status_at: str | None = None
    changes: tuple[Change, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def is_sent(self) -> bool:
        """Whether there is anything to send."""
        return self.action not in (UNCHANGED, BLOCKED)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around one image: the task that the tool has, and what we sent before."""

    task: RemoteTask | None
    sent: Sequence[OutboxRow]
    predictions: int | None
    left_out: dict[str, int]


def preview_row(
    source: SourceRow,
    request: PushRequest,
    chosen: ChosenSet | None,
    image: CollectionImage,
    around: Surroundings,
) -> PreviewRow:
    """Return what a push would do to one image."""
    size = (image.height, image.width)
    task = around.task
    address = task.image if task is not None else image_address(source, image)
    problems = _obstacles(image, task, address)
    note = note_of(request, image)
    row = PreviewRow(
        image.image_id,
        image.file_name,
        BLOCKED,
        address or "",
        size,
        note,
        problems=(*problems, *_left_out(around.left_out)),
    )
    if task is None:
        state: dict[str, Any] = {"action": CREATE, "predictions": around.predictions}
    else:
        state = _against(request, chosen, note, around, task)
    if problems:
        state["action"] = BLOCKED
    return replace(row, **state)


def _against(
    request: PushRequest,
    chosen: ChosenSet | None,
    note: str,
    around: Surroundings,
    task: RemoteTask,
) -> dict[str, Any]:
    """Return what differs from the task that the tool has."""
    changes = _field_changes(request, note, task)
    predictions = around.predictions
    if chosen is not None and predictions is not None:
        ours = task.fields.get(OUR_PREDICTIONS) or {}
        if _has_these(chosen, predictions, ours, around.sent):
            predictions = None
        else:
            count = sum(ours.values())
            changes.append(Change(PREDICTIONS, count, predictions))
    action = CHANGE if changes else UNCHANGED
    if request.review and task.status in FINISHED and not _is_asked(task, note, around.sent):
        action = REOPEN
    return {
        "action": action,
        "predictions": predictions,
        "task_id": task.id,
        "expected": task.updated_at,
        "status": task.status,
        "status_by": task.status_by,
        "status_at": task.status_at,
        "changes": tuple(changes),
    }


def _field_changes(request: PushRequest, note: str, task: RemoteTask) -> list[Change]:
    wanted: dict[str, Any] = {}
    if request.priority is not None:
        wanted[PRIORITY] = request.priority
    if note:
        wanted[NOTE] = note
    if request.review:
        wanted[REVIEW] = REVIEW_ASKED
    return [
        Change(name, task.fields.get(name), value)
        for name, value in wanted.items()
        if task.fields.get(name) != value
    ]


def _has_these(
    chosen: ChosenSet, count: int, ours: dict[str, int], sent: Sequence[OutboxRow]
) -> bool:
    """Tell whether the task shows just these predictions: sent last, and still all there."""
    last = next((item.payload for item in reversed(sent) if item.payload["set"] is not None), None)
    if last is None or (last["set"], last["floor"]) != (chosen.id, chosen.score_floor):
        return False
    return ours == ({chosen.name: count} if count else {})


def _is_asked(task: RemoteTask, note: str, sent: Sequence[OutboxRow]) -> bool:
    """Tell whether the same review is asked for already, and nobody has worked on it since."""
    if task.fields.get(REVIEW) != REVIEW_ASKED:
        return False
    last = next((item.payload for item in reversed(sent) if item.payload["review"]), None)
    if last is None or last["note"] != note:
        return False
    before: dict[str, Any] = last["before"]
    return bool(before.get("at") == task.status_at)


def image_address(source: SourceRow, image: CollectionImage) -> str | None:
    """Return where the tool finds a picture: by the source's template, or as it lies in S3.

    In a template of a URL names are quoted, in one of an `s3://` address they are not.
    """
    template = source.options.get("image_address")
    if template:
        plain = template.startswith(_S3)
        address = str(template)
        for name, value in (("{dataset}", image.dataset), ("{file_name}", image.file_name)):
            address = address.replace(name, value if plain else quote(value))
        return address
    if image.root is not None and image.root.startswith(_S3):
        return f"{image.root.rstrip('/')}/{image.file_name}"
    return None


def _obstacles(image: CollectionImage, task: RemoteTask | None, address: str | None) -> list[str]:
    """Return what keeps an image from being sent at all."""
    if image.removed:
        return ["the image has been removed from the project"]
    if image.width < 1 or image.height < 1:
        return ["the size of the image is not known"]
    if task is None and not address:
        return [_NO_ADDRESS]
    return []


def _left_out(counts: dict[str, int]) -> list[str]:
    return [
        f"{count} predictions of {name} are left out: no control of the tool takes them"
        for name, count in sorted(counts.items())
    ]


def note_of(request: PushRequest, image: CollectionImage) -> str:
    """Return what the annotator of an image reads: why it is here, and which labels are meant."""
    parts = [request.note.strip(), image.note.strip(), *map(_label_note, image.labels)]
    note = ""
    kept = [part for part in parts if part]
    for number, part in enumerate(kept):
        longer = f"{note}; {part}" if note else part
        more = f"; and {len(kept) - number} more"
        if len(longer) + len(more) > LONGEST_NOTE:
            return f"{note}{more}" if note else longer[:LONGEST_NOTE]
        note = longer
    return note


def _label_note(label: CollectionLabel) -> str:
    x, y, width, height = (round(side) for side in label.box)
    place = f"{label.class_name} at x {x}, y {y} ({width} × {height} px)"
    return f"{place}: {label.note.strip()}" if label.note.strip() else place
