"""How sources stand, from what their runs, questions and settings say."""

from __future__ import annotations

from typing import Any

import pytest

from curation.errors import CurationError, TooManyVanished, Unavailable
from curation.store.database import Database
from curation.store.jobs import cancel_job, finish_job, list_jobs
from curation.store.sources import change_source, get_source
from curation.sync.class_questions import answer_question
from curation.sync.source_states import ANSWERED, FOUND, SourceState, source_states
from curation.sync.syncing import SyncRequest, create_sync
from tests.curation.sync.memory_tool import MemoryServer, box


@pytest.fixture
def state(database: Database, project_id: int, source_id: int) -> Any:
    def read() -> SourceState:
        (found,) = source_states(database, project_id)
        return found

    return read


@pytest.fixture
def ended_sync(sync: Any, database: Database) -> Any:
    """Run a sync and close its job, as the engine would."""

    def run(**request: Any) -> None:
        try:
            sync(**request)
        except CurationError as error:
            finish_job(database, list_jobs(database)[0].id, "failed", error=str(error))
            raise
        finish_job(database, list_jobs(database)[0].id, "done")

    return run


def test_state__before_the_first_run(state: Any) -> None:
    found = state()
    assert (found.standing, found.text, found.run) == ("never synced", "", None)


def test_state__while_a_run_is_open(state: Any, database: Database, source_id: int) -> None:
    job_id, _ = create_sync(database, SyncRequest(source_id, "tester"))
    assert (state().standing, state().job_id) == ("syncing", job_id)
    cancel_job(database, job_id)
    assert (state().standing, state().job_id) == ("never synced", None)


def test_state__after_a_sync(state: Any, ended_sync: Any, server: MemoryServer) -> None:
    server.add(1, "a.png", box("cell"))
    ended_sync()
    assert (state().standing, state().text) == ("up to date", "")


def test_state__a_dry_run_that_found_something_is_not_up_to_date(
    state: Any, ended_sync: Any, server: MemoryServer
) -> None:
    server.add(1, "a.png", box("cell"))
    ended_sync(dry_run=True)
    assert (state().standing, state().text) == ("ready to sync", FOUND)
    ended_sync()
    ended_sync(dry_run=True)
    assert state().standing == "up to date"


def test_state__an_open_question_needs_attention_until_it_is_answered(
    state: Any, ended_sync: Any, server: MemoryServer, database: Database, source_id: int
) -> None:
    server.add(1, "a.png", box("lorry"))
    ended_sync()
    found = state()
    assert (found.standing, found.questions) == ("needs attention", 1)
    assert "lorry" in found.text
    source = get_source(database, source_id)
    answer_question(database, source, "lorry", answer="new", author="tester")
    assert (state().standing, state().text) == ("ready to sync", ANSWERED)
    ended_sync()
    assert state().standing == "up to date"


def test_state__a_region_that_cannot_be_read_still_needs_attention_after_the_answers(
    state: Any, ended_sync: Any, server: MemoryServer, database: Database, source_id: int
) -> None:
    server.add(1, "a.png", box("lorry"))
    server.add(2, "b.png", {"fault": "too few points"})
    ended_sync()
    source = get_source(database, source_id)
    answer_question(database, source, "lorry", answer="ignore", author="tester")
    assert state().standing == "needs attention"


def test_state__a_failed_run_says_why(state: Any, ended_sync: Any, server: MemoryServer) -> None:
    server.fail_after_pages = 0
    with pytest.raises(Unavailable):
        ended_sync()
    found = state()
    assert (found.standing, found.vanished) == ("needs attention", None)
    assert found.text == "memory did not answer: it broke off. Check the connection and try again."


def test_state__so_much_vanished_is_counted(
    state: Any, ended_sync: Any, server: MemoryServer
) -> None:
    for number in range(1, 11):
        server.add(number, f"image-{number}.png", box("cell"))
    ended_sync()
    for number in (1, 2, 3):
        server.tasks.pop(number)
    with pytest.raises(TooManyVanished):
        ended_sync(reconcile=True)
    assert (state().standing, state().vanished) == ("needs attention", 3)
    ended_sync(reconcile=True, allow_removals=True)
    assert (state().standing, state().vanished) == ("up to date", None)


def test_state__switched_off(state: Any, database: Database, source_id: int) -> None:
    with database.write() as connection:
        change_source(connection, source_id, enabled=False)
    assert state().standing == "switched off"
