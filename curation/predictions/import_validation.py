"""Everything that is checked before a prediction import writes a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from curation.errors import NotFound, NothingToImport
from curation.formats.placement import place
from curation.formats.problems import (
    CLASS_COUNTED_FROM_ONE,
    CLASS_UNKNOWN,
    IMAGE_AMBIGUOUS,
    IMAGE_DISPUTED,
    IMAGE_UNKNOWN,
    ProblemLog,
)
from curation.formats.registry import (
    PREDICTION_FORMATS,
    PredictionFormat,
    detect_predictions,
)
from curation.predictions.class_maps import (
    ClassMap,
    ClassMapRow,
    as_map,
    fingerprint,
    suggest,
)
from curation.predictions.image_keys import AMBIGUOUS, resolve
from curation.projects.catalog import get_project
from curation.projects.import_reports import build_report
from curation.projects.import_validation import digest
from curation.store.images import ClassEntry, ImageTable, read_classes, read_images
from curation.store.prediction_imports import remembered_class_map
from curation.store.prediction_shards import Predictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.formats.records import PredictionColumns
    from curation.predictions.requests import PredictionImportRequest
    from curation.store.database import Database
    from curation.store.reports import ImportReport


@dataclass(frozen=True, slots=True)
class ValidatedPredictions:
    """A prediction import that may be written.

    Args:
        predictions: What is imported; nothing rejected is in it.
        report: What will be imported and what not, and why.
        class_map: The class map that was used.
        suggestions: Every class id of the file with what it is taken for.
        fingerprint: What the class map is remembered by.
        covered_splits: Splits whose images the model was run on, None for every image.
        image_revision: Revision whose images those are; later ones the model never saw.
        task: `boxes` or `masks`.
        format: Name of the file's format.
        sha256: Digest of the file.
    """

    predictions: Predictions
    report: ImportReport
    class_map: ClassMap
    suggestions: tuple[ClassMapRow, ...]
    fingerprint: str
    covered_splits: tuple[str, ...] | None
    image_revision: int
    task: str
    format: str
    sha256: str


def validate_predictions(
    database: Database, request: PredictionImportRequest, *, dry_run: bool
) -> ValidatedPredictions:
    """Read and check everything; write nothing.

    Args:
        database: The store.
        request: What to import.
        dry_run: Whether the report is one of a dry run.

    Raises:
        InputRejected: If the file cannot be read at all, or no prediction is left (a dry run then
            still reports, because another class map may help).
        NotFound: If the project, or a class or split that the request names, does not exist.
    """
    project = get_project(database, request.project_id)
    with database.read() as connection:
        images = read_images(connection, request.project_id)
        classes = read_classes(connection, request.project_id)
    chosen = _format(request)
    columns, problems = chosen.read(request.source)
    file = request.source.name
    records = len(columns) + problems.rejects
    suggestions, key_print = _suggestions(database, request, columns, classes, chosen.name)
    mapping = _checked_map(request.class_map, suggestions, classes)
    meant = _images_meant(request, images)
    columns, positions = _known_images(columns, meant, problems, file)
    columns = _known_classes(columns, mapping, problems, file)
    _note_shift(suggestions, mapping, problems, file)
    columns, placing = place(columns, _key_sizes(positions, meant), file=file)
    problems.merge(placing)
    key_image_ids = np.append(meant.id, -1)[np.where(positions < 0, -1, positions)]
    predictions = _rows(columns, key_image_ids, mapping, classes)
    covered = covered_splits(request, images, predictions)
    counts = _counts(records, predictions, images, covered, problems)
    report = build_report(
        "predictions", f"{file} → {project.name}", counts, problems, dry_run=dry_run
    )
    if not len(predictions) and records and not dry_run:
        raise NothingToImport(file, _first_reasons(problems), report=report.to_dict())
    return ValidatedPredictions(
        predictions=predictions,
        report=report,
        class_map=mapping,
        suggestions=suggestions,
        fingerprint=key_print,
        covered_splits=covered,
        image_revision=project.revision,
        task="masks" if predictions.counts is not None else "boxes",
        format=chosen.name,
        sha256=digest(request.source),
    )


def _format(request: PredictionImportRequest) -> PredictionFormat:
    if request.format is None:
        return detect_predictions(request.source)
    if request.format not in PREDICTION_FORMATS:
        raise NotFound("prediction format", request.format, known=tuple(PREDICTION_FORMATS))
    return PREDICTION_FORMATS[request.format]


def _suggestions(
    database: Database,
    request: PredictionImportRequest,
    columns: PredictionColumns,
    classes: tuple[ClassEntry, ...],
    format_name: str,
) -> tuple[tuple[ClassMapRow, ...], str]:
    """Return what every class id is taken for, and what the map is remembered by."""
    # Only Ultralytics writes file stems as image ids, and it counts classes from 1.
    stems = any(not key.isdecimal() for key in columns.image_keys)
    key_print = fingerprint([format_name, "stems" if stems else "ids", *columns.class_keys])
    found = np.bincount(columns.class_key, minlength=len(columns.class_keys)).tolist()
    counts = dict(zip(columns.class_keys, found, strict=True))
    remembered = remembered_class_map(database, request.project_id, key_print)
    rows = suggest(counts, classes, counts_from_one=stems, remembered=remembered)
    return rows, key_print


def _images_meant(request: PredictionImportRequest, images: ImageTable) -> ImageTable:
    """Return the images that the file can be about: those of the splits the request names.

    Raises:
        NotFound: If the project does not have such a split.
    """
    if not isinstance(request.covers, tuple):
        return images
    known = np.unique(images.split_names).tolist()
    for split in request.covers:
        if split not in known:
            raise NotFound("split", split, known=tuple(known))
    return images.take(np.isin(images.split_names, request.covers))


def _key_sizes(positions: NDArray[np.int64], images: ImageTable) -> NDArray[np.int64]:
    """Return (K, 2) height and width of the image of each key, 0 where there is none."""
    sizes = np.stack([np.append(images.height, 0), np.append(images.width, 0)], axis=1)
    return sizes[np.where(positions < 0, -1, positions)]


def _checked_map(
    wanted: ClassMap | None,
    suggestions: tuple[ClassMapRow, ...],
    classes: tuple[ClassEntry, ...],
) -> ClassMap:
    """Return the map to use: the request's where it says something, else the suggestion."""
    names = tuple(entry.name for entry in classes)
    for name in (wanted or {}).values():
        if name is not None and name not in names:
            raise NotFound("class", name, known=names)
    return {**as_map(suggestions), **(wanted or {})}


