"""Look before a push: the tool is asked what it has, and nothing is sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from curation.errors import Conflict, NotFound
from curation.store.collection_images import images_of
from curation.store.collections import get_collection
from curation.store.outbox import sent_before
from curation.store.remote_tasks import tasks_of_images
from curation.store.sources import get_source
from curation.sync.annotation_tool import PushingTool
from curation.sync.image_names import image_key
from curation.sync.push_items import ACTIONS, Surroundings, preview_row
from curation.sync.push_predictions import PredictionCounts, choose_set, count_predictions
from curation.sync.sources import open_tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.settings import Settings
    from curation.store.collection_images import CollectionImage
    from curation.store.database import Database
    from curation.store.sources import SourceRow
    from curation.sync.annotation_tool import AnnotationTool, RemoteTask
    from curation.sync.push_items import PreviewRow
    from curation.sync.push_predictions import ChosenSet
    from curation.sync.push_request import PushRequest

_KEYS_A_LOOK: Final = 100


@dataclass(frozen=True, slots=True)
class PushPreview:
    """What a push would do, image by image, as the tool was when it was asked.

    `left_out` counts predictions of classes that no control of the tool takes.
    """

    request: PushRequest
    source: str
    collection: str
    rows: tuple[PreviewRow, ...]
    chosen: ChosenSet | None
    left_out: dict[str, int]

    @property
    def counts(self) -> dict[str, int]:
        """How many images there are of each action."""
        found = Counter(row.action for row in self.rows)
        return {action: found[action] for action in ACTIONS if found[action]}

    @property
    def sent(self) -> tuple[PreviewRow, ...]:
        """What would be sent."""
        return tuple(row for row in self.rows if row.is_sent)


def preview_push(database: Database, settings: Settings, request: PushRequest) -> PushPreview:
    """Ask the tool what it has, and tell what a push would create, change or reopen.

    Raises:
        NotFound: If the source, collection or prediction set does not exist in the project.
        Conflict: If the source is switched off, or its tool takes no work.
        Unavailable: If the tool does not answer.
    """
    source = get_source(database, request.source_id)
    collection = get_collection(database, request.collection_id)
    if collection.project_id != source.project_id:
        raise NotFound("collection", request.collection_id)
    if not source.enabled:
        raise Conflict(
            f"Source {source.name!r} is switched off.",
            next_step="Switch it on: 'curation source edit NAME --enable'.",
        )
    images = images_of(database, request.collection_id)
    with open_tool(settings, source) as opened:
        tool = pushing_tool(source, opened)
        chosen = choose_set(database, request, source.project_id, tool)
        tasks = _tasks(database, source, tool, images)
    counts = PredictionCounts({}, {})
    if chosen is not None:
        sizes = {image.image_id: (image.height, image.width) for image in images}
        counts = count_predictions(database, chosen, sizes)
    with database.read() as connection:
        sent = sent_before(connection, source.id, [image.image_id for image in images])
    rows = [
        preview_row(
            source,
            request,
            chosen,
            image,
            Surroundings(
                tasks.get(image.image_id),
                sent.get(image.image_id, ()),
                counts.taken.get(image.image_id, 0) if chosen is not None else None,
                dict(counts.left_out.get(image.image_id, {})),
            ),
        )
        for image in images
    ]
    return PushPreview(request, source.name, collection.name, tuple(rows), chosen, _total(counts))


def pushing_tool(source: SourceRow, tool: AnnotationTool) -> PushingTool:
    """Return a tool as one that takes work.

    Raises:
        Conflict: If it takes none.
    """
    if not (tool.capabilities.push and isinstance(tool, PushingTool)):
        raise Conflict(
            f"{source.name} takes no work: its kind of source is only read.",
            next_step="Push to a source of another kind, such as Label Studio.",
        )
    return tool


def _total(counts: PredictionCounts) -> dict[str, int]:
    total: Counter[str] = Counter()
    for own in counts.left_out.values():
        total.update(own)
    return dict(sorted(total.items()))


def _tasks(
    database: Database, source: SourceRow, tool: PushingTool, images: Sequence[CollectionImage]
) -> dict[int, RemoteTask]:
    """Return the task of each image that has one: the one that we made, or the one that we know."""
    found: dict[int, RemoteTask] = {}
    for start in range(0, len(images), _KEYS_A_LOOK):
        part = {image_key(image.image_id): image for image in images[start : start + _KEYS_A_LOOK]}
        for key, task in tool.tasks_by_image(list(part)).items():
            found[part[key].image_id] = task
    missing = [image.image_id for image in images if image.image_id not in found]
    with database.read() as connection:
        known = tasks_of_images(connection, source.id, missing)
    # Of several tasks of an image the one that its labels come from is meant.
    known.sort(key=lambda task: (not task.published, task.created_at, task.remote_id))
    chosen = {task.image_id: task for task in reversed(known) if task.image_id is not None}
    by_id = {task.remote_id: task for task in chosen.values()}
    ids = list(by_id)
    for start in range(0, len(ids), _KEYS_A_LOOK):
        for task_id, task in tool.tasks_by_id(ids[start : start + _KEYS_A_LOOK]).items():
            stored = by_id[task_id]
            # Tools give ids again: another creation time is another task.
            if stored.image_id is not None and task.created_at == stored.created_at:
                found[stored.image_id] = task
    return found
