"""What the listing tells of a label row, without its labels: images, times, where work stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from curation.sync.annotation_tool import (
    ACCEPTED,
    IN_PROGRESS,
    SKIPPED,
    SUBMITTED,
    WAITING,
    Signature,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from encord.objects import LabelRowV2

    from curation.sync.annotation_tool import TaskStatus

TIME_FORMAT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
NO_TIME: Final = "1970-01-01T00:00:00.000000Z"
"""Time of what Encord tells no time of: a row that nobody opened."""

READABLE: Final = ("image", "img_group")
"""The data types whose labels are read: a task is one image."""

STAGES: Final[dict[str, TaskStatus]] = {
    "REVIEW": SUBMITTED,
    "CONSENSUS_REVIEW": SUBMITTED,
    "DONE": ACCEPTED,
}
"""Workflow stages in which annotators' work is finished; in all others it is not."""

QUEUE_STATUSES: Final[dict[str, TaskStatus]] = {
    "QUEUED": WAITING,
    "ASSIGNED": IN_PROGRESS,
    "RETURNED": IN_PROGRESS,
    "IN_REVIEW": SUBMITTED,
    "COMPLETED": ACCEPTED,
}
"""Statuses of projects without a workflow."""

FINISHED: Final = frozenset({SUBMITTED, ACCEPTED})


@dataclass(frozen=True, slots=True)
class UnitState:
    """One image of a row; `id` is the task's."""

    id: str
    data_hash: str
    title: str
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class RowState:
    """One label row.

    Args:
        data_hash: The row's data; it identifies the row and is never given again.
        label_hash: Its labels, None while nobody has opened it.
        edited_at: ISO time of the last edit, UTC, six decimals.
        status: Where its work stands.
        actor: Who acted last.
        units: Its images; a single one for what is no image.
        refusal: Why its labels cannot be read, empty when they can.
        fields: The tool's further fields.
    """

    data_hash: str
    label_hash: str | None
    edited_at: str
    status: TaskStatus
    actor: str | None
    units: tuple[UnitState, ...]
    refusal: str
    fields: Mapping[str, Any]

    def has_work(self) -> bool:
        """Whether its labels count: those that somebody still works on are half of the truth."""
        return self.label_hash is not None and self.status in FINISHED

    def signatures(self) -> list[Signature]:
        """Return the signatures of its tasks."""
        work = int(self.has_work())
        return [Signature(unit.id, NO_TIME, self.edited_at, work) for unit in self.units]


def state_of(row: LabelRowV2, stages: Mapping[str, str]) -> RowState:
    """Return the state of a row of a listing.

    Args:
        row: The row, before its labels are read.
        stages: Type of each workflow stage by its id; empty for a project without a workflow.
    """
    return RowState(
        data_hash=row.data_hash,
        label_hash=row.label_hash,
        edited_at=iso_time(row.last_edited_at),
        status=_status(row, stages),
        actor=row.last_actioned_by_user_email,
        units=_units(row),
        refusal=_refusal(row),
        fields=_fields(row),
    )


def iso_time(moment: datetime | None) -> str:
    """Return a time as ISO text, UTC, six decimals.

    >>> from datetime import timedelta, timezone
    >>> iso_time(datetime(2026, 5, 1, 12, tzinfo=timezone(timedelta(hours=2))))
    '2026-05-01T10:00:00.000000Z'
    >>> iso_time(None)
    '1970-01-01T00:00:00.000000Z'
    """
    return NO_TIME if moment is None else moment.astimezone(UTC).strftime(TIME_FORMAT)


def parse_time(text: str) -> datetime:
    """Return the time of an ISO text, UTC, six decimals.

    >>> parse_time("2026-05-01T10:00:00.000000Z").isoformat()
    '2026-05-01T10:00:00+00:00'
    """
    return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=UTC)


def row_of_task(task_id: str) -> str:
    """Return the data hash of the row that a task is of.

    >>> row_of_task("row:unit"), row_of_task("row")
    ('row', 'row')
    """
    return task_id.partition(":")[0]


def rows_of_tasks(task_ids: Sequence[str]) -> list[str]:
    """Return the data hashes of the rows that tasks are of, each once."""
    return list(dict.fromkeys(map(row_of_task, task_ids)))


def _units(row: LabelRowV2) -> tuple[UnitState, ...]:
    kind = row.data_type.value
    if kind != "img_group":
        size = (row.width, row.height) if kind == "image" else (None, None)
        return (UnitState(row.data_hash, row.data_hash, row.data_title, *size),)
    # Our own id goes with the row's: an image group has one row and one task for each image.
    units = [
        UnitState(
            f"{row.data_hash}:{unit.image_hash}",
            unit.image_hash,
            unit.title,
            unit.width or None,
            unit.height or None,
        )
        for unit in row.get_frames_metadata()
    ]
    return tuple(sorted(units, key=lambda unit: unit.id))


def _refusal(row: LabelRowV2) -> str:
    kind = row.data_type.value
    if kind not in READABLE:
        return f"it is of type {kind}: only images and image groups are read"
    if not row.is_valid:
        return "Encord marks the labels as invalid: mend them in its editor"
    return ""


def _status(row: LabelRowV2, stages: Mapping[str, str]) -> TaskStatus:
    node = row.workflow_graph_node
    if node is None:
        return _queue_status(row)
    stage = stages.get(node.uuid, "")
    if stage == "DONE" and node.title.lower().startswith("archive"):
        return SKIPPED
    return STAGES.get(stage, WAITING if row.label_hash is None else IN_PROGRESS)


def _queue_status(row: LabelRowV2) -> TaskStatus:
    try:
        status = row.annotation_task_status
    except AssertionError:  # how the SDK says that the service sent none
        return WAITING if row.label_hash is None else IN_PROGRESS
    return QUEUE_STATUSES[status.value]


def _fields(row: LabelRowV2) -> dict[str, Any]:
    node = row.workflow_graph_node
    return {
        "dataset": row.dataset_title,
        "data_type": row.data_type.value,
        "label_hash": row.label_hash,
        "labels_created_at": None if row.created_at is None else iso_time(row.created_at),
        "stage": None if node is None else node.title,
        "priority": None if node is None else row.priority,
        "assigned_to": row.assigned_user_email,
    }
