"""Our copy and our labels beside the tool's own full export, told by other code than the sync's."""

from __future__ import annotations

import json
from typing import Any

from curation.formats.label_studio_regions import read_regions
from curation.store.database import Database
from curation.store.images import read_classes, read_images
from curation.store.label_history import labels_as_of
from curation.store.projects import project_revision
from curation.store.remote_tasks import all_tasks, annotations_of
from tests.servers.label_studio import HEIGHT, WIDTH

Copy = dict[str, tuple[str, dict[str, tuple[bool, bool, str]]]]


def _text(regions: Any) -> str:
    return json.dumps(regions, sort_keys=True)


def copy_of(database: Database, source_id: int) -> Copy:
    """Return our copy: image and annotations (cancelled, ground truth, regions) of each task."""
    with database.read() as connection:
        tasks = all_tasks(connection, source_id)
        annotations = annotations_of(connection, source_id, [task.remote_id for task in tasks])
    return {
        task.remote_id: (
            task.image,
            {
                row.remote_id: (row.cancelled, row.ground_truth, _text(json.loads(row.regions)))
                for row in annotations.get(task.remote_id, [])
            },
        )
        for task in tasks
    }


def exported(export: list[Any]) -> Copy:
    """Return the tool's export in the same form."""
    return {
        str(task["id"]): (
            task["data"]["image"],
            {
                str(one["id"]): (one["was_cancelled"], one["ground_truth"], _text(one["result"]))
                for one in task["annotations"]
            },
        )
        for task in export
    }


Labels = dict[str, list[tuple[str, list[float], float]]]


def labels_of_store(database: Database, project_id: int) -> Labels:
    """Return class, box and area of every label, by image."""
    revision = project_revision(database, project_id)
    with database.read() as connection:
        images = read_images(connection, project_id)
        names = {entry.id: entry.name for entry in read_classes(connection, project_id)}
    rows = labels_as_of(database, project_id, revision)
    found: Labels = {name: [] for name in images.file_name}
    for place, class_id, box, area in zip(
        images.positions(rows.image_id), rows.class_id, rows.boxes, rows.area, strict=True
    ):
        found[images.file_name[place]].append((names[class_id], box.tolist(), float(area)))
    return {name: sorted(rows) for name, rows in found.items() if rows}


def labels_of_export(export: list[Any]) -> Labels:
    """Return what every image should have: its newest work, ground truth before other work."""
    best: dict[str, tuple[Any, Any]] = {}
    for task in export:
        for one in task["annotations"]:
            if one["was_cancelled"]:
                continue
            image = task["data"]["image"].partition("?d=")[2]
            rank = (one["ground_truth"], one["updated_at"].ljust(27, "0"), str(one["id"]))
            if image not in best or rank > best[image][0]:
                best[image] = (rank, one["result"])
    found: Labels = {}
    for image, (_, result) in best.items():
        shapes = read_regions(result, size=(HEIGHT, WIDTH)).shapes
        rows = sorted((one.class_name, list(one.box), one.area) for one in shapes)
        if rows:
            found[image] = rows
    return found