def _note_shift(
    suggestions: tuple[ClassMapRow, ...], mapping: ClassMap, problems: ProblemLog, file: str
) -> None:
    for row in suggestions:
        if row.how == "shifted id" and mapping.get(row.key) == row.suggestion:
            reason = f"class id {row.key} is taken for {row.suggestion}"
            problems.add(
                CLASS_COUNTED_FROM_ONE, file=file, record=f"class {row.key}", reason=reason
            )


def _known_images(
    columns: PredictionColumns, images: ImageTable, problems: ProblemLog, file: str
) -> tuple[PredictionColumns, NDArray[np.int64]]:
    """Reject predictions of images that the project does not have; return image positions."""
    resolution = resolve(columns.image_keys, columns.image_names, images)
    positions = resolution.positions
    for key in np.flatnonzero(resolution.disputed).tolist():
        text, name = columns.image_keys[key], images.file_name[positions[key]]
        reason = f"{text!r} is taken for {name} by its {resolution.way}"
        problems.add(IMAGE_DISPUTED, file=file, record=f"image {text}", reason=reason)
    for value, kind, word in (
        (AMBIGUOUS, IMAGE_AMBIGUOUS, "fits several images"),
        (-1, IMAGE_UNKNOWN, "is no image of the project"),
    ):
        rows = np.flatnonzero(positions[columns.image_key] == value)
        problems.add_each(
            kind,
            columns.ordinal[rows].tolist(),
            file=file,
            record="[{}]",
            reason=_key_reasons(columns, columns.image_key, columns.image_keys, word),
        )
    keep = positions[columns.image_key] >= 0
    return (columns if keep.all() else columns.take(keep)), positions


