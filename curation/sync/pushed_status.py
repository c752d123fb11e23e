"""What became of a push: how far sending is, and where the annotators' work stands since."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from curation.store.outbox import SENT, Standing, items_of, standings
from curation.store.pushes import get_push
from curation.sync.annotation_tool import ACCEPTED, IN_PROGRESS, SKIPPED, SUBMITTED, WAITING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from curation.store.database import Database
    from curation.store.outbox import OutboxRow

NOT_SYNCED: Final = "not synced yet"
GONE: Final = "gone"
STATUSES: Final = (WAITING, IN_PROGRESS, SUBMITTED, ACCEPTED, SKIPPED, GONE, NOT_SYNCED)


@dataclass(frozen=True, slots=True)
class PushedImage:
    """One image of a push.

    Args:
        image_id: The image.
        file_name: Its name.
        action: What was to be done with it.
        state: How far sending is: `pending`, `sending`, `done`, `conflict` or `failed`.
        attempts: How often it was sent.
        error: Why it is not in the tool.
        task_id: The task in the tool.
        status: Where the annotators' work stands since the push, one of `STATUSES`; None until
            it is in the tool.
        by: Who brought it there.
        at: When, ISO time of the tool.
    """

    image_id: int
    file_name: str
    action: str
    state: str
    attempts: int
    error: str
    task_id: str | None
    status: str | None
    by: str | None
    at: str | None


def pushed_images(database: Database, push_id: int) -> tuple[PushedImage, ...]:
    """Return every image of a push with its state in the tool as of the last sync.

    Raises:
        NotFound: If there is no such push.
    """
    get_push(database, push_id)
    with database.read() as connection:
        items = items_of(connection, push_id)
        found = standings(connection, push_id)
    return tuple(_image(item, found.get(item.key)) for item in items)


def count_statuses(images: Iterable[PushedImage]) -> dict[str, int]:
    """Return how many images stand where, in the order of the work."""
    counts = Counter(image.status for image in images)
    return {status: counts[status] for status in STATUSES if counts[status]}


def _image(item: OutboxRow, standing: Standing | None) -> PushedImage:
    status, by, at = _status(item, standing)
    return PushedImage(
        item.image_id,
        item.file_name,
        item.action,
        item.state,
        item.attempts,
        item.error,
        item.remote_id,
        status,
        by,
        at,
    )


def _status(
    item: OutboxRow, standing: Standing | None
) -> tuple[str | None, str | None, str | None]:
    if item.state != SENT:
        return None, None, None
    if standing is None:
        return NOT_SYNCED, None, None
    if standing.deleted:
        return GONE, None, None
    # A review is of work that was there before: it waits until somebody has worked on it since.
    before = item.payload["before"].get("at")
    if item.payload["review"] and before is not None and standing.at == before:
        return WAITING, None, None
    return standing.status, standing.by, standing.at
