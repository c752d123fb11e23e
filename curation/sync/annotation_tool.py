"""What every annotation tool offers to a sync; each adapter declares what it can do.

Two ways of listing work exist. A *windowed* tool tells by time what changed; its pull is
`changed` page by page, and `signatures` finds what no time tells. A *whole* tool (files that some
other process refreshes) is read as a whole when its fingerprint differs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from curation.formats.problems import ProblemLog
    from curation.formats.shapes import AnnotationShapes

TaskStatus = Literal["waiting", "in progress", "submitted", "accepted", "skipped"]
WAITING: Final = "waiting"
IN_PROGRESS: Final = "in progress"
SUBMITTED: Final = "submitted"
ACCEPTED: Final = "accepted"
SKIPPED: Final = "skipped"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a tool can do; what it cannot is not offered.

    Args:
        windowed: It lists changes by time; otherwise everything is read each time it differs.
        push: It takes tasks and predictions.
        priority: How it orders work: natively, by a field that people sort by, or not at all.
        review: How a review is asked for: natively, by a note shown with the task, or not at all.
        webhooks: It can tell that something changed.
        tried: Whether the adapter was run against the real tool.
    """

    windowed: bool
    push: bool = False
    priority: Literal["native", "field", "none"] = "none"
    review: Literal["native", "note", "none"] = "none"
    webhooks: bool = False
    tried: bool = True


@dataclass(frozen=True, slots=True)
class RemoteAnnotation:
    """One annotation; `regions` is the tool's own record, kept raw."""

    id: str
    updated_at: str
    author: str | None
    cancelled: bool
    ground_truth: bool
    regions: Any


@dataclass(frozen=True, slots=True)
class RemoteTask:
    """One task with all its annotations.

    Args:
        id: The tool's id.
        created_at: ISO time; another one under the same id is another task.
        updated_at: ISO time, UTC, six decimals.
        image: Name or address of the image, as the tool has it.
        image_key: Our own key, if we made the task.
        width: Image width in pixels where the tool tells.
        height: Image height in pixels where the tool tells.
        status: Where its work stands.
        status_by: Who brought it there.
        status_at: ISO time of that.
        fields: The tool's further fields.
        annotations: All annotations, cancelled ones too.
    """

    id: str
    created_at: str
    updated_at: str
    image: str
    image_key: str | None
    width: int | None
    height: int | None
    status: TaskStatus
    status_by: str | None
    status_at: str | None
    fields: Mapping[str, Any] = field(default_factory=dict)
    annotations: tuple[RemoteAnnotation, ...] = ()


@dataclass(frozen=True, slots=True)
class Signature:
    """Enough of a task to see that our copy differs."""

    id: str
    created_at: str
    updated_at: str
    annotations: int


@dataclass(frozen=True, slots=True)
class Window:
    """Tool time from `low` on and before `high`: ISO, UTC, six decimals."""

    low: str
    high: str


@dataclass(frozen=True, slots=True)
class ToolProject:
    """The project in the tool: its title and the classes that its annotators may choose."""

    title: str
    classes: tuple[str, ...]
    tasks: int | None = None


@dataclass(slots=True)
class Faults:
    """What a connection survived, by kind: `429`, `503`, `connection`, `timeout` and so on."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str) -> None:
        """Count one."""
        self.counts[kind] = self.counts.get(kind, 0) + 1


@runtime_checkable
class AnnotationTool(Protocol):
    """A connection to one project of an annotation tool."""

    @property
    def capabilities(self) -> Capabilities:
        """What the tool can do."""
        ...

    @property
    def faults(self) -> Faults:
        """What the connection survived so far."""
        ...

    def project(self) -> ToolProject:
        """Return the project; raises `ToolRefused` for a wrong token or project."""
        ...

    def shapes(
        self, regions: Any, *, size: tuple[int, int], classes: Mapping[str, str]
    ) -> AnnotationShapes:
        """Convert one annotation's raw regions.

        Args:
            regions: `RemoteAnnotation.regions`.
            size: Height and width of the image, pixels.
            classes: Not used by most; class names by the tool's own keys.
        """
        ...

    def close(self) -> None:
        """Release connections."""
        ...


@runtime_checkable
class WindowedTool(AnnotationTool, Protocol):
    """A tool that tells by time what changed."""

    def server_time(self) -> str:
        """Return the tool's own time (ISO, UTC, six decimals), not later than changes to come."""
        ...

    def changed(self, window: Window, *, after: str | None, limit: int) -> Sequence[RemoteTask]:
        """Return tasks changed in a window, those after an id, in order of id; none at the end."""
        ...

    def signatures(self, *, after: str | None, limit: int) -> Sequence[Signature]:
        """Return signatures of all tasks after an id, in order of id; none at the end."""
        ...

    def fetch(self, ids: Sequence[str]) -> Sequence[RemoteTask]:
        """Return tasks by id; those that are gone are left out."""
        ...

    def is_gone(self, task_id: str) -> bool:
        """Tell, by asking for the one task, that the tool has it no more."""
        ...


