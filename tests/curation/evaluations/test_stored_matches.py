"""An evaluation after a label edit takes over what did not change, and equals a full one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sa

from curation.errors import NotFound
from curation.evaluations import stored_matches as module
from curation.evaluations.evaluating import evaluate_set
from curation.evaluations.loading import load_ground_truth, load_predictions
from curation.store import label_history as history
from curation.store.evaluation_records import find_evaluation
from curation.store.prediction_sets import get_prediction_set
from curation.store.tables import MatchShard
from evaluation import match
from evaluation.rematching import rematch


def edit_labels(database, project_id: int) -> None:
    """Publish a revision: the small cell of image a goes, the nucleus of image b moves by 2 px."""
    labels = history.labels_as_of(database, project_id, 1)
    nucleus = labels.boxes[:, 2] == 20
    moved = replace(
        labels,
        id=labels.id[nucleus],
        image_id=labels.image_id[nucleus],
        class_id=labels.class_id[nucleus],
        boxes=labels.boxes[nucleus] + [2, 0, 0, 0],
        area=labels.area[nucleus],
        crowd=labels.crowd[nucleus],
        ignore=labels.ignore[nucleus],
        source_id=labels.source_id[nucleus],
    )
    small = labels.boxes[:, 2] == 10
    with database.write() as connection:
        number = history.begin_revision(connection, project_id, kind="test", author="t", note="")
        history.remove_labels(connection, labels.id[small | nucleus].tolist(), revision=number)
        history.add_labels(connection, project_id, revision=number, labels=moved)
        history.publish_revision(connection, project_id, number, changes={})


def test_evaluate__after_an_edit_equals_a_full_evaluation(database, two_sets) -> None:
    project_id, first, second = two_sets
    edit_labels(database, project_id)
    for set_id in (first, second):
        record = evaluate_set(database, set_id)
        truth = load_ground_truth(database, project_id, 2)
        predictions = load_predictions(database, get_prediction_set(database, set_id), truth)
        stored = module.stored_matches(database, record, predictions)
        full = match(truth.instances, predictions)
        for column in ("rank", "pred", "truth", "iou", "thresholds"):
            np.testing.assert_array_equal(getattr(stored, column), getattr(full, column))
    # Second finds the large cell (IoU 1) and the moved nucleus (IoU 18 · 20 / 440 = 0.82).
    assert record.result["operating_point"]["tp"] == 2
    assert record.result["metrics"]["AP50"] == pytest.approx(1.0)
    assert record.result["metrics"]["AP"] == pytest.approx((1.0 + 0.7) / 2)


def test_evaluate__matches_only_changed_images(database, two_sets, monkeypatch) -> None:
    project_id, _, second = two_sets
    edit_labels(database, project_id)
    seen = []

    def spy(*tables, changed, **rest):
        seen.append(changed.tolist())
        return rematch(*tables, changed=changed, **rest)

    monkeypatch.setattr(module, "rematch", spy)
    evaluate_set(database, second)
    assert seen == [[True, True]]
    with database.write() as connection:
        number = history.begin_revision(connection, project_id, kind="test", author="t", note="")
        history.publish_revision(connection, project_id, number, changes={})
    evaluate_set(database, second)
    assert seen[1:] == [[False, False]]


def test_stored_matches__without_a_shard_are_refused(database, two_sets) -> None:
    project_id, first, _ = two_sets
    record = evaluate_set(database, first)
    assert find_evaluation(database, record.key) is not None
    truth = load_ground_truth(database, project_id, 1)
    predictions = load_predictions(database, get_prediction_set(database, first), truth)
    with database.write() as connection:
        connection.execute(sa.delete(MatchShard).where(MatchShard.evaluation_id == record.id))
    with pytest.raises(NotFound, match="match shard"):
        module.stored_matches(database, record, predictions)
