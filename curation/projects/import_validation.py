"""Everything that is checked before a project import writes a row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from curation.errors import Conflict, NotFound, NothingToImport, UnreadableFile
from curation.formats.problems import (
    IMAGE_EXISTS,
    IMAGE_FILE_MISSING,
    IMAGE_FILE_RENAMED,
    IMAGE_REJECTED,
    IMAGE_SIZE_DIFFERS,
    IMAGE_SIZE_ROTATED,
    IMAGE_SIZE_UNKNOWN,
    IMAGE_UNREADABLE,
    ProblemKind,
)
from curation.formats.registry import PROJECT_FORMATS, ProjectFormat, ProjectOptions
from curation.formats.waiting_masks import draw
from curation.media.sources import open_source
from curation.media.verification import verify
from curation.projects.import_reports import build_report
from curation.store.project_imports import existing_names, imported_as

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from curation.formats.problems import ProblemLog
    from curation.formats.records import ImageRecord, ProjectRecords
    from curation.media.verification import ImageCheck
    from curation.projects.requests import ProjectImportRequest
    from curation.settings import Settings
    from curation.store.database import Database
    from curation.store.reports import ImportReport


@dataclass(frozen=True, slots=True)
class ValidatedProject:
    """A project import that may be written.

    Args:
        records: What is imported; nothing rejected is in it.
        report: What will be imported and what not, and why.
        sha256: Digest of the annotation source.
        root: Folder or S3 prefix of the pictures, None without pixels.
        hashes: Content hash of each image, None without pixels.
    """

    records: ProjectRecords
    report: ImportReport
    sha256: str
    root: str | None
    hashes: tuple[str | None, ...]


def validate_project(
    database: Database,
    settings: Settings,
    request: ProjectImportRequest,
    *,
    dry_run: bool,
    progress: Callable[[int, int], None] | None = None,
) -> ValidatedProject:
    """Read and check everything; write nothing.

    Args:
        database: The store.
        settings: The settings.
        request: What to import.
        dry_run: Whether the report is one of a dry run.
        progress: Called with pictures checked and to check.

    Raises:
        InputRejected: If the source cannot be read at all or leaves nothing to import.
        Conflict: If the same source was imported before, or a question is unanswered.
    """
    sha256 = digest(request.source)
    refuse_repeated(database, request, sha256)
    options = ProjectOptions(split=request.split, missing_label=request.missing_label)
    records = _format(request.format).read(request.source, options)
    if records.questions and not dry_run:
        question = records.questions[0]
        option = question.option.replace("_", "-")
        choices = " or ".join(question.choices)
        raise Conflict(question.text, next_step=f"Answer with --{option} {choices}.")
    records = _without_known_images(records, existing_names(database, request.name))
    root = request.images or _root_of_tree(request.source)
    hashes: tuple[str | None, ...] = (None,) * len(records.images)
    if root is not None:
        records, hashes = _check_pixels(records, root, settings, progress)
    records, hashes = _without_unknown_sizes(records, hashes)
    report = build_report(
        "project",
        f"{request.source.name} → {request.name}",
        _counts(records, hashes),
        records.problems,
        dry_run=dry_run,
    )
    if not records.images:
        reason = "no image is left after validation"
        raise NothingToImport(request.source.name, reason, report=report.to_dict())
    return ValidatedProject(records, report, sha256, root, hashes)


def refuse_repeated(database: Database, request: ProjectImportRequest, sha256: str) -> None:
    """Refuse a source that the project was made from before.

    Raises:
        Conflict: If so; there is nothing to do then.
    """
    earlier = imported_as(database, request.name, sha256)
    if earlier is not None:
        raise Conflict(
            f"{request.source.name} was imported into {request.name!r} before, as {earlier!r}.",
            next_step="Nothing needs to be done.",
        )


def refuse_changed(source: str, found: str, *, planned: str) -> None:
    """Refuse to go on with a source that is no longer the one that was planned.

    Args:
        source: Its path, for the message.
        found: Digest of what is there now.
        planned: Digest of what was planned.

    Raises:
        UnreadableFile: If they differ.
    """
    if found != planned:
        raise UnreadableFile(source, "it changed during the import")


def _format(name: str) -> ProjectFormat:
    if name not in PROJECT_FORMATS:
        raise NotFound("project format", name, known=tuple(PROJECT_FORMATS))
    return PROJECT_FORMATS[name]


def _tree(source: Path) -> Path:
    """Return the folder of a tree that is named by its YAML file, else the source itself."""
    return source.parent if source.suffix.lower() in {".yaml", ".yml"} else source


def _root_of_tree(source: Path) -> str | None:
    """Return the tree itself for formats that keep pictures beside their labels."""
    tree = _tree(source)
    return str(tree.resolve()) if tree.is_dir() else None


def digest(source: Path) -> str:
    """Return the SHA-256 of a file, or of a tree's text files with their names."""
    source = _tree(source)
    whole = hashlib.sha256()
    files = [source] if source.is_file() else sorted(source.rglob("*"))
    for file in files:
        if not file.is_file() or (file != source and file.suffix not in {".txt", ".yaml", ".yml"}):
            continue
        if file != source:
            whole.update(file.relative_to(source).as_posix().encode() + b"\x00")
        with file.open("rb") as stream:
            while chunk := stream.read(2**20):
                whole.update(chunk)
    return whole.hexdigest()


