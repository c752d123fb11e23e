"""The annotations of a COCO file: label columns, each record checked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from curation.formats.coco_elements import (
    BAD_BOX,
    MALFORMED,
    UNKNOWN,
    Diagnosis,
    Id,
    Places,
    RowChecks,
    RunLengths,
    Segmentation,
    checked_boxes,
    id_text,
    warn_of_flat_boxes,
)
from curation.formats.coco_masks import MaskColumns, own_size, read_masks
from curation.formats.problems import (
    AREA_COMPUTED,
    BOX_FROM_MASK,
    BOX_MISSING,
    BOX_NEGATIVE,
    CLASS_UNKNOWN,
    ID_MALFORMED,
    IMAGE_REJECTED,
    IMAGE_UNKNOWN,
    LABEL_ID_REPEATED,
    LABEL_ID_UNUSABLE,
    MASK_PENDING,
    ProblemLog,
)
from curation.formats.records import ImageRecord, LabelColumns, LossLog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from evaluation.json_windows import BadElement, Chunk

RECORD: Final = "annotations[{}]"
NO_ID: Final = -1


class Annotation(msgspec.Struct, gc=False):
    """One entry of `annotations`."""

    image_id: Id
    category_id: Id
    id: Id | None = None
    bbox: list[float] | None = None
    area: float | None = None
    iscrowd: bool | float | None = None
    ignore: bool | float | None = None
    segmentation: Segmentation | None = None


@dataclass(slots=True)
class LabelReader:
    """Collects the windows of one file's annotations.

    `rejected`: ids of image records that were refused, as text. `losses`: takes the rejected
    records of images that are known.
    """

    file: str
    log: ProblemLog
    images: Sequence[ImageRecord]
    image_places: Places
    class_places: Places
    rejected: frozenset[str]
    losses: LossLog
    _parts: list[LabelColumns] = field(default_factory=list)
    _ordinals: list[NDArray[np.int64]] = field(default_factory=list)
    _sizes: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        sizes = [(image.height, image.width) for image in self.images]
        self._sizes = np.array(sizes, dtype=np.int64).reshape(-1, 2)

    def take(self, chunk: Chunk[Annotation]) -> None:
        """Check one window and keep what is good of it."""
        ids = ("image_id", "category_id")
        diagnosis = Diagnosis(self.file, RECORD, ids, (BAD_BOX,))
        diagnosis.log(chunk.bad, self.log)
        self._note_undecodable(chunk.bad, diagnosis)
        rows = chunk.elements
        checks = RowChecks(self.log, self.file, RECORD, chunk.index)
        image = self._find_images([row.image_id for row in rows], checks)
        class_ = self._find_classes([row.category_id for row in rows], checks)
        boxes, masks = self._shapes(rows, image, checks)
        area = _areas(rows, boxes, masks, checks)
        source_id = _source_ids(rows, checks)
        self._note_losses(image, checks)
        kept = np.flatnonzero(checks.good)
        self._ordinals.append(chunk.index[kept])
        self._parts.append(
            LabelColumns(
                image=image[kept],
                class_=class_[kept],
                boxes=boxes[kept],
                area=area[kept],
                crowd=np.array([bool(rows[row].iscrowd) for row in kept], dtype=np.bool_),
                ignore=np.array([bool(rows[row].ignore) for row in kept], dtype=np.bool_),
                source_id=source_id[kept],
                polygons=[masks.polygons[row] for row in kept],
                counts=[masks.counts[row] for row in kept],
            )
        )

    def _note_undecodable(self, bad: Sequence[BadElement], diagnosis: Diagnosis) -> None:
        for element in bad:
            if isinstance(element.value, dict):
                text = id_text(element.value.get("image_id"))
                place = UNKNOWN if text is None else int(self.image_places.find([text])[0])
                if place >= 0:
                    kind, reason = diagnosis.find(element)
                    self.losses.add(self.images[place].file_name, kind.name, reason)

    def _note_losses(self, image: NDArray[np.int64], checks: RowChecks) -> None:
        for row, (kind, reason) in checks.causes.items():
            name = self.images[image[row]].file_name if image[row] >= 0 else ""
            if self.losses.wants(name):
                self.losses.add(name, kind.name, reason(row))

    def _find_images(self, values: Sequence[Id], checks: RowChecks) -> NDArray[np.int64]:
        found = self.image_places.find(values)
        checks.reject(found == MALFORMED, ID_MALFORMED, lambda row: f"image_id is {values[row]!r}")
        unknown = found == UNKNOWN
        if unknown.any() and self.rejected:
            refused = np.array([id_text(value) in self.rejected for value in values])
            checks.reject(
                unknown & refused, IMAGE_REJECTED, lambda row: f"image {values[row]!r} was rejected"
            )
        checks.reject(unknown, IMAGE_UNKNOWN, lambda row: f"there is no image {values[row]!r}")
        return found

    def _find_classes(self, values: Sequence[Id], checks: RowChecks) -> NDArray[np.int64]:
        found = self.class_places.find(values)
        checks.reject(
            found == MALFORMED, ID_MALFORMED, lambda row: f"category_id is {values[row]!r}"
        )
        checks.reject(
            found == UNKNOWN, CLASS_UNKNOWN, lambda row: f"there is no category {values[row]!r}"
        )
        return found

    def _shapes(
        self, rows: Sequence[Annotation], image: NDArray[np.int64], checks: RowChecks
    ) -> tuple[NDArray[np.float64], MaskColumns]:
        """Return boxes and masks; a label without a box gets that of its mask."""
        boxes, absent = checked_boxes([row.bbox for row in rows], checks)
        negative = ~absent & (boxes[:, 2:] < 0).any(axis=1)
        checks.reject(negative, BOX_NEGATIVE, lambda row: f"bbox is {boxes[row].tolist()}")
        # Masks of rejected records are not looked at: their image's size may not exist.
        shapes = [
            row.segmentation if good else None for row, good in zip(rows, checks.good, strict=True)
        ]
        self._adopt_sizes(shapes, image)
        sizes = np.zeros((len(rows), 2), dtype=np.int64)
        sizes[checks.good] = self._sizes[image[checks.good]]
        masks = read_masks(shapes, sizes)
        masks.reject_faults(checks)
        boxes[absent & masks.present] = masks.boxes(absent & masks.present)
        for row in np.flatnonzero(absent & masks.pending):
            boxes[row] = _extent(shapes[row])
        checks.reject(
            absent & ~masks.present & ~masks.pending,
            BOX_MISSING,
            lambda _: "neither bbox nor segmentation",
        )
        checks.warn(absent, BOX_FROM_MASK, lambda _: "bbox is missing")
        checks.warn(masks.pending, MASK_PENDING, lambda _: "the image has no size yet")
        warn_of_flat_boxes(boxes, absent, checks)
        return boxes, masks

    def _adopt_sizes(self, shapes: Sequence[Segmentation | None], image: NDArray[np.int64]) -> None:
        """Take the size of an image that gives none from its first sound run-length mask."""
        for shape, place in zip(shapes, image.tolist(), strict=True):
            if isinstance(shape, RunLengths) and not self._sizes[place].all():
                self._sizes[place] = own_size(shape) or (0, 0)

    def sized_images(self) -> tuple[ImageRecord, ...]:
        """Return the images with the sizes that their masks gave."""
        pairs = zip(self.images, self._sizes.tolist(), strict=True)
        return tuple(
            image if image.width and image.height else replace(image, width=width, height=height)
            for image, (height, width) in pairs
        )

    def columns(self) -> LabelColumns:
        """Join what the windows gave, and warn of repeated annotation ids."""
        labels = joined(self._parts)
        numbered = np.flatnonzero(labels.source_id != NO_ID)
        _, first = np.unique(labels.source_id[numbered], return_index=True)
        repeated = np.ones(len(numbered), dtype=np.bool_)
        repeated[first] = False
        rows = np.zeros(len(labels), dtype=np.bool_)
        rows[numbered[repeated]] = True
        ordinals = np.concatenate([*self._ordinals, np.zeros(0, dtype=np.int64)])
        checks = RowChecks(self.log, self.file, RECORD, ordinals)
        checks.warn(
            rows, LABEL_ID_REPEATED, lambda row: f"id {labels.source_id[row]} occurs before"
        )
        return labels


def joined(parts: Sequence[LabelColumns]) -> LabelColumns:
    """Return several stretches of labels as one."""
    whole = np.zeros(0, dtype=np.int64)
    flags = np.zeros(0, dtype=np.bool_)
    return LabelColumns(
        image=np.concatenate([whole, *(part.image for part in parts)]),
        class_=np.concatenate([whole, *(part.class_ for part in parts)]),
        boxes=np.concatenate([np.zeros((0, 4)), *(part.boxes for part in parts)]),
        area=np.concatenate([np.zeros(0), *(part.area for part in parts)]),
        crowd=np.concatenate([flags, *(part.crowd for part in parts)]),
        ignore=np.concatenate([flags, *(part.ignore for part in parts)]),
        source_id=np.concatenate([whole, *(part.source_id for part in parts)]),
        polygons=[shape for part in parts for shape in part.polygons],
        counts=[text for part in parts for text in part.counts],
    )


def _areas(
    rows: Sequence[Annotation],
    boxes: NDArray[np.float64],
    masks: MaskColumns,
    checks: RowChecks,
) -> NDArray[np.float64]:
    """Return areas as the file says, else of the mask, else of the box: (N,) px²."""
    said = (np.nan if row.area is None else row.area for row in rows)
    area = np.fromiter(said, dtype=np.float64, count=len(rows))
    unusable = ~(np.isfinite(area) & (area >= 0))
    checks.warn(unusable, AREA_COMPUTED, lambda row: f"area is {rows[row].area}")
    of_box = boxes[:, 2] * boxes[:, 3]
    computed = np.where(np.isnan(masks.area), of_box, masks.area)
    return np.where(unusable, computed, area)


def _source_ids(rows: Sequence[Annotation], checks: RowChecks) -> NDArray[np.int64]:
    """Return the annotations' own numbers: (N,), -1 where there is none that fits 64 bits."""
    numbers = np.fromiter((_number(row.id) for row in rows), dtype=np.int64, count=len(rows))
    checks.warn(numbers == NO_ID, LABEL_ID_UNUSABLE, lambda row: f"id is {rows[row].id!r}")
    return numbers


def _number(value: Id | None) -> int:
    text = id_text(value)
    if text is None or not text.isdecimal() or len(text) > 18:
        return NO_ID
    return int(text)


def _extent(segmentation: Segmentation | None) -> tuple[float, float, float, float]:
    """Return the box around polygons: x, y, width, height, pixels."""
    parts = segmentation if isinstance(segmentation, list) else []
    points = np.concatenate([np.asarray(part, dtype=np.float64) for part in parts]).reshape(-1, 2)
    low, high = points.min(axis=0), points.max(axis=0)
    return low[0], low[1], high[0] - low[0], high[1] - low[1]