def _known_classes(
    columns: PredictionColumns, mapping: ClassMap, problems: ProblemLog, file: str
) -> PredictionColumns:
    mapped = np.array([mapping.get(key) is not None for key in columns.class_keys], np.bool_)
    keep = mapped[columns.class_key]
    problems.add_each(
        CLASS_UNKNOWN,
        columns.ordinal[~keep].tolist(),
        file=file,
        record="[{}]",
        reason=_key_reasons(
            columns, columns.class_key, columns.class_keys, "is mapped to no class of the project"
        ),
    )
    return columns if keep.all() else columns.take(keep)


def _key_reasons(
    columns: PredictionColumns, keys: NDArray[np.int32], names: list[str], word: str
) -> _Reasons:
    return _Reasons(columns.ordinal, keys, names, word)


class _Reasons:
    """Says of a record why its key was refused; made only for the examples that are kept."""

    def __init__(
        self, ordinal: NDArray[np.int64], keys: NDArray[np.int32], names: list[str], word: str
    ) -> None:
        self._ordinal, self._keys, self._names, self._word = ordinal, keys, names, word

    def __call__(self, ordinal: int) -> str:
        row = int(np.searchsorted(self._ordinal, ordinal))
        return f"{self._names[self._keys[row]]!r} {self._word}"


def _rows(
    columns: PredictionColumns,
    key_image_ids: NDArray[np.int64],
    mapping: ClassMap,
    classes: tuple[ClassEntry, ...],
) -> Predictions:
    ids = {entry.name: entry.id for entry in classes}
    key_class_ids = np.array(
        [ids.get(mapping.get(key) or "", -1) for key in columns.class_keys], dtype=np.int64
    )
    has_masks = columns.counts is not None and any(mask is not None for mask in columns.counts)
    nothing = np.zeros(0, np.int64)
    return Predictions(
        ordinal=columns.ordinal,
        image_id=key_image_ids[columns.image_key] if len(columns) else nothing,
        class_id=key_class_ids[columns.class_key] if len(columns) else nothing,
        score=columns.score,
        boxes=columns.boxes,
        area=columns.area,
        counts=[mask or b"" for mask in columns.counts or ()] if has_masks else None,
    )


def covered_splits(
    request: PredictionImportRequest, images: ImageTable, predictions: Predictions
) -> tuple[str, ...] | None:
    """Return the splits a set covers, None for every image of its revision.

    Args:
        request: What was asked for.
        images: The project's images.
        predictions: What will be imported.
    """
    if request.covers == "all":
        return None
    names = images.split_names
    if isinstance(request.covers, tuple):
        chosen = set(request.covers)
    else:
        chosen = set(names[np.unique(images.positions(predictions.image_id))].tolist())
    return None if chosen >= set(names.tolist()) else tuple(sorted(chosen))


def _counts(
    records: int,
    predictions: Predictions,
    images: ImageTable,
    covered: tuple[str, ...] | None,
    problems: ProblemLog,
) -> dict[str, int]:
    in_scope = np.ones(len(images), np.bool_)
    if covered is not None:
        in_scope = np.isin(images.split_names, covered)
    with_any = len(np.unique(predictions.image_id))
    return {
        "records": records,
        "predictions": len(predictions),
        "images": with_any,
        "covered_images": int(in_scope.sum()),
        "covered_images_without_predictions": max(0, int(in_scope.sum()) - with_any),
        "masks": sum(1 for mask in predictions.counts or () if mask),
        "rejected": problems.rejects,
        "warnings": problems.warnings,
    }


def _first_reasons(problems: ProblemLog) -> str:
    kinds = sorted(problems.counts().items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{count} × {name}" for name, count in kinds)
