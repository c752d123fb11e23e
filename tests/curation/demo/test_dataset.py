from __future__ import annotations

import contextlib
import hashlib
import io
import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from curation.demo.cells import CLASS_NAMES
from curation.demo.dataset import DemoFiles, build
from curation.errors import Conflict, InvalidSetting

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SPLITS = ("train", "val", "test")


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _truth(demo: DemoFiles, split: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(demo.annotations[split].read_text("utf-8"))
    return document


def _annotations(demo: DemoFiles) -> list[dict[str, Any]]:
    return [row for split in SPLITS for row in _truth(demo, split)["annotations"]]


def _thumbnail(demo: DemoFiles, file_name: str) -> NDArray[np.float64]:
    pixels = cv2.imread(str(demo.images / file_name), cv2.IMREAD_GRAYSCALE)
    assert pixels is not None
    return np.ravel(cv2.resize(pixels, (32, 24), interpolation=cv2.INTER_AREA)).astype(np.float64)


def _correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    first, second = first - first.mean(), second - second.mean()
    return float(first @ second / np.sqrt((first @ first) * (second @ second)))


def test_build__same_seed_same_bytes(demo: DemoFiles, tmp_path: Path) -> None:
    again = build(tmp_path / "again", images=12, seed=7, workers=1)
    assert _hashes(again.folder) == _hashes(demo.folder)


def test_build__another_seed_other_pictures(demo: DemoFiles, tmp_path: Path) -> None:
    other = build(tmp_path / "other", images=12, seed=8, workers=1)
    assert _hashes(other.images) != _hashes(demo.images)


def test_build__processes_change_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from curation.demo.dataset import build\n"
        "if __name__ == '__main__':\n"
        "    build(Path(sys.argv[1]), images=40, workers=2)\n"
    )
    script = tmp_path / "two.py"
    script.write_text(code, "utf-8")
    subprocess.run([sys.executable, script, tmp_path / "two"], check=True)
    one = build(tmp_path / "one", images=40, workers=1)
    assert _hashes(one.folder) == _hashes(tmp_path / "two")


def test_build__finished_demo_is_not_built_again(demo: DemoFiles) -> None:
    def refuse(done: int, total: int, message: str) -> None:
        pytest.fail(f"built again: {done}/{total} {message}")

    assert build(demo.folder, images=12, seed=7, progress=refuse) == demo


def test_build__other_size_replaces_the_demo(tmp_path: Path) -> None:
    build(tmp_path / "demo", images=10, workers=1)
    build(tmp_path / "demo", images=11, workers=1)
    assert len(list((tmp_path / "demo" / "images").rglob("*.jpg"))) == 11
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


def test_build__progress_counts_to_the_end(tmp_path: Path) -> None:
    calls: list[tuple[int, int, str]] = []
    build(
        tmp_path / "demo",
        images=10,
        workers=1,
        progress=lambda done, total, message: calls.append((done, total, message)),
    )
    assert all(earlier[0] < later[0] for earlier, later in pairwise(calls))
    assert {total for _, total, _ in calls} == {12}
    assert calls[-1][0] == 12
    assert all(message for _, _, message in calls)


def test_build__cancelled_build_leaves_nothing(tmp_path: Path) -> None:
    def cancel(done: int, total: int, message: str) -> None:
        del total, message
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "demo", images=10, workers=1, progress=cancel)
    assert list(tmp_path.iterdir()) == []


