"""What a sync means to do with each image, before anything is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from curation.store.remote_tasks import TaskNotes

if TYPE_CHECKING:
    from curation.store.remote_tasks import StoredTask
    from curation.store.source_classes import SourceClassRow
    from curation.store.synced_labels import LabelContent, MarkContent, Origin

MOST_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class WantedLabel:
    """A label that an image should have; `region` is the tool's own record as JSON."""

    content: LabelContent
    origin: Origin
    region: bytes


@dataclass(frozen=True, slots=True)
class WantedMark:
    """A mark that an image should have; `region` is the tool's own record as JSON."""

    content: MarkContent
    origin: Origin
    region: bytes


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image that the tool brings; `width`, `height` in pixels."""

    file_name: str
    width: int
    height: int
    sha256: str | None = None


Pictures = dict[str, NewImage]
"""What the picture files tell of new images, by the name in the task."""


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """What becomes of one image.

    Args:
        image: Its id, or the new image.
        claimed: Whether an annotation decides all labels of the image; otherwise only those that
            this source brought earlier go.
        state: What the image is afterwards, None for no change.
        labels: The labels it should have.
        marks: The marks it should have.
    """

    image: int | NewImage
    claimed: bool
    state: str | None
    labels: tuple[WantedLabel, ...] = ()
    marks: tuple[WantedMark, ...] = ()


@dataclass(slots=True)
class Problems:
    """What a person should know of: counted by kind, the first of each kind named."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, example: str) -> None:
        """Count one."""
        self.counts[kind] += 1
        examples = self.examples.setdefault(kind, [])
        if len(examples) < MOST_EXAMPLES:
            examples.append(example[:300])

    def to_list(self) -> list[dict[str, Any]]:
        """Return them as JSON."""
        return [
            {"what": kind, "count": count, "examples": self.examples[kind]}
            for kind, count in sorted(self.counts.items())
        ]


@dataclass(slots=True)
class SyncPlan:
    """Everything one run means to do.

    Args:
        revision: The label revision that it was made on.
        classes: The answers that it was made with.
        pictures: What picture files told of new images.
        plans: One for each image that may change.
        tasks: The tasks that were looked at.
        notes: What becomes of them.
        new_images: Tasks of new images by the image's name.
        new_classes: Classes to make.
        problems: What a person should know of.
        questions: Classes without an answer, and how many regions wait for it.
        ignored: Regions left out on purpose.
        lost: Images whose labels came from the source and that have no work there any more.
        published: Images whose labels came from the source before.
    """

    revision: int
    classes: tuple[SourceClassRow, ...] = ()
    pictures: Pictures = field(default_factory=dict)
    plans: list[ImagePlan] = field(default_factory=list)
    tasks: list[StoredTask] = field(default_factory=list)
    notes: TaskNotes = field(default_factory=TaskNotes)
    new_images: dict[str, list[str]] = field(default_factory=dict)
    new_classes: set[str] = field(default_factory=set)
    problems: Problems = field(default_factory=Problems)
    questions: Counter[str] = field(default_factory=Counter)
    ignored: int = 0
    lost: int = 0
    published: int = 0
