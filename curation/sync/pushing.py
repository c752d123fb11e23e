"""Start a push: what the preview showed is frozen into the outbox, then sent by a job."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from curation.errors import Conflict
from curation.store.jobs import create_job
from curation.store.outbox import OutboxDraft, add_items
from curation.store.pushes import PushDraft, add_push, get_push, list_pushes
from curation.store.sources import get_source
from curation.sync.push_job import PushJob
from curation.sync.push_preview import PushPreview, preview_push
from curation.sync.push_request import PushRequest

if TYPE_CHECKING:
    from curation.settings import Settings
    from curation.store.database import Database
    from curation.sync.push_items import PreviewRow

__all__ = [
    "PushPreview",
    "PushRequest",
    "create_push",
    "get_push",
    "list_pushes",
    "preview_push",
    "start_push",
]


def create_push(database: Database, preview: PushPreview) -> str:
    """Record what a preview showed as a push, without sending anything; return its job's id.

    A task that changes in the tool from now on is left as it is and counts as a conflict.

    Raises:
        Conflict: If there is nothing to send, or a push to the source is not finished.
    """
    rows = preview.sent
    if not rows:
        raise Conflict(
            f"Nothing of {preview.collection} would change in {preview.source}.",
            next_step="Look at the preview: it says why for each image.",
        )
    request = preview.request
    source = get_source(database, request.source_id)
    job_id = uuid.uuid4().hex[:12]
    with database.write() as connection:
        create_job(
            connection,
            kind=PushJob.name,
            title=f"Push {preview.collection} to {source.name}",
            payload=_payload(preview),
            project_id=source.project_id,
            job_id=job_id,
        )
        push_id = add_push(
            connection,
            PushDraft(
                source_id=source.id,
                collection_id=request.collection_id,
                prediction_set_id=request.set_id,
                score_floor=request.score_floor,
                priority=request.priority,
                note=request.note,
                review=request.review,
                author=request.author,
                job_id=job_id,
            ),
        )
        add_items(connection, push_id, [_draft(preview, row) for row in rows])
    return job_id


def start_push(
    database: Database,
    settings: Settings,
    request: PushRequest,
    *,
    preview: PushPreview | None = None,
) -> str:
    """Hand a push to the workers and return its job's id.

    Args:
        database: The store.
        settings: How the source is reached.
        request: What goes where.
        preview: What a person has seen and agreed to; without it the tool is asked now.

    Raises:
        NotFound: If the source, collection or prediction set does not exist in the project.
        Conflict: If there is nothing to send, or a push to the source is not finished.
        Unavailable: If the tool does not answer.
    """
    from curation.job_engine.engine import enqueue  # noqa: PLC0415  # loads the job engine

    if preview is None or preview.request != request:
        preview = preview_push(database, settings, request)
    job_id = create_push(database, preview)
    enqueue(database, settings, job_id)
    return job_id


def _payload(preview: PushPreview) -> dict[str, Any]:
    """Return what the job needs beyond the items: the set, by the tool's names of its classes."""
    chosen = preview.chosen
    request = preview.request
    payload: dict[str, Any] = {"source_id": request.source_id, "author": request.author}
    if chosen is not None:
        payload["set"] = {
            "id": chosen.id,
            "name": chosen.name,
            "masks": chosen.masks,
            "score_floor": chosen.score_floor,
            "names": {str(class_id): name for class_id, name in chosen.names.items()},
        }
    return payload


def _draft(preview: PushPreview, row: PreviewRow) -> OutboxDraft:
    request = preview.request
    with_set = row.predictions is not None and preview.chosen is not None
    return OutboxDraft(
        image_id=row.image_id,
        key=uuid.uuid4().hex,
        action=row.action,
        remote_id=row.task_id,
        expected=row.expected,
        payload={
            "image": row.address,
            "size": list(row.size),
            "priority": request.priority,
            "note": row.note,
            "review": request.review,
            "set": request.set_id if with_set else None,
            "floor": request.score_floor,
            "predictions": row.predictions,
            "before": {"status": row.status, "by": row.status_by, "at": row.status_at},
            "changes": [[each.what, each.before, each.after] for each in row.changes],
        },
    )
