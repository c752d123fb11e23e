"""Records that were decoded one by one, by msgspec or by whoever made a document in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from evaluation.coco_files.columns import Columns
from evaluation.coco_files.identities import ids_of, malformed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from evaluation.coco_files.identities import Ids
    from evaluation.coco_files.problems import ProblemLog

# Gives the values of one member of all records, None where it is missing or null.
Getter: TypeAlias = Callable[[str], list[Any]]


@dataclass(slots=True)
class Records:
    """Neighbouring records that were decoded one by one, and the log of what is wrong with them.

    `list_name` is what their list is called: "annotations", "results".
    """

    get: Getter
    places: NDArray[np.int64]
    list_name: str
    log: ProblemLog

    def columns(self, *, scored: bool, masks: bool) -> Columns:
        """Read the columns of results (scored) or annotations (not)."""
        boxes, boxed = self._boxes()
        columns = Columns(
            self.list_name,
            n=len(self.places),
            image=self.ids("image_id"),
            class_=self.ids("category_id"),
            boxes=boxes,
            boxed=boxed,
            places=self.places,
        )
        if scored:
            columns.score = self._scores()
        else:
            columns.given_area, columns.measured = self._areas()
            columns.crowd = self._crowd()
            columns.id, columns.numbered = self._own_ids()
        if masks:
            from evaluation.coco_files.outlines import outlines  # noqa: PLC0415 - boxes do without

            columns.segmentations = outlines(self.get("segmentation"), self)
        return columns

    def note(self, kind: str, rows: NDArray[np.int64], say: Callable[[int], str]) -> None:
        """Note rows with a problem; `say` tells what a row holds."""
        self.log.add(kind, rows, lambda row: f"{self.list_name}[{self.places[row]}]: {say(row)}")

    def ids(self, name: str) -> Ids:
        """Read a member that must be a whole number or a text."""
        values = self.get(name)
        ids = ids_of(values)
        bad = malformed(ids)
        if len(bad):
            missing = np.array([values[row] is None for row in bad.tolist()], dtype=np.bool_)
            self.note(f"{name} is missing", bad[missing], lambda _: name)
            self.note(
                f"{name} is neither a whole number nor text",
                bad[~missing],
                lambda row: f"{name} {_shown(values[row])}",
            )
        return ids

    def _scores(self) -> NDArray[np.float64]:
        values = self.get("score")
        score = doubles(values)
        bad = np.flatnonzero(~np.isfinite(score))
        missing = np.array([values[row] is None for row in bad.tolist()], dtype=np.bool_)
        self.note("score is missing", bad[missing], lambda _: "score")
        self.note(
            "score is not a finite number",
            bad[~missing],
            lambda row: f"score {_shown(values[row])}",
        )
        return score

    def _areas(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        values = self.get("area")
        area = doubles(values)
        measured = np.fromiter((value is not None for value in values), np.bool_, len(values))
        self.note(
            "area is not a finite number",
            np.flatnonzero(measured & ~np.isfinite(area)),
            lambda row: f"area {_shown(values[row])}",
        )
        return area, measured

    def _crowd(self) -> NDArray[np.bool_]:
        values = self.get("iscrowd")
        flags = doubles([int(value) if isinstance(value, bool) else value for value in values])
        absent = np.fromiter((value is None for value in values), np.bool_, len(values))
        self.note(
            "iscrowd is not a number",
            np.flatnonzero(~absent & ~np.isfinite(flags)),
            lambda row: f"iscrowd {_shown(values[row])}",
        )
        crowd: NDArray[np.bool_] = ~absent & (flags != 0)
        return crowd

    def _own_ids(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        ids = ids_of(self.get("id"))
        if isinstance(ids, np.ndarray):
            return ids, np.ones(len(ids), dtype=np.bool_)
        numbers = [isinstance(id_, int) and abs(id_) < 1 << 63 for id_ in ids]
        column = [id_ if good else 0 for id_, good in zip(ids, numbers, strict=True)]
        return np.array(column, dtype=np.int64), np.array(numbers, dtype=np.bool_)

    def _boxes(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Read the boxes, (N, 4), 0 where there is none, and which records have one, even bad."""
        values = self.get("bbox")
        lengths = np.fromiter(map(_length, values), dtype=np.int64, count=len(values))
        boxes = np.zeros((len(values), 4))
        whole = lengths == 4
        flat = list(chain.from_iterable(value for value in values if _length(value) == 4))
        boxes[whole] = doubles(flat).reshape(-1, 4)
        self.note(
            "bbox is not four numbers",
            np.flatnonzero((lengths != 4) & (lengths != 0)),
            lambda row: f"bbox {_shown(values[row])}",
        )
        self.note(
            "bbox is not finite",
            np.flatnonzero(~np.isfinite(boxes).all(axis=1)),
            lambda row: f"bbox {_shown(values[row])}",
        )
        return boxes, lengths != 0


def doubles(values: Sequence[Any]) -> NDArray[np.float64]:
    """Read numbers as doubles; NaN for what is no number.

    >>> doubles([1, np.float32(0.5), None, "2", True]).tolist()
    [1.0, 0.5, nan, nan, nan]
    """
    if set(map(type, values)) <= {int, float}:
        try:
            return np.array(values, dtype=np.float64)
        except OverflowError:  # an integer beyond the doubles
            pass
    return np.fromiter(map(_double, values), dtype=np.float64, count=len(values))


def _double(value: Any) -> float:
    if not isinstance(value, Real) or isinstance(value, bool | np.bool_):
        return np.nan
    try:
        return float(value)
    except OverflowError:
        return np.nan


def _length(value: Any) -> int:
    """Count the numbers of a box; 0 for none, -1 for what is no list."""
    if value is None:
        return 0
    return len(value) if isinstance(value, list | tuple | np.ndarray) else -1


def _shown(value: Any) -> str:
    return repr(value)[:60]
