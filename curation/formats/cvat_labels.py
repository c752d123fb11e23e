"""The shapes of CVAT's XML as label columns: masks drawn many at a time, each label checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from curation.formats.problems import (
    BOX_OUTSIDE_IMAGE,
    BOX_WITHOUT_EXTENT,
    CLASS_UNKNOWN,
    MASK_MALFORMED,
    MASK_PENDING,
    ProblemKind,
    ProblemLog,
)
from curation.formats.records import LabelColumns, LossLog
from evaluation.mask_faults import FAULTS
from evaluation.masks import Masks, read_runs
from evaluation.polygons import Polygons, rasterise_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from curation.formats.cvat_elements import Box, Size, Sketch

_AT_ONCE: Final = 4_096
_ROUNDING: Final = 0.015  # pixels; coordinates are written with two decimals


@dataclass(frozen=True, slots=True)
class Place:
    """Where a shape stands: its image's place, name and size (height, width), and its record."""

    image: int
    file_name: str
    size: Size
    record: str


@dataclass(frozen=True, slots=True)
class _Label:
    """A finished label."""

    place: Place
    name: str
    box: Box
    area: float
    polygon: bytes | None
    counts: bytes | None
    exact: bytes | None


@dataclass(slots=True)
class ShapeReader:
    """Collects the shapes of one file.

    `losses`: takes what is rejected.
    """

    file: str
    log: ProblemLog
    losses: LossLog
    _waiting: list[tuple[Place, str, Sketch]] = field(default_factory=list)
    _labels: list[_Label] = field(default_factory=list)

    def take(self, place: Place, name: str, sketch: Sketch) -> None:
        """Take a shape of a class."""
        self._waiting.append((place, name, sketch))
        if len(self._waiting) >= _AT_ONCE:
            self._finish()

    def names(self) -> set[str]:
        """Return the names of all classes that occur."""
        self._finish()
        return {label.name for label in self._labels}

    def columns(self, names: Sequence[str]) -> LabelColumns:
        """Return the labels of these classes; others are rejected."""
        self._finish()
        place_of = {name: place for place, name in enumerate(names)}
        labels = [label for label in self._labels if self._is_known(label, place_of)]
        total = len(labels)
        classes = (place_of[label.name] for label in labels)
        return LabelColumns(
            image=np.fromiter((label.place.image for label in labels), np.int64, count=total),
            class_=np.fromiter(classes, np.int64, count=total),
            boxes=np.array([label.box for label in labels], dtype=np.float64).reshape(-1, 4),
            area=np.fromiter((label.area for label in labels), np.float64, count=total),
            crowd=np.zeros(total, dtype=np.bool_),
            ignore=np.zeros(total, dtype=np.bool_),
            source_id=np.full(total, -1, dtype=np.int64),
            polygons=[label.polygon for label in labels],
            counts=[label.counts for label in labels],
            exact=[label.exact for label in labels],
        )

    def reject(self, place: Place, kind: ProblemKind, reason: str) -> None:
        """Note that a shape is not taken; its image is not complete then."""
        self._problem(kind, place, reason)
        self.losses.add(place.file_name, kind.name, reason)

    def _is_known(self, label: _Label, known: dict[str, int]) -> bool:
        if label.name not in known:
            reason = f"the file declares no label {label.name!r}"
            self.reject(label.place, CLASS_UNKNOWN, reason)
        return label.name in known

    def _finish(self) -> None:
        """Draw the masks that wait, then check and keep the labels."""
        waiting, self._waiting = self._waiting, []
        drawn = _draw([sketch for _, _, sketch in waiting], [place.size for place, _, _ in waiting])
        for (place, name, sketch), mask in zip(waiting, drawn, strict=True):
            if mask.fault:
                self.reject(place, MASK_MALFORMED, mask.fault)
                continue
            outline = None if sketch.outline is None else msgspec.json.encode([sketch.outline])
            box = sketch.box or mask.box
            area = sketch.area if mask.counts is None else mask.area
            self._warn(place, box, pending=outline is not None and mask.counts is None)
            self._labels.append(_Label(place, name, box, area, outline, mask.counts, sketch.exact))

    def _warn(self, place: Place, box: Box, *, pending: bool) -> None:
        x, y, width, height = box
        if width == 0 or height == 0:
            self._problem(BOX_WITHOUT_EXTENT, place, f"width {width:g}, height {height:g}")
        beyond = max(-x, -y, x + width - place.size[1], y + height - place.size[0])
        if all(place.size) and beyond > _ROUNDING:
            self._problem(BOX_OUTSIDE_IMAGE, place, f"by {beyond:g} pixels")
        if pending:
            self._problem(MASK_PENDING, place, "the image has no size yet")

    def _problem(self, kind: ProblemKind, place: Place, reason: str) -> None:
        self.log.add(kind, file=self.file, record=place.record, reason=reason)


@dataclass(frozen=True, slots=True)
class _Mask:
    """What became of a sketch: its mask, if it has one, or what is wrong with it."""

    counts: bytes | None = None
    area: float = 0.0
    box: Box = (0.0, 0.0, 0.0, 0.0)
    fault: str = ""


def _draw(sketches: Sequence[Sketch], sizes: Sequence[Size]) -> list[_Mask]:
    """Draw the masks of sketches; an outline without its image's size has none yet."""
    drawn = [_Mask()] * len(sketches)
    size = np.array(sizes, dtype=np.int64).reshape(-1, 2)
    outlined = [row for row, one in enumerate(sketches) if one.outline and all(sizes[row])]
    polygons = Polygons.from_lists([[sketches[row].outline or []] for row in outlined])
    _keep(drawn, outlined, *rasterise_all(polygons, size[outlined]))
    painted = [row for row, one in enumerate(sketches) if one.runs is not None]
    _keep(drawn, painted, *read_runs([_runs(sketches[row]) for row in painted], size[painted]))
    return drawn


def _runs(sketch: Sketch) -> NDArray[np.int64]:
    return np.zeros(0, np.int64) if sketch.runs is None else sketch.runs


def _keep(drawn: list[_Mask], rows: list[int], masks: Masks, fault: NDArray[np.int8]) -> None:
    boxes = (tuple(box) for box in masks.boxes().tolist())
    columns = zip(rows, masks.texts(), masks.areas.tolist(), boxes, fault.tolist(), strict=True)
    for row, text, area, box, code in columns:
        drawn[row] = _Mask(fault=FAULTS[code]) if code else _Mask(text, float(area), box)
