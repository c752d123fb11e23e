"""Pages of a tool's tasks, and the runs and questions that screens ask for."""

from __future__ import annotations

from typing import Any

from curation.store.database import Database
from curation.store.source_classes import count_questions
from curation.store.sync_runs import latest_run, run_of_revision
from curation.store.task_pages import TaskLine, task_page
from tests.curation.sync.conftest import project_id, server, source_id, sync
from tests.curation.sync.memory_tool import MemoryServer, box

# The fixtures of the services' tests.
__all__ = ["project_id", "server", "source_id", "sync"]


def test_task_page__is_in_order_of_the_tools_numbers(
    source_id: int, sync: Any, server: MemoryServer, database: Database
) -> None:
    for number in (2, 10, 9, 1):
        server.add(number, f"{number}.png")
    sync()
    page = task_page(database, source_id, status=None, first=1, most=2)
    assert [line.remote_id for line in page] == ["2", "9"]
    assert task_page(database, source_id, status=None, first=4, most=2) == ()


def test_task_page__tells_who_and_why(
    source_id: int, sync: Any, server: MemoryServer, database: Database
) -> None:
    server.add(1, "folder/a.png", box("lorry"))
    server.add(2, "b.png")
    sync()
    (line,) = task_page(database, source_id, status="submitted", first=0, most=9)
    at = server.tasks[1].status_at
    held = "a class waits for an answer"
    name = line.image
    assert line == TaskLine("1", name, "submitted", "ann", at, 1, False, held)
    assert name.endswith("a.png")


def test_task_page__leaves_out_what_is_gone(
    source_id: int, sync: Any, server: MemoryServer, database: Database
) -> None:
    for number in range(1, 8):
        server.add(number, f"{number}.png")
    sync()
    server.tasks.pop(7)
    sync(reconcile=True)
    page = task_page(database, source_id, status=None, first=0, most=9)
    assert [line.remote_id for line in page] == ["1", "2", "3", "4", "5", "6"]


def test_run_of_revision__is_the_one_that_made_it(
    source_id: int, project_id: int, sync: Any, server: MemoryServer, database: Database
) -> None:
    server.add(1, "a.png", box("cell"))
    run = sync()
    assert run_of_revision(database, project_id, 2) == run
    assert run_of_revision(database, project_id, 1) is None


def test_latest_run__can_be_of_some_kinds(source_id: int, sync: Any, database: Database) -> None:
    first, second = sync(), sync(dry_run=True)
    assert latest_run(database, source_id) == second
    assert latest_run(database, source_id, kinds=("pull",)) == first
    assert latest_run(database, source_id, kinds=("push",)) is None


def test_count_questions__is_by_source(
    source_id: int, project_id: int, sync: Any, server: MemoryServer, database: Database
) -> None:
    assert count_questions(database, project_id) == {}
    server.add(1, "a.png", box("lorry"), box("van"))
    sync()
    assert count_questions(database, project_id) == {source_id: 2}
