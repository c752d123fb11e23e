"""The demo on disk: pictures, ground truth, predictions of two detectors, and the manifest."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from curation.demo import coco_documents
from curation.demo.cells import CLASS_NAMES
from curation.demo.darkroom import develop
from curation.demo.detector import TrainingLabels, train
from curation.demo.detector_versions import DETECTOR_VERSIONS
from curation.demo.label_errors import Label, plant
from curation.demo.slides import SPLITS, plan_fields
from curation.errors import Conflict, InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from curation.demo.darkroom import Print

    Progress = Callable[[int, int, str], None]

DATASET_NAME: Final = "blood-smear"
# Counts up whenever the same seed would give other files.
DEMO_VERSION: Final = 1
_TRAINING_SPLIT: Final = "train"
_PREDICTED_SPLITS: Final = ("val", "test")
_MARKER: Final = "demo.json"
_FEWEST_IMAGES: Final = 10
_CLOSING_STEPS: Final = 2


@dataclass(frozen=True, slots=True)
class DemoPredictions:
    """One detector's predictions.

    Attributes:
        name: of the prediction set.
        results: COCO results with boxes and masks, images of val and test.
        metadata: name, model, version, framework, parent, notes, training split, config.
    """

    name: str
    results: Path
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """Where everything lies.

    Attributes:
        folder: of the demo.
        images: image root; file names in the COCO files are below it.
        annotations: split -> COCO ground truth.
        predictions: oldest detector version first.
        deliberate: manifest of label errors, near-duplicates and background images.
    """

    folder: Path
    images: Path
    annotations: dict[str, Path]
    predictions: tuple[DemoPredictions, ...]
    deliberate: Path


def build(
    folder: Path,
    *,
    images: int = 300,
    seed: int = 7,
    workers: int | None = None,
    progress: Progress | None = None,
) -> DemoFiles:
    """Render the demo into a folder, or return what a finished build left there.

    Everything is written beside the folder and renamed at the end: a killed build leaves no
    half demo, and the next one starts afresh.

    Args:
        folder: where the demo goes; its parent is made when missing.
        images: how many pictures, at least 10.
        seed: the same seed gives the same files, byte for byte on one machine.
        workers: processes to render with; by default two where there are two processors.
        progress: called with steps done, steps in all, and what is being done; whatever it
            raises ends the build.

    Raises:
        InvalidSetting: there are too few images for three splits.
        Conflict: the folder holds something that is not a demo.
    """
    if images < _FEWEST_IMAGES:
        raise InvalidSetting("images", images, allowed=f"{_FEWEST_IMAGES} or more")
    marker = {"demo": DATASET_NAME, "version": DEMO_VERSION, "images": images, "seed": seed}
    if _is_finished(folder, marker):
        return _files(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    building = Path(tempfile.mkdtemp(prefix=_prefix(folder), dir=folder.parent))
    try:
        _write_all(building, (images, seed), workers or min(2, os.cpu_count() or 1), progress)
        _write_json(building / _MARKER, marker, pretty=True)
        _put_in_place(building, folder, marker)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return _files(folder)


def _prefix(folder: Path) -> str:
    return f".{folder.name}-{os.getpid()}-"


def _sweep(folder: Path) -> None:
    """Refuse a foreign folder, and remove what builds of dead processes left behind."""
    if folder.exists() and not (folder / _MARKER).is_file() and any(folder.iterdir()):
        raise Conflict(
            f"{folder} holds something that is not a demo.",
            next_step="Choose an empty folder, or remove it yourself.",
        )
    start = f".{folder.name}-"
    for leftover in folder.parent.iterdir():
        owner = leftover.name.removeprefix(start).split("-")[0]
        ours = leftover.name.startswith(start) and leftover.is_dir() and owner.isdecimal()
        if ours and not _is_alive(int(owner)):
            shutil.rmtree(leftover, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    """Say whether a process exists; where that cannot be asked, it is taken to."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_finished(folder: Path, marker: dict[str, object]) -> bool:
    """Say whether the folder holds exactly this demo; the marker is written last."""
    try:
        found = json.loads((folder / _MARKER).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError):
        return False
    return bool(found == marker)


def _put_in_place(building: Path, folder: Path, marker: dict[str, object]) -> None:
    """Rename the finished build; a demo of another version or size makes room first."""
    if _is_finished(folder, marker):
        return  # another process was faster, with the same files
    if folder.exists():
        old = Path(tempfile.mkdtemp(prefix=_prefix(folder), dir=folder.parent))
        folder.rename(old / "old")
        building.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
        return
    building.rename(folder)