def _counts(records: ProjectRecords, hashes: tuple[str | None, ...]) -> dict[str, int]:
    labels = records.labels
    labelled = np.unique(labels.image)
    return {
        "images": len(records.images),
        "images_with_pixels": sum(1 for sha256 in hashes if sha256 is not None),
        "images_without_labels": len(records.images) - len(labelled),
        "unlabelled_images": sum(1 for image in records.images if not image.labelled),
        "classes": len(records.classes),
        "labels": len(labels),
        "labels_with_masks": sum(1 for mask in labels.counts if mask is not None),
        "crowd_labels": int(labels.crowd.sum()),
        "rejected": records.problems.rejects,
        "warnings": records.problems.warnings,
    }


def _without_known_images(records: ProjectRecords, known: frozenset[str]) -> ProjectRecords:
    keep = np.array([image.file_name not in known for image in records.images], dtype=np.bool_)
    for image in (records.images[i] for i in np.flatnonzero(~keep)):
        reason = f"{image.file_name} is in the project already"
        records.problems.add(
            IMAGE_EXISTS, file=image.file_name, record=f"image {image.source_id}", reason=reason
        )
    return keep_images(records, keep)


def keep_images(records: ProjectRecords, keep: NDArray[np.bool_]) -> ProjectRecords:
    """Return the records with only some images, and only their labels.

    Args:
        records: The records.
        keep: (images,) which to keep.
    """
    if keep.all():
        return records
    labels = records.labels.take(keep[records.labels.image])
    place = np.cumsum(keep) - 1
    labels = replace(labels, image=place[labels.image].astype(np.int64))
    images = tuple(image for image, kept in zip(records.images, keep, strict=True) if kept)
    dropped = len(records.labels) - len(labels)
    if dropped:
        records.problems.add(
            IMAGE_REJECTED,
            file="",
            record="labels",
            reason=f"{dropped} labels belong to images that are not imported",
            count=dropped,
        )
    return replace(records, images=images, labels=labels)


_VERDICTS: dict[str, ProblemKind] = {
    "missing": IMAGE_FILE_MISSING,
    "unreadable": IMAGE_UNREADABLE,
    "size-differs": IMAGE_SIZE_DIFFERS,
    "size-rotated": IMAGE_SIZE_ROTATED,
}


def _check_pixels(
    records: ProjectRecords,
    root: str,
    settings: Settings,
    progress: Callable[[int, int], None] | None,
) -> tuple[ProjectRecords, tuple[str | None, ...]]:
    """Compare every image with its pixels; sizes that the records lack come from them."""
    source = open_source(root, s3_endpoint=settings.s3_endpoint)
    images: list[ImageRecord] = []
    hashes: list[str | None] = []
    keep = np.ones(len(records.images), dtype=np.bool_)
    for check in verify(records.images, source):
        image = records.images[check.index]
        _note(records.problems, image, check)
        keep[check.index] = check.verdict != "unreadable"
        images.append(_completed(image, check))
        hashes.append(check.sha256)
        if progress is not None and (check.index + 1) % 50 == 0:
            progress(check.index + 1, len(records.images))
    records = keep_images(draw(replace(records, images=tuple(images))), keep)
    return records, tuple(sha for sha, kept in zip(hashes, keep, strict=True) if kept)


def _note(problems: ProblemLog, image: ImageRecord, check: ImageCheck) -> None:
    record = f"image {image.source_id}"
    kind = _VERDICTS.get(check.verdict)
    if kind is not None:
        problems.add(kind, file=image.file_name, record=record, reason=check.reason)
    if check.renamed:
        reason = f"found as {check.name}"
        problems.add(IMAGE_FILE_RENAMED, file=image.file_name, record=record, reason=reason)


def _completed(image: ImageRecord, check: ImageCheck) -> ImageRecord:
    """Take the name that was found, and the pixels' size where the record has none."""
    if check.header is None:
        return image
    if 0 in (image.width, image.height):
        image = replace(image, width=check.header.width, height=check.header.height)
    return replace(image, file_name=check.name)


def _without_unknown_sizes(
    records: ProjectRecords, hashes: tuple[str | None, ...]
) -> tuple[ProjectRecords, tuple[str | None, ...]]:
    keep = np.array([image.width > 0 and image.height > 0 for image in records.images], np.bool_)
    for image in (records.images[i] for i in np.flatnonzero(~keep)):
        records.problems.add(
            IMAGE_SIZE_UNKNOWN,
            file=image.file_name,
            record=f"image {image.source_id}",
            reason="neither the record nor a picture tells width and height",
        )
    kept = tuple(sha for sha, stays in zip(hashes, keep, strict=True) if stays)
    return keep_images(records, keep), kept
