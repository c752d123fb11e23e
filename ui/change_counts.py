"""What a sync run or a revision changed, written as `+12 ~40 −3`: added, changed, removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ui import numbers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curation.projects.catalog import RevisionRow

MEANING = "Added, changed (~) and removed; what changed is in none of the other two."


@dataclass(frozen=True, slots=True)
class Changes:
    """How many were added, changed and removed; each counted once."""

    added: int
    changed: int
    removed: int

    def __str__(self) -> str:
        """Write them in one cell of a table.

        >>> str(Changes(12, 0, 3)), str(Changes(0, 0, 0))
        ('+12 −3', '0')
        """
        parts = (("+", self.added), ("~", self.changed), (numbers.MINUS, self.removed))
        return " ".join(f"{sign}{numbers.count(count)}" for sign, count in parts if count) or "0"


def label_changes(counts: Mapping[str, int]) -> Changes:
    """Return the labels of a run or revision; there a changed one counts among the others too.

    >>> str(label_changes({"labels_added": 5, "labels_changed": 2, "labels_removed": 3}))
    '+3 ~2 −1'
    """
    changed = counts.get("labels_changed", 0)
    added, removed = counts.get("labels_added", 0), counts.get("labels_removed", 0)
    return Changes(added - changed, changed, removed - changed)


def image_changes(counts: Mapping[str, int]) -> Changes:
    """Return the images of a run or revision; there the changed ones are all of them.

    >>> str(image_changes({"images_added": 1, "images_changed": 4, "images_removed": 1}))
    '+1 ~2 −1'
    """
    added, removed = counts.get("images_added", 0), counts.get("images_removed", 0)
    # An import counts background images among the added ones only.
    changed = max(0, counts.get("images_changed", 0) - added - removed)
    return Changes(added, changed, removed)


def changes_of_revision(row: RevisionRow) -> tuple[Changes, Changes]:
    """Return what a label revision changed: images, then labels."""
    counts = {
        "images_added": row.images_added,
        "images_changed": row.images_changed,
        "images_removed": row.images_removed,
        "labels_added": row.labels_added,
        "labels_changed": row.labels_changed,
        "labels_removed": row.labels_removed,
    }
    return image_changes(counts), label_changes(counts)
