"""Whatever happens around a job, it ends or can go on: stops, outages, deaths, races."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOS
from sqlalchemy.exc import OperationalError

from curation.errors import Conflict
from curation.job_engine import engine, workflow
from curation.settings import Settings
from curation.store import jobs
from curation.store.database import Database
from curation.store.tables import Job
from tests.curation.job_engine.conftest import create, log, wait_for

WHOLE = ["plan", "done 0", "done 1", "done 2", "finish"]


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "RETRY_SECONDS", (0.01, 0.01))


@pytest.fixture
def lost_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LOST_AFTER", timedelta(0))
    monkeypatch.setattr(jobs, "UNSTARTED_AFTER", timedelta(0))


def outages(at: set[int]) -> Any:
    """Return a `get_job` for which these calls, counted over the job's steps, find no database."""
    real, calls = jobs.get_job, iter(range(10_000))

    def get_job(asked: Database, wanted: str) -> jobs.JobRow:
        if threading.current_thread() is not threading.main_thread() and next(calls) in at:
            raise OperationalError("select", {}, Exception("server closed the connection"))
        return real(asked, wanted)

    return get_job


def followup(file: Path) -> dict[str, Any]:
    payload = {"file": str(file), "slices": 1}
    return {"kind": "counting", "title": "Count again", "payload": payload}


def test_run_here__leaves_what_is_queued_to_the_workers(store, tmp_path) -> None:
    database, settings = store
    with engine.launched(database, settings, executor="host-1"):
        pass  # the workers' queue is known
    queued = create(database, tmp_path / "queued")
    engine.enqueue(database, settings, queued)
    here = create(database, tmp_path / "here", seconds_a_slice=0.4)
    assert engine.run_here(database, settings, here).status == "done"
    assert (jobs.get_job(database, queued).status, log(tmp_path / "queued")) == ("queued", [])
    with engine.launched(database, settings, executor="host-1"):
        wait_for(lambda: jobs.get_job(database, queued).status == "done")


def test_stop__a_running_slice_ends_and_another_worker_goes_on(store, tmp_path) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a", seconds_a_slice=0.5)
    with engine.launched(database, settings, executor="host-1"):
        engine.enqueue(database, settings, job_id)
        wait_for(lambda: "done 0" in log(tmp_path / "a"))
    left = jobs.get_job(database, job_id)
    assert (left.status, left.lost) == ("running", True)
    assert "finish" not in log(tmp_path / "a")
    with engine.launched(database, settings, executor="host-2"):
        assert engine.adopt(database) == 1
        wait_for(lambda: jobs.get_job(database, job_id).status == "done")
    assert log(tmp_path / "a") == WHOLE


def test_outage__of_a_moment_is_waited_for(store, tmp_path, monkeypatch) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a")
    monkeypatch.setattr(jobs, "get_job", outages({1, 3, 4}))
    assert engine.run_here(database, settings, job_id).status == "done"
    assert log(tmp_path / "a") == WHOLE


def test_outage__that_lasts_fails_the_job_which_can_start_again(
    store, tmp_path, monkeypatch
) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a")
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "get_job", outages({2, 3, 4}))
        job = engine.run_here(database, settings, job_id)
    assert job.status == "failed"
    assert "the database did not answer" in job.error
    jobs.reopen_job(database, job_id)
    assert engine.run_here(database, settings, job_id).status == "done"


def test_outage__until_the_close_leaves_a_job_that_a_worker_undoes(
    store, tmp_path, monkeypatch, lost_at_once
) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a")
    with (
        engine.launched(database, settings, executor="host-1"),
        monkeypatch.context() as patched,
    ):
        patched.setattr(jobs, "get_job", outages(set(range(2, 100))))
        engine.enqueue(database, settings, job_id)
        wait_for(lambda: bool(DBOS.list_workflows(status="SUCCESS")))
    assert jobs.get_job(database, job_id).status == "running"
    with engine.launched(database, settings, executor="host-1"):
        assert engine.adopt(database) == 1
    assert jobs.get_job(database, job_id).status == "failed"
    jobs.reopen_job(database, job_id)
    assert engine.run_here(database, settings, job_id).status == "done"
    assert log(tmp_path / "a") == ["plan", "undo", *WHOLE]


def test_undo__that_fails_is_tried_again_by_a_worker(store, tmp_path, lost_at_once) -> None:
    database, settings = store
    (tmp_path / "a.stuck").touch()
    job_id = create(database, tmp_path / "a", fail_at=1)
    job = engine.run_here(database, settings, job_id)
    assert job.status == "failed"
    assert job.error.startswith("Slice refused. Try another. What it wrote could not be removed")
    with engine.launched(database, settings, executor="host-1"):
        assert engine.adopt(database) == 1
        assert "could not be removed" in jobs.get_job(database, job_id).error
        (tmp_path / "a.stuck").unlink()
        assert engine.adopt(database) == 1
        assert engine.adopt(database) == 0
    job = jobs.get_job(database, job_id)
    assert (job.status, job.error) == ("failed", "Slice refused. Try another.")
    assert job.result == {"title": "Please check the request", "exit_code": 2}


def test_undo__of_a_cancelled_job_that_fails_is_tried_again(store, tmp_path, lost_at_once) -> None:
    database, settings = store
    (tmp_path / "a.stuck").touch()
    job_id = create(database, tmp_path / "a")
    jobs.start_job(database, job_id)
    jobs.cancel_job(database, job_id)
    assert engine.run_here(database, settings, job_id).status == "cancelled"
    (tmp_path / "a.stuck").unlink()
    with engine.launched(database, settings, executor="host-1"):
        assert [engine.adopt(database) for _ in range(2)] == [1, 0]
    job = jobs.get_job(database, job_id)
    assert (job.status, job.error, job.result) == ("cancelled", "", {})


