"""All arrays and all twelve numbers have the bits of pycocotools 2.0.11."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from evaluation.average_precision import accumulate, coco_numbers, summarize
from evaluation.matching import AREA_RANGES, match

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from evaluation.average_precision import PrecisionRecall
    from evaluation.candidates import IouType
    from tests.evaluation.conftest import Coco, Document, Results, Tables

SIDE = 120  # pixels of a random picture
CLASS_IDS = (3, 7, 8, 90)  # sparse, as in COCO files; the last has no ground truth
IMAGE_IDS = (900, 4, 17, 250, 31, 12)  # neither sorted nor dense; some stay empty

random_sets = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def assert_same_bits(
    coco: Coco,
    document: Document,
    results: Results,
    *,
    iou_type: IouType = "bbox",
    strict: bool = False,
    images: NDArray[np.bool_] | None = None,
) -> None:
    ours = coco.tables(document, results, iou_type=iou_type)
    theirs = coco.reference(document, results, iou_type=iou_type, images=images)
    tables, n_classes = (ours.truth, ours.predictions), ours.n_classes
    for twin in coco.twins():
        with twin:
            matches = match(*tables, iou_type=iou_type, strict=strict)
            curves = accumulate(*tables, matches, n_classes=n_classes, images=images)
            lean = coco_numbers(*tables, n_classes=n_classes, matches=matches, images=images)
        assert np.array_equal(curves.precision, theirs.precision)
        assert np.array_equal(curves.recall, theirs.recall)
        assert np.array_equal(curves.scores, theirs.scores)
        numbers = summarize(curves)
        assert [-1.0 if value is None else value for value in numbers.values()] == theirs.stats
        assert lean == numbers


def random_set(rng: Generator, *, first_id: int = 1) -> tuple[Document, Results]:
    """Boxes on an integer grid, so that IoU thresholds and area limits are hit exactly."""
    labels: list[dict[str, Any]] = [
        {
            "id": first_id + number,
            "image_id": int(rng.choice(IMAGE_IDS[:-1])),
            "category_id": int(rng.choice(CLASS_IDS[:-1], p=(0.6, 0.3, 0.1))),
            "bbox": grid_box(rng),
            "iscrowd": int(rng.random() < 0.15),
        }
        for number in range(int(rng.integers(0, 40)))
    ]
    for label in labels:
        _, _, w, h = label["bbox"]
        label["area"] = float(rng.choice((w * h, 1024, 9216, 0, w * h / 2)))
    results = [near_or_far(rng, labels) for _ in range(int(rng.integers(1, 120)))]
    return document_of(labels), results


def grid_box(rng: Generator) -> list[float]:
    w, h = rng.choice((20, 20, 32, 96), size=2)
    x, y = 5 * rng.integers(0, 5, size=2)
    return [float(x), float(y), float(w), float(h)]


def near_or_far(rng: Generator, labels: list[dict[str, Any]]) -> dict[str, Any]:
    """A prediction: mostly a ground truth cut to a round share of its height."""
    score = float(rng.integers(0, 11)) / 10
    if labels and rng.random() < 0.8:
        label = labels[int(rng.integers(len(labels)))]
        x, y, w, h = label["bbox"]
        box = [x, y, w, h * float(rng.integers(8, 21)) / 20]
        return result_of(label["image_id"], label["category_id"], box, score)
    image, class_ = int(rng.choice(IMAGE_IDS)), int(rng.choice(CLASS_IDS))
    return result_of(image, class_, grid_box(rng), score)


def result_of(image: int, class_: int, box: list[float], score: float) -> dict[str, Any]:
    return {"image_id": image, "category_id": class_, "bbox": box, "score": score}


def document_of(labels: list[dict[str, Any]]) -> Document:
    return {
        "images": [{"id": image, "width": SIDE, "height": SIDE} for image in IMAGE_IDS],
        "categories": [{"id": number, "name": f"class {number}"} for number in CLASS_IDS],
        "annotations": labels,
    }


def with_masks(rng: Generator, rows: list[dict[str, Any]], *, keep_box: bool) -> None:
    """Give each row an ellipse or a rectangle in its box as a mask."""
    yy, xx = np.mgrid[:SIDE, :SIDE]
    for row in rows:
        x, y, w, h = row["bbox"] if keep_box else row.pop("bbox")
        inside = (xx >= x) & (xx < x + w) & (yy >= y) & (yy < y + h)
        if rng.random() < 0.5:
            inside &= ((xx - x - w / 2) / w) ** 2 + ((yy - y - h / 2) / h) ** 2 <= 0.25
        rle = coco_mask.encode(np.asfortranarray(inside.astype(np.uint8)))
        row["segmentation"] = {"size": rle["size"], "counts": rle["counts"].decode()}


@random_sets
@given(seed=st.integers(0, 2**32 - 1))
def test_boxes__crowds_ties_and_exact_thresholds(coco: Coco, seed: int) -> None:
    document, results = random_set(np.random.default_rng(seed))
    assert_same_bits(coco, document, results)


@random_sets
@given(seed=st.integers(0, 2**32 - 1))
def test_boxes__annotation_ids_from_zero_in_strict_mode(coco: Coco, seed: int) -> None:
    document, results = random_set(np.random.default_rng(seed), first_id=0)
    assert_same_bits(coco, document, results, strict=True)


@random_sets
@given(seed=st.integers(0, 2**32 - 1), kept=st.integers(1, 2 ** len(IMAGE_IDS) - 1))
def test_boxes__some_images_only(coco: Coco, seed: int, kept: int) -> None:
    document, results = random_set(np.random.default_rng(seed))
    images = np.array([kept >> place & 1 for place in range(len(IMAGE_IDS))], dtype=np.bool_)
    assert_same_bits(coco, document, results, images=images)


@random_sets
@given(seed=st.integers(0, 2**32 - 1), boxes_given=st.booleans())
def test_masks__crowds_ties_and_areas(coco: Coco, seed: int, boxes_given: bool) -> None:
    rng = np.random.default_rng(seed)
    document, results = random_set(rng)
    with_masks(rng, document["annotations"], keep_box=True)
    with_masks(rng, results, keep_box=boxes_given)
    assert_same_bits(coco, document, results, iou_type="segm")


def test_boxes__two_thousand_tiny_sets(coco: Coco) -> None:
    # A class is a set of its own. One area range and one cap a document: pycocotools is slow.
    rng = np.random.default_rng(2017)
    for _ in range(100):
        document, results = tiny_sets(rng, 20)
        area, cap = int(rng.integers(4)), int(rng.choice([1, 2, 5, 100]))
        ours = coco.tables(document, results)
        low, high = list(AREA_RANGES.values())[area]
        theirs = coco.reference(document, results, areaRng=[[low, high]], maxDets=[cap])
        for twin in coco.twins():
            with twin:
                curves = curves_at(ours, cap)
            assert np.array_equal(curves.precision[..., [area], :], theirs.precision)
            assert np.array_equal(curves.recall[..., [area], :], theirs.recall)
            assert np.array_equal(curves.scores[..., [area], :], theirs.scores)


def tiny_sets(rng: Generator, n_sets: int) -> tuple[Document, Results]:
    """Some sets of up to 8 labels and 23 predictions on three images, each a class."""
    labels: list[dict[str, Any]] = []
    results: Results = []
    for number in range(n_sets):
        document, found = random_set(rng, first_id=1 + len(labels))
        own = document["annotations"][: int(rng.integers(0, 9))]
        found = found[: int(rng.integers(1, 24))]
        for row in (*own, *found):
            row["category_id"] = number
            row["image_id"] = int(rng.choice(IMAGE_IDS[1:4]))
        labels += own
        results += found
    document = document_of(labels)
    document["categories"] = [{"id": number, "name": str(number)} for number in range(n_sets)]
    document["images"] = document["images"][1:4]
    return document, results


def curves_at(tables: Tables, cap: int) -> PrecisionRecall:
    matches = match(tables.truth, tables.predictions)
    n = tables.n_classes
    return accumulate(tables.truth, tables.predictions, matches, n_classes=n, max_detections=(cap,))


@random_sets
@given(seed=st.integers(0, 2**32 - 1))
def test_boxes__whatever_the_class(coco: Coco, seed: int) -> None:
    document, results = random_set(np.random.default_rng(seed))
    ours = coco.tables(document, results)
    theirs = coco.reference(document, results, useCats=0)
    for twin in coco.twins():
        with twin:
            matches = match(ours.truth, ours.predictions, class_agnostic=True)
            curves = accumulate(ours.truth, ours.predictions, matches, n_classes=1)
        assert np.array_equal(curves.precision, theirs.precision)
        assert np.array_equal(curves.recall, theirs.recall)
        assert np.array_equal(curves.scores, theirs.scores)


@pytest.mark.parametrize("thresholds", [[0.1], [0.5], [0.3, 0.5, 1.0], np.linspace(0.05, 0.8, 16)])
def test_boxes__other_iou_thresholds(coco: Coco, thresholds: NDArray[np.float64]) -> None:
    document, results = random_set(np.random.default_rng(3))
    ours = coco.tables(document, results)
    theirs = coco.reference(document, results, iouThrs=np.array(thresholds))
    for twin in coco.twins():
        with twin:
            matches = match(ours.truth, ours.predictions, iou_thresholds=thresholds)
            curves = accumulate(ours.truth, ours.predictions, matches, n_classes=ours.n_classes)
        assert np.array_equal(curves.precision, theirs.precision)
        assert np.array_equal(curves.recall, theirs.recall)
        assert np.array_equal(curves.scores, theirs.scores)


@pytest.mark.parametrize("seed", range(8))
def test_boxes__real_valued_and_overlapping(coco: Coco, seed: int) -> None:
    rng = np.random.default_rng(seed)
    document, results = random_set(rng)
    for row in (*document["annotations"], *results):
        row["bbox"] = [value + float(rng.normal()) for value in row["bbox"]]
    for result in results:
        result["score"] = float(rng.random())
    assert_same_bits(coco, document, results)


@pytest.mark.parametrize("seed", range(4))
def test_boxes__more_than_a_hundred_predictions_of_one_image_and_class(
    coco: Coco, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    document, results = random_set(rng)
    spot = {"iscrowd": 0, "area": 400.0, "bbox": [10.0, 10.0, 20.0, 20.0]}
    document["annotations"] += [
        {"id": 1000 + number, "image_id": 17, "category_id": 3, **spot} for number in range(130)
    ]
    results += [
        result_of(17, 3, [10.0, 10.0, 20.0, float(h)], float(rng.integers(0, 40)) / 40)
        for h in rng.integers(8, 22, size=260)
    ]
    assert_same_bits(coco, document, results)


def test_boxes__two_classes_share_a_place(coco: Coco) -> None:
    spot = {"image_id": 4, "bbox": [0.0, 0.0, 32.0, 32.0], "area": 1024.0, "iscrowd": 0}
    labels: list[dict[str, Any]] = [
        {"id": 1, "category_id": 3, **spot},
        {"id": 2, "category_id": 7, **spot},
    ]
    results = [result_of(4, class_, [0.0, 0.0, 32.0, 16.0], 0.5) for class_ in (7, 8, 3)]
    assert_same_bits(coco, document_of(labels), results)


def test_boxes__recall_zero_takes_the_score_of_an_ignored_first_prediction(coco: Coco) -> None:
    labels = [
        {"id": 1, "image_id": 4, "category_id": 3, "bbox": [0, 0, 9, 9], "area": 81, "iscrowd": 1},
        {"id": 2, "image_id": 4, "category_id": 3, "bbox": [40, 0, 9, 9], "area": 81, "iscrowd": 0},
    ]
    results = [result_of(4, 3, [0, 0, 5, 5], 0.9), result_of(4, 3, [40, 0, 9, 9], 0.4)]
    assert_same_bits(coco, document_of(labels), results)


def test_boxes__without_extent_or_far_outside(coco: Coco) -> None:
    labels = [
        {"id": 1, "image_id": 4, "category_id": 3, "bbox": [5, 5, 0, 9], "area": 0, "iscrowd": 0},
        {"id": 2, "image_id": 4, "category_id": 3, "bbox": [0, 0, 9, 9], "area": 81, "iscrowd": 0},
    ]
    boxes: list[list[float]] = [[5, 5, 0, 9], [-1e7, 0, 1e7 + 9, 9], [0, 0, -9, -9], [0, 0, 9, 9]]
    results = [result_of(4, 3, box, 0.5) for box in boxes]
    assert_same_bits(coco, document_of(labels), results)


@pytest.mark.shared_data
@pytest.mark.parametrize(
    "name", ["yolov2_htt1084_ep150", "yolov2_htt1084_ep260", "yolov3_zengyian3"]
)
def test_real_boxes__voc_2007(coco: Coco, shared_data: Path, name: str) -> None:
    folder = shared_data / "voc2007test"
    assert_same_bits(
        coco, read(folder / "instances_voc2007test.json"), read(folder / f"{name}.json")
    )


@pytest.mark.shared_data
@pytest.mark.parametrize("model", ["base", "darknet53", "im700", "resnet50"])
def test_real_boxes__coco_2017(coco: Coco, shared_data: Path, model: str) -> None:
    folder = shared_data / "coco_val2017_yolact100"
    assert_same_bits(
        coco, read(folder / "instances_100_boxes.json"), read(folder / f"yolact_{model}.json")
    )


@pytest.mark.shared_data
@pytest.mark.parametrize(("iou_type", "kind"), [("bbox", "bbox"), ("segm", "segm")])
def test_real_boxes_and_masks__coco_2014(
    coco: Coco, shared_data: Path, iou_type: IouType, kind: str
) -> None:
    folder = shared_data / "coco_val2014_100"
    document = read(folder / "instances_val2014_100.json")
    results = read(folder / f"instances_val2014_fake{kind}100_results.json")
    assert_same_bits(coco, document, results, iou_type=iou_type)


def read(file: Path) -> Any:
    return json.loads(file.read_bytes())
