"""Evaluations after syncs: incremental where rows are the same, whole where images came or went."""

from __future__ import annotations

from typing import Any

import pytest

from curation.evaluations.evaluated_sets import forget_evaluated_sets
from curation.evaluations.evaluating import evaluate_set
from curation.evaluations.loading import load_ground_truth, load_predictions
from curation.settings import Settings
from curation.store.database import Database
from curation.store.prediction_sets import get_prediction_set
from curation.store.projects import project_revision
from curation.sync.sources import SourceDraft, keep_source
from curation.sync.syncing import SyncRequest, create_sync
from evaluation import evaluate
from tests.curation.sync.memory_tool import MemoryServer, box


@pytest.fixture
def world(
    import_coco: Any, database: Database, settings: Settings, server: MemoryServer, run_job: Any
) -> Any:
    """A project whose source brought four images, and a function that syncs it."""
    project_id = int(import_coco()["project_id"])
    source_id = keep_source(database, settings, SourceDraft(project_id, "t", "memory", "here"))
    for number in range(4):
        server.add(number, f"{number}.png", box("cell", 10 * number))

    def sync() -> int:
        request = SyncRequest(source_id, "x", reconcile=True, allow_removals=True)
        run_job(create_sync(database, request)[0])
        return project_revision(database, project_id)

    sync()
    return project_id, sync


def afresh(database: Database, set_id: int, revision: int) -> dict[str, Any]:
    """Evaluate without anything carried over."""
    prediction_set = get_prediction_set(database, set_id)
    truth = load_ground_truth(database, prediction_set.project_id, revision)
    predictions = load_predictions(database, prediction_set, truth)
    result = evaluate(
        truth.instances,
        predictions,
        class_names=truth.class_names,
        score=0.3,
        iou=0.5,
        images=truth.covered(prediction_set),
    )
    return result.to_dict()


def test_evaluation__after_one_image_went_and_another_came_back(
    world: Any, import_predictions: Any, database: Database, server: MemoryServer
) -> None:
    project_id, sync = world
    found = [
        {"image_id": f"{n}.png", "category_id": 7, "bbox": [10 * n + n, 0, 10, 10], "score": 0.9}
        for n in range(4)
    ]
    set_id = import_predictions(project_id, "model", found)["set_id"]
    gone = server.tasks.pop(1)
    revision = sync()
    evaluate_set(database, set_id)
    # As many predictions as before, but others: nothing may be carried over.
    server.tasks[1] = gone
    server.tasks.pop(3)
    revision = sync()
    forget_evaluated_sets()
    record = evaluate_set(database, set_id)
    assert record.key.revision == revision
    assert record.result["metrics"] == afresh(database, set_id, revision)["metrics"]
    assert record.result["images"] == 2 + 3


def test_evaluation__after_an_edit_counts_the_new_box(
    world: Any, import_predictions: Any, database: Database, server: MemoryServer
) -> None:
    project_id, sync = world
    found = [{"image_id": "2.png", "category_id": 7, "bbox": [60, 0, 10, 10], "score": 0.9}]
    set_id = import_predictions(project_id, "model", found)["set_id"]
    server.annotate(2, box("cell", 60))
    revision = sync()
    record = evaluate_set(database, set_id)
    assert record.result["operating_point"]["tp"] == 1
    assert record.result["metrics"] == afresh(database, set_id, revision)["metrics"]
