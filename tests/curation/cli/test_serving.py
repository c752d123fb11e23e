"""The worker beside the app: it is started again, and survives a database that is away."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from curation.cli import serving
from curation.cli.session import Session
from curation.job_engine import engine
from curation.settings import Settings
from curation.store.database import Database
from curation.sync import schedules


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def test_supervised__a_process_that_ends_is_started_again(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    program = f"import os; open({str(starts)!r}, 'a').write(f'{{os.getpid()}}\\n'); os._exit(3)"
    command = [sys.executable, "-S", "-c", program]
    with serving.supervised(command, os.environ, pauses=(0.0, 0.01)):
        wait_for(lambda: starts.exists() and len(starts.read_text().split()) >= 3)


def test_supervised__ends_its_process_with_the_block(tmp_path: Path) -> None:
    started = tmp_path / "pid"
    program = (
        f"import os, time; open({str(started)!r}, 'w').write(f'{{os.getpid()}}.'); time.sleep(60)"
    )
    with serving.supervised([sys.executable, "-S", "-c", program], os.environ):
        wait_for(lambda: started.exists() and started.read_text().endswith("."))
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()[:-1]), 0)


def test_adopt_until__goes_on_after_an_outage(monkeypatch, caplog, tmp_path) -> None:
    database = Database("sqlite://", data_dir=tmp_path)
    stop, calls = threading.Event(), []

    def adopt(database: object) -> int:
        calls.append(database)
        if len(calls) < 3:
            raise OperationalError("select", {}, Exception("the server went away"))
        stop.set()
        return 0

    monkeypatch.setattr(engine, "adopt", adopt)
    monkeypatch.setattr(schedules, "start_due", lambda *_: 0)
    monkeypatch.setattr(serving, "ADOPT_SECONDS", 0.01)
    serving._adopt_until(stop.is_set, Session(Settings(data_dir=tmp_path), database))
    assert calls == [database] * 3
    assert caplog.text.count("looking for jobs failed") == 2
