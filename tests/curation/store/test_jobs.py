"""Job rows: every change of a job's status looks at the status it leaves; of several, one wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from curation.errors import Conflict, JobCancelled, NotFound
from curation.store import jobs
from curation.store.database import Database


@pytest.fixture
def job_id(database: Database) -> str:
    with database.write() as connection:
        return jobs.create_job(connection, kind="k", title="t", payload={})


def complete(database: Database, job_id: str) -> bool:
    job = jobs.get_job(database, job_id)
    with database.write() as connection:
        return jobs.complete_job(connection, job)


def test_start__a_job_cancelled_while_it_waited_stays_cancelled(database, job_id) -> None:
    assert jobs.cancel_job(database, job_id).status == "cancelled"
    assert jobs.start_job(database, job_id) == "cancelled"


def test_start__twice_is_the_same(database, job_id) -> None:
    assert [jobs.start_job(database, job_id) for _ in range(2)] == ["running"] * 2
    with pytest.raises(NotFound):
        jobs.start_job(database, "none")


def test_cancel__of_a_job_that_has_ended_changes_nothing(database, job_id) -> None:
    jobs.start_job(database, job_id)
    assert complete(database, job_id)
    with pytest.raises(Conflict, match="has ended: done"):
        jobs.cancel_job(database, job_id)
    assert jobs.get_job(database, job_id).status == "done"


def test_cancel__that_was_accepted_wins_over_the_end(database, job_id) -> None:
    jobs.start_job(database, job_id)
    assert [jobs.cancel_job(database, job_id).status for _ in range(2)] == ["cancelling"] * 2
    with pytest.raises(JobCancelled):
        complete(database, job_id)
    jobs.finish_job(database, job_id, jobs.FAILED, error="by chance")
    assert jobs.get_job(database, job_id).status == "cancelled"


def test_complete__twice_is_told_apart(database, job_id) -> None:
    jobs.start_job(database, job_id)
    assert [complete(database, job_id) for _ in range(2)] == [True, False]


def test_complete__is_refused_to_an_attempt_that_was_given_up(database, job_id) -> None:
    jobs.start_job(database, job_id)
    old = jobs.get_job(database, job_id)
    jobs.finish_job(database, job_id, jobs.FAILED)
    jobs.reopen_job(database, job_id)
    jobs.start_job(database, job_id)
    with pytest.raises(Conflict), database.write() as connection:
        jobs.complete_job(connection, old)


def test_finish__leaves_an_ended_job_alone(database, job_id) -> None:
    jobs.start_job(database, job_id)
    complete(database, job_id)
    jobs.finish_job(database, job_id, jobs.FAILED, error="late")
    assert (jobs.get_job(database, job_id).status, jobs.get_job(database, job_id).error) == (
        "done",
        "",
    )


def test_reopen__clears_what_the_last_attempt_left(database, job_id) -> None:
    jobs.update_job(database, job_id, done=3, total=4, message="Writing")
    jobs.finish_job(database, job_id, jobs.FAILED, error="no", result={"exit_code": 4})
    job = jobs.reopen_job(database, job_id)
    assert (job.status, job.attempt, job.done, job.total) == ("queued", 2, 0, 0)
    assert (job.message, job.error, job.result, job.finished) == ("", "", {}, None)
    with pytest.raises(Conflict, match="is queued"):
        jobs.reopen_job(database, job_id)


def test_followups__are_recorded_once(database, job_id) -> None:
    wanted = [{"kind": "k", "title": str(n), "payload": {}} for n in (1, 2)]
    for _ in range(2):
        with database.write() as connection:
            jobs.keep_result(connection, job_id, {"n": 2}, wanted)
    followups = jobs.followups_of(database, job_id)
    assert [(job.id, job.title) for job in followups] == [
        (f"{job_id}-1", "1"),
        (f"{job_id}-2", "2"),
    ]
    assert jobs.get_job(database, job_id).result == {"n": 2}


def test_claim__of_two_workers_one_wins(database, job_id) -> None:
    jobs.start_job(database, job_id)
    seen = jobs.get_job(database, job_id)
    assert [jobs.claim_job(database, seen) for _ in range(2)] == [True, False]
    assert not jobs.claim_job(database, replace(seen, attempt=2))


def test_unattended__lost_waiting_and_left_over_jobs(database, job_id, monkeypatch) -> None:
    def found() -> list[str]:
        return [job.id for job in jobs.unattended_jobs(database)]

    assert found() == []
    monkeypatch.setattr(jobs, "UNSTARTED_AFTER", timedelta(seconds=-1))
    assert found() == [job_id]
    jobs.start_job(database, job_id)
    assert found() == []
    jobs.release_job(database, job_id)
    assert found() == [job_id]
    jobs.finish_job(database, job_id, jobs.FAILED, result={jobs.LEFTOVER: True})
    monkeypatch.setattr(jobs, "LOST_AFTER", timedelta(seconds=-1))
    assert found() == [job_id]
    assert jobs.claim_job(database, jobs.get_job(database, job_id))
    assert jobs.get_job(database, job_id).status == "running"
    jobs.finish_job(database, job_id, jobs.FAILED)
    assert found() == []