def test_adopt__trouble_with_one_job_does_not_hold_up_others(
    store, tmp_path, monkeypatch, lost_at_once
) -> None:
    database, settings = store
    first, second = create(database, tmp_path / "a"), create(database, tmp_path / "b")
    real = engine.enqueue

    def enqueue(database: Database, settings: Settings, job_id: str) -> None:
        if job_id == first:
            raise RuntimeError("trouble")
        real(database, settings, job_id)

    monkeypatch.setattr(engine, "enqueue", enqueue)
    with engine.launched(database, settings, executor="host-1"):
        assert engine.adopt(database) == 1
        wait_for(lambda: jobs.get_job(database, second).status == "done")
    assert log(tmp_path / "a") == []


def test_run_here__waits_for_a_worker_that_was_faster(store, tmp_path, monkeypatch) -> None:
    """A worker may take up the waiting job while the engine of this process starts."""
    database, settings = store
    job_id = create(database, tmp_path / "a")
    launched = engine.launched

    @contextmanager
    def slowly(*given: Any, **options: Any) -> Iterator[workflow.Engine]:
        with launched(*given, **options) as present:
            jobs.start_job(database, job_id)
            done = {"status": jobs.DONE}
            threading.Timer(0.3, jobs.update_job, (database, job_id), done).start()
            yield present

    monkeypatch.setattr(engine, "launched", slowly)
    assert engine.run_here(database, settings, job_id).status == "done"
    assert log(tmp_path / "a") == []


def test_warm_up__that_fails_does_not_fail_the_job(store, tmp_path) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a", warm_up_fails=True)
    assert engine.run_here(database, settings, job_id).status == "done"
    assert log(tmp_path / "a") == WHOLE


@pytest.mark.crash
def test_kill__after_the_end_was_written_the_followups_still_run(
    store, tmp_path, lost_at_once
) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a", followups=[followup(tmp_path / "b")])
    database.close()
    child = os.fork()
    if child == 0:
        workflow._after = lambda *_: os._exit(9)
        engine.run_here(database, settings, job_id)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    after = {job.id: job.status for job in jobs.list_jobs(database)}
    assert after == {job_id: "done", f"{job_id}-1": "queued"}
    with engine.launched(database, settings, executor="host-1"):
        assert engine.adopt(database) == 1
        wait_for(lambda: jobs.get_job(database, f"{job_id}-1").status == "done")
    assert log(tmp_path / "b") == ["plan", "done 0", "finish"]


def test_followups__a_worker_runs_them_too(store, tmp_path) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a", followups=[followup(tmp_path / "b")])
    with engine.launched(database, settings, executor="host-1"):
        engine.enqueue(database, settings, job_id)
        wait_for(lambda: log(tmp_path / "b") == ["plan", "done 0", "finish"])
        wait_for(lambda: jobs.get_job(database, f"{job_id}-1").status == "done")


def test_adopt__hands_over_a_job_that_was_never_queued(store, tmp_path, lost_at_once) -> None:
    """Its process died between recording it and handing it to the workers."""
    database, settings = store
    job_id = create(database, tmp_path / "a")
    with engine.launched(database, settings, executor="host-1"):
        engine.adopt(database)
        wait_for(lambda: jobs.get_job(database, job_id).status == "done")
    assert log(tmp_path / "a") == WHOLE


def test_adopt__never_takes_what_this_process_runs(
    store, tmp_path, monkeypatch, lost_at_once
) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a", seconds_a_slice=0.3)
    monkeypatch.setattr(jobs, "HEARTBEAT_SECONDS", 0.05)
    with engine.launched(database, settings, executor="host-1"):
        engine.enqueue(database, settings, job_id)
        wait_for(lambda: "plan" in log(tmp_path / "a"))
        while jobs.get_job(database, job_id).is_open:
            assert engine.adopt(database) == 0
    assert log(tmp_path / "a") == WHOLE


def test_heartbeat__goes_on_after_an_error(store, tmp_path, monkeypatch) -> None:
    database, settings = store
    beats: list[bool] = []

    def beat(*_: object) -> None:
        beats.append(True)
        raise OperationalError("update", {}, Exception("database is locked"))

    monkeypatch.setattr(jobs, "HEARTBEAT_SECONDS", 0.02)
    monkeypatch.setattr(jobs, "note_heartbeat", beat)
    job_id = create(database, tmp_path / "a", seconds_a_slice=0.1)
    assert engine.run_here(database, settings, job_id).status == "done"
    assert len(beats) > 2


def test_run_here__is_refused_while_another_takes_the_job(store, tmp_path, monkeypatch) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a")
    jobs.start_job(database, job_id)
    real = jobs.claim_job

    def late(asked: Database, job: jobs.JobRow) -> bool:
        return real(asked, job) and real(asked, job)  # another claims first, then this process

    monkeypatch.setattr(jobs, "claim_job", late)
    with pytest.raises(Conflict, match="Another process"):
        engine.run_here(database, settings, job_id)
    assert log(tmp_path / "a") == []


def test_cancel__between_the_last_slice_and_the_end_wins(store, tmp_path, monkeypatch) -> None:
    database, settings = store
    real = jobs.complete_job

    def complete(connection: Any, job: jobs.JobRow) -> bool:
        connection.execute(sa.update(Job).values(status=jobs.CANCELLING))
        return real(connection, job)

    monkeypatch.setattr(jobs, "complete_job", complete)
    job_id = create(database, tmp_path / "a")
    assert engine.run_here(database, settings, job_id).status == "cancelled"
    assert log(tmp_path / "a") == ["plan", "done 0", "done 1", "done 2", "undo"]
