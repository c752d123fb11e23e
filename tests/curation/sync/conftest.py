"""A project with a source, and how tests run a sync of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from curation.job_engine.kinds import JobContext
from curation.settings import Settings
from curation.store.collections import CollectionDraft, Item, add_collection
from curation.store.database import Database
from curation.store.images import read_classes, read_images
from curation.store.jobs import DONE, finish_job, get_job
from curation.store.label_history import labels_as_of
from curation.store.projects import project_revision
from curation.store.pushes import PushRow, push_of_job
from curation.store.sync_runs import SyncRunRow, run_of_job
from curation.sync.push_preview import PushPreview
from curation.sync.pushing import PushRequest, create_push, preview_push
from curation.sync.sources import SourceDraft, keep_source
from curation.sync.sync_job import SyncJob
from curation.sync.syncing import SyncRequest, create_sync
from tests.curation.conftest import COCO, FIRST, SECOND
from tests.curation.sync.memory_tool import MemoryServer, offer_memory_tool
from tests.curation.sync.recording_tool import RecordingServer, offer_recording_tool

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


# Pushes: a project of twelve images, and a source whose tool takes work.
WIDE: dict[str, Any] = {
    **COCO,
    "images": [
        *COCO["images"],
        *(
            {"id": number, "file_name": f"i{number:02}.png", "width": 100, "height": 80}
            for number in range(3, 13)
        ),
    ],
}


@pytest.fixture
def recording(monkeypatch: pytest.MonkeyPatch) -> RecordingServer:
    return offer_recording_tool(monkeypatch)


@pytest.fixture
def wide_project_id(import_coco: Any) -> int:
    """The small project with ten more images, i03.png to i12.png."""
    return int(import_coco(WIDE, missing_label="background")["project_id"])


@pytest.fixture
def recording_source(
    database: Database, settings: Settings, wide_project_id: int, recording: RecordingServer
) -> int:
    """A source that takes work."""
    options = {"image_address": "/files/?d={file_name}"}
    draft = SourceDraft(wide_project_id, "tool", "recording", "there", options=options)
    return keep_source(database, settings, draft)


@pytest.fixture
def sets(wide_project_id: int, import_predictions: Any) -> tuple[int, int]:
    """Two prediction sets, named first and second."""
    first = import_predictions(wide_project_id, "first", FIRST)["set_id"]
    return first, import_predictions(wide_project_id, "second", SECOND)["set_id"]


@pytest.fixture
def collect(database: Database, wide_project_id: int) -> Callable[..., int]:
    """Make a collection and return its id."""

    def make(name: str, kind: Literal["images", "labels"], *items: Item) -> int:
        draft = CollectionDraft(wide_project_id, name, kind, items, {}, 1, "tester")
        return add_collection(database, draft)

    return make


@pytest.fixture
def both_images(collect: Any) -> int:
    """The collection of a.png, "dark", and b.png."""
    return int(collect("both", "images", Item(1, note="dark"), Item(2)))


@pytest.fixture
def many_images(collect: Any) -> int:
    """The collection of i03.png to i12.png."""
    return int(collect("many", "images", *map(Item, range(3, 13))))


@pytest.fixture
def labels_collection(collect: Any) -> int:
    """The collection of both cells of a.png, the first one "too small"."""
    return int(collect("cells", "labels", Item(1, 1, "too small"), Item(1, 2)))


@pytest.fixture
def request_for(recording_source: int) -> Callable[..., PushRequest]:
    """Ask for a push of a collection to the source."""

    def make(collection_id: int, **asked: Any) -> PushRequest:
        return PushRequest(
            **{"source_id": recording_source, "collection_id": collection_id, **asked}
        )

    return make


@pytest.fixture
def preview(
    database: Database, settings: Settings, request_for: Callable[..., PushRequest]
) -> Callable[..., PushPreview]:
    def run(collection_id: int, **asked: Any) -> PushPreview:
        return preview_push(database, settings, request_for(collection_id, **asked))

    return run


@pytest.fixture
def push(database: Database, preview: Any, run_job: Any) -> Callable[..., PushRow]:
    """Push a collection to the source and return the push."""

    def run(collection_id: int, **asked: Any) -> PushRow:
        job_id = create_push(database, preview(collection_id, **asked))
        run_job(job_id)
        finish_job(database, job_id, DONE)
        return push_of_job(database, job_id)

    return run
