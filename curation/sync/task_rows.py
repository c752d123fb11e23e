"""Tasks as our copy keeps them: raw regions as JSON, and a digest of what labels depend on."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

from curation.store.remote_tasks import AnnotationRow, TaskRow, regions_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from curation.sync.annotation_tool import RemoteAnnotation, RemoteTask


def rows_of(tasks: Iterable[RemoteTask]) -> tuple[list[TaskRow], list[AnnotationRow]]:
    """Return the rows of tasks and of all their annotations."""
    task_rows: list[TaskRow] = []
    annotation_rows: list[AnnotationRow] = []
    for task in tasks:
        own = [_annotation_row(task.id, annotation) for annotation in task.annotations]
        annotation_rows += own
        task_rows.append(_task_row(task, own))
    return task_rows, annotation_rows


def _annotation_row(task_id: str, annotation: RemoteAnnotation) -> AnnotationRow:
    regions = regions_json(annotation.regions)
    flags = f"{annotation.cancelled}|{annotation.ground_truth}|".encode()
    return AnnotationRow(
        remote_id=annotation.id,
        task_id=task_id,
        updated_at=annotation.updated_at,
        author=annotation.author,
        cancelled=annotation.cancelled,
        ground_truth=annotation.ground_truth,
        sha256=hashlib.sha256(flags + regions).hexdigest(),
        regions=regions,
    )


def _task_row(task: RemoteTask, annotations: list[AnnotationRow]) -> TaskRow:
    """Return a task's row; times are no part of the digest, so our own writes come back equal."""
    content = [
        task.created_at,
        task.image,
        task.image_key,
        task.width,
        task.height,
        task.status,
        sorted((row.remote_id, row.sha256) for row in annotations),
    ]
    digest = hashlib.sha256(msgspec.json.encode(content)).hexdigest()
    return TaskRow(
        remote_id=task.id,
        created_at=task.created_at,
        updated_at=task.updated_at,
        image=task.image,
        image_key=task.image_key,
        width=task.width,
        height=task.height,
        status=task.status,
        status_by=task.status_by,
        status_at=task.status_at,
        fields=dict(task.fields),
        annotations=len(annotations),
        sha256=digest,
    )
