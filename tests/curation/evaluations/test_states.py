"""Numbers that are of an older label revision: which, since when, and how much changed."""

from __future__ import annotations

from typing import Any

from curation.evaluations.states import Staleness, evaluated_on, evaluation_state, staleness
from curation.store.database import Database
from curation.store.label_history import begin_revision, publish_revision
from curation.store.prediction_sets import list_prediction_sets


def publish(database: Database, project_id: int, note: str, **changes: int) -> None:
    with database.write() as connection:
        revision = begin_revision(connection, project_id, kind="sync", author="tester", note=note)
        publish_revision(connection, project_id, revision, changes=changes)


def test_evaluated_on__is_the_newest_revision_with_numbers(
    two_sets: tuple[int, int, int], database: Database
) -> None:
    project_id, first, second = two_sets
    assert evaluated_on(database, project_id) == {first: 1, second: 1}
    publish(database, project_id, "sync of tool", labels_added=1)
    assert evaluated_on(database, project_id) == {first: 1, second: 1}


def test_staleness__says_what_happened_since(
    two_sets: tuple[int, int, int], database: Database
) -> None:
    project_id, first, _ = two_sets
    assert staleness(database, first, "bbox") is None
    # Two labels came, three went, and one of these pairs is a label that changed.
    changes = {"labels_added": 2, "labels_removed": 3, "labels_changed": 1}
    publish(database, project_id, "sync of tool", **changes)
    publish(database, project_id, "sync of other", labels_added=10)
    assert not evaluation_state(database, first, "bbox").ready
    assert staleness(database, first, "bbox") == Staleness(
        1, 3, ("sync of other", "sync of tool"), 14
    )


def test_staleness__without_earlier_numbers_there_is_none(
    import_coco: Any, import_predictions: Any, database: Database
) -> None:
    project_id = import_coco()["project_id"]
    publish(database, project_id, "sync of tool", labels_added=1)
    found = [{"image_id": 1, "category_id": 7, "bbox": [0, 0, 10, 10], "score": 0.9}]
    import_predictions(project_id, "one", found)
    (row,) = list_prediction_sets(database, project_id)
    assert staleness(database, row.id, "bbox") is None
