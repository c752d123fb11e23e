"""The formats that can be read, for the command line and the screens to list and choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from curation.errors import NotFound, UnknownFormat
from curation.formats import (
    coco_projects,
    coco_results,
    cvat_xml,
    yolo_predictions,
    yolo_projects,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from curation.formats.problems import ProblemLog
    from curation.formats.records import PredictionColumns, ProjectRecords
    from curation.formats.yolo_projects import MissingLabel


@dataclass(frozen=True, slots=True)
class ProjectOptions:
    """What is decided about reading a project.

    `split`: the split of images that the source gives none. `missing_label`: what an image
    without any label is, for formats that do not tell; None leaves a question. `marks`: whether
    tags and points are wanted; otherwise they are reported as not kept.
    """

    split: str | None = None
    missing_label: MissingLabel | None = None
    marks: bool = False


@dataclass(frozen=True, slots=True)
class ProjectFormat:
    """A format of images, classes and labels."""

    name: str
    title: str
    description: str
    sniff: Callable[[Path], bool]
    read: Callable[[Path, ProjectOptions], ProjectRecords]


@dataclass(frozen=True, slots=True)
class PredictionFormat:
    """A format of one model's predictions; what it reads must be placed on images afterwards."""

    name: str
    title: str
    description: str
    sniff: Callable[[Path], bool]
    read: Callable[[Path], tuple[PredictionColumns, ProblemLog]]


PROJECT_FORMATS: Final = {
    one.name: one
    for one in (
        ProjectFormat(
            name=coco_projects.NAME,
            title="COCO",
            description="One JSON file of images, annotations and categories: boxes and masks.",
            sniff=coco_projects.sniff,
            read=lambda path, options: coco_projects.read(path, split=options.split),
        ),
        ProjectFormat(
            name=yolo_projects.NAME,
            title="YOLO",
            description="A folder of images, text labels and a data.yaml: boxes and polygons.",
            sniff=yolo_projects.sniff,
            read=lambda path, options: yolo_projects.read(
                path, split=options.split, missing_label=options.missing_label
            ),
        ),
        ProjectFormat(
            name=cvat_xml.NAME,
            title="CVAT",
            description="One XML file, 'CVAT for images 1.1': boxes, polygons, ellipses, masks.",
            sniff=cvat_xml.sniff,
            read=lambda path, options: cvat_xml.read(
                path,
                split=options.split,
                missing_label=options.missing_label,
                marks=options.marks,
            ),
        ),
    )
}

PREDICTION_FORMATS: Final = {
    one.name: one
    for one in (
        PredictionFormat(
            name="coco-results",
            title="COCO results",
            description="A JSON list of boxes or masks; also Ultralytics' predictions.json.",
            sniff=coco_results.sniff,
            read=coco_results.read,
        ),
        PredictionFormat(
            name="yolo-txt",
            title="YOLO text",
            description="A folder with one text file an image: class, box or polygon, confidence.",
            sniff=yolo_predictions.sniff,
            read=yolo_predictions.read,
        ),
    )
}

F = TypeVar("F", ProjectFormat, PredictionFormat)


def detect_project(path: Path) -> ProjectFormat:
    """Return the format of a project file or folder.

    Raises:
        NotFound: There is nothing at the path.
        UnknownFormat: No format recognises it.
    """
    return _detect(path, PROJECT_FORMATS)


def detect_predictions(path: Path) -> PredictionFormat:
    """Return the format of a prediction file or folder.

    Raises:
        NotFound: There is nothing at the path.
        UnknownFormat: No format recognises it.
    """
    return _detect(path, PREDICTION_FORMATS)


def _detect(path: Path, formats: dict[str, F]) -> F:
    if not path.exists():
        raise NotFound("file or folder", str(path))
    for one in formats.values():
        if one.sniff(path):
            return one
    titles = " or ".join(one.title for one in formats.values())
    raise UnknownFormat(str(path), expected=f"{titles} as far as its beginning tells")
