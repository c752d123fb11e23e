"""Predictions of a COCO results file, or of the same list in memory, on the axes of a truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from evaluation.coco_files.columns import Columns
from evaluation.coco_files.ground_truth import records_of
from evaluation.coco_files.identities import IdAxis, has_texts, ids_of, malformed
from evaluation.coco_files.problems import FileProblem, ProblemLog
from evaluation.instances import Instances
from evaluation.json_scan import Refused, scan_list
from evaluation.scanned_columns import Shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from evaluation.coco_files.ground_truth import GroundTruthFile
    from evaluation.coco_files.identities import Id, Ids
    from evaluation.masks import Masks

_BOXES: Final = Shape(
    ("image_id", "category_id", "bbox", "score"),
    ("image_id", "category_id", "bbox", "score"),
    shortest=len(b'{"image_id":1,"category_id":1,"bbox":[1,1,1,1],"score":1}'),
)
_MASKS: Final = Shape(
    (*_BOXES.wanted, "segmentation"),
    ("image_id", "category_id", "score"),
    ("bbox", "segmentation"),
    shortest=len(b'{"image_id":1,"category_id":1,"segmentation":[],"score":1}'),
)
_IN_MEMORY: Final = "the predictions"
_AMBIGUOUS: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class PredictionsFile:
    """Predictions on the axes of their ground truth.

    `class_ids` and `class_names` are those of the ground truth, then the *extra* classes: those
    that only the predictions have, by ascending id and named by it. They have no ground truth, so
    no COCO number knows them. `notes` tell what was read otherwise than one might think.
    """

    file: str
    instances: Instances
    class_ids: NDArray[Any]
    class_names: tuple[str, ...]
    n_extra: int = 0
    notes: tuple[FileProblem, ...] = ()

    @property
    def extra_class_ids(self) -> NDArray[Any]:
        """Ids of the classes that only the predictions have."""
        return self.class_ids[len(self.class_ids) - self.n_extra :]


def read_predictions(
    path: str | Path, truth: GroundTruthFile, *, masks: bool = False
) -> PredictionsFile:
    """Read a COCO results file as pycocotools' `loadRes` understands it.

    The area of every prediction is width × height if the first has a box, else that of its mask;
    a box that is missing is that around the mask. With masks, a prediction that has only a box
    gets it drawn as its mask. Image ids that are texts are ids, or the stems of file names,
    whichever knows more of them.

    Args:
        path: A file that is one list of results.
        truth: What the predictions are to be compared with.
        masks: Read `segmentation` too: run lengths, compressed or not, and polygons.

    Raises:
        FaultyRecords: If records cannot be meant as they are: all of them, by kind.
        MalformedJson: If the file is not one list of JSON.
        OSError: If the file cannot be read.

    Example:
        >>> import tempfile
        >>> from evaluation.coco_files import ground_truth_from_dict
        >>> truth = ground_truth_from_dict(
        ...     {"images": [{"id": 7}], "categories": [{"id": 3, "name": "cat"}], "annotations": []}
        ... )
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "results.json"
        ...     _ = path.write_text(
        ...         '[{"image_id": 7, "category_id": 3, "bbox": [1, 2, 10, 20], "score": 0.5}]'
        ...     )
        ...     found = read_predictions(path, truth)
        >>> found.instances.score.tolist(), found.instances.area.tolist(), found.class_names
        ([0.5], [200.0], ('cat',))
    """
    path = Path(path)
    log = ProblemLog(path.name)
    columns = _scanned(path, masks=masks) or _decoded(path, log, masks=masks)
    if not masks and not columns.all_boxed:
        log = ProblemLog(path.name)
        columns = _scanned(path, masks=True) or _decoded(path, log, masks=True)
    return _placed(columns, truth, log, masks=masks)


def predictions_from_list(
    results: Sequence[Mapping[str, Any]], truth: GroundTruthFile, *, masks: bool = False
) -> PredictionsFile:
    """Take COCO results in memory, such as `COCO.loadRes` gets them.

    Args:
        results: One mapping for each prediction; numbers may be NumPy's. They are not changed.
        truth: What the predictions are to be compared with.
        masks: Read `segmentation` too.

    Raises:
        FaultyRecords: If records cannot be meant as they are: all of them, by kind.

    Example:
        >>> from evaluation.coco_files import ground_truth_from_dict
        >>> truth = ground_truth_from_dict(
        ...     {"images": [{"id": 7}], "categories": [{"id": 3, "name": "cat"}], "annotations": []}
        ... )
        >>> result = {"image_id": 7, "category_id": 9, "bbox": [0, 0, 2, 2], "score": 0.5}
        >>> found = predictions_from_list([result], truth)
        >>> found.class_names, found.extra_class_ids.tolist()
        (('cat', '9'), [9])
    """
    log = ProblemLog(_IN_MEMORY)
    records = records_of(results, list_name="results", log=log)
    unboxed = any(box is None or len(box) == 0 for box in records.get("bbox"))
    columns = records.columns(scored=True, masks=masks or unboxed)
    return _placed(columns, truth, log, masks=masks)


def on_common_classes(
    truth: GroundTruthFile, files: Sequence[PredictionsFile]
) -> tuple[tuple[str, ...], tuple[Instances, ...]]:
    """Put several prediction sets on one class axis: the truth's classes, then all extra ones.

    Args:
        truth: What the sets were read for.
        files: The sets.

    Returns:
        The names of the axis, and the table of each set on it.

    Example:
        >>> from evaluation.coco_files import ground_truth_from_dict
        >>> truth = ground_truth_from_dict(
        ...     {"images": [{"id": 7}], "categories": [], "annotations": []}
        ... )
        >>> sets = [
        ...     predictions_from_list(
        ...         [{"image_id": 7, "category_id": id_, "bbox": [0, 0, 2, 2], "score": 0.5}], truth
        ...     )
        ...     for id_ in (9, 4)
        ... ]
        >>> names, tables = on_common_classes(truth, sets)
        >>> names, [table.class_.tolist() for table in tables]
        (('4', '9'), [[1], [0]])
    """
    extra = IdAxis.of(ids_of([id_ for file in files for id_ in file.extra_class_ids.tolist()]))
    known = len(truth.classes)
    tables = []
    for file in files:
        moved = np.arange(len(file.class_ids))
        moved[known:] = known + extra.find(ids_of(file.extra_class_ids.tolist()))
        table = file.instances
        tables.append(replace(table, class_=moved[table.class_]) if file.n_extra else table)
    names = (*truth.class_names, *map(str, extra.ids.tolist()))
    return names, tuple(tables)


def _scanned(path: Path, *, masks: bool) -> Columns | None:
    """Read the file by the compiled scanner; None if it refuses."""
    try:
        found = scan_list(path, _MASKS if masks else _BOXES)
    except Refused:
        return None
    return Columns.scanned("results", found, masks=masks)


def _decoded(path: Path, log: ProblemLog, *, masks: bool) -> Columns:
    from evaluation.coco_files import decoded  # noqa: PLC0415 - msgspec costs 14 ms

    return decoded.results(path, log, masks=masks)


def _placed(
    columns: Columns, truth: GroundTruthFile, log: ProblemLog, *, masks: bool
) -> PredictionsFile:
    """Place the predictions on the axes and fill what they leave out."""
    notes = ProblemLog(log.file)
    image = _images(columns.image, truth)
    columns.note_unknown(columns.image, image, "image_id", "the images of the ground truth", log)
    class_, extra = _classes(columns.class_, truth)
    columns.note(
        "category_id is not among the classes of the ground truth",
        np.flatnonzero(class_ >= len(truth.classes)),
        notes,
        lambda row: f"category_id {columns.class_[row]}",
    )
    found = _masks(columns, image, truth.image_sizes, log, notes, wanted=masks)
    of_box = columns.box_areas(log)
    log.refuse()
    by_box = not columns.n or found is None or not columns.unboxed[0]
    table = Instances(
        image=image,
        class_=class_,
        boxes=columns.boxes,
        area=of_box if by_box or found is None else found.areas.astype(float),
        score=np.empty(0) if columns.score is None else columns.score,
        crowd=np.zeros(columns.n, dtype=np.bool_),
        id=np.arange(columns.n),
        masks=found if masks else None,
    )
    return PredictionsFile(
        file=log.file,
        instances=table,
        class_ids=np.concatenate([truth.class_ids, extra.ids]) if len(extra) else truth.class_ids,
        class_names=(*truth.class_names, *map(str, extra.ids.tolist())),
        n_extra=len(extra),
        notes=notes.found(),
    )


def _masks(
    columns: Columns,
    image: NDArray[np.int64],
    sizes: NDArray[np.int64],
    log: ProblemLog,
    notes: ProblemLog,
    *,
    wanted: bool,
) -> Masks | None:
    """Make masks if they are wanted, or if boxes and areas must come from them."""
    if not wanted and columns.all_boxed:
        return None
    from evaluation.coco_files.shapes import masks_of  # noqa: PLC0415 - boxes do without

    absent, unboxed = columns.without_segmentation, columns.unboxed
    neither = absent & unboxed
    columns.note("neither bbox nor segmentation", np.flatnonzero(neither), log)
    if wanted:
        drawn = np.flatnonzero(absent & ~unboxed)
        columns.note("segmentation is missing; the box is drawn as the mask", drawn, notes)
    by_mask = wanted or bool(columns.n and unboxed[0])
    return masks_of(columns, image, sizes, log, judged=~neither & (by_mask | unboxed))


def _images(ids: Ids, truth: GroundTruthFile) -> NDArray[np.int64]:
    """Find the images that ids mean: by their ids or, where some are texts, by file name stems.

    One file means one of these by all its ids; the one that knows most of them is taken.
    """
    by_id = truth.images.find(ids)
    if not has_texts(ids):
        return by_id
    by_stem = _by_stem(ids, truth)
    return by_stem if (by_stem >= 0).sum() > (by_id >= 0).sum() else by_id


def _by_stem(ids: Ids, truth: GroundTruthFile) -> NDArray[np.int64]:
    """Find images by the stems of their names; numeric ones lose leading zeros, as Ultralytics'."""
    places: dict[Id, int] = {}
    for place, name in enumerate(truth.image_names):
        stem = PurePosixPath(name).stem
        numeric = stem.isascii() and stem.isdecimal()
        for key in {stem, int(stem) if numeric and len(stem) < 40 else stem}:
            places[key] = _AMBIGUOUS if key in places else place
    values = ids.tolist() if isinstance(ids, np.ndarray) else ids
    found = (_AMBIGUOUS if id_ is None else places.get(id_, _AMBIGUOUS) for id_ in values)
    return np.fromiter(found, dtype=np.int64, count=len(values))


def _classes(ids: Ids, truth: GroundTruthFile) -> tuple[NDArray[np.int64], IdAxis]:
    """Find the classes that ids mean; those that the ground truth has not come after its own."""
    class_ = truth.classes.find(ids)
    unknown = class_ < 0
    unknown[malformed(ids)] = False  # noted already
    rows = np.flatnonzero(unknown)
    if not len(rows):
        return class_, IdAxis.of(ids_of([]))
    others: Ids = ids[rows] if isinstance(ids, np.ndarray) else [ids[row] for row in rows.tolist()]
    extra = IdAxis.of(others)
    class_[rows] = len(truth.classes) + extra.find(others)
    return class_, extra
