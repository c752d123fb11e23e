"""From our copy of the tool to a plan for every image that may change; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from curation.store.images import LABELLED, REMOVED, UNLABELLED, read_images
from curation.store.projects import read_revision
from curation.store.remote_tasks import (
    annotations_of,
    count_published,
    dirty_tasks,
    tasks_of_images,
)
from curation.store.source_classes import source_classes
from curation.store.synced_labels import images_from_tasks
from curation.sync.chosen_work import candidates
from curation.sync.image_names import DoubtfulImage, ImageNames, UnknownImage, clean_name
from curation.sync.image_plans import ImagePlan, NewImage, Pictures, SyncPlan
from curation.sync.region_labels import labels_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from curation.store.database import Connection
    from curation.store.images import ImageTable
    from curation.store.remote_tasks import AnnotationRow, StoredTask
    from curation.store.source_classes import SourceClassRow
    from curation.store.sources import SourceRow
    from curation.sync.annotation_tool import AnnotationTool
    from curation.sync.region_labels import AnnotationLabels

CLASS_WAITS: Final = "a class waits for an answer"
REGION_FAULT: Final = "a region cannot be converted"
SIZE_UNKNOWN: Final = "the image's size is not known yet"
DOUBTFUL_IMAGE: Final = "it is not clear which image is meant"
NO_NEW_IMAGES: Final = "the image is not in the project"
SEVERAL_TASKS: Final = "several tasks have work for one image; the newest counts"
WARNING: Final = "a region was taken with a remark"


def make_plan(
    connection: Connection, source: SourceRow, tool: AnnotationTool, pictures: Pictures
) -> SyncPlan:
    """Plan what a sync does with every image whose tasks changed.

    Args:
        connection: Any connection of the store.
        source: The source.
        tool: Its tool, for the conversion of regions; it is not asked anything.
        pictures: New images whose files were found.
    """
    classes = source_classes(connection, source.id)
    planning = _Planning(
        connection=connection,
        source=source,
        tool=tool,
        pictures=pictures,
        plan=SyncPlan(read_revision(connection, source.project_id), classes, pictures),
        classes={row.name: row for row in classes},
        images=read_images(connection, source.project_id, removed=True),
    )
    planning.run()
    return planning.plan


def is_current(connection: Connection, source: SourceRow, plan: SyncPlan) -> bool:
    """Tell whether a plan was made on the present labels and answers."""
    return plan.revision == read_revision(
        connection, source.project_id
    ) and plan.classes == source_classes(connection, source.id)


def new_names(connection: Connection, source: SourceRow) -> list[str]:
    """Return the names of images that tasks are about and the project does not have."""
    names = ImageNames(read_images(connection, source.project_id, removed=True))
    found: dict[str, None] = {}
    for task in dirty_tasks(connection, source.id):
        if task.image_id is None and not task.deleted:
            image = names.find(task.image, task.image_key)
            if isinstance(image, UnknownImage):
                found[image.file_name] = None
    return list(found)


@dataclass
class _Planning:
    connection: Connection
    source: SourceRow
    tool: AnnotationTool
    pictures: Pictures
    plan: SyncPlan
    classes: Mapping[str, SourceClassRow]
    images: ImageTable
    tasks: dict[str, StoredTask] = field(default_factory=dict)
    annotations: dict[str, list[AnnotationRow]] = field(default_factory=dict)

    def run(self) -> None:
        by_image = self._gather()
        self.annotations = annotations_of(
            self.connection, self.source.id, [t.remote_id for t in self.tasks.values()]
        )
        self.plan.tasks = list(self.tasks.values())
        self.plan.published = count_published(self.connection, self.source.id)
        for image, tasks in by_image.items():
            self._plan_image(image, tasks)

    def _gather(self) -> dict[int | str, list[StoredTask]]:
        """Return all tasks of every image that may change, by image id or new name."""
        dirty = dirty_tasks(self.connection, self.source.id)
        own = {task.image_id for task in dirty if task.image_id is not None}
        own |= images_from_tasks(
            self.connection, self.source.id, [task.remote_id for task in dirty]
        )
        found: dict[int | str, list[StoredTask]] = {image_id: [] for image_id in sorted(own)}
        names = ImageNames(self.images)
        for task in dirty:
            self.tasks[task.remote_id] = task
            if task.image_id is None and not task.deleted:
                image = self._image_of(task, names)
                if image is not None:
                    found.setdefault(image, []).append(task)
            elif task.image_id is not None:
                found.setdefault(task.image_id, []).append(task)
        ids = [image for image in found if isinstance(image, int)]
        for task in tasks_of_images(self.connection, self.source.id, ids):
            if task.remote_id not in self.tasks and task.image_id is not None:
                self.tasks[task.remote_id] = task
                found[task.image_id].append(task)
        return found

    def _image_of(self, task: StoredTask, names: ImageNames) -> int | str | None:
        image = names.find(task.image, task.image_key)
        if isinstance(image, DoubtfulImage):
            self._hold([task], DOUBTFUL_IMAGE, image.reason)
            return None
        if isinstance(image, UnknownImage):
            if not self.source.options.get("add_images", True):
                self._hold([task], NO_NEW_IMAGES, image.file_name)
                return None
            return image.file_name
        self.plan.notes.images[task.remote_id] = image
        return image

    def _hold(self, tasks: list[StoredTask], why: str, detail: str) -> None:
        self.plan.problems.add(why, detail)
        for task in tasks:
            if task.dirty:
                self.plan.notes.held[task.remote_id] = why

    def _plan_image(self, image: int | str, tasks: list[StoredTask]) -> None:
        work = [(task, self.annotations.get(task.remote_id, [])) for task in tasks]
        state = str(self.source.options.get("work_state", "submitted"))
        chosen = candidates(work, state=state)
        target = self._target(image, tasks)
        if target is None:
            name = image if isinstance(image, str) else str(image)
            self._hold(tasks, SIZE_UNKNOWN, f"{name}: no work yet, and no picture was found")
            return
        if not chosen:
            self._plan_without_work(image, target, tasks)
            return
        if len({task.remote_id for task, _ in chosen}) > 1:
            ids = ", ".join(sorted({task.remote_id for task, _ in chosen})[:5])
            self.plan.problems.add(SEVERAL_TASKS, f"{clean_name(tasks[0].image)}: tasks {ids}")
        made = labels_of(
            self.tool,
            chosen[0],
            source_id=self.source.id,
            size=self._size(target),
            classes=self.classes,
        )
        if self._waits(made, tasks):
            return
        self._note_published(tasks, chosen[0][0])
        self.plan.new_classes |= made.new_classes
        self.plan.ignored += made.ignored
        for text in made.warnings:
            self.plan.problems.add(WARNING, f"{clean_name(tasks[0].image)}: {text}")
        self._add(
            ImagePlan(
                target, True, self._change_to(target, LABELLED), tuple(made.labels),
                tuple(made.marks),
            ),
            tasks,
        )  # fmt: skip

    def _waits(self, made: AnnotationLabels, tasks: list[StoredTask]) -> bool:
        """Leave an image as it is while a class is a question or a region cannot be read."""
        self.plan.questions.update(made.questions)
        name = clean_name(tasks[0].image)
        if made.questions:
            classes = ", ".join(sorted(set(made.questions))[:5])
            self._hold(tasks, CLASS_WAITS, f"{name}: {classes}")
        for text in made.faults:
            self._hold(tasks, REGION_FAULT, f"{name}: {text}")
        return bool(made.questions or made.faults)

    def _plan_without_work(
        self, image: int | str, target: int | NewImage, tasks: list[StoredTask]
    ) -> None:
        """Take back what the source had brought for an image that has no work there any more."""
        live = [task for task in tasks if not task.deleted]
        was_published = any(task.published for task in tasks)
        brought = isinstance(image, str) or self._is_brought(image)
        state: str | None = None
        if brought and not live:
            state = REMOVED
        elif was_published or brought:
            state = UNLABELLED
        self._note_published(tasks, None)
        if was_published:
            self.plan.lost += 1
        if isinstance(target, NewImage) and not live:
            return
        change = None if state is None else self._change_to(target, state)
        self._add(ImagePlan(target, claimed=False, state=change), tasks)

    def _add(self, plan: ImagePlan, tasks: list[StoredTask]) -> None:
        self.plan.plans.append(plan)
        if isinstance(plan.image, NewImage):
            self.plan.new_images[plan.image.file_name] = [task.remote_id for task in tasks]

    def _note_published(self, tasks: list[StoredTask], winner: StoredTask | None) -> None:
        for task in tasks:
            is_winner = winner is not None and task.remote_id == winner.remote_id
            self.plan.notes.published[task.remote_id] = is_winner

    def _target(self, image: int | str, tasks: list[StoredTask]) -> int | NewImage | None:
        """Return the image's id, or the new image once its size is known."""
        if isinstance(image, int):
            return image
        picture = self.pictures.get(image)
        if picture is not None:
            return picture
        for task in tasks:
            if task.width and task.height:
                return NewImage(image, task.width, task.height)
        return None

    def _size(self, target: int | NewImage) -> tuple[int, int]:
        if isinstance(target, NewImage):
            return target.height, target.width
        place = self._places[target]
        return int(self.images.height[place]), int(self.images.width[place])

    def _is_brought(self, image_id: int) -> bool:
        """Whether the source itself brought an image into the project."""
        dataset = self.images.dataset_id[self._places[image_id]]
        return self.source.dataset_id is not None and int(dataset) == self.source.dataset_id

    def _change_to(self, target: int | NewImage, state: str) -> str | None:
        """Return the state an image gets, None when it has it already."""
        if isinstance(target, NewImage):
            return state
        return None if self._states[target] == state else state

    @cached_property
    def _places(self) -> dict[int, int]:
        return {image_id: place for place, image_id in enumerate(self.images.id.tolist())}

    @cached_property
    def _states(self) -> dict[int, str]:
        present = set(read_images(self.connection, self.source.project_id).id.tolist())
        return {
            image_id: REMOVED if image_id not in present else (LABELLED if labelled else UNLABELLED)
            for image_id, labelled in zip(
                self.images.id.tolist(), self.images.labelled.tolist(), strict=True
            )
        }
