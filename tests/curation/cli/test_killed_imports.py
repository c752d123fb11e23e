"""`kill -9` in the middle of an import leaves no trace but a job that can go on."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from curation.settings import load_settings
from curation.store import jobs
from curation.store.database import Database
from curation.store.tables import (
    VISIBLE,
    Class,
    Dataset,
    Image,
    Label,
    PredictionSet,
    Project,
    Revision,
)
from tests.curation.cli.conftest import Command
from tests.curation.conftest import write_json

pytestmark = pytest.mark.crash

IMAGES = 3_000
PREDICTIONS = 60_000
LABELS = 70_000


@pytest.fixture(autouse=True)
def _lost_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notice a dead process after little more than one missed sign of life."""
    monkeypatch.setattr(jobs, "LOST_AFTER", timedelta(seconds=jobs.HEARTBEAT_SECONDS + 1))


def big_truth() -> dict[str, Any]:
    return {
        "images": [
            {"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480}
            for i in range(1, IMAGES + 1)
        ],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [
            {"id": i, "image_id": i % IMAGES + 1, "category_id": 1, "bbox": [5, 5, 40, 40]}
            for i in range(LABELS)
        ],
    }


def big_results() -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    return [
        {
            "image_id": int(image),
            "category_id": 1,
            "bbox": [5, 5, 40, 41],
            "score": round(float(score), 5),
        }
        for image, score in zip(
            rng.integers(1, IMAGES + 1, PREDICTIONS), rng.random(PREDICTIONS), strict=True
        )
    ]


def kill_in_the_middle(arguments: list[str], data_dir: Path, kind: str) -> None:
    """Start a command and kill it when its job has written the first slice."""
    command = [sys.executable, "-m", "curation.cli.main", "--data-dir", str(data_dir), *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    store = sqlite3.connect(f"file:{data_dir / 'curation.sqlite'}?mode=ro", uri=True)
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if process.poll() is not None:
                pytest.fail("the command ended before it could be killed")
            query = "SELECT done, status FROM job WHERE kind = ? AND done >= 1"
            if store.execute(query, (kind,)).fetchone() is not None:
                break
            time.sleep(0.005)
    finally:
        store.close()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def visible(data_dir: Path, table: Any) -> int:
    database = Database.from_settings(load_settings(data_dir))
    with database.read() as connection:
        count = connection.scalar(
            sa.select(sa.func.count()).select_from(table).where(table.status == VISIBLE)
        )
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
    database.close()
    return count or 0


def wait_until_lost(curation: Command) -> str:
    """Return the id of the interrupted job once its silence has been noticed."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for job in curation("job", "list", "--json").json:
            if job["status"] == "interrupted":
                return str(job["id"])
        time.sleep(1)
    pytest.fail("the killed job was not noticed")


def test_kill__a_project_import_goes_on(curation: Command, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    curation("db", "upgrade")
    truth = write_json(tmp_path / "truth.json", big_truth())
    arguments = ["project", "import", "coco", "p", "--annotations", str(truth)]
    kill_in_the_middle(arguments, data_dir, "project import")
    assert visible(data_dir, Project) == 0
    assert curation("project", "list", "--json").json == []
    done = curation("job", "resume", wait_until_lost(curation), "--json")
    assert done.json["result"]["labels"] == LABELS
    assert curation("project", "show", "p", "--json").json["labels"] == LABELS
    assert curation("class", "list", "p", "--json").json[0]["labels"] == LABELS


def test_kill__a_prediction_import_goes_on(curation: Command, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    truth = write_json(tmp_path / "truth.json", {**big_truth(), "annotations": []})
    assert curation("project", "import", "coco", "p", "--annotations", truth).code == 0
    results = write_json(tmp_path / "results.json", big_results())
    arguments = ["predictions", "import", "p", str(results), "--name", "s"]
    kill_in_the_middle(arguments, data_dir, "prediction import")
    assert visible(data_dir, PredictionSet) == 0
    assert curation("predictions", "list", "p", "--json").json == []
    assert curation("job", "resume", wait_until_lost(curation)).code == 0
    listed = curation("predictions", "list", "p", "--json").json
    assert [row["predictions"] for row in listed] == [PREDICTIONS]
    assert curation("evaluation", "run", "p", "s", "--json").json["images"] == IMAGES


def test_kill__a_cancelled_import_leaves_no_trace(curation: Command, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    curation("db", "upgrade")
    truth = write_json(tmp_path / "truth.json", big_truth())
    arguments = ["project", "import", "coco", "p", "--annotations", str(truth)]
    kill_in_the_middle(arguments, data_dir, "project import")
    job_id = wait_until_lost(curation)
    assert curation("job", "cancel", job_id).code == 0
    wait_until_lost(curation)
    assert curation("job", "resume", job_id).code == 6
    assert rows(data_dir) == 0


def rows(data_dir: Path) -> int:
    """Count what an import writes, visible or not."""
    database = Database.from_settings(load_settings(data_dir))
    with database.read() as connection:
        tables = (Project, Dataset, Image, Label, Revision, Class)
        found = sum(
            connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in tables
        )
    database.close()
    return found
