"""The images of annotation files as tasks: one each, with one annotation where it is labelled."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from curation.errors import UnreadableFile
from curation.sync.annotation_tool import SUBMITTED, WAITING, RemoteAnnotation, RemoteTask
from curation.sync.tools.files.regions import (
    Region,
    in_order,
    label_region,
    loss_region,
    mark_region,
)

if TYPE_CHECKING:
    from curation.formats.records import ImageRecord
    from curation.sync.tools.files.reading import FileRecords, FilesContent

CREATED: Final = "1970-01-01T00:00:00.000000Z"
"""Files tell no beginning: an image of the same name is the same task."""
_LONGEST_ID: Final = 480


def tasks_of(content: FilesContent, place: str) -> list[RemoteTask]:
    """Return the tasks in the order of their ids.

    Args:
        content: What the files hold.
        place: Where they are, for errors.

    Raises:
        UnreadableFile: If two records describe one image: neither can be preferred.
    """
    found: dict[str, RemoteTask] = {}
    source_of: dict[str, str] = {}
    for file in content.files:
        for task in _tasks(file):
            if task.id in source_of:
                earlier = source_of[task.id]
                where = "twice" if earlier == file.name else f"as {earlier} does"
                reason = f"it describes the image {task.image!r} {where}; keep one of the two"
                name = file.name if file.name.startswith(place) else f"{place}/{file.name}"
                raise UnreadableFile(name, reason)
            source_of[task.id] = file.name
            found[task.id] = task
    return [found[task_id] for task_id in sorted(found)]


def task_id(name: str) -> str:
    """Return the id of an image's task: its name, or a hash of a name too long to be one."""
    if len(name) <= _LONGEST_ID:
        return name
    return "sha256:" + hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()


def _tasks(file: FileRecords) -> list[RemoteTask]:
    regions = _regions(file)
    tasks = []
    named: set[str] = set()
    for image in file.records.images:
        if image.file_name:  # without a name nobody can tell which picture is meant
            named.add(image.file_name)
            tasks.append(_task(file, image.file_name, image, regions.get(image.file_name)))
    # Images whose own record was rejected are not gone: they wait until it is mended.
    lost = [name for name in regions if name not in named]
    return tasks + [_task(file, name, None, regions[name]) for name in lost]


def _regions(file: FileRecords) -> dict[str, list[Region]]:
    """Return the regions of all images that have any, by the image's name."""
    records = file.records
    found: dict[str, list[Region]] = defaultdict(list)
    labels = records.labels
    for row, (image, class_) in enumerate(
        zip(labels.image.tolist(), labels.class_.tolist(), strict=True)
    ):
        region = label_region(labels, row, records.classes[class_].name)
        found[records.images[image].file_name].append(region)
    for mark in records.marks:
        found[records.images[mark.image].file_name].append(mark_region(mark))
    for loss in records.losses:
        found[loss.image].append(loss_region(loss))
    found.pop("", None)
    return found


def _task(
    file: FileRecords, name: str, image: ImageRecord | None, regions: list[Region] | None
) -> RemoteTask:
    known = task_id(name)
    modified = file.modified.get(name, file.modified[""])
    labelled = bool(regions) or (image is not None and image.labelled)
    annotation = RemoteAnnotation(
        id=f"labels:{known}",
        updated_at=modified,
        author=None,
        cancelled=False,
        ground_truth=False,
        regions=in_order(regions or ()),
    )
    return RemoteTask(
        id=known,
        created_at=CREATED,
        updated_at=modified,
        image=name,
        image_key=None,
        width=None if image is None else image.width or None,
        height=None if image is None else image.height or None,
        status=SUBMITTED if labelled else WAITING,
        status_by=None,
        status_at=None,
        fields={"file": file.name} if image is None else _fields(file, image),
        annotations=(annotation,) if labelled else (),
    )


def _fields(file: FileRecords, image: ImageRecord) -> dict[str, str]:
    return {"file": file.name} | ({"split": image.split} if image.split else {})
