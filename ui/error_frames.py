"""Error types as frames: counts or ΔAP of every error, by size and by class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import pandas as pd

from curation.evaluations.error_types import ALL_NAMES, ERROR_NAMES
from ui import definitions
from ui.frames import difference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curation.evaluations.error_types import ErrorNumbers, ErrorTypesView

Unit = Literal["counts", "ΔAP"]
UNITS: Final[tuple[Unit, ...]] = ("counts", "ΔAP")
EVERYTHING: Final = "all sizes"
NAME: Final = "Name"


def column_of(error: str) -> str:
    """Return the column of an error."""
    return definitions.label(error)


ERROR_OF: Final = {column_of(error): error for error in ALL_NAMES}


def numbers_of(row: ErrorNumbers | None, unit: Unit) -> Mapping[str, float | None]:
    """Return the numbers of a row in a unit."""
    if row is None:
        return {}
    return row.counts if unit == "counts" else row.gains


def error_frame(view: ErrorTypesView, *, unit: Unit) -> pd.DataFrame:
    """Return the six types of both sides for `evaluation.confusion_charts.error_bars`."""
    ours = numbers_of(view.set.total, unit)
    theirs = numbers_of(view.against.total if view.against else None, unit)
    frame = pd.DataFrame(
        {
            "name": [column_of(error) for error in ERROR_NAMES],
            "set": [ours.get(error) for error in ERROR_NAMES],
            "against": [theirs.get(error) for error in ERROR_NAMES],
        }
    )
    return frame.astype({"set": float, "against": float})


def size_table(view: ErrorTypesView, *, unit: Unit, side: str) -> pd.DataFrame:
    """Return one row for everything and one for each size bucket."""
    ours = {EVERYTHING: view.set.total, **view.set.sizes}
    theirs = {EVERYTHING: view.against.total, **view.against.sizes} if view.against else None
    return _table(ours, theirs, unit=unit, side=side)


def class_table(view: ErrorTypesView, *, unit: Unit, side: str) -> pd.DataFrame:
    """Return one row for each class, those with the largest numbers first."""
    theirs = view.against.classes if view.against else None
    table = _table(view.set.classes, theirs, unit=unit, side=side)
    mass = table[[column_of(error) for error in ERROR_NAMES]].abs().sum(axis=1)
    return table.loc[mass.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def _table(
    ours: Mapping[str, ErrorNumbers],
    theirs: Mapping[str, ErrorNumbers] | None,
    *,
    unit: Unit,
    side: str,
) -> pd.DataFrame:
    rows = []
    for name, row in ours.items():
        own = numbers_of(row, unit)
        other = numbers_of(theirs.get(name) if theirs else None, unit)
        shown = {
            "set": own,
            "against": other,
            "change": {error: difference(own.get(error), other.get(error)) for error in ALL_NAMES},
        }[side]
        rows.append({NAME: name, **{column_of(error): shown.get(error) for error in ALL_NAMES}})
    frame = pd.DataFrame(rows)
    return frame.astype({column_of(error): float for error in ALL_NAMES})
