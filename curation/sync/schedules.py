"""When sources are synced by themselves: cron expressions in UTC, and hints that come between."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from curation.errors import CurationError, InvalidSetting
from curation.store.columns import now
from curation.store.sources import change_source, due_sources, reschedule

if TYPE_CHECKING:
    from collections.abc import Callable

    from curation.settings import Settings
    from curation.store.database import Database
    from curation.store.sources import SourceRow

AUTHOR = "schedule"
_LOG = logging.getLogger(__name__)


def next_time(schedule: str | None, *, after: datetime | None = None) -> datetime | None:
    """Return the next moment of a cron expression in UTC, None without one.

    >>> next_time("30 2 * * *", after=datetime(2026, 11, 29, 12, 0, tzinfo=UTC)).isoformat()
    '2026-11-30T02:30:00+00:00'

    Raises:
        InvalidSetting: If it is no cron expression.
    """
    if schedule is None:
        return None
    from croniter import CroniterError, croniter  # noqa: PLC0415  # start-up time

    try:
        moments = croniter(schedule, after or now(), ret_type=datetime)
        found: datetime = moments.get_next(datetime)
    except (CroniterError, ValueError, KeyError) as error:
        raise InvalidSetting(
            "schedule", schedule, allowed="a cron expression such as '*/15 * * * *' (UTC)"
        ) from error
    return found.astimezone(UTC)


def next_times(schedule: str | None, count: int = 3) -> tuple[datetime, ...]:
    """Return the next moments of a cron expression in UTC, none without one.

    Raises:
        InvalidSetting: If it is no cron expression.
    """
    times: list[datetime] = []
    while len(times) < count:
        moment = next_time(schedule, after=times[-1] if times else None)
        if moment is None:
            break
        times.append(moment)
    return tuple(times)


def start_due(
    database: Database, settings: Settings, *, start: Callable[[SourceRow], object] | None = None
) -> int:
    """Start a sync of every source whose time has come; return how many.

    Several workers may ask at once: the one that moves a source's next time starts it.

    Args:
        database: The store.
        settings: The settings.
        start: What to do with a due source; hands it to the workers by default.
    """
    started = 0
    for source in due_sources(database):
        with database.write() as connection:
            mine = reschedule(connection, source, next_time(source.schedule))
        if not mine:
            continue
        try:
            if start is None:
                _start(database, settings, source)
            else:
                start(source)
            started += 1
        except CurationError as error:
            # One source's trouble must not hold up the others; it shows on its own page.
            _LOG.warning("source %s could not be synced: %s", source.name, error)
    return started


def _start(database: Database, settings: Settings, source: SourceRow) -> None:
    from curation.sync.syncing import start_sync  # noqa: PLC0415  # loads the job engine

    start_sync(database, settings, source.id, author=AUTHOR)


def hint(database: Database, source_id: int) -> None:
    """Note that something changed in the tool: the source is synced soon.

    Raises:
        NotFound: If there is no such source.
    """
    with database.write() as connection:
        change_source(connection, source_id, due=now())