@runtime_checkable
class WholeTool(AnnotationTool, Protocol):
    """Files that some other process refreshes."""

    def fingerprint(self) -> str:
        """Return what changes whenever a file does (name, size, time, ETag); reads no content."""
        ...

    def tasks(self) -> Iterator[RemoteTask]:
        """Yield every task; raises `InputRejected` when a file cannot be read."""
        ...

    @property
    def problems(self) -> ProblemLog:
        """What was rejected or remarked while reading; asked for after `tasks`."""
        ...


@dataclass(frozen=True, slots=True)
class PreAnnotation:
    """One predicted object for the annotator to start from; box in pixels (xywh)."""

    class_name: str
    box: tuple[float, float, float, float]
    score: float
    counts: bytes | None = None


@dataclass(frozen=True, slots=True)
class PushItem:
    """One image on its way into the tool.

    Args:
        key: Our key of this item; it goes with the task.
        image_key: Our key of the image.
        image: Address of the image, as the tool can open it.
        size: Height and width, pixels.
        model: Name of the prediction set, as the tool shows it.
        predictions: What the annotator starts from; None leaves the task's own alone.
        priority: 0 to 1, most urgent last; None leaves it alone.
        note: Why this image, shown to the annotator.
        review: Whether existing work is to be looked at again.
        task_id: The task to change; None makes one.
        expected: Update time of the task when it was looked at.
    """

    key: str
    image_key: str
    image: str
    size: tuple[int, int]
    model: str = ""
    predictions: tuple[PreAnnotation, ...] | None = None
    priority: float | None = None
    note: str = ""
    review: bool = False
    task_id: str | None = None
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class SentItem:
    """What became of one item; `conflict`: the task changed after it was looked at."""

    key: str
    task_id: str | None
    state: Literal["done", "conflict", "failed"]
    reason: str = ""


PUSH_KEY: Final = "curation_push"
IMAGE_KEY: Final = "curation_image"
PRIORITY: Final = "priority"
NOTE: Final = "review_note"
REVIEW: Final = "review_state"
REVIEW_ASKED: Final = "requested"
OUR_PREDICTIONS: Final = "curation_predictions"
"""Names in `RemoteTask.fields` of what pushes leave in a task, whatever the tool.

The last is told by a pushing tool only: how many objects each prediction set of ours has there.
"""


@runtime_checkable
class PushingTool(AnnotationTool, Protocol):
    """A tool that takes curated work."""

    def tasks_by_image(self, image_keys: Sequence[str]) -> Mapping[str, RemoteTask]:
        """Return the tasks that we made for images, by image key; the oldest of several."""
        ...

    def tasks_by_id(self, ids: Sequence[str]) -> Mapping[str, RemoteTask]:
        """Return tasks with what pushes left in them, by id; those that are gone are left out."""
        ...

    def takes(self, class_name: str, *, mask: bool) -> bool:
        """Tell whether an annotator could have drawn a box of a class; `mask`: or its mask."""
        ...

    def send(self, items: Sequence[PushItem]) -> Sequence[SentItem]:
        """Create or change tasks, each exactly once whatever breaks; may be called again.

        Before anything is created the tool is asked for the items' keys; after a broken answer it
        is asked again. Duplicates that a lost answer left behind, and nobody worked on, go. An
        item that is left out of the answer is not settled: send it again.

        Raises:
            ToolRefused: If the token or the project is wrong.
            Unavailable: If the tool does not answer at all.
        """
        ...

    def drop_duplicates(self, keys: Sequence[str]) -> int:
        """Delete what lost answers left behind: further tasks of a key that nobody worked on.

        Returns:
            How many were deleted.
        """
        ...
