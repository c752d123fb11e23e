"""Syncs that break off, meet one another, or would take too much away."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from curation.errors import Conflict, TakenOver, TooManyVanished, Unavailable
from curation.settings import Settings
from curation.store.database import Database
from curation.store.jobs import list_jobs
from curation.store.sources import SourceRow, advance, get_source, take
from curation.sync import pulling
from curation.sync.sources import remove_source
from curation.sync.syncing import SyncRequest, create_sync, start_sync
from tests.curation.sync.memory_tool import MemoryServer, box


@pytest.fixture
def source(database: Database, source_id: int) -> Callable[[], SourceRow]:
    """The source as it is now."""
    return lambda: get_source(database, source_id)


CELLS = [("cell", [0, 0, 10, 10]), ("cell", [40, 20, 40, 40])]
NUCLEUS = [("nucleus", [5, 5, 20, 20])]


def test_pull_that_breaks_off__goes_on_at_its_page(
    sync: Any, server: MemoryServer, labels: Any, source: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "TASKS_A_PAGE", 100)
    for number in range(250):
        server.add(number, f"{number}.png", box("cell", number / 10))
    server.fail_after_pages = 2
    with pytest.raises(Unavailable):
        sync()
    stopped = source()
    assert (stopped.last_key, stopped.job_id) == ("199", None)
    assert labels() == {"a.png": CELLS, "b.png": NUCLEUS}
    server.fail_after_pages = None
    # Changed after the window was frozen: it belongs to the next run.
    server.annotate(0, box("nucleus"))
    sync()
    assert server.pages == 2 + 2  # the third page, and an empty one that ends it
    assert len(labels()) == 252
    sync()
    assert labels()["0.png"] == [("nucleus", [0, 0, 10, 10])]


def test_vanished_tasks__more_than_a_fifth_are_not_believed(
    sync: Any, server: MemoryServer, labels: Any, database: Database, source_id: int
) -> None:
    for number in range(10):
        server.add(number, f"{number}.png", box("cell"))
    sync()
    for number in range(3):
        del server.tasks[number]
    with pytest.raises(TooManyVanished, match="3 of the 10"):
        sync()
    assert len(labels()) == 12
    assert "3 of the 10 tasks" in get_source(database, source_id).attention
    sync(reconcile=True, allow_removals=True)
    assert len(labels()) == 9
    assert get_source(database, source_id).attention == ""


def test_second_sync__is_the_one_that_runs_already(
    database: Database, settings: Settings, source_id: int
) -> None:
    first, mine = create_sync(database, SyncRequest(source_id, "one"))
    second, not_mine = create_sync(database, SyncRequest(source_id, "two"))
    assert (mine, not_mine, first) == (True, False, second)
    assert start_sync(database, settings, source_id, author="three") == first
    assert len([job for job in list_jobs(database) if job.kind == "sync"]) == 1


def test_many_at_once__start_one_sync(
    database: Database, settings: Settings, source_id: int
) -> None:
    del settings
    together = threading.Barrier(8)

    def ask(number: int) -> str:
        together.wait()
        return create_sync(database, SyncRequest(source_id, f"host {number}"))[0]

    with ThreadPoolExecutor(8) as hosts:
        assert len(set(hosts.map(ask, range(8)))) == 1
    assert len([job for job in list_jobs(database) if job.kind == "sync"]) == 1


def test_source__is_not_removed_while_it_syncs_and_its_labels_stay(
    sync: Any, server: MemoryServer, labels: Any, database: Database, source_id: int
) -> None:
    server.add(1, "a.png", box("cell", 7))
    sync()
    create_sync(database, SyncRequest(source_id, "one"))
    with pytest.raises(Conflict, match="is being synced"):
        remove_source(database, get_source(database, source_id))


def test_source_that_is_removed__leaves_its_labels(
    sync: Any, server: MemoryServer, labels: Any, database: Database, source_id: int
) -> None:
    server.add(1, "a.png", box("cell", 7))
    sync()
    remove_source(database, get_source(database, source_id))
    assert labels()["a.png"] == [("cell", [7, 0, 10, 10])]


def test_process_that_was_taken_over__cannot_write(
    sync: Any, database: Database, source_id: int, server: MemoryServer
) -> None:

    job_id, _ = create_sync(database, SyncRequest(source_id, "one"))
    old = take(database, source_id, job_id)
    new = take(database, source_id, job_id)
    with database.write() as connection:
        advance(connection, source_id, new, last_key="5")
    with pytest.raises(TakenOver), database.write() as connection:
        advance(connection, source_id, old, last_key="3")
    assert get_source(database, source_id).last_key == "5"
