"""The job that imports a project: written in slices, visible at once, taken back on failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from curation.job_engine.job_memory import JobMemory
from curation.job_engine.kinds import register
from curation.media.sources import open_source
from curation.media.thumbnail_cache import ThumbnailCache
from curation.projects.import_validation import (
    ValidatedProject,
    refuse_changed,
    validate_project,
)
from curation.projects.kept_reports import keep_report, keeping_report
from curation.projects.requests import ProjectImportRequest
from curation.store.label_history import Labels, add_labels, labels_as_of
from curation.store.project_imports import (
    DatasetHeader,
    dataset_image_ids,
    labels_written,
    note_hashes,
    open_import,
    publish_import,
    take_back_import,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from curation.formats.records import ProjectRecords
    from curation.job_engine.kinds import JobContext
    from curation.store.database import Connection

LABELS_A_SLICE: Final = 20_000
IMAGES_A_SLICE: Final = 100


class ProjectImportJob:
    """Imports one annotation source: labels first, then pictures, then one flip."""

    name: Final = "project import"

    def __init__(self) -> None:
        self._validated = JobMemory[ValidatedProject]()
        self._image_ids = JobMemory["NDArray[np.int64]"]()

    def plan(self, context: JobContext) -> dict[str, Any]:
        """Validate, then create everything but labels, invisible."""
        self.undo(context)
        request = ProjectImportRequest.from_payload(context.payload)
        context.report("Checking")
        with keeping_report(context):
            validated = self._validate(context)
        records = validated.records
        header = DatasetHeader(
            project=request.name,
            description=request.description,
            name=request.source.stem,
            format=request.format,
            root=validated.root,
            source=request.source.name,
            sha256=validated.sha256,
            author=request.author,
            job_id=context.job_id,
        )
        with context.database.write() as connection:
            report_id = keep_report(connection, context.job_id, validated.report)
            opened = open_import(
                connection, header, classes=_unique_names(records), images=_image_columns(records)
            )
        label_slices = -(-len(records.labels) // LABELS_A_SLICE)
        has_pixels = any(validated.hashes)
        picture_slices = -(-len(records.images) // IMAGES_A_SLICE) if has_pixels else 0
        context.report("Writing", done=0, total=label_slices + picture_slices)
        return {
            "slices": label_slices + picture_slices,
            "label_slices": label_slices,
            "project_id": opened.project_id,
            "dataset_id": opened.dataset_id,
            "revision": opened.revision,
            "class_ids": list(opened.class_ids),
            "report_id": report_id,
            "sha256": validated.sha256,
            "counts": validated.report.counts,
            "changes": {
                "labels_added": len(records.labels),
                "labels_removed": 0,
                "images_added": len(records.images),
                "images_changed": len(np.unique(records.labels.image)),
            },
        }

    def run_slice(self, context: JobContext, plan: dict[str, Any], number: int) -> None:
        """Write 20,000 labels, or note the hashes and make the thumbnails of 100 images."""
        if number < plan["label_slices"]:
            self._write_labels(context, plan, number)
        else:
            self._write_pictures(context, plan, number - plan["label_slices"])

    def finish(
        self, context: JobContext, plan: dict[str, Any], connection: Connection
    ) -> dict[str, Any]:
        """Publish the revision: images, classes and labels become visible at once."""
        publish_import(connection, plan["dataset_id"], plan["changes"])
        request = ProjectImportRequest.from_payload(context.payload)
        return {
            "project": request.name,
            "project_id": plan["project_id"],
            "revision": plan["revision"],
            "report_id": plan["report_id"],
            **plan["counts"],
        }

    def warm_up(self, context: JobContext, plan: dict[str, Any]) -> None:
        """Cache the labels of the revision as columns."""
        self._forget()
        labels_as_of(context.database, plan["project_id"], plan["revision"])

    def undo(self, context: JobContext) -> None:
        """Remove the dataset, its revision, and the project if this import made it."""
        self._forget()
        take_back_import(context.database, context.job_id)

    def _forget(self) -> None:
        self._validated.forget()
        self._image_ids.forget()

    def _reread(self, context: JobContext, plan: dict[str, Any]) -> ValidatedProject:
        """Return the import that was planned; after a crash it is read and checked again."""
        validated = self._validate(context)
        refuse_changed(context.payload["source"], validated.sha256, planned=plan["sha256"])
        return validated

    def _validate(self, context: JobContext) -> ValidatedProject:
        def progress(done: int, total: int) -> None:
            context.stop_if_cancelled()
            context.report("Checking pictures", done=done, total=total)

        request = ProjectImportRequest.from_payload(context.payload)
        return self._validated.get(
            context.job_id,
            lambda: validate_project(
                context.database, context.settings, request, dry_run=False, progress=progress
            ),
        )

    def _write_labels(self, context: JobContext, plan: dict[str, Any], number: int) -> None:
        labels = self._reread(context, plan).records.labels
        first = number * LABELS_A_SLICE
        rows = np.arange(first, min(first + LABELS_A_SLICE, len(labels)))
        part = labels.take(rows)
        image_ids = self._ids(context, plan)
        with context.database.write() as connection:
            # A slice that was committed before a crash must not be written again.
            if labels_written(connection, plan["project_id"], plan["revision"]) > first:
                return
            add_labels(
                connection,
                plan["project_id"],
                revision=plan["revision"],
                labels=Labels(
                    id=np.zeros(len(part), np.int64),
                    image_id=image_ids[part.image],
                    class_id=np.array(plan["class_ids"], np.int64)[part.class_],
                    boxes=part.boxes,
                    area=part.area,
                    crowd=part.crowd,
                    ignore=part.ignore,
                    source_id=part.source_id,
                    counts=list(part.counts),
                    polygons=list(part.polygons),
                    exact=None if part.exact is None else list(part.exact),
                ),
            )

    def _write_pictures(self, context: JobContext, plan: dict[str, Any], number: int) -> None:
        validated = self._reread(context, plan)
        if validated.root is None:
            return
        source = open_source(validated.root, s3_endpoint=context.settings.s3_endpoint)
        thumbnails = ThumbnailCache(context.settings.data_dir)
        part = slice(number * IMAGES_A_SLICE, (number + 1) * IMAGES_A_SLICE)
        hashes = validated.hashes[part]
        for image, sha256 in zip(validated.records.images[part], hashes, strict=True):
            if sha256 is not None:
                thumbnails.make(source, image.file_name, sha256)
        image_ids = self._ids(context, plan)
        with context.database.write() as connection:
            note_hashes(connection, image_ids[part], hashes)

    def _ids(self, context: JobContext, plan: dict[str, Any]) -> NDArray[np.int64]:
        """Return the ids of the dataset's images in order; read once, not once a slice."""

        def read() -> NDArray[np.int64]:
            with context.database.read() as connection:
                return dataset_image_ids(connection, plan["dataset_id"])

        return self._image_ids.get(context.job_id, read)


def _unique_names(records: ProjectRecords) -> list[tuple[str, str]]:
    """Return source id and name of each class; a second class of a name gets its id added."""
    seen: set[str] = set()
    classes = []
    for entry in records.classes:
        name = entry.name if entry.name not in seen else f"{entry.name} #{entry.source_id}"
        seen.add(name)
        classes.append((entry.source_id, name))
    return classes


def _image_columns(records: ProjectRecords) -> list[dict[str, object]]:
    return [
        {
            "source_id": image.source_id,
            "file_name": image.file_name,
            "width": image.width,
            "height": image.height,
            "split": image.split,
            "labelled": image.labelled,
        }
        for image in records.images
    ]


register(ProjectImportJob())
