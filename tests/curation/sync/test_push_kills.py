"""A push through a network that fails half the time, by a worker that is killed over and over."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curation.settings import Settings
from curation.store.collections import CollectionDraft, Item, add_collection
from curation.store.database import Database
from curation.store.jobs import DONE, get_job
from curation.store.pushes import push_of_job
from curation.store.schema_version import prepare
from curation.store.sync_runs import run_of_job
from curation.sync.pushed_status import pushed_images
from curation.sync.pushing import PushRequest, start_push
from curation.sync.sources import SourceDraft, keep_source
from tests.curation.conftest import COCO
from tests.curation.sync.chaos import TOKEN_VARIABLE, Host
from tests.servers.fault_proxy import FaultProxy, StartProxy
from tests.servers.label_studio import LabelStudioProject, MakeProject

pytestmark = pytest.mark.crash

IMAGES = 120
KILLS = 4
PATIENCE_SECONDS = 180
SCREEN = """<View><Header value="$review_note"/><Image name="image" value="$image"/>
<RectangleLabels name="box" toName="image"><Label value="cell"/><Label value="nucleus"/>
</RectangleLabels></View>"""


@pytest.fixture
def project(label_studio_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = label_studio_project(SCREEN)
    monkeypatch.setenv(TOKEN_VARIABLE, made.server.token)
    return made


@pytest.fixture
def proxy(project: LabelStudioProject, fault_proxy: StartProxy) -> FaultProxy:
    return fault_proxy(project.server.url, rate=0.0, seed=3, retry_after=0, slow_seconds=0.05)


@pytest.fixture
def settings(tmp_path: Path, proxy: FaultProxy) -> Settings:
    folder = tmp_path / "data"
    folder.mkdir()
    return Settings(data_dir=folder, tool_origins=(proxy.url,))


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """The store as worker processes find it."""
    opened = Database.from_settings(settings)
    prepare(opened)
    yield opened
    opened.close()


@pytest.fixture
def collection(import_coco: Any, import_predictions: Any, database: Database) -> tuple[int, int]:
    """All images, every second one with two predictions, a third one below the floor."""
    numbers = range(1, IMAGES + 1)
    images = [{"id": n, "file_name": f"i{n:03}.png", "width": 100, "height": 80} for n in numbers]
    project_id = import_coco({**COCO, "images": images}, missing_label="background")["project_id"]
    predictions = [
        {"image_id": n, "category_id": 7, "bbox": [n / 2, score * 10, 10, 10], "score": score}
        for n in numbers[::2]
        for score in (0.9, 0.6, 0.2)
    ]
    set_id = import_predictions(project_id, "yolo", predictions)["set_id"]
    draft = CollectionDraft(project_id, "all", "images", tuple(map(Item, numbers)), {}, 1, "test")
    return add_collection(database, draft), set_id


def wait_for(proxy: FaultProxy, requests: int, database: Database, job_id: str) -> None:
    """Return when the tool was asked some more times, or the job has ended."""
    wanted = proxy.requests + requests
    deadline = time.monotonic() + PATIENCE_SECONDS
    while proxy.requests < wanted and get_job(database, job_id).is_open:
        assert time.monotonic() < deadline, "the worker does nothing"
        time.sleep(0.02)


def test_kills__and_faults_leave_exactly_one_task_an_image(
    project: LabelStudioProject,
    proxy: FaultProxy,
    settings: Settings,
    database: Database,
    collection: tuple[int, int],
    tmp_path: Path,
) -> None:
    draft = SourceDraft(
        1, "labels", "label-studio", proxy.url, tool_project=str(project.id), secret_kind="env",
        secret=TOKEN_VARIABLE, options={"image_address": "/data/local-files/?d={file_name}"},
    )  # fmt: skip
    source_id = keep_source(database, settings, draft)
    asked = PushRequest(
        source_id, collection[0], collection[1], score_floor=0.5, priority=0.5, note="why"
    )
    job_id = start_push(database, settings, asked)
    proxy.rate = 0.5
    dice = random.Random(5)
    host = Host(
        {
            **{name: value for name, value in os.environ.items() if "CURATION" not in name},
            "CURATION_DATA_DIR": str(settings.data_dir),
            "CURATION_TOOL_ORIGINS": f'["{proxy.url}"]',
            TOKEN_VARIABLE: project.server.token,
        },
        tmp_path / "worker.log",
    )
    kills = 0
    try:
        host.start()
        for _ in range(KILLS):
            wait_for(proxy, dice.randrange(2, 7), database, job_id)
            kills += get_job(database, job_id).is_open
            host.kill()
            host.start()
        wait_for(proxy, 10_000, database, job_id)
    finally:
        host.stop()
    job = get_job(database, job_id)
    assert (job.status, job.error) == (DONE, "")
    assert job.result == {
        "push": 1, "sent": IMAGES, "conflicts": 0, "failed": 0,
    }  # fmt: skip
    assert kills == KILLS
    run = run_of_job(database, job_id)
    assert run is not None
    assert (run.kind, run.status, sum(run.faults.values()) > 0) == ("push", DONE, True)
    check_tasks(project, database, job_id)


def check_tasks(project: LabelStudioProject, database: Database, job_id: str) -> None:
    """Compare the tool's own export with what was to be sent."""
    tasks = project.export()
    assert Counter(task["data"]["curation_image"] for task in tasks) == Counter(
        f"image-{number}" for number in range(1, IMAGES + 1)
    )
    by_id = {str(task["id"]): task for task in tasks}
    listed = {task["id"]: task["predictions"] for task in listing(project)}
    push = push_of_job(database, job_id)
    for image in pushed_images(database, push.id):
        task = by_id[image.task_id or ""]
        number = image.image_id
        assert (task["data"]["image"], task["data"]["priority"], task["data"]["review_note"]) == (
            f"/data/local-files/?d=i{number:03}.png", 0.5, "why",
        )  # fmt: skip
        # 100 × 80 pixels: percent of the width are pixels; 9 and 6 px of 80 are 11.25 and 7.5 %.
        expected = [(number / 2, 11.25, 0.9), (number / 2, 7.5, 0.6)] if number % 2 else []
        found = [
            (region["value"]["x"], region["value"]["y"], region["score"])
            for row in listed[task["id"]]
            for region in row["result"]
        ]
        assert found == expected
        assert len(listed[task["id"]]) == number % 2


def listing(project: LabelStudioProject) -> list[dict[str, Any]]:
    path = (
        f"/api/tasks/?project={project.id}&page_size=1000&fields=all&include=id,predictions,result"
    )
    tasks: list[dict[str, Any]] = project.server.call("GET", path)["tasks"]
    return tasks
