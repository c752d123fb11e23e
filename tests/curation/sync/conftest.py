"""A project with a source, and how tests run a sync of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from curation.job_engine.kinds import JobContext
from curation.settings import Settings
from curation.store.database import Database
from curation.store.images import read_classes, read_images
from curation.store.jobs import get_job
from curation.store.label_history import labels_as_of
from curation.store.projects import project_revision
from curation.store.sync_runs import SyncRunRow, run_of_job
from curation.sync.sources import SourceDraft, keep_source
from curation.sync.sync_job import SyncJob
from curation.sync.syncing import SyncRequest, create_sync
from tests.curation.sync.memory_tool import MemoryServer, offer_memory_tool

Sync = Callable[..., SyncRunRow]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> MemoryServer:
    return offer_memory_tool(monkeypatch)


@pytest.fixture
def project_id(import_coco: Any) -> int:
    """The small project: a.png with two cells, b.png with one nucleus."""
    return int(import_coco()["project_id"])


@pytest.fixture
def source_id(database: Database, settings: Settings, project_id: int, server: MemoryServer) -> int:
    return keep_source(database, settings, SourceDraft(project_id, "tool", "memory", "here"))


@pytest.fixture
def sync(database: Database, settings: Settings, source_id: int, run_job: Any) -> Sync:
    """Run a sync of the source and return its run."""

    def run(**request: Any) -> SyncRunRow:
        job_id, is_mine = create_sync(database, SyncRequest(source_id, "tester", **request))
        assert is_mine
        try:
            run_job(job_id)
        except BaseException:
            SyncJob().undo(
                JobContext(database, settings, job_id, get_job(database, job_id).payload)
            )
            raise
        row = run_of_job(database, job_id)
        assert row is not None
        return row

    return run


@pytest.fixture
def labels(database: Database, project_id: int) -> Callable[..., dict[str, list[Any]]]:
    """Class and box of every label of each image, as of now or of a revision."""

    def read(revision: int | None = None) -> dict[str, list[Any]]:
        at = project_revision(database, project_id) if revision is None else revision
        with database.read() as connection:
            images = read_images(connection, project_id, revision=at)
            names = {entry.id: entry.name for entry in read_classes(connection, project_id)}
        found: dict[str, list[Any]] = {name: [] for name in images.file_name}
        rows = labels_as_of(database, project_id, at)
        places = images.positions(rows.image_id)
        for place, class_id, box in zip(places, rows.class_id, rows.boxes, strict=True):
            found[images.file_name[place]].append((names[class_id], box.tolist()))
        return {name: sorted(boxes) for name, boxes in found.items()}

    return read
