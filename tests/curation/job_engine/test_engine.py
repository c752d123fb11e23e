"""The job engine: checkpoints, failure, cancel, `kill -9` and adoption, with real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from curation.job_engine import engine
from curation.store import jobs
from tests.curation.job_engine.conftest import create, log, wait_for

ROOT = Path(__file__).parents[3]


def start_process(data_dir: Path, job_id: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.curation.job_engine.counting_job", data_dir, job_id],
        cwd=ROOT,
    )


def test_run_here__does_every_slice_once_and_keeps_the_result(store, tmp_path) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a")
    job = engine.run_here(database, settings, job_id)
    assert (job.status, job.done, job.total, job.result) == ("done", 3, 3, {"slices": 3})
    assert log(tmp_path / "a") == ["plan", "done 0", "done 1", "done 2", "finish"]


def test_run_here__a_deliberate_error_fails_the_job_and_undoes_it(store, tmp_path) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a", fail_at=1)
    job = engine.run_here(database, settings, job_id)
    assert (job.status, job.error) == ("failed", "Slice refused. Try another.")
    assert log(tmp_path / "a") == ["plan", "done 0", "undo"]


def test_run_here__a_failed_job_starts_again_from_its_start(store, tmp_path) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a", fail_at=1)
    engine.run_here(database, settings, job_id)
    jobs.reopen_job(database, job_id)
    job = engine.run_here(database, settings, job_id)
    assert job.attempt == 2
    assert log(tmp_path / "a") == ["plan", "done 0", "undo"] * 2


def test_run_here__a_cancelled_job_is_undone(store, tmp_path) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a")
    jobs.update_job(database, job_id, status=jobs.RUNNING)
    jobs.cancel_job(database, job_id)
    job = engine.run_here(database, settings, job_id)
    assert job.status == "cancelled"
    assert log(tmp_path / "a") == ["undo"]


def test_run_here__a_job_cancelled_while_it_waited_does_nothing(store, tmp_path) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a")
    assert jobs.cancel_job(database, job_id).status == "cancelled"
    assert engine.run_here(database, settings, job_id).status == "cancelled"
    assert log(tmp_path / "a") == []


def test_followups__run_after_their_job(store, tmp_path) -> None:
    database, settings = store
    followup = {
        "kind": "counting",
        "title": "Count again",
        "payload": {"file": str(tmp_path / "b"), "slices": 1},
    }
    job_id = create(database, tmp_path / "a", followups=[followup])
    engine.run_here(database, settings, job_id)
    assert log(tmp_path / "b") == ["plan", "done 0", "finish"]
    assert [job.status for job in jobs.list_jobs(database)] == ["done", "done"]


@pytest.mark.crash
def test_kill__the_job_goes_on_from_its_last_finished_slice(store, tmp_path) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a", hang_at=1)
    process = start_process(settings.data_dir, job_id)
    wait_for(lambda: f"hang {process.pid}" in log(tmp_path / "a"))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert jobs.get_job(database, job_id).status == "running"
    (tmp_path / "a.go").touch()
    job = engine.run_here(database, settings, job_id)
    assert job.status == "done"
    lines = [line for line in log(tmp_path / "a") if not line.startswith("hang")]
    assert lines == ["plan", "done 0", "done 1", "done 2", "finish"]


@pytest.mark.crash
def test_kill__a_worker_adopts_what_a_dead_process_left(store, tmp_path, monkeypatch) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a", hang_at=2)
    process = start_process(settings.data_dir, job_id)
    wait_for(lambda: f"hang {process.pid}" in log(tmp_path / "a"))
    process.send_signal(signal.SIGKILL)
    process.wait()
    (tmp_path / "a.go").touch()
    monkeypatch.setattr(jobs, "LOST_AFTER", jobs.LOST_AFTER * 0)
    with engine.launched(database, settings, executor="worker-1"):
        assert engine.adopt(database) == 1
        wait_for(lambda: jobs.get_job(database, job_id).status == "done")
    lines = [line for line in log(tmp_path / "a") if not line.startswith("hang")]
    assert lines == ["plan", "done 0", "done 1", "done 2", "finish"]


def test_enqueue__a_worker_takes_it_up(store, tmp_path) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a")
    engine.enqueue(database, settings, job_id)
    with engine.launched(database, settings, executor="worker-1"):
        wait_for(lambda: jobs.get_job(database, job_id).status == "done")
    assert log(tmp_path / "a") == ["plan", "done 0", "done 1", "done 2", "finish"]


def test_enqueue__a_job_tried_again_before_a_worker_came_runs_once(store, tmp_path) -> None:
    database, settings = store
    job_id = create(database, tmp_path / "a")
    engine.enqueue(database, settings, job_id)
    jobs.cancel_job(database, job_id)
    jobs.reopen_job(database, job_id)
    engine.enqueue(database, settings, job_id)
    last = create(database, tmp_path / "b")
    engine.enqueue(database, settings, last)
    with engine.launched(database, settings, executor="worker-1"):
        wait_for(lambda: jobs.get_job(database, last).status == "done")
    assert jobs.get_job(database, job_id).status == "done"
    assert log(tmp_path / "a") == ["plan", "done 0", "done 1", "done 2", "finish"]
