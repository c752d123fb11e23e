"""Ground truth of a COCO file, or of the same document in memory, as a table on its axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from evaluation.coco_files.columns import Columns
from evaluation.coco_files.headers import Header
from evaluation.coco_files.problems import FileProblem, ProblemLog
from evaluation.coco_files.records import Records
from evaluation.errors import MalformedJson
from evaluation.instances import Instances
from evaluation.json_scan import Refused, scan_lists
from evaluation.scanned_columns import Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.coco_files.identities import IdAxis
    from evaluation.masks import Masks

_IMAGES: Final = Shape(("id", "file_name", "width", "height"), ("id",))
_CLASSES: Final = Shape(("id", "name"), ("id",))
_BOXES: Final = Shape(
    ("id", "image_id", "category_id", "bbox", "area", "iscrowd"),
    ("image_id", "category_id", "bbox"),
    shortest=len(b'{"image_id":1,"category_id":1,"bbox":[1,1,1,1]}'),
)
_MASKS: Final = Shape(
    (*_BOXES.wanted, "segmentation"),
    ("image_id", "category_id"),
    ("bbox", "segmentation"),
    shortest=len(b'{"image_id":1,"category_id":1,"segmentation":[]}'),
)
_LISTS: Final = ("images", "categories", "annotations")
_IN_MEMORY: Final = "the ground truth"


@dataclass(frozen=True, slots=True, eq=False)
class GroundTruthFile:
    """Ground truth with the axes that predictions are placed on.

    `images` and `classes` are the axes: ids in ascending order. `class_names` and `image_names`
    (file names) go with them, the id where the file gives none. `image_sizes` is (I, 2) height and
    width, pixels, 0 where unknown. `notes` tell what was read otherwise than one might think.
    """

    file: str
    instances: Instances
    images: IdAxis
    classes: IdAxis
    class_names: tuple[str, ...]
    image_names: tuple[str, ...]
    image_sizes: NDArray[np.int64]
    notes: tuple[FileProblem, ...] = ()

    @property
    def image_ids(self) -> NDArray[Any]:
        """(I,) ids of the image axis: int64, or objects if some are texts or larger."""
        return self.images.ids

    @property
    def class_ids(self) -> NDArray[Any]:
        """(K,) ids of the class axis: int64, or objects if some are texts or larger."""
        return self.classes.ids


def read_ground_truth(path: str | Path, *, masks: bool = False) -> GroundTruthFile:
    """Read a COCO ground truth file as pycocotools understands it.

    A crowd region is what `iscrowd` says (`ignore` is not read). The area is the annotation's;
    where it is missing, that of the mask, or of the box if there is no mask. A box that is missing
    is that around the mask. An id given to two images or classes is that of the last.

    Args:
        path: A file with the lists `images`, `annotations` and `categories`.
        masks: Read `segmentation` too: run lengths, compressed or not, and polygons.

    Raises:
        FaultyRecords: If records cannot be meant as they are: all of them, by kind.
        MalformedJson: If the file is not JSON with these lists.
        OSError: If the file cannot be read.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "truth.json"
        ...     _ = path.write_text(
        ...         '{"images": [{"id": 7, "file_name": "a.jpg", "width": 64, "height": 48}],'
        ...         ' "categories": [{"id": 3, "name": "cat"}],'
        ...         ' "annotations": [{"id": 1, "image_id": 7, "category_id": 3,'
        ...         ' "bbox": [1, 2, 10, 20], "area": 150, "iscrowd": 0}]}'
        ...     )
        ...     truth = read_ground_truth(path)
        >>> truth.class_names, truth.instances.boxes.tolist(), truth.image_sizes.tolist()
        (('cat',), [[1.0, 2.0, 10.0, 20.0]], [[48, 64]])
    """
    path = Path(path)
    log = ProblemLog(path.name)
    images, classes, columns = _scanned(path, masks=masks) or _decoded(path, log, masks=masks)
    if not masks and not (columns.all_boxed and columns.all_measured):
        log = ProblemLog(path.name)
        images, classes, columns = _scanned(path, masks=True) or _decoded(path, log, masks=True)
    return _assembled(images, classes, columns, log, masks=masks)


def ground_truth_from_dict(document: Mapping[str, Any], *, masks: bool = False) -> GroundTruthFile:
    """Take a COCO document in memory, such as `json.load` gives or `COCO.dataset` holds.

    Args:
        document: A mapping with the lists `images`, `annotations` and `categories`; numbers may
            be NumPy's. It is not changed.
        masks: Read `segmentation` too.

    Raises:
        FaultyRecords: If records cannot be meant as they are: all of them, by kind.
        MalformedJson: If a list is missing.

    Example:
        >>> truth = ground_truth_from_dict(
        ...     {
        ...         "images": [{"id": 1}, {"id": 0}],
        ...         "categories": [{"id": 3, "name": "cat"}],
        ...         "annotations": [
        ...             {"id": 5, "image_id": 1, "category_id": 3, "bbox": [0, 0, 2, 2]}
        ...         ],
        ...     }
        ... )
        >>> truth.instances.image.tolist(), [note.kind for note in truth.notes]
        ([1], ['area is missing; taken from the box'])
    """
    log = ProblemLog(_IN_MEMORY)
    for name in _LISTS:
        if not isinstance(document.get(name), list | tuple):
            raise MalformedJson(_IN_MEMORY, f'there is no list "{name}"')
    images, classes, objects = (
        records_of(document[name], list_name=name, log=log) for name in _LISTS
    )
    lacking = any(value is None for name in ("bbox", "area") for value in objects.get(name))
    columns = objects.columns(scored=False, masks=masks or lacking)
    return _assembled(
        Header.decoded(images, name="file_name"),
        Header.decoded(classes, name="name"),
        columns,
        log,
        masks=masks,
    )


def records_of(rows: Sequence[Any], *, list_name: str, log: ProblemLog) -> Records:
    """Take mappings as records; what is no mapping is noted, and read as one without members."""
    mappings = [row if isinstance(row, Mapping) else {} for row in rows]
    places = np.arange(len(rows))
    others = np.array([not isinstance(row, Mapping) for row in rows], dtype=np.bool_)
    log.add(
        "record is no mapping",
        places[others],
        lambda place: f"{list_name}[{place}]: {type(rows[place]).__name__}",
    )
    return Records(lambda name: [row.get(name) for row in mappings], places, list_name, log)


def _scanned(path: Path, *, masks: bool) -> tuple[Header, Header, Columns] | None:
    """Read the file by the compiled scanner; None if it refuses."""
    shapes = (_IMAGES, _CLASSES, _MASKS if masks else _BOXES)
    try:
        found = scan_lists(path, dict(zip(_LISTS, shapes, strict=True)))
        images = Header.scanned("images", found["images"])
        classes = Header.scanned("categories", found["categories"])
    except (Refused, UnicodeDecodeError):
        return None
    return images, classes, Columns.scanned("annotations", found["annotations"], masks=masks)


def _decoded(path: Path, log: ProblemLog, *, masks: bool) -> tuple[Header, Header, Columns]:
    from evaluation.coco_files import decoded  # noqa: PLC0415 - msgspec costs 14 ms

    images, classes, columns = decoded.lists(path, log, masks=masks)
    return (
        Header.decoded(images, name="file_name"),
        Header.decoded(classes, name="name"),
        columns,
    )


def _assembled(
    images: Header, classes: Header, columns: Columns, log: ProblemLog, *, masks: bool
) -> GroundTruthFile:
    """Place the annotations on the axes and fill what they leave out."""
    notes = ProblemLog(log.file)
    image_axis, image_names, sizes = images.axis(notes)
    class_axis, class_names, _ = classes.axis(notes)
    image = image_axis.find(columns.image)
    class_ = class_axis.find(columns.class_)
    columns.note_unknown(columns.image, image, "image_id", "the file's images", log)
    columns.note_unknown(columns.class_, class_, "category_id", "the file's categories", log)
    absent = columns.without_segmentation
    found = _masks(columns, image, sizes, log, wanted=masks)
    of_box = columns.box_areas(log)
    log.refuse()
    of_mask = np.zeros(columns.n) if found is None else np.where(absent, 0.0, found.areas)
    return GroundTruthFile(
        file=log.file,
        instances=Instances(
            image=image,
            class_=class_,
            boxes=columns.boxes,
            area=_areas(columns, of_mask, of_box, notes),
            score=np.ones(columns.n),
            crowd=np.zeros(columns.n, np.bool_) if columns.crowd is None else columns.crowd,
            id=_ids(columns, notes),
            masks=found if masks else None,
        ),
        images=image_axis,
        classes=class_axis,
        class_names=class_names,
        image_names=image_names,
        image_sizes=sizes,
        notes=notes.found(),
    )


def _masks(
    columns: Columns,
    image: NDArray[np.int64],
    sizes: NDArray[np.int64],
    log: ProblemLog,
    *,
    wanted: bool,
) -> Masks | None:
    """Make masks if they are wanted, or if boxes or areas must come from them."""
    absent = columns.without_segmentation
    if not wanted and columns.all_boxed and (columns.all_measured or absent.all()):
        return None
    from evaluation.coco_files.shapes import masks_of  # noqa: PLC0415 - boxes do without

    if wanted:
        columns.note("segmentation is missing or empty", np.flatnonzero(absent), log)
    else:
        neither = absent & columns.unboxed
        columns.note("neither bbox nor segmentation", np.flatnonzero(neither), log)
    judged = (image >= 0) & ~absent & (wanted | columns.unboxed)
    return masks_of(columns, image, sizes, log, judged=judged)


def _areas(
    columns: Columns,
    of_mask: NDArray[np.float64],
    of_box: NDArray[np.float64],
    notes: ProblemLog,
) -> NDArray[np.float64]:
    """Fill areas that are missing: with that of a mask of at least a pixel, else of the box."""
    given, measured = columns.given_area, columns.measured
    if given is None or measured is None or columns.all_measured:
        return np.zeros(0) if given is None else given
    drawn = of_mask > 0
    sources = (("mask", ~measured & drawn), ("box", ~measured & ~drawn))
    for source, rows in sources:
        columns.note(f"area is missing; taken from the {source}", np.flatnonzero(rows), notes)
    return np.where(measured, given, np.where(drawn, of_mask, of_box))


def _ids(columns: Columns, notes: ProblemLog) -> NDArray[np.int64]:
    ordinal = np.arange(1, columns.n + 1)
    if columns.id is None or columns.numbered is None:
        return ordinal
    given = columns.id
    missing = np.flatnonzero(~columns.numbered)
    columns.note("id is missing or no number; numbered by place", missing, notes)
    columns.note(
        "annotation id given again; every record counts",
        _given_again(given, columns.numbered),
        notes,
        lambda row: f"id {given[row]}",
    )
    return np.where(columns.numbered, columns.id, ordinal) if len(missing) else columns.id


def _given_again(ids: NDArray[np.int64], numbered: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Give the rows whose number an earlier row has too, ascending."""
    rows = np.flatnonzero(numbered)
    ascending = ids[rows]
    if not (ascending[1:] > ascending[:-1]).all():
        ascending = np.sort(ascending)
    if not (ascending[1:] == ascending[:-1]).any():
        return np.empty(0, np.int64)
    first = np.unique(ids[rows], return_index=True)[1]
    return np.delete(rows, first)
