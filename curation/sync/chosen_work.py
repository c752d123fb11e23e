"""Which annotation of an image counts: only work in the state that the source asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from curation.sync.annotation_tool import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from curation.store.remote_tasks import AnnotationRow, StoredTask

WorkState = Literal["submitted", "accepted", "ground truth"]

COUNTS: Final[dict[str, Callable[[StoredTask, AnnotationRow], bool]]] = {
    "submitted": lambda _task, _annotation: True,
    "accepted": lambda task, annotation: task.status == ACCEPTED or annotation.ground_truth,
    "ground truth": lambda _task, annotation: annotation.ground_truth,
}
"""What a source may ask for, and whether an annotation that was not cancelled is that."""


def candidates(
    work: Iterable[tuple[StoredTask, list[AnnotationRow]]], *, state: str
) -> list[tuple[StoredTask, AnnotationRow]]:
    """Return the annotations of one image that may count, best first.

    Ground truth comes before other work, newer before older: one annotation is taken whole, since
    two annotators' boxes of one object together would be two objects.
    """
    counts = COUNTS[state]
    found = [
        (task, annotation)
        for task, annotations in work
        if not task.deleted
        for annotation in annotations
        if not annotation.cancelled and counts(task, annotation)
    ]
    found.sort(key=lambda pair: (pair[1].ground_truth, pair[1].updated_at, pair[1].remote_id))
    return found[::-1]
