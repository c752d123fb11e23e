"""Tables of Model Evaluation as files: full precision, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

from curation.store.reports import spreadsheet_safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from curation.evaluations.comparison import ComparisonView

    Row = Mapping[str, Any]

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
ENDS: Final = ("low", "high", "p", "q")
WITHOUT_INTERVAL: Final = frozenset({"support", "predictions"})


def classes_csv(view: ComparisonView, intervals: Row | None = None) -> bytes:
    """Return one row a class: the set's numbers, the baseline's, and the deltas.

    Numbers have every digit; an empty cell is n/a.

    Args:
        view: The numbers.
        intervals: Intervals of the deltas as plain data; with them every delta has its low and
            high end, its p value and the q value, adjusted over the classes.
    """
    ours = view.set.result.to_dict()["classes"]
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    if view.against is None or view.delta is None:
        writer.writerow(["class", *CLASS_COLUMNS])
        writer.writerows(
            [spreadsheet_safe(row["name"]), *(_written(row[name]) for name in CLASS_COLUMNS)]
            for row in ours
        )
        return buffer.getvalue().encode()
    theirs = view.against.result.to_dict()["classes"]
    known = {row["name"]: row for row in intervals["classes"]} if intervals else None
    writer.writerow(["class", *_header(certain=known is not None)])
    for mine, other, delta in zip(ours, theirs, view.delta["classes"], strict=True):
        certain = None if known is None else known.get(mine["name"], {})
        cells = (_written(value) for value in _values(mine, other, delta, certain))
        writer.writerow([spreadsheet_safe(mine["name"]), *cells])
    return buffer.getvalue().encode()


def _header(*, certain: bool) -> Iterator[str]:
    for name in CLASS_COLUMNS:
        yield from (f"set {name}", f"against {name}", f"delta {name}")
        if certain and name not in WITHOUT_INTERVAL:
            yield from (f"delta {name} {end}" for end in ENDS)


def _values(mine: Row, other: Row, delta: Row, certain: Row | None) -> Iterator[float | None]:
    """Yield the numbers of a class in the order of the header."""
    for name in CLASS_COLUMNS:
        yield from (mine[name], other[name], delta[name])
        if certain is not None and name not in WITHOUT_INTERVAL:
            yield from (certain.get(name, {}).get(end) for end in ENDS)


def _written(value: float | None) -> str:
    return "" if value is None else repr(value)
