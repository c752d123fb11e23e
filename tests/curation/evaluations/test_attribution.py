"""A delta over two revisions splits into what the model and what the labels changed."""

from __future__ import annotations

import pytest

from curation.errors import InvalidSetting, NotFound
from curation.evaluations.attribution import split_over_revisions
from curation.evaluations.request import EvaluationRequest
from curation.store import label_history as history


def remove_small_cell(database, project_id: int) -> None:
    """Publish revision 2 without the small cell of image a: only the first set finds it."""
    labels = history.labels_as_of(database, project_id, 1)
    small = labels.id[labels.boxes[:, 2] == 10].tolist()
    with database.write() as connection:
        number = history.begin_revision(connection, project_id, kind="test", author="t", note="")
        history.remove_labels(connection, small, revision=number)
        history.publish_revision(connection, project_id, number, changes={})


def test_split__parts_add_up_and_are_told_apart(database, two_sets) -> None:
    project_id, first, second = two_sets
    remove_small_cell(database, project_id)
    request = EvaluationRequest(project_id, second, against_id=first)
    split = split_over_revisions(database, request, against_revision=1).to_dict()
    # TP, second set: 2 on both revisions. First set: 1 with the small cell, 0 without.
    assert split["total"]["operating_point"]["tp"] == 2 - 1
    assert split["model"]["operating_point"]["tp"] == ((2 - 1) + (2 - 0)) / 2
    assert split["labels"]["operating_point"]["tp"] == ((2 - 2) + (0 - 1)) / 2
    # Misses, second set: 1 then 0. First set: 2 both times.
    assert split["total"]["operating_point"]["fn"] == 0 - 2
    assert split["labels"]["operating_point"]["fn"] == ((0 - 1) + (2 - 2)) / 2


def test_split__on_one_revision_is_all_model(database, two_sets) -> None:
    project_id, first, second = two_sets
    request = EvaluationRequest(project_id, second, against_id=first)
    split = split_over_revisions(database, request, against_revision=1)
    assert split.model["metrics"] == split.total["metrics"]
    assert set(split.labels["metrics"].values()) <= {0.0, None}


def test_split__of_nothing_to_compare_or_an_unknown_revision_is_refused(database, two_sets) -> None:
    project_id, first, second = two_sets
    with pytest.raises(InvalidSetting, match="against"):
        split_over_revisions(database, EvaluationRequest(project_id, second), against_revision=1)
    request = EvaluationRequest(project_id, second, against_id=first)
    with pytest.raises(NotFound, match="revision"):
        split_over_revisions(database, request, against_revision=9)


MORE = {
    "images": [{"id": 3, "file_name": "c.png", "width": 100, "height": 80}],
    "categories": [{"id": 7, "name": "cell"}, {"id": 11, "name": "platelet"}],
    "annotations": [
        {"id": 4, "image_id": 3, "category_id": 11, "bbox": [0, 0, 10, 10], "area": 100}
    ],
}
ON_ALL = [
    {"image_id": 1, "category_id": 7, "bbox": [0, 0, 10, 10], "score": 0.9},
    {"image_id": 3, "category_id": 7, "bbox": [50, 50, 10, 10], "score": 0.8},
    {"image_id": 3, "category_id": 11, "bbox": [0, 0, 10, 10], "score": 0.7},
]


def test_split__of_a_set_that_knows_later_images_and_classes(
    database, two_sets, import_coco, import_predictions
) -> None:
    project_id, first, _ = two_sets
    import_coco(MORE, file="more.json")
    later = import_predictions(project_id, "later", ON_ALL)["set_id"]
    request = EvaluationRequest(project_id, later, against_id=first)
    split = split_over_revisions(database, request, against_revision=1).to_dict()
    # On the two images of revision 1 the later set finds the small cell and nothing wrong,
    # the first set finds it too, with one false positive.
    assert split["total"]["operating_point"]["tp"] == 0
    assert split["total"]["operating_point"]["fp"] == -1
    assert split["model"]["operating_point"]["fp"] == -1
    assert split["labels"]["operating_point"]["fp"] == 0
