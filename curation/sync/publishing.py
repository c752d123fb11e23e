"""Bring a plan into the label history: one revision a run, none when nothing differs."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from curation.errors import TooManyVanished
from curation.store.images import REMOVED, UNLABELLED, note_states
from curation.store.label_history import begin_revision, publish_revision
from curation.store.remote_tasks import settle
from curation.store.source_classes import add_class, settle_new_class
from curation.store.synced_images import bring_images
from curation.store.synced_labels import (
    LiveLabel,
    LiveMark,
    NewLabel,
    NewMark,
    add_synced_labels,
    add_synced_marks,
    live_labels,
    live_marks,
    note_origins,
    remove_labels_in,
    remove_marks_in,
)
from curation.sync.image_plans import ImagePlan, NewImage, WantedLabel, WantedMark
from curation.sync.label_changes import Difference, difference

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from curation.store.database import Connection
    from curation.store.sources import SourceRow
    from curation.sync.image_plans import SyncPlan

MOST_LOST: Final = 0.2
"""Share of a source's images that may lose their labels in one run without being asked."""


@dataclass(frozen=True, slots=True)
class ImageDifference:
    """What changes on one image."""

    plan: ImagePlan
    labels: Difference[LiveLabel, WantedLabel]
    marks: Difference[LiveMark, WantedMark]
    state: str | None

    @property
    def changes_labels(self) -> bool:
        """Whether anything but the image's own state changes."""
        parts = (self.labels.removed, self.labels.added, self.marks.removed, self.marks.added)
        return any(parts)


@dataclass(slots=True)
class LabelDiff:
    """What a run changes, image by image."""

    images: list[ImageDifference] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Return what is added, changed and removed; a changed label is also one of each."""
        changed = [image for image in self.images if image.changes_labels or image.state]
        new = [image for image in self.images if isinstance(image.plan.image, NewImage)]
        return {
            "images_added": len(new),
            "images_removed": sum(image.state == REMOVED for image in self.images),
            "images_changed": len(changed),
            "labels_added": sum(len(image.labels.added) for image in self.images),
            "labels_changed": sum(image.labels.changed for image in self.images),
            "labels_removed": sum(len(image.labels.removed) for image in self.images),
            "marks_added": sum(len(image.marks.added) for image in self.images),
            "marks_removed": sum(len(image.marks.removed) for image in self.images),
        }

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes at all."""
        return not any(self.counts.values())


def diff_of(connection: Connection, source: SourceRow, plan: SyncPlan) -> LabelDiff:
    """Compare a plan with the present labels."""
    ids = [one.image for one in plan.plans if isinstance(one.image, int)]
    labels: dict[int, list[LiveLabel]] = defaultdict(list)
    marks: dict[int, list[LiveMark]] = defaultdict(list)
    for label in live_labels(connection, source.project_id, ids):
        labels[label.image_id].append(label)
    for mark in live_marks(connection, source.project_id, ids):
        marks[mark.image_id].append(mark)
    return LabelDiff(
        [
            _image_difference(
                one, labels.get(_id(one), []), marks.get(_id(one), []), source_id=source.id
            )
            for one in plan.plans
        ]
    )


def _id(plan: ImagePlan) -> int:
    return plan.image if isinstance(plan.image, int) else -1


def _image_difference(
    plan: ImagePlan, labels: list[LiveLabel], marks: list[LiveMark], *, source_id: int
) -> ImageDifference:
    """Compare one image; without a claim only what this source brought goes.

    Marks of the image that no tool brought stay in any case: no tool decides them.
    """

    def own(rows: Iterable[Any]) -> list[Any]:
        return [row for row in rows if row.origin and row.origin.source_id == source_id]

    mine = labels if plan.claimed or plan.state == REMOVED else own(labels)
    state = plan.state
    if state == UNLABELLED and len(mine) < len(labels):
        state = None  # another source's labels stay
    return ImageDifference(
        plan, difference(mine, plan.labels), difference(own(marks), plan.marks), state
    )


