"""Masks of COCO records: run lengths and polygons to checked compressed masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from curation.formats.coco_elements import RunLengths, Segmentation
from curation.formats.problems import MASK_MALFORMED, MASK_SIZE_DIFFERS, ProblemKind
from evaluation.errors import MalformedMask
from evaluation.mask_faults import FAULTS
from evaluation.polygons import check_polygons, rasterise
from evaluation.run_lengths import bounding_boxes, check_runs, compress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from curation.formats.coco_elements import RowChecks


@dataclass(slots=True)
class MaskColumns:
    """Masks of neighbouring records, N entries each.

    `counts`: compressed masks, None where there is none or it waits for the image's size.
    `polygons`: the record's polygons as compact JSON. `sizes`: (N, 2) height, width of the mask.
    `area`: (N,) px², NaN where there is no mask. `faults`: row to kind and reason.
    """

    counts: list[bytes | None]
    polygons: list[bytes | None]
    sizes: NDArray[np.int32]
    area: NDArray[np.float64]
    faults: dict[int, tuple[ProblemKind, str]]

    @property
    def present(self) -> NDArray[np.bool_]:
        """(N,) which records have a mask now."""
        return np.fromiter(
            (text is not None for text in self.counts), dtype=np.bool_, count=len(self.counts)
        )

    @property
    def pending(self) -> NDArray[np.bool_]:
        """(N,) which records have polygons that wait for their image's size."""
        drawn = zip(self.polygons, self.counts, strict=True)
        found = (shape is not None and text is None for shape, text in drawn)
        return np.fromiter(found, dtype=np.bool_, count=len(self.counts))

    @classmethod
    def absent(cls, total: int) -> MaskColumns:
        """Return the columns of records without any mask."""
        nothing = np.full(total, np.nan)
        return cls([None] * total, [None] * total, np.zeros((total, 2), np.int32), nothing, {})

    @classmethod
    def joined(cls, parts: Sequence[MaskColumns]) -> MaskColumns:
        """Return the columns of several stretches of records as one; faults are left behind."""
        return cls(
            counts=[text for part in parts for text in part.counts],
            polygons=[shape for part in parts for shape in part.polygons],
            sizes=np.concatenate([part.sizes for part in parts]),
            area=np.concatenate([part.area for part in parts]),
            faults={},
        )

    def take(self, rows: NDArray[np.int64]) -> MaskColumns:
        """Return the columns of some records; faults are left behind."""
        return MaskColumns(
            counts=[self.counts[row] for row in rows],
            polygons=[self.polygons[row] for row in rows],
            sizes=self.sizes[rows],
            area=self.area[rows],
            faults={},
        )

    def reject_faults(self, checks: RowChecks) -> None:
        """Reject the records whose mask is at fault."""
        for kind in {kind for kind, _ in self.faults.values()}:
            rows = np.zeros(len(self.counts), dtype=np.bool_)
            rows[[row for row, fault in self.faults.items() if fault[0] is kind]] = True
            checks.reject(rows, kind, lambda row: self.faults[row][1])

    def boxes(self, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the boxes around some present masks: (M, 4) xywh, pixels."""
        texts = [self.counts[row] or b"" for row in np.flatnonzero(rows)]
        return bounding_boxes(texts, self.sizes[rows])


def read_masks(segmentations: Sequence[Segmentation | None], image_sizes: ArrayLike) -> MaskColumns:
    """Check masks, rasterise polygons and compress plain runs.

    Args:
        segmentations: What N records hold under `segmentation`.
        image_sizes: (N, 2) height and width of each record's image, pixels, 0 while unknown.
    """
    known = np.asarray(image_sizes, dtype=np.int64).reshape(-1, 2)
    columns = MaskColumns.absent(len(segmentations))
    for row, segmentation in enumerate(segmentations):
        if segmentation is None or (isinstance(segmentation, list) and not any(segmentation)):
            continue
        size = (int(known[row, 0]), int(known[row, 1]))
        try:
            if isinstance(segmentation, RunLengths):
                _read_runs(columns, row, segmentation, size)
            else:
                _read_polygons(columns, row, segmentation, size)
        except MalformedMask as error:
            columns.faults[row] = (MASK_MALFORMED, error.reason)
    _check(columns)
    return columns


def own_size(mask: RunLengths) -> tuple[int, int] | None:
    """Return height and width of a mask that is sound, which are those of its image."""
    columns = read_masks([mask], [(0, 0)])
    return mask.size if columns.present[0] else None


def _read_runs(
    columns: MaskColumns, row: int, mask: RunLengths, image_size: tuple[int, int]
) -> None:
    if all(image_size) and mask.size != image_size:
        reason = f"the mask is {_shown(mask.size)}, the image {_shown(image_size)} pixels"
        columns.faults[row] = (MASK_SIZE_DIFFERS, reason)
        return
    if isinstance(mask.counts, str):
        text = mask.counts.encode("utf-8", "replace")
    else:
        text = compress(mask.counts, mask.size)
    if max(map(abs, mask.size)) >= 1 << 31:
        raise MalformedMask(FAULTS[1])
    columns.sizes[row] = mask.size
    columns.counts[row] = text


def _read_polygons(
    columns: MaskColumns, row: int, polygons: list[list[float]], image_size: tuple[int, int]
) -> None:
    if all(image_size):
        columns.counts[row] = rasterise(polygons, image_size)
        columns.sizes[row] = image_size
    else:
        check_polygons(polygons)
    columns.polygons[row] = msgspec.json.encode(polygons)


def _check(columns: MaskColumns) -> None:
    rows = np.flatnonzero(columns.present)
    check = check_runs([columns.counts[row] or b"" for row in rows], columns.sizes[rows])
    columns.area[rows] = check.area
    for row, fault in zip(rows.tolist(), check.fault.tolist(), strict=True):
        if fault:
            columns.faults[row] = (MASK_MALFORMED, FAULTS[fault])
            columns.counts[row] = None
            columns.area[row] = np.nan


def _shown(size: tuple[int, int]) -> str:
    return f"{size[1]} x {size[0]}"