def test_build__sweeps_up_after_a_killed_build(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    leftover = tmp_path / f".demo-{ended.pid}-abc"
    leftover.mkdir()
    build(tmp_path / "demo", images=10, workers=1)
    assert not leftover.exists()


def test_build__foreign_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine", "utf-8")
    with pytest.raises(Conflict, match="not a demo"):
        build(tmp_path, images=10)
    assert (tmp_path / "thesis.txt").read_text("utf-8") == "mine"


def test_build__too_few_images(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="images is 9"):
        build(tmp_path / "demo", images=9)


def test_truth__images_exist_with_the_sizes_written(demo: DemoFiles) -> None:
    for split in SPLITS:
        for image in _truth(demo, split)["images"]:
            pixels = cv2.imread(str(demo.images / image["file_name"]))
            assert pixels is not None
            assert pixels.shape == (image["height"], image["width"], 3)


def test_truth__splits_are_disjoint_and_ids_unique(demo: DemoFiles) -> None:
    images = [image for split in SPLITS for image in _truth(demo, split)["images"]]
    assert len({image["id"] for image in images}) == len(images) == 12
    assert len({image["file_name"] for image in images}) == 12
    ids = [row["id"] for row in _annotations(demo)]
    assert len(set(ids)) == len(ids)
    assert min(ids) >= 1
    assert all(
        {row["image_id"] for row in _truth(demo, split)["annotations"]}
        <= {image["id"] for image in _truth(demo, split)["images"]}
        for split in SPLITS
    )


def test_truth__boxes_are_the_extents_of_the_polygons(demo: DemoFiles) -> None:
    for row in _annotations(demo):
        points = np.concatenate([np.reshape(part, (-1, 2)) for part in row["segmentation"]])
        low, high = points.min(axis=0), points.max(axis=0)
        assert row["bbox"] == pytest.approx([*low, *(high - low)], abs=1e-6)
        assert row["bbox"][2] > 0
        assert row["bbox"][3] > 0


def test_truth__areas_are_those_of_the_rasterised_polygons(demo: DemoFiles) -> None:
    document = _truth(demo, "val")
    sizes = {image["id"]: (image["height"], image["width"]) for image in document["images"]}
    for row in document["annotations"]:
        parts = coco_mask.frPyObjects(row["segmentation"], *sizes[row["image_id"]])
        assert row["area"] == int(coco_mask.area(coco_mask.merge(parts)))


def test_truth__all_classes_and_size_buckets_are_filled(demo: DemoFiles) -> None:
    rows = _annotations(demo)
    assert {row["category_id"] for row in rows} == {1, 2, 3}
    buckets = Counter(int(np.searchsorted([32**2, 96**2], row["area"], "right")) for row in rows)
    assert set(buckets) == {0, 1, 2}


def test_manifest__label_errors_are_in_the_files(demo: DemoFiles) -> None:
    manifest = json.loads(demo.deliberate.read_text("utf-8"))
    by_id = {row["id"]: row for row in _annotations(demo)}
    kinds = set()
    for error in manifest["label_errors"]:
        kinds.add(error["kind"])
        boxes = [r["bbox"] for r in by_id.values() if r["image_id"] == error["image_id"]]
        if error["kind"] == "missed":
            assert error["true_bbox"] not in boxes
            continue
        row = by_id[error["annotation_id"]]
        assert row["bbox"] == error["bbox"]
        assert CLASS_NAMES[row["category_id"] - 1] == error["class"]
        if error["kind"] == "duplicate":
            assert by_id[error["duplicate_of"]]["bbox"] == error["true_bbox"]
    assert kinds == {"missed", "wrong class", "shifted box", "duplicate"}


def test_manifest__near_duplicates_look_alike(demo: DemoFiles) -> None:
    manifest = json.loads(demo.deliberate.read_text("utf-8"))
    pairs = manifest["near_duplicates"]
    assert {pair["across_splits"] for pair in pairs} == {True, False}
    for pair in pairs:
        first, second = (_thumbnail(demo, pair[name]) for name in ("file_name", "of_file_name"))
        assert _correlation(first, second) > 0.8


def test_manifest__background_images_have_no_labels(demo: DemoFiles) -> None:
    manifest = json.loads(demo.deliberate.read_text("utf-8"))
    labelled = {row["image_id"] for row in _annotations(demo)}
    backgrounds = {image["image_id"] for image in manifest["background_images"]}
    assert backgrounds
    assert not backgrounds & labelled


def test_predictions__held_out_images_only_with_boxes_masks_and_scores(demo: DemoFiles) -> None:
    held_out = {i["id"] for split in ("val", "test") for i in _truth(demo, split)["images"]}
    for prediction_set in demo.predictions:
        rows = json.loads(prediction_set.results.read_text("utf-8"))
        assert {row["image_id"] for row in rows} <= held_out
        assert {row["category_id"] for row in rows} <= {1, 2, 3}
        assert all(0.05 <= row["score"] <= 1 for row in rows)
        assert len({row["score"] for row in rows}) > 0.9 * len(rows)
        boxes = coco_mask.toBbox([row["segmentation"] for row in rows])
        assert np.array_equal(boxes, [row["bbox"] for row in rows])


def test_predictions__metadata_names_model_version_and_parent(demo: DemoFiles) -> None:
    first, second = (prediction_set.metadata for prediction_set in demo.predictions)
    assert (first["model"], second["model"]) == ("smear-detector", "smear-detector")
    assert (first["version"], second["version"]) == ("1.0", "2.0")
    assert (first["parent"], second["parent"]) == (None, first["name"])
    assert first["training_split"] == second["training_split"] == "train"
    assert first["notes"] != second["notes"]


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return build(tmp_path_factory.mktemp("sixty") / "demo", images=60, seed=7, workers=1)


def _held_out(demo: DemoFiles) -> COCO:
    documents = [_truth(demo, split) for split in ("val", "test")]
    coco = COCO()
    coco.dataset = {
        **documents[0],
        "images": [image for document in documents for image in document["images"]],
        "annotations": [row for document in documents for row in document["annotations"]],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
    return coco


def _precision(truth: COCO, results: Path, iou_type: str) -> tuple[float, list[float]]:
    """Return AP, and AP of each class."""
    with contextlib.redirect_stdout(io.StringIO()):
        found = truth.loadRes(json.loads(results.read_text("utf-8")))
        evaluation = COCOeval(truth, found, iou_type)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    per_class = evaluation.eval["precision"][:, :, :, 0, 2].mean(axis=(0, 1))
    return float(evaluation.stats[0]), per_class.tolist()


def test_predictions__low_scores_are_kept(sixty: DemoFiles) -> None:
    for prediction_set in sixty.predictions:
        scores = [row["score"] for row in json.loads(prediction_set.results.read_text("utf-8"))]
        assert 0.05 <= min(scores) < 0.15


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_predictions__second_version_is_better_but_for_platelets(
    sixty: DemoFiles, iou_type: str
) -> None:
    truth = _held_out(sixty)
    first, second = (_precision(truth, p.results, iou_type) for p in sixty.predictions)
    assert 0.35 < first[0] < second[0] - 0.08 < 0.85 - 0.08
    red, white, platelet = range(3)
    assert second[1][red] > first[1][red]
    assert second[1][white] > first[1][white]
    assert second[1][platelet] < first[1][platelet] - 0.08
