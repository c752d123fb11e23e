"""COCO results files and Ultralytics' `predictions.json`: a list of boxes and masks with scores.

Which area a prediction has follows COCO's `loadRes`, which looks at the file's first result only:
if that has a box, every area is width x height; if not, it is the mask's.

Boxes without extent are kept, negative ones too: COCO's evaluator counts them, so dropping them
would flatter the model.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from curation.errors import InputRejected, UnknownFormat
from curation.formats.coco_elements import (
    BAD_BOX,
    BAD_SCORE,
    MALFORMED,
    NO_SCORE,
    Diagnosis,
    Id,
    Places,
    RowChecks,
    Segmentation,
    checked_boxes,
    open_coco,
    warn_of_flat_boxes,
)
from curation.formats.coco_masks import MaskColumns, read_masks
from curation.formats.problems import (
    BOX_FROM_MASK,
    BOX_MISSING,
    ID_MALFORMED,
    MASK_MISSING,
    SCORE_NOT_FINITE,
    ProblemLog,
)
from curation.formats.records import PredictionColumns
from evaluation.json_windows import Chunk, elements, first_byte

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray


class Result(msgspec.Struct, gc=False):
    """One entry of a results file."""

    image_id: Id
    category_id: Id
    score: float
    bbox: list[float] | None = None
    segmentation: Segmentation | None = None
    file_name: str | None = None


RECORD: Final = "results[{}]"


@dataclass(frozen=True, slots=True)
class _Part:
    """The accepted predictions of one window."""

    ordinal: NDArray[np.int64]
    image: NDArray[np.int64]
    class_: NDArray[np.int64]
    boxes: NDArray[np.float64]
    score: NDArray[np.float64]
    masks: MaskColumns | None


@dataclass(slots=True)
class _Reader:
    """Collects the windows of one file."""

    file: str
    log: ProblemLog = field(default_factory=ProblemLog)
    images: Places = field(default_factory=Places)
    classes: Places = field(default_factory=Places)
    image_names: dict[int, str] = field(default_factory=dict)
    parts: list[_Part] = field(default_factory=list)
    has_boxes: bool | None = None  # what the first accepted result says

    def take(self, chunk: Chunk[Result]) -> None:
        """Check one window and keep what is good of it."""
        ids = ("image_id", "category_id")
        diagnosis = Diagnosis(self.file, RECORD, ids, (NO_SCORE, BAD_SCORE, BAD_BOX))
        diagnosis.log(chunk.bad, self.log)
        rows = chunk.elements
        checks = RowChecks(self.log, self.file, RECORD, chunk.index)
        image = self._find(self.images, [row.image_id for row in rows], checks)
        class_ = self._find(self.classes, [row.category_id for row in rows], checks)
        score = np.fromiter((row.score for row in rows), dtype=np.float64, count=len(rows))
        checks.reject(~np.isfinite(score), SCORE_NOT_FINITE, lambda row: f"score is {score[row]}")
        boxes, masks = self._shapes(rows, checks)
        kept = np.flatnonzero(checks.good)
        self._note_names(rows, image, kept)
        self.parts.append(
            _Part(
                ordinal=chunk.index[kept],
                image=image[kept],
                class_=class_[kept],
                boxes=boxes[kept],
                score=score[kept],
                masks=masks.take(kept) if masks else None,
            )
        )

    def _find(self, places: Places, values: Sequence[Id], checks: RowChecks) -> NDArray[np.int64]:
        found = places.find(values, grow=True)
        checks.reject(
            found == MALFORMED, ID_MALFORMED, lambda row: f"the id is {str(values[row])[:60]!r}"
        )
        return found

    def _shapes(
        self, rows: Sequence[Result], checks: RowChecks
    ) -> tuple[NDArray[np.float64], MaskColumns | None]:
        """Return boxes, NaN where polygons must give them later, and masks if there are any."""
        boxes, absent = checked_boxes([row.bbox for row in rows], checks)
        segmentations = [row.segmentation for row in rows]
        masks = None
        masked = np.zeros(len(rows), dtype=np.bool_)
        if any(segmentation is not None for segmentation in segmentations):
            masks = read_masks(segmentations, np.zeros((len(rows), 2)))
            masks.reject_faults(checks)
            boxes[absent & masks.present] = masks.boxes(absent & masks.present)
            masked = masks.present | masks.pending
        checks.reject(absent & ~masked, BOX_MISSING, lambda _: "neither bbox nor segmentation")
        if self.has_boxes is None and checks.good.any():
            self.has_boxes = not absent[checks.good][0]
        if self.has_boxes:
            checks.warn(absent, BOX_FROM_MASK, lambda _: "bbox is missing, others have one")
        warn_of_flat_boxes(boxes, absent, checks)
        return boxes, masks

    def _note_names(
        self, rows: Sequence[Result], image: NDArray[np.int64], kept: NDArray[np.int64]
    ) -> None:
        for row in kept.tolist():
            name = rows[row].file_name
            if name is not None:
                self.image_names.setdefault(int(image[row]), name)

    def columns(self) -> PredictionColumns:
        """Join what the windows gave."""
        parts = self.parts or [_NOTHING]
        boxes = np.concatenate([part.boxes for part in parts])
        names = [self.image_names.get(place) for place in range(len(self.images.names))]
        columns = PredictionColumns(
            ordinal=np.concatenate([part.ordinal for part in parts]),
            image_key=np.concatenate([part.image for part in parts]).astype(np.int32),
            image_keys=self.images.names,
            class_key=np.concatenate([part.class_ for part in parts]).astype(np.int32),
            class_keys=self.classes.names,
            boxes=boxes,
            score=np.concatenate([part.score for part in parts]),
            area=boxes[:, 2] * boxes[:, 3],
            image_names=names if self.image_names else [],
        )
        if all(part.masks is None for part in parts):
            return columns
        masks = [part.masks or MaskColumns.absent(len(part.ordinal)) for part in parts]
        return self._with_masks(columns, MaskColumns.joined(masks))

    def _with_masks(self, columns: PredictionColumns, masks: MaskColumns) -> PredictionColumns:
        pending = masks.pending
        masked = masks.present | pending
        if not masked.any():
            return columns
        checks = RowChecks(self.log, self.file, RECORD, columns.ordinal)
        checks.warn(~masked, MASK_MISSING, lambda _: "segmentation is missing or empty")
        return replace(
            columns,
            area=columns.area if self.has_boxes else np.where(masked, masks.area, columns.area),
            counts=masks.counts,
            sizes=masks.sizes,
            polygons=masks.polygons if pending.any() else None,
        )


_NOTHING: Final = _Part(
    ordinal=np.zeros(0, np.int64),
    image=np.zeros(0, np.int64),
    class_=np.zeros(0, np.int64),
    boxes=np.zeros((0, 4)),
    score=np.zeros(0),
    masks=None,
)


def read(path: Path) -> tuple[PredictionColumns, ProblemLog]:
    """Read a results file: boxes and scores exactly as written, masks checked.

    Polygons wait for their image's size (`placement.place`); until then a record that has nothing
    else has NaN as its box, and as its area where areas are the masks'.

    Raises:
        UnreadableFile: The file cannot be opened or is not JSON.
        UnknownFormat: The file is JSON but not a list.
    """
    reader = _Reader(path.name)
    with open_coco(path) as text:
        if first_byte(text) != b"[":
            raise UnknownFormat(str(path), expected="a list of COCO results")
        for chunk in elements(text, Result):
            reader.take(chunk)
    return reader.columns(), reader.log


def sniff(path: Path) -> bool:
    """Tell whether a file looks like COCO results: JSON whose first character opens a list."""
    if not path.is_file():
        return False
    try:
        with open_coco(path) as text:
            return first_byte(text) == b"["
    except InputRejected:
        return False
