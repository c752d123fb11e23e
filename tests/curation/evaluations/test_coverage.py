"""Which images a set is evaluated on: those it covered when it was imported, never others."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from curation.errors import NotFound
from curation.evaluations.comparison import compare_sets
from curation.evaluations.evaluating import evaluate_set
from curation.evaluations.object_rows import object_changes
from curation.evaluations.request import EvaluationRequest
from curation.evaluations.summaries import compare_summary, evaluation_summary
from curation.predictions.catalog import get_prediction_set
from tests.curation.conftest import COCO, FIRST, SECOND


def shifted(by: int) -> dict[str, Any]:
    """The small project again, with other ids and file names."""
    data = copy.deepcopy(COCO)
    for image in data["images"]:
        image["id"] += by
        image["file_name"] = f"{by}-{image['file_name']}"
    for label in data["annotations"]:
        label["image_id"] += by
    return data


def moved(rows: list[dict[str, Any]], by: int) -> list[dict[str, Any]]:
    return [{**row, "image_id": row["image_id"] + by} for row in rows]


@pytest.mark.parametrize("covers", ["auto", "all"])
def test_images_imported_later_are_not_the_sets_misses(
    database, import_coco, import_predictions, covers
) -> None:
    project_id = import_coco(split="val")["project_id"]
    set_id = import_predictions(project_id, "s", SECOND, covers=covers)["set_id"]
    before = compare_sets(database, EvaluationRequest(project_id, set_id))
    import_coco(shifted(10), file="later.json", split="train")
    evaluate_set(database, set_id)
    after = compare_sets(database, EvaluationRequest(project_id, set_id))
    assert (before.images, after.images) == (2, 2)
    assert before.set.result.to_dict() == after.set.result.to_dict()
    assert after.revision == 2


def test_images_without_a_split_are_covered_beside_those_with_one(
    database, import_coco, import_predictions
) -> None:
    project_id = import_coco()["project_id"]
    import_coco(shifted(10), file="val.json", split="val")
    set_id = import_predictions(project_id, "s", SECOND)["set_id"]
    assert get_prediction_set(database, set_id).covered_splits == ("",)
    view = compare_sets(database, EvaluationRequest(project_id, set_id))
    total = view.set.result.counts.total()
    assert (view.images, total.tp, total.fp, total.fn) == (2, 2, 1, 1)


def test_ids_that_two_splits_share_are_settled_by_what_the_set_covers(
    database, import_coco, import_predictions
) -> None:
    project_id = import_coco(split="train")["project_id"]
    data = copy.deepcopy(COCO)
    for image in data["images"]:
        image["file_name"] = f"val-{image['file_name']}"
    import_coco(data, file="val.json", split="val")
    set_id = import_predictions(project_id, "s", FIRST, covers=("val",))["set_id"]
    view = compare_sets(database, EvaluationRequest(project_id, set_id))
    assert (view.images, view.set.result.counts.total().tp) == (2, 1)


def test_summaries__refuse_a_set_of_another_project(database, two_sets, import_coco) -> None:
    _, first, second = two_sets
    other = import_coco(name="other", file="other.json")["project_id"]
    with pytest.raises(NotFound):
        evaluation_summary(database, EvaluationRequest(other, first))
    with pytest.raises(NotFound):
        compare_summary(database, EvaluationRequest(other, second, first))


def test_object_rows__refuse_an_image_of_another_project(database, two_sets) -> None:
    project_id, first, second = two_sets
    for image_id in (0, 99):
        with pytest.raises(NotFound, match="image"):
            object_changes(database, EvaluationRequest(project_id, second, first), image_id)


@pytest.mark.parametrize("revision", [0, 2, 7])
def test_evaluate__an_unpublished_revision_does_not_exist(database, two_sets, revision) -> None:
    with pytest.raises(NotFound, match="revision"):
        evaluate_set(database, two_sets[1], revision=revision)
