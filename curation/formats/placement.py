"""Bring predictions onto their images: what cannot be known before the images' sizes are.

Shares of the image become pixels, polygons become masks, masks of another size are refused, and
boxes that reach outside are counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from curation.formats.coco_elements import RowChecks
from curation.formats.problems import (
    BOX_OUTSIDE_IMAGE,
    IMAGE_SIZE_UNKNOWN,
    MASK_MALFORMED,
    MASK_SIZE_DIFFERS,
    ProblemLog,
)
from evaluation.errors import MalformedMask
from evaluation.polygons import rasterise
from evaluation.run_lengths import bounding_boxes, check_runs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from curation.formats.records import PredictionColumns

RECORD: Final = "prediction {}"


def outside(boxes: NDArray[np.float64], sizes: ArrayLike) -> NDArray[np.bool_]:
    """Tell which boxes reach outside their image: (N,).

    Args:
        boxes: (N, 4) xywh, pixels.
        sizes: (N, 2) height and width of each box's image, pixels.

    >>> outside(np.array([[0, 0, 4, 2], [1, 0, 4, 2.0]]), [(2, 4), (2, 4)]).tolist()
    [False, True]
    """
    size = np.asarray(sizes, dtype=np.float64).reshape(-1, 2)
    far = boxes[:, :2] + boxes[:, 2:]
    return np.asarray((boxes[:, :2] < 0).any(axis=1) | (far > size[:, ::-1]).any(axis=1))


def place(
    columns: PredictionColumns, key_sizes: ArrayLike, *, file: str
) -> tuple[PredictionColumns, ProblemLog]:
    """Return the predictions in pixels of their images, and what was wrong with some.

    Args:
        columns: What a reader of predictions gave, only of images that are known.
        key_sizes: (K, 2) height and width of the image of each image key, pixels, 0 if unknown.
        file: The name for problems.
    """
    log = ProblemLog()
    sizes = np.asarray(key_sizes, dtype=np.int64).reshape(-1, 2)[columns.image_key]
    checks = RowChecks(log, file, RECORD, columns.ordinal)
    work = _Placement(columns, sizes, checks)
    if columns.normalised:
        work.scale()
    if columns.counts is not None:
        work.check_mask_sizes()
    if columns.polygons is not None:
        work.rasterise()
    placed = work.columns
    known = (sizes > 0).all(axis=1)
    checks.warn(
        known & outside(placed.boxes, sizes),
        BOX_OUTSIDE_IMAGE,
        lambda row: (
            f"bbox is {placed.boxes[row].tolist()}, image {sizes[row, 1]} x {sizes[row, 0]}"
        ),
    )
    return (placed if checks.good.all() else placed.take(checks.good)), log


@dataclass(slots=True)
class _Placement:
    """Predictions on their way onto their images; `sizes`: (N, 2) height, width of each's image."""

    columns: PredictionColumns
    sizes: NDArray[np.int64]
    checks: RowChecks

    def scale(self) -> None:
        """Turn shares of the image into pixels."""
        self._require_sizes(np.ones(len(self.columns), dtype=np.bool_))
        by = self.sizes[:, [1, 0, 1, 0]].astype(np.float64)
        boxes = self.columns.boxes * by
        polygons = self.columns.polygons
        self.columns = replace(
            self.columns,
            boxes=boxes,
            area=boxes[:, 2] * boxes[:, 3],
            polygons=None if polygons is None else list(map(_scaled, polygons, self.sizes)),
            normalised=False,
        )

    def check_mask_sizes(self) -> None:
        """Refuse run-length masks that are not of their image's size."""
        sizes = self.columns.sizes
        counts = self.columns.counts
        if sizes is None or counts is None:
            return
        present = np.fromiter((text is not None for text in counts), np.bool_, count=len(counts))
        known = (self.sizes > 0).all(axis=1)
        self.checks.reject(
            present & known & (sizes != self.sizes).any(axis=1),
            MASK_SIZE_DIFFERS,
            lambda row: (
                f"the mask is {sizes[row, 1]} x {sizes[row, 0]}, "
                f"the image {self.sizes[row, 1]} x {self.sizes[row, 0]} pixels"
            ),
        )

    def rasterise(self) -> None:
        """Turn polygons into masks, and take box and area from them where they are missing."""
        polygons = self.columns.polygons or []
        total = len(self.columns)
        waiting = np.fromiter((shape is not None for shape in polygons), np.bool_, count=total)
        self._require_sizes(waiting)
        counts = list(self.columns.counts or [None] * total)
        sizes = np.zeros((total, 2), np.int32) if self.columns.sizes is None else self.columns.sizes
        sizes = sizes.copy()
        faults: dict[int, str] = {}
        for row in np.flatnonzero(waiting & self.checks.good).tolist():
            size = (int(self.sizes[row, 0]), int(self.sizes[row, 1]))
            shape = msgspec.json.decode(polygons[row] or b"[]", type=list[list[float]])
            try:
                counts[row] = rasterise(shape, size)
            except MalformedMask as error:
                faults[row] = error.reason
            else:
                sizes[row] = size
        wrong = np.zeros(total, dtype=np.bool_)
        wrong[list(faults)] = True
        self.checks.reject(wrong, MASK_MALFORMED, faults.__getitem__)
        drawn = replace(self.columns, counts=counts, sizes=sizes, polygons=None)
        self.columns = _completed(drawn, np.flatnonzero(waiting & self.checks.good))

    def _require_sizes(self, rows: NDArray[np.bool_]) -> None:
        unknown = rows & ~(self.sizes > 0).all(axis=1)
        self.checks.reject(unknown, IMAGE_SIZE_UNKNOWN, lambda _: "the image's size is not known")


def _completed(columns: PredictionColumns, rows: NDArray[np.int64]) -> PredictionColumns:
    """Return the columns with boxes and areas from new masks where the file gave none."""
    if columns.counts is None or columns.sizes is None:
        return columns
    texts = [columns.counts[row] or b"" for row in rows]
    boxes = columns.boxes.copy()
    area = columns.area.copy()
    no_box = np.isnan(boxes[rows]).any(axis=1)
    boxes[rows[no_box]] = bounding_boxes(texts, columns.sizes[rows])[no_box]
    no_area = np.isnan(area[rows])
    area[rows[no_area]] = check_runs(texts, columns.sizes[rows]).area[no_area]
    return replace(columns, boxes=boxes, area=area)


def _scaled(polygons: bytes | None, size: NDArray[np.int64]) -> bytes | None:
    """Return normalised polygons in pixels; both as compact JSON."""
    if polygons is None:
        return None
    height, width = size.tolist()
    parts = msgspec.json.decode(polygons, type=list[list[float]])
    by = (width, height)
    return msgspec.json.encode(
        [[value * by[place % 2] for place, value in enumerate(part)] for part in parts]
    )
