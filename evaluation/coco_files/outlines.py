"""Segmentations of records that were decoded one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from evaluation.coco_files.records import doubles
from evaluation.coco_files.segmentations import (
    Group,
    PolygonGroup,
    RunGroup,
    Segmentations,
    TextGroup,
)
from evaluation.masks import Texts
from evaluation.polygons import Polygons

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from evaluation.coco_files.records import Records

_LARGEST: Final = 1 << 31


def outlines(values: Sequence[Any], records: Records) -> Segmentations:
    """Sort segmentations by their form; an empty list is none.

    Args:
        values: What N records hold: None, a list of polygons, or a mapping of `size` and `counts`.
        records: Where faulty ones are noted.
    """
    texts: dict[int, bytes] = {}
    runs: dict[int, Sequence[float]] = {}
    polygons: dict[int, Sequence[Sequence[float]]] = {}
    sizes: dict[int, tuple[int, int]] = {}
    for row, value in enumerate(values):
        if value is None or (isinstance(value, list | tuple) and not len(value)):
            continue
        size = _size(value)
        if size is not None:
            sizes[row] = size
            counts = value["counts"]
            if isinstance(counts, str | bytes):
                texts[row] = counts.encode() if isinstance(counts, str) else counts
                continue
            if _are_numbers(counts):
                runs[row] = counts
                continue
        elif isinstance(value, list | tuple) and all(map(_are_numbers, value)):
            polygons[row] = value
            continue
        _note(records, row, value)
    groups: list[Group] = []
    if texts:
        rows = _rows(texts)
        groups.append(TextGroup(rows, Texts.joined(list(texts.values())), _sizes(sizes, texts)))
    if runs:
        groups.append(RunGroup(_rows(runs), list(runs.values()), _sizes(sizes, runs)))
    if polygons:
        shapes = Polygons.from_lists(list(polygons.values()))
        groups.append(PolygonGroup(_rows(polygons), shapes))
    return Segmentations(len(values), groups)


def _note(records: Records, row: int, value: Any) -> None:
    shown = repr(value)[:60]
    records.note(
        "segmentation is neither polygons nor run lengths", np.array([row]), lambda _: shown
    )


def _size(value: Any) -> tuple[int, int] | None:
    """Give height and width of run lengths; None for what are none."""
    if not isinstance(value, dict) or "counts" not in value:
        return None
    size: Any = value.get("size")
    if not _are_numbers(size) or len(size) != 2:
        return None
    height, width = doubles(list(size)).tolist()
    whole = height.is_integer() and width.is_integer()
    return (int(height), int(width)) if whole and max(abs(height), abs(width)) < _LARGEST else None


def _are_numbers(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 1 and np.issubdtype(value.dtype, np.number)
    return isinstance(value, list | tuple) and not np.isnan(doubles(value)).any()


def _rows(found: dict[int, Any]) -> NDArray[np.int64]:
    return np.fromiter(found, dtype=np.int64, count=len(found))


def _sizes(sizes: dict[int, tuple[int, int]], rows: dict[int, Any]) -> NDArray[np.int64]:
    return np.array([sizes[row] for row in rows], dtype=np.int64).reshape(-1, 2)
