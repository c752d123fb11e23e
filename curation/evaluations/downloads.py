"""Tables of Model Evaluation as files: full precision, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

from curation.store.reports import spreadsheet_safe

if TYPE_CHECKING:
    from curation.evaluations.comparison import ComparisonView

CLASS_COLUMNS: Final = (
    "AP",
    "AP50",
    "AP75",
    "APs",
    "APm",
    "APl",
    "AR100",
    "precision",
    "recall",
    "f1",
    "tp",
    "fp",
    "fn",
    "support",
    "predictions",
)


def classes_csv(view: ComparisonView) -> bytes:
    """Return one row a class: the set's numbers, the baseline's, and the deltas.

    Numbers have every digit; an empty cell is n/a.
    """
    ours = view.set.result.to_dict()["classes"]
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    if view.against is None or view.delta is None:
        writer.writerow(["class", *CLASS_COLUMNS])
        writer.writerows([spreadsheet_safe(row["name"]), *_values(row)] for row in ours)
        return buffer.getvalue().encode()
    theirs = view.against.result.to_dict()["classes"]
    header = [f"{side} {name}" for name in CLASS_COLUMNS for side in ("set", "against", "delta")]
    writer.writerow(["class", *header])
    for mine, other, delta in zip(ours, theirs, view.delta["classes"], strict=True):
        columns = zip(_values(mine), _values(other), _values(delta), strict=True)
        writer.writerow(
            [spreadsheet_safe(mine["name"]), *(cell for column in columns for cell in column)]
        )
    return buffer.getvalue().encode()


def _values(row: dict[str, Any]) -> list[str]:
    return ["" if row[name] is None else repr(row[name]) for name in CLASS_COLUMNS]
