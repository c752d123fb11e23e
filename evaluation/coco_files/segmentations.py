"""Segmentations of records: run lengths and polygons in columns, until they become masks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from evaluation.masks import Masks, Texts, decode_texts, read_runs
from evaluation.polygons import Polygons, rasterise_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from evaluation.scanned_columns import ScannedColumns


class Group(Protocol):
    """Segmentations of one form; `rows` (M,) says of which records."""

    @property
    def rows(self) -> NDArray[np.int64]:
        """(M,) the records' rows, ascending."""

    def moved(self, by: int) -> Group:
        """Give the same, of records that stand so many rows later."""

    def masks(self, image_sizes: NDArray[np.int64]) -> tuple[Masks, NDArray[np.int8]]:
        """Make masks of them and say what is wrong with which.

        Args:
            image_sizes: (M, 2) height and width of their images, pixels, 0 where unknown.
        """


@dataclass(frozen=True, slots=True, eq=False)
class TextGroup:
    """Run lengths as compressed texts; `sizes` is (M, 2) height and width."""

    rows: NDArray[np.int64]
    texts: Texts
    sizes: NDArray[np.int64]

    def moved(self, by: int) -> TextGroup:
        """Give the same, of records that stand so many rows later."""
        return replace(self, rows=self.rows + by)

    def masks(self, image_sizes: NDArray[np.int64]) -> tuple[Masks, NDArray[np.int8]]:
        """Decode the texts."""
        del image_sizes
        return decode_texts(self.texts, self.sizes)


@dataclass(frozen=True, slots=True, eq=False)
class RunGroup:
    """Run lengths as lists of numbers; `sizes` is (M, 2) height and width."""

    rows: NDArray[np.int64]
    runs: Sequence[Sequence[float]]
    sizes: NDArray[np.int64]

    def moved(self, by: int) -> RunGroup:
        """Give the same, of records that stand so many rows later."""
        return replace(self, rows=self.rows + by)

    def masks(self, image_sizes: NDArray[np.int64]) -> tuple[Masks, NDArray[np.int8]]:
        """Sum the runs."""
        del image_sizes
        return read_runs(self.runs, self.sizes)


@dataclass(frozen=True, slots=True, eq=False)
class PolygonGroup:
    """Polygons, drawn on their images."""

    rows: NDArray[np.int64]
    polygons: Polygons

    def moved(self, by: int) -> PolygonGroup:
        """Give the same, of records that stand so many rows later."""
        return replace(self, rows=self.rows + by)

    def masks(self, image_sizes: NDArray[np.int64]) -> tuple[Masks, NDArray[np.int8]]:
        """Rasterise the polygons."""
        return rasterise_all(self.polygons, image_sizes)


@dataclass(slots=True)
class Segmentations:
    """The segmentations of N records, some of which may have none."""

    n: int
    groups: list[Group] = field(default_factory=list)

    def draw_boxes(self, boxes: NDArray[np.float64], rows: NDArray[np.int64]) -> None:
        """Give some rows their box as a polygon, as COCO's `loadRes` does.

        Args:
            boxes: (N, 4) xywh, pixels.
            rows: (M,) rows without a segmentation.
        """
        x, y, width, height = boxes[rows].T
        corners = (x, y, x, y + height, x + width, y + height, x + width, y)
        m = len(rows)
        polygons = Polygons(
            np.stack(corners, axis=1).ravel(), 8 * np.arange(m + 1), np.arange(m + 1)
        )
        self.groups.append(PolygonGroup(rows, polygons))

    def masks(self, image_sizes: NDArray[np.int64]) -> tuple[Masks, NDArray[np.int8]]:
        """Make the masks, once; every row must have a segmentation, which is given up for them.

        Args:
            image_sizes: (N, 2) height and width of the records' images, pixels, 0 where unknown.

        Returns:
            N masks, and (N,) indexes into `FAULTS`.
        """
        rows = [group.rows for group in self.groups]
        parts = []
        while self.groups:  # what a group holds goes as soon as it has become masks
            group = self.groups.pop(0)
            parts.append(group.masks(image_sizes[group.rows]))
            del group
        if not parts:
            return decode_texts([], np.empty((0, 2)))
        if len(parts) == 1:
            return parts[0]
        order = np.argsort(np.concatenate(rows), kind="stable")
        fault = np.concatenate([fault for _, fault in parts])
        return Masks.joined([masks for masks, _ in parts]).take(order), fault[order]

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put the segmentations of neighbouring records together."""
        groups: list[Group] = []
        n = 0
        for part in parts:
            groups += [group.moved(n) for group in part.groups]
            n += part.n
        return cls(n, groups)


def scanned(found: ScannedColumns) -> Segmentations:
    """Take the segmentations that the scanner read."""
    groups: list[Group] = []
    texts = np.flatnonzero(found.text_start >= 0)
    if len(texts):
        whole = len(texts) == len(found)
        starts, lengths = found.text_start, found.text_length
        sizes = found.size.reshape(-1, 2)
        if not whole:
            starts, lengths, sizes = starts[texts], lengths[texts], sizes[texts]
        groups.append(TextGroup(texts, Texts(found.text, starts, lengths), sizes))
    drawn = np.flatnonzero(found.n_parts)
    if len(drawn):
        part_starts = np.concatenate([[0], np.cumsum(found.part_length)])
        object_starts = np.concatenate([[0], np.cumsum(found.n_parts[drawn])])
        groups.append(PolygonGroup(drawn, Polygons(found.points, part_starts, object_starts)))
    return Segmentations(len(found), groups)
