"""Annotations and results as columns, wherever their records come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from evaluation.coco_files.identities import joined, malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from evaluation.coco_files.identities import Ids
    from evaluation.coco_files.problems import ProblemLog
    from evaluation.coco_files.segmentations import Segmentations
    from evaluation.scanned_columns import ScannedColumns

_ARRAYS: Final = (
    "boxes",
    "boxed",
    "places",
    "score",
    "given_area",
    "measured",
    "crowd",
    "id",
    "numbered",
)


@dataclass(slots=True)
class Columns:
    """N records as columns; `None` for a column that a kind of record has not, or nobody wants.

    `places` are the records' 0-based places in their list, None if they are all of it. `boxes` is
    (N, 4) xywh pixels and `boxed` (N,) which have one, None if all do. `given_area` is (N,) px²
    and `measured` which records give it; `numbered` is which give an `id` that is a number.
    """

    list_name: str
    n: int
    image: Ids
    class_: Ids
    boxes: NDArray[np.float64]
    boxed: NDArray[np.bool_] | None = None
    places: NDArray[np.int64] | None = None
    score: NDArray[np.float64] | None = None
    given_area: NDArray[np.float64] | None = None
    measured: NDArray[np.bool_] | None = None
    crowd: NDArray[np.bool_] | None = None
    id: NDArray[np.int64] | None = None
    numbered: NDArray[np.bool_] | None = None
    segmentations: Segmentations | None = None

    @classmethod
    def scanned(cls, list_name: str, found: ScannedColumns, *, masks: bool) -> Self:
        """Take what the scanner read: results or annotations."""
        columns = cls(
            list_name,
            n=len(found),
            image=found.image_id,
            class_=found.category_id,
            boxes=found.boxes.reshape(-1, 4),
        )
        if len(found.score):
            columns.score = found.score
        if len(found.crowd):
            columns.crowd = found.crowd.view(np.bool_)
            columns.given_area, columns.measured = found.area, found.has("area")
            columns.id, columns.numbered = found.id, found.has("id")
        if masks:
            from evaluation.coco_files.segmentations import scanned  # noqa: PLC0415 - boxes do without

            columns.boxed = found.has("bbox")
            columns.segmentations = scanned(found)
        return columns

    @property
    def all_boxed(self) -> bool:
        """Whether every record has a box."""
        return self.boxed is None or bool(self.boxed.all())

    @property
    def all_measured(self) -> bool:
        """Whether every record gives its area, if it is of a kind that has one."""
        return self.measured is None or bool(self.measured.all())

    @property
    def unboxed(self) -> NDArray[np.bool_]:
        """(N,) which records have no box."""
        return np.zeros(self.n, dtype=np.bool_) if self.boxed is None else ~self.boxed

    @property
    def without_segmentation(self) -> NDArray[np.bool_]:
        """(N,) which records have no segmentation."""
        absent = np.ones(self.n, dtype=np.bool_)
        for group in self.segmentations.groups if self.segmentations else ():
            absent[group.rows] = False
        return absent

    def box_areas(self, log: ProblemLog) -> NDArray[np.float64]:
        """Multiply width and height, (N,) px²; note boxes whose area no double holds."""
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is noted already
            area: NDArray[np.float64] = self.boxes[:, 2] * self.boxes[:, 3]
        endless = np.flatnonzero(np.isinf(area))
        endless = endless[np.isfinite(self.boxes[endless]).all(axis=1)]
        self.note("width x height of bbox is too large", endless, log)
        return area

    def note(
        self,
        kind: str,
        rows: NDArray[np.int64],
        log: ProblemLog,
        shown: Callable[[int], object] | None = None,
    ) -> None:
        """Note rows with a problem; `shown` tells what a row holds."""

        def say(row: int) -> str:
            place = row if self.places is None else int(self.places[row])
            name = f"{self.list_name}[{place}]"
            return name if shown is None else f"{name}: {str(shown(row))[:60]}"

        log.add(kind, rows, say)

    def note_unknown(
        self, ids: Ids, found: NDArray[np.int64], member: str, where: str, log: ProblemLog
    ) -> None:
        """Note the rows whose id has no place on its axis."""
        unknown = found < 0
        if unknown.any():
            unknown[malformed(ids)] = False  # noted already
            self.note(
                f"{member} is not among {where}",
                np.flatnonzero(unknown),
                log,
                lambda row: f"{member} {ids[row]}",
            )


def concatenated(parts: Sequence[Columns]) -> Columns:
    """Put the columns of neighbouring records of one list together.

    Args:
        parts: At least one.
    """

    def column(name: str) -> Any:
        found = [getattr(part, name) for part in parts]
        return None if found[0] is None else np.concatenate(found)

    shapes = [part.segmentations for part in parts if part.segmentations is not None]
    return Columns(
        parts[0].list_name,
        n=sum(part.n for part in parts),
        image=joined(part.image for part in parts),
        class_=joined(part.class_ for part in parts),
        **{name: column(name) for name in _ARRAYS},
        segmentations=type(shapes[0]).joined(shapes) if shapes else None,
    )
