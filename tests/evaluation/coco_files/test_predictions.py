"""Predictions of COCO results: columns, classes, image ids, areas and faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from evaluation.coco_files import (
    ground_truth_from_dict,
    on_common_classes,
    predictions_from_list,
    read_predictions,
)
from evaluation.errors import FaultyRecords, MalformedJson
from tests.evaluation.coco_files.documents import (
    ReadPredictions,
    ReadTruth,
    changed,
    check_against_reference,
    document,
    kinds,
    result,
)


def test_read_predictions__columns(read_truth: ReadTruth, read_results: ReadPredictions) -> None:
    truth = read_truth(document())
    rows = [result(), result(image_id=4, category_id=7, bbox=[0, 0, 3, -1], score=-2)]
    found = read_results(rows, truth)
    table = found.instances
    assert table.image.tolist() == [1, 0]
    assert table.class_.tolist() == [0, 1]
    assert table.boxes.tolist() == [[1, 2, 10, 20], [0, 0, 3, -1]]
    assert table.score.tolist() == [0.5, -2]
    assert table.area.tolist() == [200, -3]
    assert table.id.tolist() == [0, 1]
    assert table.crowd.tolist() == [False, False]
    assert found.class_names == ("cat", "dog")
    assert found.notes == ()


def test_read_predictions__none(read_truth: ReadTruth, read_results: ReadPredictions) -> None:
    for masks in (False, True):
        found = read_results([], read_truth(document()), masks=masks)
        assert len(found.instances) == 0
        assert found.instances.boxes.shape == (0, 4)


def test_read_predictions__classes_that_only_they_have(
    read_truth: ReadTruth, read_results: ReadPredictions
) -> None:
    truth = read_truth(document())
    rows = [result(category_id=90), result(category_id=5), result(category_id=3)]
    found = read_results(rows, truth)
    assert found.class_names == ("cat", "dog", "5", "90")
    assert found.class_ids.tolist() == [3, 7, 5, 90]
    assert found.extra_class_ids.tolist() == [5, 90]
    assert found.instances.class_.tolist() == [3, 2, 0]
    assert found.notes[0].count == 2


def test_on_common_classes__extra_classes_of_several_sets() -> None:
    truth = ground_truth_from_dict(document())
    sets = [
        predictions_from_list([result(category_id=id_) for id_ in ids], truth)
        for ids in ([90, 3], [8], [7])
    ]
    names, tables = on_common_classes(truth, sets)
    assert names == ("cat", "dog", "8", "90")
    assert [table.class_.tolist() for table in tables] == [[3, 0], [2], [1]]


@pytest.mark.parametrize(
    ("ids", "images"),
    [
        (["a", "b"], [0, 1]),
        (["4", 9], [0, 1]),
        ([4, 9.0], [0, 1]),
        (["9", "a", "b"], None),  # by stem all but "9", by id only "9": stems know more
    ],
)
def test_read_predictions__image_ids_may_be_stems(
    read_truth: ReadTruth,
    read_results: ReadPredictions,
    ids: list[Any],
    images: list[int] | None,
) -> None:
    truth = read_truth(document())
    rows = [result(image_id=id_) for id_ in ids]
    if images is None:
        with pytest.raises(FaultyRecords) as error:
            read_results(rows, truth)
        assert error.value.problems[0].examples == ("results[0]: image_id 9",)
        return
    assert read_results(rows, truth).instances.image.tolist() == images


def test_read_predictions__numeric_stems_go_with_the_stems(
    read_truth: ReadTruth, read_results: ReadPredictions
) -> None:
    names = ("000000000139.jpg", "x.jpg", "7.jpg")
    images = [{"id": 7 + i, "file_name": name} for i, name in enumerate(names)]
    truth = read_truth(document(images=images, annotations=[]))
    rows = [result(image_id=id_) for id_ in (139, "x", 7)]
    assert read_results(rows, truth).instances.image.tolist() == [0, 1, 2]


def test_read_predictions__an_ambiguous_stem_is_not_guessed(
    read_truth: ReadTruth, read_results: ReadPredictions
) -> None:
    images = [{"id": i, "file_name": name} for i, name in enumerate(("a/x.jpg", "b/x.jpg"))]
    truth = read_truth(document(images=images, annotations=[]))
    with pytest.raises(FaultyRecords):
        read_results([result(image_id="x")], truth)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"image_id": 5}, "image_id is not among the images of the ground truth"),
        ({"score": None}, "score is missing"),
        ({"score": float("nan")}, "score is not a finite number"),
        ({"score": "0.5"}, "score is not a finite number"),
        ({"bbox": [0, 0, float("inf"), 1]}, "bbox is not finite"),
        ({"bbox": None}, "neither bbox nor segmentation"),
        ({"bbox": []}, "neither bbox nor segmentation"),
        ({"category_id": True}, "category_id is neither a whole number nor text"),
    ],
)
def test_read_predictions__what_cannot_be_meant_is_refused(
    read_truth: ReadTruth, read_results: ReadPredictions, changes: dict[str, Any], kind: str
) -> None:
    rows = [result(), result(**changes)]
    with pytest.raises(FaultyRecords) as error:
        read_results(rows, read_truth(document()))
    assert kinds(error) == [(kind, 1)]
    assert error.value.problems[0].examples[0].startswith("results[1]")


def test_read_predictions__an_object_is_no_list(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text('{"results": []}')
    with pytest.raises(MalformedJson, match="a list is expected at byte 0"):
        read_predictions(path, ground_truth_from_dict(document()))


def test_read_predictions__areas_of_masks_if_the_first_has_no_box(
    read_truth: ReadTruth, read_results: ReadPredictions
) -> None:
    truth = read_truth(document())
    mask = {"size": [48, 64], "counts": [0, 96, 2976]}
    first, second = result(bbox=None, segmentation=mask), result(segmentation=mask)
    table = read_results([first, second], truth).instances
    assert table.area.tolist() == [96, 96]
    assert table.boxes.tolist() == [[0, 0, 2, 48], [1, 2, 10, 20]]
    table = read_results([second, first], truth).instances
    assert table.area.tolist() == [200, 96]


def test_read_predictions__a_box_alone_is_drawn_as_the_mask(
    read_truth: ReadTruth, read_results: ReadPredictions
) -> None:
    found = read_results([result()], read_truth(document()), masks=True)
    assert found.instances.masks is not None
    assert found.instances.masks.areas.tolist() == [200]
    assert found.notes[0].kind == "segmentation is missing; the box is drawn as the mask"


@pytest.mark.parametrize("form", ["boxes", "both", "masks"])
@pytest.mark.parametrize("seed", range(4))
def test_read_predictions__as_load_res_does(
    read_truth: ReadTruth, read_results: ReadPredictions, form: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(30):
        picture = np.asfortranarray(rng.random((48, 64)) < 0.1, dtype=np.uint8)
        mask = coco_mask.encode(picture)
        rows.append(
            result(
                image_id=9,
                category_id=int(rng.choice([3, 7])),
                bbox=None if form == "masks" else rng.uniform(0, 60, 4).tolist(),
                score=float(rng.random()),
                segmentation=None
                if form == "boxes"
                else {"size": mask["size"], "counts": mask["counts"].decode()},
            )
        )
    truth = read_truth(document())
    for masks in (False, True):
        found = read_results(rows, truth, masks=masks).instances
        check_against_reference(truth, found, document(), rows)
        if masks and form != "boxes":
            assert found.masks is not None
            texts = [text.decode() for text in found.masks.texts()]
            assert texts == [row["segmentation"]["counts"] for row in rows]


def test_read_predictions__a_box_whose_area_no_number_holds(
    read_truth: ReadTruth, read_results: ReadPredictions
) -> None:
    huge = [0, 0, 1e200, 1e200]
    with pytest.raises(FaultyRecords) as error:
        read_results([result(), result(bbox=huge)], read_truth(document()))
    assert kinds(error) == [("width x height of bbox is too large", 1)]
    with pytest.raises(FaultyRecords) as error:
        read_truth(changed(0, bbox=huge, area=1.0))
    assert error.value.problems[0].examples == ("annotations[0]",)
