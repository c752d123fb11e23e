"""Images and classes of a ground truth file: an id, a name and a size each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.coco_files.identities import IdAxis
from evaluation.coco_files.records import doubles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from evaluation.coco_files.identities import Ids
    from evaluation.coco_files.problems import ProblemLog
    from evaluation.coco_files.records import Records
    from evaluation.scanned_columns import ScannedColumns


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """N records of images or classes as they stand in the file.

    `names` may be None; `sizes` is (N, 2) height and width, pixels, 0 where unknown.
    """

    list_name: str
    ids: Ids
    names: Sequence[str | None]
    sizes: NDArray[np.int64]

    @classmethod
    def decoded(cls, records: Records, *, name: str) -> Header:
        """Take records that were decoded one by one; `name` is the member that names them."""
        names = [value if isinstance(value, str) else None for value in records.get(name)]
        sides = [doubles(records.get(side)) for side in ("height", "width")]
        sizes = np.stack(sides, axis=1)
        # No picture has such a side; what needs a size will say that it is missing.
        known = (sizes >= 1) & (sizes < 1 << 31) & (sizes == np.floor(sizes))
        whole = np.where(known, sizes, 0).astype(np.int64)
        return cls(records.list_name, records.ids("id"), names, whole)

    @classmethod
    def scanned(cls, list_name: str, columns: ScannedColumns) -> Header:
        """Take what the scanner read.

        Raises:
            UnicodeDecodeError: If a name is not UTF-8.
        """
        sizes = columns.size.reshape(-1, 2)[:, ::-1]
        known = ((sizes >= 1) & (sizes < 1 << 31)).all(axis=1, keepdims=True)
        return cls(list_name, columns.id, _names(columns), np.where(known, sizes, 0))

    def axis(self, log: ProblemLog) -> tuple[IdAxis, tuple[str, ...], NDArray[np.int64]]:
        """Put the records in ascending order of their ids; of equal ids the last record counts.

        Args:
            log: Where repeated ids are noted, as worth knowing.

        Returns:
            The axis, the names (the id where there is none), (I, 2) sizes.
        """
        axis = IdAxis.of(self.ids)
        places = axis.find(self.ids)
        rows = np.zeros(len(axis), dtype=np.int64)
        sound = np.flatnonzero(places >= 0)
        rows[places[sound]] = sound
        repeated = np.setdiff1d(sound, rows)
        log.add(
            f"the id of one of the {self.list_name} is given again; the last record counts",
            repeated,
            lambda row: f"{self.list_name}[{row}]: id {axis.ids[places[row]]}",
        )
        found = zip(axis.ids.tolist(), rows.tolist(), strict=True)
        given = ((id_, self.names[row]) for id_, row in found)
        names = tuple(str(id_) if name is None else name for id_, name in given)
        return (
            axis,
            names,
            self.sizes[rows] if len(self.sizes) else np.zeros((len(rows), 2), np.int64),
        )


def _names(columns: ScannedColumns) -> list[str | None]:
    text = columns.text
    pieces = zip(columns.text_start.tolist(), columns.text_length.tolist(), strict=True)
    whole: Any = text[: int((columns.text_start + columns.text_length).max(initial=0))].tobytes()
    return [
        None if start < 0 else whole[start : start + length].decode() for start, length in pieces
    ]
