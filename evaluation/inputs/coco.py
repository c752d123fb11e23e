"""COCO: paths of files, their documents and result lists, `pycocotools.coco.COCO` objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.errors import MismatchedColumns, UnsupportedInput
from evaluation.inputs import arrays, detections
from evaluation.inputs.tables import Kind, Request, Source, Tables
from evaluation.instances import check_positions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from evaluation.coco_files import GroundTruthFile, PredictionsFile
    from evaluation.instances import Instances


def fits(source: Source) -> bool:
    """Say whether a source is COCO ground truth: a path, a document, a COCO object."""
    return _is_path(source) or _is_document(source) or _is_coco_object(source)


def read(truth: Source, sides: Sequence[Source], request: Request) -> Tables:
    """Read COCO ground truth and prediction sets of any kind that goes with it.

    A class that only predictions have comes after those of the ground truth, named by its id.

    Raises:
        UnsupportedInput: If a side is of no kind in `PREDICTION_KINDS`.
        MismatchedColumns: If the request names another number of classes than the ground truth,
            or a list of `supervision.Detections` has another number of images.
        FaultyRecords: If records of a file cannot be meant as they are.
        MalformedJson: If a file is not JSON of its format.
        OSError: If a file cannot be read.
    """
    from evaluation.coco_files import on_common_classes  # noqa: PLC0415 - arrays do without

    ground = _ground_truth(truth, masks=request.masks)
    files = [_predictions(side, ground, masks=request.masks) for side in sides]
    names, tables = on_common_classes(ground, files)
    if request.class_names is not None:
        known = len(ground.class_names)
        if len(request.class_names) != known:
            raise MismatchedColumns("class_names", known, len(request.class_names))
        names = (*request.class_names, *names[known:])
    return Tables(
        truth=ground.instances,
        sides=tables,
        class_names=names,
        n_images=len(ground.image_ids),
        n_known=len(ground.class_names),
        notices=(*_notices(ground), *(notice for file in files for notice in _notices(file))),
    )


def _notices(file: GroundTruthFile | PredictionsFile) -> list[str]:
    return [f"{file.file}: {note}" for note in file.notes]


def _ground_truth(source: Source, *, masks: bool) -> GroundTruthFile:
    from evaluation.coco_files import (  # noqa: PLC0415 - as above
        ground_truth_from_dict,
        read_ground_truth,
    )

    if _is_path(source):
        return read_ground_truth(source, masks=masks)
    document = source.dataset if _is_coco_object(source) else source
    return ground_truth_from_dict(document, masks=masks)


def _predictions(source: Source, ground: GroundTruthFile, *, masks: bool) -> PredictionsFile:
    for fits_kind, read_kind in PREDICTION_KINDS:
        if fits_kind(source):
            return read_kind(source, ground, masks)
    raise UnsupportedInput("predictions", source, expected=KIND.accepts)


def _from_path(source: Source, ground: GroundTruthFile, masks: bool) -> PredictionsFile:
    from evaluation.coco_files import read_predictions  # noqa: PLC0415 - as above

    return read_predictions(source, ground, masks=masks)


def _from_rows(source: Source, ground: GroundTruthFile, masks: bool) -> PredictionsFile:
    from evaluation.coco_files import predictions_from_list  # noqa: PLC0415 - as above

    return predictions_from_list(source, ground, masks=masks)


def _from_coco_object(source: Source, ground: GroundTruthFile, masks: bool) -> PredictionsFile:
    """Read what `COCO.loadRes` made; it has settled the area of every prediction already."""
    rows = source.dataset["annotations"]
    file = _from_rows(rows, ground, masks)
    area = np.array([row["area"] for row in rows], dtype=np.float64)
    return replace(file, instances=replace(file.instances, area=area))


def _from_arrays(source: Source, ground: GroundTruthFile, masks: bool) -> PredictionsFile:
    del masks
    return _placed(source, ground)


def _from_detections(source: Source, ground: GroundTruthFile, masks: bool) -> PredictionsFile:
    """Place the list on the images by ascending id; class ids are positions, as supervision's."""
    if len(source) != len(ground.image_ids):
        raise MismatchedColumns("predictions", len(ground.image_ids), len(source))
    placed = _placed(detections.predictions(source, masks=masks), ground)
    return replace(placed, notes=detections.gaps(source, ("area",)))


def _placed(table: Instances, ground: GroundTruthFile) -> PredictionsFile:
    """Take a table that is on the axes of the ground truth already."""
    from evaluation.coco_files import PredictionsFile  # noqa: PLC0415 - as above

    check_positions(table, n_images=len(ground.image_ids), n_classes=len(ground.class_names))
    return PredictionsFile("the predictions", table, ground.class_ids, ground.class_names)


def _is_path(source: Source) -> bool:
    return isinstance(source, str | Path)


def _is_document(source: Source) -> bool:
    return isinstance(source, Mapping)


def _is_coco_object(source: Source) -> bool:
    """Say whether a source is a `COCO` of pycocotools or of a package that replaces it."""
    return isinstance(getattr(source, "dataset", None), Mapping) and hasattr(source, "getAnnIds")


def _is_rows(source: Source) -> bool:
    return isinstance(source, list | tuple) and all(isinstance(row, Mapping) for row in source)


PREDICTION_KINDS: tuple[
    tuple[Callable[[Source], bool], Callable[[Any, GroundTruthFile, bool], PredictionsFile]], ...
] = (
    (_is_path, _from_path),
    (_is_rows, _from_rows),
    (_is_coco_object, _from_coco_object),
    (arrays.fits, _from_arrays),
    (detections.fits, _from_detections),
)

KIND = Kind(
    name="a COCO file, document or object",
    accepts=(
        "the path of a COCO results file, a list of results, what COCO.loadRes returned, "
        "Instances on the axes of the ground truth, or a list of supervision.Detections"
    ),
    fits=fits,
    read=read,
)
