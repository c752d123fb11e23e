"""Schedules in UTC, and hints that come between."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from curation.errors import InvalidSetting
from curation.settings import Settings
from curation.store.columns import now
from curation.store.database import Database
from curation.store.jobs import cancel_job, list_jobs
from curation.store.sources import change_source, get_source
from curation.sync.schedules import hint, next_time, next_times, start_due
from curation.sync.sources import change_options
from curation.sync.syncing import SyncRequest, create_sync


def test_next_time__is_in_utc() -> None:
    noon = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
    assert next_time("*/15 * * * *", after=noon) == datetime(2026, 11, 29, 12, 15, tzinfo=UTC)
    assert next_time("0 3 * * 1", after=noon) == datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
    assert next_time(None) is None


@pytest.mark.parametrize("text", ["", "every day", "61 * * * *", "* * * *"])
def test_next_time__refuses_what_is_no_cron_expression(text: str) -> None:
    with pytest.raises(InvalidSetting, match="cron expression"):
        next_time(text)


def _schedule(database: Database, source_id: int, *, due: datetime | None) -> None:
    change_options(database, get_source(database, source_id), schedule="0 * * * *", enabled=True)
    with database.write() as connection:
        change_source(connection, source_id, due=due)


def test_due_source__is_started_once(
    database: Database, settings: Settings, source_id: int
) -> None:
    settings.data_dir.mkdir(exist_ok=True)
    _schedule(database, source_id, due=now() - timedelta(minutes=1))
    assert start_due(database, settings) == 1
    assert start_due(database, settings) == 0
    source = get_source(database, source_id)
    assert source.due is not None
    assert source.due > now()
    (job,) = [job for job in list_jobs(database) if job.kind == "sync"]
    assert job.payload["author"] == "schedule"


def test_source_that_is_not_due_or_is_off__is_left_alone(
    database: Database, settings: Settings, source_id: int
) -> None:
    _schedule(database, source_id, due=now() + timedelta(hours=1))
    assert start_due(database, settings) == 0
    change_options(database, get_source(database, source_id), schedule="0 * * * *", enabled=False)
    with database.write() as connection:
        change_source(connection, source_id, due=now() - timedelta(hours=1))
    assert start_due(database, settings) == 0


def test_hint__makes_a_source_due_at_once(
    database: Database, settings: Settings, source_id: int
) -> None:
    hint(database, source_id)
    started: list[Any] = []
    assert start_due(database, settings, start=started.append) == 1
    assert started[0].id == source_id
    assert get_source(database, source_id).due is None  # it has no schedule of its own


def test_next_times__are_the_next_moments_one_after_another() -> None:
    first, second, third = next_times("0 */6 * * *")
    assert {first.hour, second.hour, third.hour} <= {0, 6, 12, 18}
    assert second - first == third - second == timedelta(hours=6)
    assert next_times(None) == ()


def test_hint__during_a_run_waits_for_its_end(
    database: Database, settings: Settings, source_id: int
) -> None:
    job_id, _ = create_sync(database, SyncRequest(source_id, "somebody"))
    hint(database, source_id)
    started: list[Any] = []
    assert start_due(database, settings, start=started.append) == 0
    cancel_job(database, job_id)
    assert start_due(database, settings, start=started.append) == 1
