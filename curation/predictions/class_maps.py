"""Class maps: which class of the project a prediction file's class ids mean."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from curation.store.images import ClassEntry

How = Literal["remembered", "name", "id", "shifted id", "none"]
ClassMap = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class ClassMapRow:
    """One class id of a file: how often it occurs and what it is taken for, and why."""

    key: str
    count: int
    suggestion: str | None
    how: How


def suggest(
    counts: Mapping[str, int],
    classes: Sequence[ClassEntry],
    *,
    counts_from_one: bool = False,
    remembered: Mapping[str, str | None] | None = None,
) -> tuple[ClassMapRow, ...]:
    """Suggest a class for every class id of a file: remembered, then by name, then by id.

    Args:
        counts: Class ids of the file, as text, with their number of predictions.
        classes: The project's classes.
        counts_from_one: Whether the file's writer counts classes from 1 whatever the project does.
        remembered: What the same ids meant last time in this project.
    """
    names = {entry.name: entry.name for entry in classes}
    folded = {entry.name.casefold().strip(): entry.name for entry in classes}
    ids = {entry.source_id: entry.name for entry in classes}
    shift = _is_shifted(counts, ids, counts_from_one)

    def row(key: str) -> ClassMapRow:
        if remembered is not None and key in remembered:
            meant = remembered[key]
            if meant is None or meant in names:
                return ClassMapRow(key, counts[key], meant, "remembered")
        by_name = names.get(key) or folded.get(key.casefold().strip())
        if by_name is not None:
            return ClassMapRow(key, counts[key], by_name, "name")
        if shift and key.isdecimal():
            found = ids.get(str(int(key) - 1))
            return ClassMapRow(key, counts[key], found, "shifted id" if found else "none")
        found = ids.get(key)
        return ClassMapRow(key, counts[key], found, "id" if found else "none")

    return tuple(row(key) for key in sorted(counts, key=_natural))


def _is_shifted(counts: Mapping[str, int], ids: Mapping[str, str], counts_from_one: bool) -> bool:
    """Say whether the file counts classes from 1 and the project from 0."""
    if "0" in counts or "0" not in ids or not all(key.isdecimal() for key in counts):
        return False
    if counts_from_one:
        return True
    beyond = [key for key in counts if key not in ids]
    return bool(beyond) and all(str(int(key) - 1) in ids for key in counts)


def _natural(key: str) -> tuple[int, int, str]:
    return (0, int(key), key) if key.isdecimal() else (1, 0, key)


def as_map(rows: Sequence[ClassMapRow]) -> ClassMap:
    """Return the suggestions as a class map; None means the predictions are rejected."""
    return {row.key: row.suggestion for row in rows}


def fingerprint(keys: Sequence[str]) -> str:
    """Return what a remembered class map is found by: the file's set of class ids."""
    return hashlib.sha256("\x00".join(sorted(keys)).encode()).hexdigest()