def _files(folder: Path) -> DemoFiles:
    predictions = []
    for version in DETECTOR_VERSIONS:
        stem = _stem(version.name)
        metadata = json.loads((folder / "predictions" / f"{stem}.meta.json").read_text("utf-8"))
        results = folder / "predictions" / f"{stem}.json"
        predictions.append(DemoPredictions(version.name, results, metadata))
    return DemoFiles(
        folder=folder,
        images=folder / "images",
        annotations={split: folder / "annotations" / f"{split}.json" for split in SPLITS},
        predictions=tuple(predictions),
        deliberate=folder / "deliberate.json",
    )


def _stem(name: str) -> str:
    return name.replace(" ", "-")


def _write_all(
    folder: Path, size: tuple[int, int], workers: int, progress: Progress | None
) -> None:
    """Write everything but the marker; `size` is the number of images and the seed."""
    images, seed = size
    total = images + _CLOSING_STEPS
    report = progress or _silent
    for split in SPLITS:
        (folder / "images" / split).mkdir(parents=True)
    (folder / "annotations").mkdir()
    (folder / "predictions").mkdir()
    fields = plan_fields(images, seed)
    prints = []
    for done in develop(fields, seed=seed, root=folder / "images", workers=workers):
        prints.append(done)
        report(len(prints), total, "Rendering pictures")
    labels = _write_truth(folder, prints, seed)
    report(images + 1, total, "Writing ground truth")
    _write_predictions(folder, prints, labels)
    report(total, total, "Running two detectors")


def _silent(done: int, total: int, message: str) -> None:
    del done, total, message


def _write_truth(folder: Path, prints: Sequence[Print], seed: int) -> list[Label]:
    """Write ground truth and manifest; return the labels as written, errors included."""
    fields = [each.field for each in prints]
    sizes = {each.field.image_id: (each.width, each.height) for each in prints}
    shapes = [(each.field.image_id, shape) for each in prints for shape in each.shapes]
    correct = [
        Label(number, image_id, shape) for number, (image_id, shape) in enumerate(shapes, start=1)
    ]
    labels, errors = plant(correct, fields, sizes, np.random.default_rng(seed))
    for split in SPLITS:
        some = [field for field in fields if field.split == split]
        document = coco_documents.ground_truth(some, labels, sizes)
        _write_json(folder / "annotations" / f"{split}.json", document)
    document = coco_documents.manifest(fields, errors)
    _write_json(folder / "deliberate.json", document, pretty=True)
    return labels


def _write_predictions(folder: Path, prints: Sequence[Print], labels: Sequence[Label]) -> None:
    """Fit each detector version on train, and write what it predicts on the held-out splits."""
    by_image: dict[int, list[Label]] = {each.field.image_id: [] for each in prints}
    for label in labels:
        by_image[label.image_id].append(label)
    parent = None
    for number, version in enumerate(DETECTOR_VERSIONS):
        lessons = [
            (each.candidates[number], _lesson(by_image[each.field.image_id]))
            for each in prints
            if each.field.split == _TRAINING_SPLIT
        ]
        detector = train(version, lessons, n_classes=len(CLASS_NAMES))
        rows = [
            row
            for each in prints
            if each.field.split in _PREDICTED_SPLITS
            for row in coco_documents.results(
                each.field.image_id, detector.judge(each.candidates[number])
            )
        ]
        stem = _stem(version.name)
        _write_json(folder / "predictions" / f"{stem}.json", rows)
        metadata = coco_documents.metadata(version, parent=parent, splits=_PREDICTED_SPLITS)
        _write_json(folder / "predictions" / f"{stem}.meta.json", metadata, pretty=True)
        parent = version.name


def _lesson(labels: Sequence[Label]) -> TrainingLabels:
    boxes = np.array([label.shape.box for label in labels], dtype=np.float64)
    classes = [CLASS_NAMES.index(label.shape.class_name) for label in labels]
    return TrainingLabels(boxes.reshape(-1, 4), np.array(classes, dtype=np.int64))


def _write_json(path: Path, document: object, *, pretty: bool = False) -> None:
    if pretty:
        text = json.dumps(document, indent=2, ensure_ascii=False)
    else:
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    path.write_text(text + "\n", "utf-8", newline="\n")
