"""A store with an engine, and jobs that count."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from curation.settings import Settings, load_settings
from curation.store import jobs
from curation.store.database import Database
from curation.store.schema_version import prepare
from tests.curation.job_engine.counting_job import CountingJob

Store = tuple[Database, Settings]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    settings = load_settings(tmp_path / "data")
    database = Database.from_settings(settings)
    prepare(database)
    yield database, settings
    database.close()


def create(database: Database, file: Path, **payload: object) -> str:
    """Record a counting job of three slices."""
    with database.write() as connection:
        return jobs.create_job(
            connection,
            kind=CountingJob.name,
            title="Count",
            payload={"file": str(file), "slices": 3, **payload},
        )


def log(file: Path) -> list[str]:
    """Return what a counting job wrote."""
    path = Path(f"{file}.log")
    return path.read_text().splitlines() if path.exists() else []


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