def check_losses(source: SourceRow, plan: SyncPlan, *, allow_removals: bool) -> None:
    """Refuse a run that takes the labels of very many images away.

    Raises:
        TooManyVanished: If so, and nobody said that it is meant.
    """
    if not allow_removals and plan.lost > MOST_LOST * plan.published:
        raise TooManyVanished(source.name, gone=plan.lost, known=plan.published)


def publish(
    connection: Connection,
    source: SourceRow,
    plan: SyncPlan,
    *,
    author: str,
    note: str,
) -> tuple[int | None, LabelDiff]:
    """Write a plan as one revision; return its number (None if nothing differs) and the diff.

    Raises:
        Conflict: If an import into the project is not finished.
    """
    diff = diff_of(connection, source, plan)
    if diff.is_empty:
        _note_kept(connection, diff)
        settle(connection, source.id, plan.tasks, plan.notes)
        return None, diff
    revision = begin_revision(connection, source.project_id, kind="sync", author=author, note=note)
    _write(connection, source, diff, revision, plan)
    counts = {**diff.counts, "source": source.name}
    publish_revision(connection, source.project_id, revision, changes=counts)
    settle(connection, source.id, plan.tasks, plan.notes)
    return revision, diff


def _write(
    connection: Connection, source: SourceRow, diff: LabelDiff, revision: int, plan: SyncPlan
) -> None:
    ids = _bring(connection, source, diff, revision, plan)
    class_ids = _classes(connection, source, diff, revision, plan)
    removed_labels = [row.id for image in diff.images for row in image.labels.removed]
    removed_marks = [row.id for image in diff.images for row in image.marks.removed]
    remove_labels_in(connection, removed_labels, revision=revision)
    remove_marks_in(connection, removed_marks, revision=revision)
    labels = [
        NewLabel(image_id, one.content, one.origin, one.region)
        for image_id, image in zip(ids, diff.images, strict=True)
        for one in image.labels.added
    ]
    add_synced_labels(connection, source.project_id, revision, labels, class_ids)
    marks = [
        NewMark(image_id, one.content, one.origin, one.region)
        for image_id, image in zip(ids, diff.images, strict=True)
        for one in image.marks.added
    ]
    add_synced_marks(connection, source.project_id, revision, marks)
    _note_kept(connection, diff)
    states = {
        image_id: image.state
        for image_id, image in zip(ids, diff.images, strict=True)
        if image.state is not None and not isinstance(image.plan.image, NewImage)
    }
    note_states(connection, source.project_id, revision, states)


def _bring(
    connection: Connection, source: SourceRow, diff: LabelDiff, revision: int, plan: SyncPlan
) -> list[int]:
    """Add the new images, and return the id of every image of the diff."""
    new = [
        (one.plan.image, one.state) for one in diff.images if isinstance(one.plan.image, NewImage)
    ]
    rows = [(i.file_name, i.width, i.height, i.sha256, state) for i, state in new]
    added = iter(bring_images(connection, source, rows, revision=revision))
    ids: list[int] = []
    for image in diff.images:
        if isinstance(image.plan.image, int):
            ids.append(image.plan.image)
            continue
        image_id = next(added)
        ids.append(image_id)
        for task_id in plan.new_images.get(image.plan.image.file_name, ()):
            plan.notes.images[task_id] = image_id
    return ids


def _classes(
    connection: Connection, source: SourceRow, diff: LabelDiff, revision: int, plan: SyncPlan
) -> dict[str, int]:
    """Return the id of every class that is used, making those that an answer calls new."""
    used = {one.content.class_name for image in diff.images for one in image.labels.added}
    ids = {
        name: add_class(connection, source.project_id, name, revision=revision)
        for name in sorted(used)
    }
    for name in sorted(plan.new_classes & used):
        settle_new_class(connection, source.id, name, ids[name])
    return ids


def _note_kept(connection: Connection, diff: LabelDiff) -> None:
    """Record the new origin of labels that stay but are another region's now."""
    moved: Sequence[Any] = [
        (row.id, wanted.origin, wanted.region)
        for image in diff.images
        for row, wanted in image.labels.kept
        if row.origin != wanted.origin
    ]
    note_origins(connection, moved)
