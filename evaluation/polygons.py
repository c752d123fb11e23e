"""Polygons: checked, then rasterised on exactly the five-fold grid of the COCO API.

The pixels of an object are those that `frPyObjects` and `merge` of pycocotools give for its
parts, bit for bit; polygons that would crash or stall that code are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Self

import numpy as np

from evaluation import kernels
from evaluation.errors import MalformedMask, MismatchedColumns
from evaluation.mask_faults import (
    FAULTS,
    FEW_POINTS,
    HALF_POINT,
    MAX_COORDINATE,
    NO_PART,
    NOT_FINITE,
)
from evaluation.masks import Masks, check_views, checked_sizes, in_blocks, refuse, unfilled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

kernel = kernels.kernel("polygon_kernel")


@dataclass(frozen=True, slots=True, eq=False)
class Polygons:
    """The polygons of N objects as flat columns.

    `coordinates` is flat x, y, x, y, … in pixels. The numbers of part p are those from
    `part_starts[p]` up to `part_starts[p + 1]`, the parts of object i those from
    `object_starts[i]` up to `object_starts[i + 1]`; each has one entry more than there are.

    Raises:
        MismatchedColumns: If there are no starts.
        PositionOutOfRange: If starts descend or reach past what they divide.
    """

    coordinates: NDArray[np.float64]
    part_starts: NDArray[np.int64]
    object_starts: NDArray[np.int64]

    def __post_init__(self) -> None:
        rooms = (len(self.coordinates), len(self.part_starts) - 1)
        for name, room in zip(("part_starts", "object_starts"), rooms, strict=True):
            starts: NDArray[np.int64] = getattr(self, name)
            if not len(starts):
                raise MismatchedColumns(f"polygons.{name}", "at least (1,)", starts.shape)
            check_views(f"polygons.{name}", starts, np.zeros_like(starts), room)
            check_views(f"polygons.{name}", starts[:-1], np.diff(starts), room)

    def __len__(self) -> int:
        return len(self.object_starts) - 1

    @classmethod
    def from_lists(cls, objects: Sequence[Sequence[Sequence[float]]]) -> Self:
        """Take polygons as COCO files hold them: of each object a list of parts.

        Args:
            objects: Of N objects the parts, each x1, y1, x2, y2, … in pixels.

        Example:
            >>> Polygons.from_lists([[[0, 0, 4, 0, 0, 4]], []]).object_starts.tolist()
            [0, 1, 1]
        """
        parts = list(chain.from_iterable(objects))
        return cls(
            np.fromiter(chain.from_iterable(parts), dtype=np.float64),
            np.cumsum([0, *map(len, parts)], dtype=np.int64),
            np.cumsum([0, *map(len, objects)], dtype=np.int64),
        )


def rasterise_all(polygons: Polygons, sizes: ArrayLike) -> tuple[Masks, NDArray[np.int8]]:
    """Rasterise the polygons of many objects and say what is wrong with which.

    Args:
        polygons: The parts of N objects.
        sizes: (N, 2) height and width of each object's image, pixels.

    Returns:
        The masks, without a pixel where polygons are faulty, and (N,) indexes into `FAULTS`.

    Raises:
        MismatchedColumns: If there are not N sizes.

    Example:
        >>> square = [1, 1, 3, 1, 3, 3, 1, 3]
        >>> masks, fault = rasterise_all(Polygons.from_lists([[square], []]), [(4, 4), (4, 4)])
        >>> masks.areas.tolist(), [FAULTS[code] for code in fault]
        ([4, 0], ['', 'it has no polygon'])
    """
    n = len(polygons)
    checked = checked_sizes(sizes, n)
    rooms = np.zeros(n, dtype=np.int64)
    fault = np.zeros(n, dtype=np.int8)
    load = np.diff(polygons.part_starts[polygons.object_starts])
    in_blocks(load, lambda *rows: kernel.measure_polygons(polygons, checked, rooms, fault, *rows))
    masks = unfilled(rooms, checked)
    in_blocks(rooms, lambda *rows: kernel.rasterise(polygons, masks, fault, *rows))
    return masks, fault


def rasterise(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> bytes:
    """Return the compressed mask of one object's polygons.

    Coordinates are taken as they are; what lies outside the image is cut.

    Args:
        polygons: Parts of one object, each x1, y1, x2, y2, … in pixels.
        size: Height and width of the image, pixels.

    Raises:
        MalformedMask: See `check_polygons`; also a coordinate more than ten image sides away, or
            an outline too long to rasterise.

    Example:
        >>> rasterise([[1, 1, 3, 1, 3, 3, 1, 3]], (4, 4))
        b'52203'
    """
    masks, fault = rasterise_all(Polygons.from_lists([polygons]), [size])
    refuse(fault)
    return masks.texts()[0]


def check_polygons(polygons: Sequence[Sequence[float]]) -> None:
    """Check what of polygons can be checked without knowing their image.

    Args:
        polygons: Parts of one object, each x1, y1, x2, y2, … in pixels.

    Raises:
        MalformedMask: No part, fewer than three points, half a point, or a coordinate that is
            not finite or beyond 2**24.

    Example:
        >>> check_polygons([[0, 0, 4, 0, 0, 4]])
    """
    if not polygons:
        raise MalformedMask(FAULTS[NO_PART])
    for polygon in polygons:
        if len(polygon) < 6:
            raise MalformedMask(FAULTS[FEW_POINTS])
        if len(polygon) % 2:
            raise MalformedMask(FAULTS[HALF_POINT])
        # NaN fails every comparison, so this refuses it too.
        if not np.abs(np.array(polygon, dtype=np.float64)).max() <= MAX_COORDINATE:
            raise MalformedMask(FAULTS[NOT_FINITE])
